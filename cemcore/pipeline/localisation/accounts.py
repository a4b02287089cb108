"""What room three owns up to: which rows its problems explain, for learning, for attribution, for the past."""

from __future__ import annotations

import numpy as np

from cemcore.panel import Bool, Int32, Int64
from cemcore.pipeline.localisation.explanations import holders
from cemcore.pipeline.localisation.state import LocaliseState


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
