"""The life of a problem from slot to slot: it takes its rows, is confirmed, grows quiet, ends; late rows join it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cemcore.pipeline.localisation.blocks import Block, light, owned, rows_of
from cemcore.pipeline.localisation.evidence import score, shared
from cemcore.pipeline.localisation.explanations import Explanations, holders
from cemcore.pipeline.localisation.live import Live
from cemcore.pipeline.localisation.state import LocaliseState, Settings

QUIET = 8
"""Slots without evidence after which a problem is over."""
ALIVE = 3.0
"""Nats over the last hour that keep a problem open."""
SURE_MARGIN = 15.0
"""A first hit this far over its threshold is reported at once."""
RECENT = 4


def follow(state: LocaliseState, settings: Settings, slot: int, known_at: int) -> LocaliseState:
    """Every open problem takes its rows, is confirmed, or grows quiet and ends."""
    known, blocks = state.known, list(state.blocks)
    out = []
    for p in state.problems:
        if p.open:
            _take(known, blocks, state.problems, p)
        out.append(_aged(known, blocks, p, settings, slot, known_at) if p.open else p)
    lasting = [p.begin for p in out if p.open or lately(p, blocks)]
    lasting += [p.begin for p in state.problems if p.open]
    oldest = min(lasting, default=slot + 1)
    fresh = {b.slot: light(b) for b in state.log if b.slot >= oldest - settings.seconds}
    fresh.update({b.slot: light(b) for b in blocks if b.slot >= oldest - settings.seconds})
    log = tuple(fresh[s] for s in sorted(fresh))
    return replace(state, blocks=tuple(blocks), problems=tuple(out), log=log)


def reclaimed(state: LocaliseState) -> LocaliseState:
    """The state with rows that came late given to the problem of their time, where that closed lately."""
    blocks = list(state.blocks)
    for p in state.problems:
        if lately(p, blocks):
            _take(state.known, blocks, state.problems, p)
    return replace(state, blocks=tuple(blocks))


def lately(p: Live, blocks: Sequence[Block]) -> bool:
    """Whether a reported problem is over, but some of its time is still remembered."""
    return bool(p.end and p.confirmed_at and p.merged_into < 0 and blocks and p.end > blocks[0].slot)


def _take(known: Explanations, blocks: list[Block], problems: Sequence[Live], p: Live) -> None:
    """Free rows of the problem's time that its cause, or that of a problem merged into it, explains become its own."""
    adopted = np.array([q.merged_into if q.merged_into >= 0 else q.number for q in problems] + [-1], np.int32)
    parts = [q.candidate for q in problems if q.merged_into == p.number]
    has = holders(known, p.candidate)
    for i, b in enumerate(blocks):
        if b.slot >= p.begin and (p.end == 0 or b.slot < p.end):
            mine = rows_of(known, b, p.candidate, has)
            for c in parts:
                mine = mine | rows_of(known, b, c)
            blocks[i] = owned(known, replace(b, owner=adopted[b.owner]), mine, p.number)


def _aged(known: Explanations, blocks: list[Block], p: Live, settings: Settings, slot: int, known_at: int) -> Live:
    """An open problem one slot older: confirmed where it has shown itself, ended where it was quiet for long."""
    has = holders(known, p.candidate)
    last = [(b, rows_of(known, b, p.candidate, has) & (b.owner == p.number)) for b in blocks[-RECENT:]]
    recent = [b.weights[mine] for b, mine in last if b.slot >= p.begin]
    sums = np.concatenate(recent).sum(axis=0) if recent else np.zeros(8, np.float32)
    missing = [float(b.silence[b.silent == p.candidate].sum()) for b in blocks[-RECENT:]]
    alive = float(score(sums)) + sum(missing) > ALIVE
    now, mine = last[-1]
    gain = float(shared(now.weights[mine].sum(axis=0))) + missing[-1]
    p = replace(p, quiet=0 if alive else p.quiet + 1, trace=(*p.trace, (slot, gain)))
    grown = sum(g for s, g in p.trace if s > p.opened)
    if p.confirmed_at == 0 and (p.hits >= 2 or p.margin > SURE_MARGIN or grown > ALIVE):
        p = replace(p, confirmed_at=known_at)
    if p.quiet >= (QUIET if p.confirmed_at else 2):
        p = replace(p, end=_last(p, slot - (p.quiet - 1) * settings.seconds, settings.seconds))
    return p


def _last(p: Live, latest: int, seconds: int) -> int:
    """End of the problem: after the slot up to which its evidence grew."""
    begin = max(p.opened, p.reopened)
    best, total, end = -np.inf, 0.0, begin
    for s, gain in p.trace:
        total += gain
        if total >= best:
            best, end = total, s
    return min(max(end, begin), max(latest, begin)) + seconds


def onset(known: Explanations, blocks: tuple[Block, ...], candidate: int) -> int:
    """First slot of the run of slots up to now with the most evidence."""
    has = holders(known, candidate)
    sums = np.stack([b.weights[rows_of(known, b, candidate, has) & (b.owner < 0)].sum(axis=0) for b in blocks])
    silence = np.array([b.silence[b.silent == candidate].sum() for b in blocks])
    back = np.cumsum((sums[:, :3] + silence[:, None])[::-1], axis=0)
    at = int(back.max(axis=1).argmax())
    return blocks[len(blocks) - 1 - at].slot
