"""What is the same trouble or its consequence becomes part of the older, larger problem: neighbours that take over,
children, shared rows.

The rows of a problem include those of people who are usually under its cause and are seen elsewhere: an outage shows
at the neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cemcore.panel import Bool
from cemcore.pipeline.localisation.blocks import Block, rows_of
from cemcore.pipeline.localisation.explanations import RESOURCE, Explanations, holders
from cemcore.pipeline.localisation.live import Live
from cemcore.topology import Topology

SHARE = 0.6
"""Share of a problem's bad rows that another one accounts for, from which on it is part of that one."""
ROWS = 5
"""Bad rows that this must be seen on."""
EARLIER = 2
"""Slots by which a part may seem to have begun before its whole."""


def under(known: Explanations, topology: Topology, candidate: int) -> Bool | None:
    """Mask of the resources that hang on a candidate (one longer, for -1 = unknown: False); None where it is no
    resource.
    """
    if known.kind[candidate] != RESOURCE:
        return None
    resource = int(known.what[candidate, 0])
    out = np.zeros(len(topology.resource_ids) + 1, dtype=bool)
    out[topology.dependents(resource)] = True
    out[resource] = True
    return out


def displaced(block: Block, below: Bool) -> Bool:
    """Rows served elsewhere though their subject is usually below a resource."""
    return np.asarray(below[block.usual] & ~below[block.place])


def merge(
    known: Explanations, blocks: Sequence[Block], problems: Sequence[Live], topology: Topology, seconds: int
) -> tuple[Live, ...]:
    """The problems, with those that others account for merged into them."""
    out = list(problems)
    order = sorted((p for p in out if p.open), key=lambda p: (sum(g for _, g in p.trace), -p.number))
    for q in order:
        best, into = 0.0, -1
        for p in out:
            if p.number == q.number or not p.open or p.confirmed_at == 0 or p.begin > q.begin + EARLIER * seconds:
                continue
            share = accounted(known, blocks, q, p, topology)
            if share > best and share >= accounted(known, blocks, p, q, topology):
                best, into = share, p.number
        if best >= SHARE:
            out[q.number] = replace(q, merged_into=into)
    return tuple(out)


def accounted(known: Explanations, blocks: Sequence[Block], q: Live, p: Live, topology: Topology) -> float:
    """Share of q's bad rows since both began that p's cause accounts for; 0 where there are too few."""
    has_q, has_p = holders(known, q.candidate), holders(known, p.candidate)
    below = under(known, topology, p.candidate)
    bad = shared = 0
    for b in blocks:
        if b.slot < max(q.begin, p.begin):
            continue
        mine = rows_of(known, b, q.candidate, has_q) & b.bad
        theirs = rows_of(known, b, p.candidate, has_p)
        if below is not None:
            theirs = theirs | displaced(b, below)
        bad += int(mine.sum())
        shared += int((mine & theirs).sum())
    return shared / bad if bad >= ROWS else 0.0
