"""Alarms of a tick folded under what explains them: one pure step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from cemcore.domain import Alarm, Severity
from cemcore.panel import Bool, Float64, Int32, Int64
from cemcore.pipeline.localisation.folding import clocks, flapping, noise
from cemcore.pipeline.localisation.folding.chains import Marks, fold_up, with_pairs
from cemcore.pipeline.localisation.folding.folded import Folded
from cemcore.pipeline.localisation.folding.lines import CAPABLE, NOT_AFFECTING, Lines, lines_of
from cemcore.pipeline.localisation.folding.suspects import Suspect, suspects
from cemcore.topology import Topology

WINDOW_S = 900.0
"""Alarms of one trouble are raised within this time of each other: pollers ask every five to fifteen minutes."""
SETTLE_SLOTS = 2
"""A group is settled when none of its alarms was reported within so many slots."""
CLEARED_S = 6 * 3600.0
"""An alarm that cleared longer ago is not folded any more; its raises still count as flapping."""


@dataclass(frozen=True)
class FoldingState:
    """What folding remembers between ticks: clocks, and the raises of the last day."""

    clocks: clocks.Clocks = field(default_factory=clocks.Clocks)
    raises: flapping.Raises = field(default_factory=flapping.Raises)


CLASSES: tuple[type, ...] = (FoldingState, clocks.Clocks, flapping.Raises)
"""Classes that the state is made of."""


def fold(
    state: FoldingState, alarms: Sequence[Alarm], topology: Topology, slot: int, known_at: int, seconds: int
) -> tuple[Folded, FoldingState]:
    """Alarms as known at a tick, standing or cleared within a day, folded into groups; and the state after it.

    An alarm is folded under the nearest alarmed element that explains it, where both were raised within `WINDOW_S` of
    each other: one whose loss, alone or together with others that are alarmed, takes the alarm's object out of work
    (redundancy counts: a backed-up dependence only with all of its ways). An alarm that says that service is not
    affected is also folded under an alarmed way of its own object. By X.733 a warning comes before any effect, so it
    explains none; and a minor alarm is no fault of service, so it explains none that is. The answer depends on the
    alarms and the state alone, not on the order in which they came.
    """
    ids, lines = lines_of(alarms, topology.index)
    return fold_lines(state, ids, lines, topology, known_at, seconds)


def fold_lines(
    state: FoldingState, ids: Sequence[str], lines: Lines, topology: Topology, known_at: int, seconds: int
) -> tuple[Folded, FoldingState]:
    """The same of alarms that are arrays already, sorted by id."""
    state = FoldingState(clocks.observe(state.clocks, lines, known_at), flapping.observe(state.raises, lines, known_at))
    kept = np.isnan(lines.cleared) | (lines.cleared > known_at - CLEARED_S)
    lines, ids = lines.take(kept), tuple(ids[i] for i in np.flatnonzero(kept).tolist())
    onset, sd = clocks.onsets(state.clocks, lines)
    flaps, times = flapping.flapping(state.raises, lines, known_at)
    common = noise.commonness(lines, _codes(topology), known_at)
    marks = _marks(lines, onset, sd, flaps)
    grown = with_pairs(marks, topology.upward, WINDOW_S)
    parent, top = fold_up(grown, topology.upward, WINDOW_S)
    found = suspects(grown, _candidates(grown, parent), topology.types, topology.upward, WINDOW_S)
    group, top_resource, top_line = _groups(lines, grown, top, flaps, found)
    ties = tuple((int(group[s.lines[0]]), r) for s in found if s.lines[0] < len(lines) for r in s.tied)
    last = np.full(len(top_resource), -np.inf)
    np.maximum.at(last, group, lines.reported)
    settled = last <= known_at - SETTLE_SLOTS * seconds
    folded = Folded(
        topology, known_at, ids, lines.resource, lines.severity, onset, sd, lines.reported, lines.cleared, flaps,
        times, common, noise.weights(common, flaps, times), _told(parent, len(lines)), group, top_resource, top_line,
        settled, ties,
    )  # fmt: skip
    return folded, state


def _marks(lines: Lines, onset: Float64, sd: Float64, flaps: Bool) -> Marks:
    unsure = lines.severity == Severity.INDETERMINATE.rank
    capable = (lines.severity >= CAPABLE) | unsure
    rank = np.where(capable & ~flaps, np.where(unsure, Severity.MAJOR.rank, lines.severity), 0).astype(np.int8)
    mild = np.where(flaps, 0, np.where((lines.severity <= NOT_AFFECTING) & ~unsure, 1, 2)).astype(np.int8)
    return Marks(lines.resource, onset, sd, rank, mild)


def _candidates(marks: Marks, parent: Int64) -> Int64:
    """Lines that are folded under none and may be under a suspected top."""
    return np.flatnonzero((parent < 0) & (marks.rank > 0) & (marks.mild > 0) & (marks.resource >= 0))


def _told(parent: Int64, n: int) -> Int64:
    """Parents among the alarms themselves: what is folded under a pair without an alarm has none to name."""
    return np.where(parent[:n] < n, parent[:n], -1)


def _groups(
    lines: Lines, marks: Marks, top: Int64, flaps: Bool, found: Sequence[Suspect]
) -> tuple[Int32, Int32, Int64]:
    """(group of each line, by group: top resource, line of its alarm, -1 = it raised none), groups by onset."""
    n = len(lines)
    resource, line = marks.resource.astype(np.int64), np.arange(len(top))
    line[n:] = -1
    root = top.copy()
    for number, s in enumerate(found):
        under = np.isin(top, np.array(s.lines))
        root[under] = len(top) + number
    resource = np.append(resource, [s.resource for s in found]).astype(np.int64)
    line = np.append(line, np.full(len(found), -1))
    first_of = np.unique(lines.series[flaps], return_index=True)
    flapping_lines = np.flatnonzero(flaps)
    root[flapping_lines] = flapping_lines[first_of[1]][np.searchsorted(first_of[0], lines.series[flaps])]
    root = root[:n]
    roots, group = np.unique(root, return_inverse=True)
    first = np.full(len(roots), np.inf)
    np.minimum.at(first, group, marks.at[:n])
    order = np.lexsort((roots, first))
    place = np.empty(len(roots), np.int32)
    place[order] = np.arange(len(roots), dtype=np.int32)
    return place[group], resource[roots[order]].astype(np.int32), line[roots[order]].astype(np.int64)


def _codes(topology: Topology) -> Int32:
    """Types of resources as whole numbers."""
    names = {t: i for i, t in enumerate(dict.fromkeys(topology.types))}
    return np.fromiter((names[t] for t in topology.types), np.int32, len(topology.types))
