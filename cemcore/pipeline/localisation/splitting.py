"""When most of what a problem struck is well again and one part is not: the part goes on as a problem of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cemcore.panel import Bool, Float32
from cemcore.pipeline.localisation.blocks import Block, entries, rows_of
from cemcore.pipeline.localisation.evidence import CHANNELS, score, shared, tally
from cemcore.pipeline.localisation.explanations import RESOURCE, Explanations, holders
from cemcore.pipeline.localisation.live import Live
from cemcore.pipeline.localisation.merging import under
from cemcore.topology import Topology

RECENT = 4
"""Slots in which the rest must have been well, and the part not."""
WELL = -3.0
"""Evidence of the rest in that time: its good records speak against any trouble there [nats]."""
ILL = 20.0
"""Evidence of the part in that time, and of the rest before it [nats]: neither is chance, and neither the other's."""
WIDE = slice(1, 3)
"""Channels of a trouble that hits a third of the rows or more."""
NONE = (-1, 0)
SUBJECTS = 3
"""Subjects that must feel it in the part."""
PART = 0.6
"""The part is at most this share of the problem's rows."""


def split(
    known: Explanations,
    blocks: Sequence[Block],
    problems: Sequence[Live],
    topology: Topology,
    now: tuple[int, int],
    count: int,
) -> tuple[list[Live], int]:
    """(problems with those that split ended and their parts added, number of the next problem).

    now = (slot, known-time) [s].
    """
    out, added = [], []
    for p in problems:
        part, since = _part(known, blocks, p, topology) if p.open and p.confirmed_at else NONE
        if part < 0:
            out.append(p)
            continue
        out.append(replace(p, end=since))
        votes = ((part, 1.0),)
        added.append(Live(count, now[0], part, votes, since, now[0], 2, ILL, (), now[1], split_from=p.number))
        count += 1
    return out + added, count


def _part(known: Explanations, blocks: Sequence[Block], p: Live, topology: Topology) -> tuple[int, int]:
    """(the one candidate below the cause that is still ill while the rest is well, since when it is [s]); NONE where
    there is none.
    """
    below = under(known, topology, p.candidate)
    lived = [b for b in blocks if b.slot >= p.begin]
    if below is None or len(lived) < 2 * RECENT:
        return NONE
    has = holders(known, p.candidate)
    mine = [rows_of(known, b, p.candidate, has) & (b.owner == p.number) for b in lived]
    late, then = lived[-RECENT:], mine[-RECENT:]
    bad = sum(int((m & b.bad).sum()) for b, m in zip(late, then, strict=True))
    if bad == 0:
        return NONE
    sums = sum(
        (
            tally(c, b.weights[row], len(known))
            for b, m in zip(late, then, strict=True)
            for row, c in [entries(known, b, m)]
        ),
        np.zeros((len(known), CHANNELS), np.float32),
    )
    places = (known.kind == RESOURCE) & below[np.where(known.kind == RESOURCE, known.what[:, 0], -1)]
    places[p.candidate] = False
    ill = np.where(places, score(sums), -np.inf)
    part = int(ill.argmax())
    part_has = holders(known, part)
    if ill[part] < ILL or _feeling(known, late, then, part, part_has) < SUBJECTS:
        return NONE
    rest = [m & ~rows_of(known, b, part, part_has) for b, m in zip(lived, mine, strict=True)]
    rows, others = sum(int(m.sum()) for m in mine), sum(int(m.sum()) for m in rest)
    if others < (1 - PART) * rows:
        return NONE
    grew = np.cumsum([float(shared(_evidence([b], [m]))) for b, m in zip(lived, rest, strict=True)])
    well = int(grew.argmax()) + 1
    before, now = _evidence(lived[:well], rest[:well]), _evidence(late, rest[-RECENT:])
    over = float(score(before)) >= ILL and float(now[WIDE].max()) <= WELL and well <= len(lived) - RECENT
    return (part, lived[well].slot) if over else NONE


def _feeling(
    known: Explanations, blocks: Sequence[Block], rows: Sequence[Bool], part: int, has: tuple[Bool, Bool, Bool]
) -> int:
    """Subjects under a part with a record by which they would notice."""
    felt = [
        b.subject[m & rows_of(known, b, part, has) & b.bad & (b.effect >= 1)] for b, m in zip(blocks, rows, strict=True)
    ]
    return len(np.unique(np.concatenate(felt)))


def _evidence(blocks: Sequence[Block], rows: Sequence[Bool]) -> Float32:
    """Channels of some rows, summed."""
    parts = [b.weights[m].sum(axis=0) for b, m in zip(blocks, rows, strict=True)]
    return np.asarray(sum(parts, np.zeros(CHANNELS, np.float32)), np.float32)
