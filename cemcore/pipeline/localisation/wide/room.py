"""Problems at national scale: what is found joins the problem that it belongs to, opens one, takes its rows, ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from cemcore.panel import Float32, Float64, Int64
from cemcore.pipeline.localisation.blocks import Block, rows_of
from cemcore.pipeline.localisation.evidence import CHANNELS, score, shared, windows
from cemcore.pipeline.localisation.explanations import KINDS, TERMINAL, Explanations, holders
from cemcore.pipeline.localisation.life import ALIVE, QUIET, RECENT, SURE_MARGIN
from cemcore.pipeline.localisation.live import Live, voted
from cemcore.pipeline.localisation.merging import merge
from cemcore.pipeline.localisation.search import Hit
from cemcore.pipeline.localisation.state import Settings
from cemcore.pipeline.localisation.thresholds import MARGIN, budget_base, kinds_of
from cemcore.pipeline.localisation.wide.incidence import Incidence
from cemcore.pipeline.localisation.wide.search import Limits, search
from cemcore.pipeline.localisation.wide.slots import WideSlot
from cemcore.pipeline.localisation.wide.tallies import Bins, Scope, Tallies
from cemcore.topology import Topology

DAY = 86_400
ALL = Scope((1,) * KINDS, -np.inf)
"""Every candidate with a sent row: what is looked at while learning."""


@dataclass(frozen=True)
class WideRoom:
    """State. slots: remembered, oldest first; blocks: their sent and followed rows, as room three of the corridor has
    them; healthy float32 (windows, candidates): most evidence of each while learning; problems; log: blocks since the
    oldest open problem began.
    """

    slots: tuple[WideSlot, ...] = ()
    blocks: tuple[Block, ...] = ()
    healthy: Float32 = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    problems: tuple[Live, ...] = ()
    count: int = 0
    log: tuple[Block, ...] = ()


def remember(room: WideRoom, slot: WideSlot, block: Block, seconds: int) -> WideRoom:
    """The room with a new slot; the oldest fall out."""
    kept = max(windows(seconds)) * seconds
    slots = tuple(s for s in (*room.slots, slot) if s.slot > slot.slot - kept)
    blocks = tuple(b for b in (*room.blocks, block) if b.slot > slot.slot - kept)
    return replace(room, slots=slots, blocks=blocks)


def learn(room: WideRoom, incidence: Incidence, seconds: int) -> WideRoom:
    """The room with what every candidate reaches at this slot, when all is taken to be well."""
    lengths = windows(seconds)
    found = Tallies.build(incidence, room.slots, Bins(lengths), ALL)
    healthy = np.zeros((len(lengths), len(incidence)), np.float32)
    old = room.healthy
    healthy[: len(old), : old.shape[1]] = old
    healthy[:, found.candidate] = np.maximum(healthy[:, found.candidate], found.evidence()[0].T)
    return replace(room, healthy=healthy)


def limits_of(room: WideRoom, known: Explanations, bonus: Float32, settings: Settings) -> Limits:
    """Thresholds by budget and by what was reached while learning; bonus float32 (candidates)."""
    lengths = windows(settings.seconds)
    base = budget_base(kinds_of(known), lengths, DAY / settings.seconds, settings.budget)
    base[TERMINAL, : max(0, len(lengths) - 2)] = np.inf
    healthy = room.healthy if len(room.healthy) else np.zeros((len(lengths), 0), np.float32)
    said = np.flatnonzero(bonus)
    return Limits(base, healthy + np.float32(MARGIN), (said, bonus[said]))


def localise(
    room: WideRoom, known: Explanations, incidence: Incidence, settings: Settings, topology: Topology, known_at: int,
    limits: Limits,
) -> WideRoom:  # fmt: skip
    """Search, join what is found to the problems that it belongs to, open and clear."""
    slot = room.slots[-1].slot
    hits = search(incidence, room.slots, windows(settings.seconds), limits)
    problems, count = list(room.problems), room.count
    for hit in hits:
        at = home(known, room.blocks, problems, hit)
        if at >= 0:
            whole = problems[at]
            problems[at] = whole if _merged_there(problems, hit) == whole.number else voted(whole, hit, slot)
            continue
        begin = onset(incidence, room.slots, hit.candidate)
        votes = ((hit.candidate, max(hit.rank, 0.0)),)
        problems.append(Live(count, slot, hit.candidate, votes, begin, slot, 1, hit.margin, hit.ties))
        count += 1
    room = _follow(replace(room, problems=tuple(problems), count=count), incidence, settings, known_at)
    return replace(room, problems=merge(known, room.blocks, room.problems, topology, settings.seconds))


def totals(incidence: Incidence, slot: WideSlot, candidate: int, number: int) -> Float64:
    """Sums (CHANNELS) of a candidate's rows that a problem explains, or (number -1) that none explains."""
    i = int(incidence.axis[candidate])
    if i < 0:
        return np.zeros(CHANNELS)
    axis = incidence.axes[i]
    has = axis.holders(candidate)
    n = slot.sent if axis.counted else slot.followed
    mine = slot.rows_of(incidence, candidate, has)[:n] & (slot.owner[:n] == number)
    out = slot.weights[:n][mine].sum(axis=0, dtype=np.float64)
    goods, left = slot.goods[i], slot.left[i]
    if goods is not None and left is not None:
        keys = has[: len(goods)]
        free = left[keys].sum(axis=0, dtype=np.float64)
        out += free if number < 0 else goods[keys].sum(axis=0, dtype=np.float64) - free
    return np.asarray(out)


def onset(incidence: Incidence, slots: Sequence[WideSlot], candidate: int) -> int:
    """First slot of the run of slots up to now with the most evidence that no problem explains."""
    sums = np.stack([totals(incidence, s, candidate, -1) for s in slots])
    at = int(shared(np.cumsum(sums[::-1], axis=0).astype(np.float32)).argmax())
    return slots[len(slots) - 1 - at].slot


def _merged_there(problems: Sequence[Live], hit: Hit) -> int:
    """Number of the open problem that absorbed an earlier one of the hit's cause, -1 none."""
    for p in reversed(problems):
        if p.merged_into >= 0 and (p.candidate == hit.candidate or hit.candidate in p.ties):
            return p.merged_into if problems[p.merged_into].open else -1
    return -1


def home(known: Explanations, blocks: Sequence[Block], problems: Sequence[Live], hit: Hit) -> int:
    """Index of the open problem that a hit belongs to, -1 for a new one: the same cause, or rows that nest."""
    whole = _merged_there(problems, hit)
    if whole >= 0:
        return whole
    open_ = [i for i, p in enumerate(problems) if p.open]
    for i in open_:
        p = problems[i]
        if hit.candidate == p.candidate or hit.candidate in dict(p.votes) or hit.candidate in p.ties:
            return i
    best, found = 0.0, -1
    for i in open_:
        alike = _alike(known, blocks, problems[i].candidate, hit)
        if alike > best:
            best, found = alike, i
    return found


def _alike(known: Explanations, blocks: Sequence[Block], candidate: int, hit: Hit) -> float:
    """Overlap (Jaccard) of the rows of two causes where they nest or are nearly the same; else 0."""
    mine, other = holders(known, hit.candidate), holders(known, candidate)
    n1 = n2 = n12 = 0
    a: list[Int64] = []
    b: list[Int64] = []
    for block, rows in zip(reversed(blocks), hit.rows, strict=False):
        x, y = rows_of(known, block, hit.candidate, mine), rows_of(known, block, candidate, other)
        n1, n2, n12 = n1 + int(x.sum()), n2 + int(y.sum()), n12 + int((x & y).sum())
        a.append(block.pair[rows[: len(block.pair)] & block.bad])
        b.append(block.pair[y & block.bad])
    if n12 == 0:
        return 0.0
    p1, p2 = np.unique(np.concatenate(a)), np.unique(np.concatenate(b))
    overlap = len(np.intersect1d(p1, p2)) / max(1, min(len(p1), len(p2)))
    nested = n12 / min(n1, n2) >= 0.8 and overlap > 0.4 and min(n1, n2) / max(n1, n2) > 0.15
    jaccard = n12 / (n1 + n2 - n12)
    return jaccard if nested or jaccard >= 0.75 else 0.0


def _follow(room: WideRoom, incidence: Incidence, settings: Settings, known_at: int) -> WideRoom:
    """Every open problem takes its rows, is confirmed, or grows quiet and ends."""
    slots, out = list(room.slots), []
    into = np.array([p.merged_into if p.merged_into >= 0 else p.number for p in room.problems] + [-1], np.int32)
    for p in room.problems:
        if p.open:
            causes = [p.candidate, *(q.candidate for q in room.problems if q.merged_into == p.number)]
            for i, s in enumerate(slots):
                if s.slot >= p.begin:
                    s = replace(s, owner=into[s.owner])
                    for c in dict.fromkeys(causes):
                        s = s.owned(incidence, c, p.number)
                    slots[i] = s
            p = _aged(p, incidence, slots, settings, known_at)
        out.append(p)
    blocks = tuple(replace(b, owner=s.owner[: len(b.owner)]) for b, s in zip(room.blocks, slots, strict=True))
    oldest = min((p.begin for p in room.problems if p.open), default=slots[-1].slot + 1)
    log = {b.slot: b for b in (*room.log, *blocks) if b.slot >= oldest}
    return replace(room, slots=tuple(slots), blocks=blocks, problems=tuple(out), log=tuple(log[s] for s in sorted(log)))


def _aged(p: Live, incidence: Incidence, slots: Sequence[WideSlot], settings: Settings, known_at: int) -> Live:
    slot = slots[-1].slot
    recent = [totals(incidence, s, p.candidate, p.number) for s in slots[-RECENT:] if s.slot >= p.begin]
    alive = float(score(np.sum(recent, axis=0).astype(np.float32))) > ALIVE if recent else False
    gain = float(shared(recent[-1].astype(np.float32))) if recent else 0.0
    p = replace(p, quiet=0 if alive else p.quiet + 1, trace=(*p.trace, (slot, gain)))
    grown = sum(g for s, g in p.trace if s > p.opened)
    if p.confirmed_at == 0 and (p.hits >= 2 or p.margin > SURE_MARGIN or grown > ALIVE):
        p = replace(p, confirmed_at=known_at)
    if p.quiet < (QUIET if p.confirmed_at else 2):
        return p
    best, total, end = -np.inf, 0.0, p.opened
    for s, g in p.trace:
        total += g
        if total >= best:
            best, end = total, s
    latest = slot - (p.quiet - 1) * settings.seconds
    return replace(p, end=min(max(end, p.opened), max(latest, p.opened)) + settings.seconds)
