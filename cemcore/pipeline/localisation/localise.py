"""Room three: which explanations stand out, and which problem each belongs to."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from cemcore.panel import Bool, Float32, Int32, Int64
from cemcore.pipeline.localisation import thresholds as limits
from cemcore.pipeline.localisation.blocks import Block, light, owned, padded, rows_of, tallied
from cemcore.pipeline.localisation.evidence import score, shared, weights, windows
from cemcore.pipeline.localisation.explanations import RESOURCE, Explanations, holders, log_priors
from cemcore.pipeline.localisation.live import Live, voted
from cemcore.pipeline.localisation.merging import merge
from cemcore.pipeline.localisation.search import Hit, search
from cemcore.pipeline.localisation.thresholds import Thresholds
from cemcore.topology import Topology

DAY = 86_400
QUIET = 8
"""Slots without evidence after which a problem is over."""
ALIVE = 3.0
"""Nats over the last hour that keep a problem open."""
SURE_MARGIN = 15.0
"""A first hit this far over its threshold is reported at once."""


@dataclass(frozen=True)
class Settings:
    """services: number of services; seconds: slot length; budget: false problems a day that are accepted."""

    services: int
    seconds: int
    budget: float = 0.1


@dataclass(frozen=True)
class LocaliseState:
    """State of the room: registry of explanations, remembered slots (oldest first), thresholds, problems."""

    known: Explanations = field(default_factory=Explanations)
    blocks: tuple[Block, ...] = ()
    log: tuple[Block, ...] = ()
    thresholds: Thresholds | None = None
    problems: tuple[Live, ...] = ()
    count: int = 0


@dataclass(frozen=True)
class Evidenced:
    """What room three needs of each row of a tick: keys, surprise, noticeable, attempts, usual place; and the silent
    places.
    """

    slot: Int64
    path: Int32
    made: Int32
    subject: Int32
    service: Int32
    resource: Int32
    surprise: Float32
    bad: Bool
    failed: Float32
    expected: Float32
    usual: Int32
    silent: Int32
    silence: Float32
    minutes: Float32
    depth: Float32


def remember(state: LocaliseState, settings: Settings, seen: Evidenced, slot: int, hour: int) -> LocaliseState:
    """The state with the rows of a tick in their slots; the oldest slots fall out."""
    known = state.known
    lengths = windows(settings.seconds)
    silent = np.array([known.find(RESOURCE, int(r)) for r in seen.silent], dtype=np.int32)
    silence = seen.silence[silent >= 0]
    by_resource = {int(r): int(c) for r, c in zip(seen.silent, silent, strict=True) if c >= 0}
    blocks = {b.slot: b for b in state.blocks}
    first = max(min(blocks, default=slot), slot - (max(lengths) - 1) * settings.seconds)
    for s in [int(x) for x in np.unique(seen.slot)] + ([slot] if slot not in seen.slot else []):
        if s < first:
            continue
        of = np.flatnonzero(seen.slot == s)
        then = (hour * 3600 + slot % 3600 - (slot - s)) // 3600 % 24
        block = _block(known, settings, seen, of, (s, then), by_resource, silent[silent >= 0], silence)
        old = blocks.get(s)
        blocks[s] = tallied(known, block) if old is None else _joined(known, old, block)
    kept = sorted((b for b in blocks.values() if b.slot > slot - max(lengths) * settings.seconds), key=lambda b: b.slot)
    return replace(state, blocks=tuple(kept))


def revise(
    state: LocaliseState,
    slot: Int64,
    pair: Int64,
    surprise: Float32,
    bad: Bool,
    attempts: tuple[Float32, Float32],
) -> LocaliseState:
    """The state with remembered rows (slot, pair) judged anew; attempts = (failed, expected)."""
    new = weights(surprise, *attempts)
    blocks = list(state.blocks)
    for i, b in enumerate(blocks):
        of = np.flatnonzero(slot == b.slot)
        if not len(of) or not len(b.pair):
            continue
        order = np.argsort(b.pair, kind="stable")
        at = np.minimum(np.searchsorted(b.pair[order], pair[of]), len(order) - 1)
        hit = b.pair[order][at] == pair[of]
        rows = order[at[hit]]
        w, is_bad = b.weights.copy(), b.bad.copy()
        w[rows], is_bad[rows] = new[of[hit]], bad[of[hit]]
        blocks[i] = tallied(state.known, replace(b, weights=w, bad=is_bad))
    return replace(state, blocks=tuple(blocks))


def _block(
    known: Explanations,
    settings: Settings,
    seen: Evidenced,
    of: Int64,
    time: tuple[int, int],
    silent_of: dict[int, int],
    silent: Int32,
    silence: Float32,
) -> Block:
    usual = seen.usual[of]
    away = np.flatnonzero((usual >= 0) & (usual != seen.resource[of]) & np.isin(usual, list(silent_of) or [-9]))
    return Block(
        time[0], time[1], seen.path[of], seen.made[of], seen.subject[of],
        seen.subject[of].astype(np.int64) * settings.services + seen.service[of],
        weights(seen.surprise[of], seen.failed[of], seen.expected[of]), seen.bad[of], np.isfinite(seen.surprise[of]),
        seen.minutes[of], seen.depth[of], seen.resource[of], usual,
        np.full(len(of), -1, np.int32), away.astype(np.int32),
        np.array([silent_of[int(u)] for u in usual[away]], dtype=np.int32), silent, silence,
        np.zeros((0, 0), np.float32), np.zeros((0, 0), np.float32),
    )  # fmt: skip


def _joined(known: Explanations, old: Block, new: Block) -> Block:
    n = len(old.pair)
    new = tallied(known, new)
    both: dict[str, Any] = {
        f: np.concatenate([getattr(old, f), getattr(new, f)])
        for f in (
            "path",
            "made",
            "subject",
            "pair",
            "weights",
            "bad",
            "known",
            "minutes",
            "depth",
            "place",
            "usual",
            "owner",
            "extra_candidate",
        )
    }
    return replace(
        old, **both, extra_row=np.concatenate([old.extra_row, new.extra_row + n]).astype(np.int32),
        full=padded(old.full, len(known)) + new.full, left=padded(old.left, len(known)) + new.left,
    )  # fmt: skip


def localise(
    state: LocaliseState, settings: Settings, topology: Topology, slot: int, known_at: int, bonus: Float32
) -> LocaliseState:
    """Search the remembered slots, join what is found to the problems that it belongs to, open and clear."""
    if state.thresholds is None or not state.blocks:
        return state
    known = state.known
    lengths = windows(settings.seconds)
    prior = log_priors(known, topology.types)
    threshold = state.thresholds.of(known) + limits.allowed(known, lengths)
    hits = search(known, state.blocks, lengths, threshold, prior, bonus)
    problems = list(state.problems)
    count = state.count
    for hit in hits:
        at = _home(known, state.blocks, problems, hit)
        if at >= 0 and _part_of(problems, hit) == problems[at].number:
            continue
        if at >= 0:
            problems[at] = voted(problems[at], hit, slot)
            continue
        begin = _onset(known, state.blocks, hit.candidate)
        problems.append(
            Live(
                count, slot, hit.candidate, ((hit.candidate, max(hit.rank, 0.0)),), begin, slot, 1, hit.margin, hit.ties
            )
        )
        count += 1
    state = _follow(replace(state, problems=tuple(problems), count=count), settings, slot, known_at)
    return replace(state, problems=merge(known, state.blocks, state.problems, topology, settings.seconds))


def _follow(state: LocaliseState, settings: Settings, slot: int, known_at: int) -> LocaliseState:
    """Every open problem takes its rows, is confirmed, or grows quiet and ends."""
    known, blocks = state.known, list(state.blocks)
    adopted = np.array([p.merged_into if p.merged_into >= 0 else p.number for p in state.problems] + [-1], np.int32)
    out = []
    for p in state.problems:
        if not p.open:
            out.append(p)
            continue
        has = holders(known, p.candidate)
        recent = []
        parts = {q.candidate for q in state.problems if q.merged_into == p.number}
        for i, b in enumerate(blocks):
            if b.slot >= p.begin:
                mine = rows_of(known, b, p.candidate, has)
                both = mine
                for c in parts:
                    both = both | rows_of(known, b, c)
                blocks[i] = b = owned(known, replace(b, owner=adopted[b.owner]), both, p.number)
                if b.slot > slot - 4 * settings.seconds:
                    recent.append(b.weights[mine & (b.owner == p.number)])
        now = blocks[-1]
        mine = rows_of(known, now, p.candidate, has) & (now.owner == p.number)
        sums = np.concatenate(recent).sum(axis=0) if recent else np.zeros(8, np.float32)
        quiet_bonus = sum(float(b.silence[b.silent == p.candidate].sum()) for b in blocks[-4:])
        alive = float(score(sums)) + quiet_bonus > ALIVE
        gain = float(shared(now.weights[mine].sum(axis=0))) + float(now.silence[now.silent == p.candidate].sum())
        p = replace(p, quiet=0 if alive else p.quiet + 1, trace=(*p.trace, (slot, gain)))
        grown = sum(g for s, g in p.trace if s > p.opened)
        if p.confirmed_at == 0 and (p.hits >= 2 or p.margin > SURE_MARGIN or grown > ALIVE):
            p = replace(p, confirmed_at=known_at)
        if p.quiet >= (QUIET if p.confirmed_at else 2):
            p = replace(p, end=_last(p, slot - (p.quiet - 1) * settings.seconds, settings.seconds))
        out.append(p)
    lasting = {p.number for p in state.problems if p.open}
    oldest = min((p.begin for p in out if p.number in lasting), default=slot + 1)
    fresh = {b.slot: light(b) for b in state.log if b.slot >= oldest}
    fresh.update({b.slot: light(b) for b in blocks if b.slot >= oldest})
    log = tuple(fresh[s] for s in sorted(fresh))
    return replace(state, blocks=tuple(blocks), problems=tuple(out), log=log)


def _last(p: Live, latest: int, seconds: int) -> int:
    """End of the problem: after the slot up to which its evidence grew."""
    best, total, end = -np.inf, 0.0, p.opened
    for s, gain in p.trace:
        total += gain
        if total >= best:
            best, end = total, s
    return min(max(end, p.opened), max(latest, p.opened)) + seconds


def _onset(known: Explanations, blocks: tuple[Block, ...], candidate: int) -> int:
    """First slot of the run of slots up to now with the most evidence."""
    has = holders(known, candidate)
    sums = np.stack([b.weights[rows_of(known, b, candidate, has) & (b.owner < 0)].sum(axis=0) for b in blocks])
    silence = np.array([b.silence[b.silent == candidate].sum() for b in blocks])
    back = np.cumsum((sums[:, :3] + silence[:, None])[::-1], axis=0)
    at = int(back.max(axis=1).argmax())
    return blocks[len(blocks) - 1 - at].slot


def _part_of(problems: list[Live], hit: Hit) -> int:
    """Number of the open problem that absorbed an earlier one of the hit's cause, -1 none."""
    for p in reversed(problems):
        if p.merged_into >= 0 and (p.candidate == hit.candidate or hit.candidate in p.ties):
            if problems[p.merged_into].open:
                return p.merged_into
            return -1
    return -1


def _home(known: Explanations, blocks: tuple[Block, ...], problems: list[Live], hit: Hit) -> int:
    """Index of the open problem that a hit belongs to, -1 for a new one."""
    whole = _part_of(problems, hit)
    if whole >= 0:
        return whole
    open_ = [i for i, p in enumerate(problems) if p.open]
    for i in open_:
        if (
            hit.candidate == problems[i].candidate
            or hit.candidate in dict(problems[i].votes)
            or hit.candidate in problems[i].ties
        ):
            return i
    window = [blocks[len(blocks) - 1 - age] for age in range(len(hit.rows))]
    mine = holders(known, hit.candidate)
    best, found = 0.0, -1
    for i in open_:
        other = holders(known, problems[i].candidate)
        n1 = n2 = n12 = 0
        a: list[Int64] = []
        b: list[Int64] = []
        for block, rows in zip(window, hit.rows, strict=True):
            x, y = rows_of(known, block, hit.candidate, mine), rows_of(known, block, problems[i].candidate, other)
            n1, n2, n12 = n1 + int(x.sum()), n2 + int(y.sum()), n12 + int((x & y).sum())
            a.append(block.pair[rows & block.bad])
            b.append(block.pair[y & block.bad])
        if n12 == 0:
            continue
        p1, p2 = np.unique(np.concatenate(a)), np.unique(np.concatenate(b))
        overlap = len(np.intersect1d(p1, p2)) / max(1, min(len(p1), len(p2)))
        nested = n12 / min(n1, n2) >= 0.8 and overlap > 0.4 and min(n1, n2) / max(n1, n2) > 0.15
        same = n12 / (n1 + n2 - n12) >= 0.75
        if (nested or same) and n12 / (n1 + n2 - n12) > best:
            best, found = n12 / (n1 + n2 - n12), i
    return found


def calibrated(
    state: LocaliseState,
    settings: Settings,
    slot: Int64,
    keys: tuple[Int32, Int32, Int32],
    surprise: Float32,
    attempts: tuple[Float32, Float32],
) -> LocaliseState:
    """The state with thresholds by the budget and by what healthy rows (see `thresholds.calibrate`) reached."""
    lengths = windows(settings.seconds)
    healthy = limits.calibrate(state.known, slot, keys, surprise, attempts, settings.seconds, lengths)
    base = limits.budget_base(limits.kinds_of(state.known), lengths, DAY / settings.seconds, settings.budget)
    return replace(state, thresholds=Thresholds(base, healthy))


def explained(state: LocaliseState, slot: Int64, path: Int32, made: Int32, subject: Int32) -> Bool:
    """Which rows a reported problem explains: they are left out of learning."""
    out = np.zeros(len(slot), dtype=bool)
    for p in state.problems:
        if p.confirmed_at == 0:
            continue
        has = holders(state.known, p.candidate)
        then = (slot >= p.begin) & ((slot < p.end) | (p.end == 0))
        out |= then & ((path >= 0) & has[0][path] | has[1][made] | has[2][subject])
    return out


def owners(state: LocaliseState, slot: Int64) -> Int32:
    """Number of the reported problem that explains each row of the tick just remembered (rows of `slot`), -1 none."""
    out = np.full(len(slot), -1, dtype=np.int32)
    told = np.array([p.number for p in state.problems if p.confirmed_at], dtype=np.int32)
    if not len(told):
        return out
    by_slot = {b.slot: b for b in state.blocks}
    for s in np.unique(slot):
        block = by_slot.get(int(s))
        if block is not None:
            of = np.flatnonzero(slot == s)
            mine = block.owner[len(block.owner) - len(of) :]
            out[of] = np.where(np.isin(mine, told), mine, -1)
    return out


def credited(
    before: LocaliseState, after: LocaliseState, slot: int, services: int
) -> tuple[Int64, Int32, Int32, Int32, Float32, Float32] | None:
    """Bad minutes of earlier slots that problems reported at this tick for the first time explain: (slot, problem,
    service, subject, minutes, depth); None where there are none.
    """
    old = {p.number for p in before.problems if p.confirmed_at}
    new = np.array([p.number for p in after.problems if p.confirmed_at and p.number not in old], dtype=np.int32)
    if not len(new):
        return None
    parts = []
    for b in after.blocks:
        of = np.isin(b.owner, new) & (b.minutes > 0)
        if b.slot < slot and of.any():
            pair = b.pair[of]
            parts.append((
                np.full(int(of.sum()), b.slot, np.int64), b.owner[of], (pair % services).astype(np.int32),
                (pair // services).astype(np.int32), b.minutes[of], b.depth[of],
            ))  # fmt: skip
    if not parts:
        return None
    a, b_, c, d, e, f = (np.concatenate(x) for x in zip(*parts, strict=True))
    return a, b_, c, d, e, f
