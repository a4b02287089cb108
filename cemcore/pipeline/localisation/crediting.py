"""Bad minutes of earlier rows that have come to be a problem's: when it was confirmed, or when it took them later."""

from __future__ import annotations

import numpy as np

from cemcore.panel import Float32, Int32, Int64
from cemcore.pipeline.localisation.blocks import Block
from cemcore.pipeline.localisation.state import LocaliseState

Credited = tuple[Int64, Int32, Int32, Int32, Float32, Float32]
"""(slot, problem, service, subject, minutes, depth) by row."""


def credited(before: LocaliseState, after: LocaliseState, slot: int, services: int) -> Credited:
    """Rows of slots before `slot` [s] that were nobody's when the last tick ended, and are a reported problem's now:
    what they lost beyond what is usual.

    Rows that came with this tick are left out (they are attributed with it), and so are rows of a problem that was
    merged into another: its minutes count with that one as they are.
    """
    was, now = _told(before), _told(after)
    old = {b.slot: b for b in before.blocks}
    parts = [_rows(old[b.slot], b, was, now, services) for b in after.blocks if b.slot < slot and b.slot in old]
    if not parts:
        nothing, none = np.zeros(0, np.int32), np.zeros(0, np.float32)
        return np.zeros(0, np.int64), nothing, nothing, nothing, none, none
    a, b_, c, d, e, f = (np.concatenate(x) for x in zip(*parts, strict=True))
    return a, b_, c, d, e, f


def _told(state: LocaliseState) -> Int32:
    """Number -> itself where the problem was reported, -1 where it was not; a last -1 for rows without owner."""
    return np.array([p.number if p.confirmed_at else -1 for p in state.problems] + [-1], np.int32)


def _rows(old: Block, new: Block, was: Int32, now: Int32, services: int) -> Credited:
    n = len(old.owner)
    of = np.flatnonzero((was[old.owner] < 0) & (now[new.owner[:n]] >= 0) & (new.minutes[:n] > 0))
    pair = new.pair[of]
    return (
        np.full(len(of), new.slot, np.int64),
        new.owner[of],
        (pair % services).astype(np.int32),
        (pair // services).astype(np.int32),
        new.minutes[of],
        new.depth[of],
    )
