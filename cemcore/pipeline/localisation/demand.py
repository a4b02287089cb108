"""Demand as a cause: more is asked of a place than it can give, and nothing is broken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cemcore.panel import Int32, Int64
from cemcore.pipeline.localisation.blocks import Block, rows_of
from cemcore.pipeline.localisation.explanations import Explanations, holders
from cemcore.pipeline.localisation.live import Live
from cemcore.pipeline.localisation.merging import under
from cemcore.topology import Topology

SLOTS = 2
"""Slots in which a place must have been crowded."""
SHARE = 0.7
"""Share of a problem's bad rows that crowded places must have served."""


def note(
    known: Explanations, problems: Sequence[Live], topology: Topology, when: Int64, where: Int32, seconds: int
) -> tuple[Live, ...]:
    """The problems, each with the places under its cause that were crowded in its time; when, where: newly known
    crowded (slot, resource).
    """
    out = []
    for p in problems:
        below = under(known, topology, p.candidate) if p.open and len(where) else None
        if below is not None:
            counts = dict(p.crowded)
            for r in where[(when >= p.begin - seconds) & below[where]].tolist():
                counts[r] = counts.get(r, 0) + 1
            p = replace(p, crowded=tuple(sorted(counts.items())))
        out.append(p)
    return tuple(out)


def crowded_places(known: Explanations, log: Sequence[Block], p: Live) -> list[int]:
    """The crowded places that served most of a problem's bad rows, those with the most first; none where other places
    did.
    """
    places = [r for r, n in p.crowded if n >= SLOTS]
    if not places:
        return []
    has = holders(known, p.candidate)
    served = [b.place[rows_of(known, b, p.candidate, has) & b.bad] for b in log if b.slot >= p.begin]
    bad = np.concatenate(served) if served else np.empty(0, np.int32)
    count = {r: int((bad == r).sum()) for r in places}
    if sum(count.values()) < SHARE * len(bad):
        return []
    return sorted((r for r in places if count[r]), key=lambda r: (-count[r], r))
