"""Alarms folded into groups, and what is asked of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cemcore.errors import TopologyError
from cemcore.kernels import leaning
from cemcore.panel import Bool, Float32, Float64, Int8, Int32, Int64
from cemcore.topology import Topology


@dataclass(frozen=True, slots=True)
class Standing:
    """One alarm as folded. resource: position (-1 = object not in the inventory); severity: rank (X.733, 5 = critical);
    onset, sd [s]: when it was raised by a clock that all share, and how well that is known; cleared [s] or None;
    flapping, times: whether its problem comes and goes, and how often it was raised within a day; common: share of the
    like resources on which its problem stands for long; weight 0..1: how much it says; folded_under: id of the alarm
    that explains it, "" for none; group: number of its group.
    """

    alarm_id: str
    resource: int
    severity: int
    onset: float
    sd: float
    cleared: float | None
    flapping: bool
    times: int
    common: float
    weight: float
    folded_under: str
    group: int


@dataclass(frozen=True, slots=True)
class Group:
    """Alarms under one top. top: position of the resource (-1 = object not in the inventory); suspected: the top raised
    none itself, all that hangs on it did; tied: others that the same alarms hang on, so that a suspected top can't be
    told from them; first: the alarm raised first, top_alarm: the one on the top ("" where it is suspected); alarms: ids
    by onset; resources, domains: of the members, sorted; onset, last [s]: first and last raise; severity: rank of the
    gravest; standing, flapping: how many stand, how many flap; settled: no alarm has joined for the settle time.
    """

    number: int
    top: int
    suspected: bool
    tied: tuple[int, ...]
    first: str
    top_alarm: str
    alarms: tuple[str, ...]
    resources: tuple[int, ...]
    domains: tuple[str, ...]
    onset: float
    last: float
    severity: int
    standing: int
    flapping: int
    settled: bool

    @property
    def count(self) -> int:
        """How many alarms."""
        return len(self.alarms)


@dataclass(frozen=True)
class Folded:
    """Alarms at a known-time as arrays, n lines sorted by alarm id, in g groups numbered by onset.

    By line: resource int32, severity int8, onset, sd, reported, cleared float64 [s] (cleared NaN while it stands),
    flapping bool, times int32, common, weight float32, parent int64 (line that it is folded under, -1 none), group
    int32. By group: top int32 (resource), top_line int64 (-1 = suspected), settled bool; ties: (group, resource) of
    others than the top that can't be told apart from a suspected one.
    """

    topology: Topology
    known_at: int
    ids: tuple[str, ...]
    resource: Int32
    severity: Int8
    onset: Float64
    sd: Float64
    reported: Float64
    cleared: Float64
    flapping: Bool
    times: Int32
    common: Float32
    weight: Float32
    parent: Int64
    group: Int32
    top: Int32
    top_line: Int64
    settled: Bool
    ties: tuple[tuple[int, int], ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """All groups, by the onset of the first alarm."""
        order = np.lexsort((np.arange(len(self)), self.onset, self.group))
        begin = np.searchsorted(self.group[order], np.arange(len(self.top) + 1))
        return tuple(self._group(g, order[begin[g] : begin[g + 1]]) for g in range(len(self.top)))

    def _group(self, g: int, lines: Int64) -> Group:
        resources = sorted({int(r) for r in self.resource[lines] if r >= 0})
        domains = sorted({self.topology.domains[r] for r in resources} - {""})
        top = int(self.top_line[g])
        return Group(
            g, int(self.top[g]), top < 0, tuple(r for at, r in self.ties if at == g),
            self.ids[lines[0]], self.ids[top] if top >= 0 else "",
            tuple(self.ids[i] for i in lines), tuple(resources), tuple(domains),
            float(self.onset[lines[0]]), float(self.onset[lines[-1]]), int(self.severity[lines].max()),
            int(np.isnan(self.cleared[lines]).sum()), int(self.flapping[lines].sum()), bool(self.settled[g]),
        )  # fmt: skip

    def alarm(self, line: int) -> Standing:
        """One alarm, by its line."""
        cleared, parent = float(self.cleared[line]), int(self.parent[line])
        return Standing(
            self.ids[line], int(self.resource[line]), int(self.severity[line]), float(self.onset[line]),
            float(self.sd[line]), None if np.isnan(cleared) else cleared, bool(self.flapping[line]),
            int(self.times[line]), float(self.common[line]), float(self.weight[line]),
            self.ids[parent] if parent >= 0 else "", int(self.group[line]),
        )  # fmt: skip

    def top_of(self, alarm_id: str) -> int:
        """The top resource of an alarm's group, -1 where its object is not in the inventory; TopologyError for an
        unknown alarm.
        """
        return int(self.top[self.group[self._line(alarm_id)]])

    def group_of(self, alarm_id: str) -> Group:
        """The group of an alarm; TopologyError for an unknown alarm."""
        return self.groups[self.group[self._line(alarm_id)]]

    def on(self, resource: int) -> tuple[Standing, ...]:
        """Alarms on a resource, by onset."""
        return self._told(np.flatnonzero(self.resource == resource))

    def under(self, resource: int) -> tuple[Standing, ...]:
        """Alarms on all that may lean on a resource, hard or backed up, by onset; those on itself left out."""
        above, line = self._above
        begin, end = np.searchsorted(above, [resource, resource + 1])
        return self._told(line[begin:end])

    def above(self, resource: int) -> tuple[Standing, ...]:
        """Alarms on all that a resource may lean on, hard or backed up, by onset; those on itself left out."""
        mine = np.array([resource], np.int32)
        _, above = leant_on(self.topology, mine)
        return self._told(np.flatnonzero(np.isin(self.resource, above)))

    def _told(self, lines: Sequence[int] | Int64) -> tuple[Standing, ...]:
        ordered = sorted((int(i) for i in lines), key=lambda i: (self.onset[i], i))
        return tuple(self.alarm(i) for i in ordered)

    def _line(self, alarm_id: str) -> int:
        try:
            return self._index[alarm_id]
        except KeyError:
            raise TopologyError(f"unknown alarm: {alarm_id}") from None

    @cached_property
    def _index(self) -> dict[str, int]:
        return {a: i for i, a in enumerate(self.ids)}

    @cached_property
    def _above(self) -> tuple[Int32, Int64]:
        """(resource, line) for every resource that the object of an alarm may lean on, sorted by resource."""
        there = np.flatnonzero(self.resource >= 0)
        found, place = np.unique(self.resource[there], return_inverse=True)
        start, above = leant_on(self.topology, found.astype(np.int32))
        n = np.diff(start)[place]
        line = np.repeat(there, n)
        offset = np.repeat(start[place] - np.concatenate([[0], np.cumsum(n)[:-1]]), n)
        flat = above[offset + np.arange(len(line))] if len(line) else above[:0]
        order = np.lexsort((line, flat))
        return flat[order], line[order]


def leant_on(topology: Topology, resources: Int32) -> tuple[Int64, Int32]:
    """(start, above): all that each resource may lean on is above[start[i]:start[i+1]]."""
    net = topology.upward.arrays
    start = np.zeros(len(resources) + 1, np.int64)
    leaning.leans(*net, resources, start, np.zeros(0, np.int32))
    above = np.zeros(int(start[-1]), np.int32)
    leaning.leans(*net, resources, start, above)
    return start, above
