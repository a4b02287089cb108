"""Predicted against observed: which alarms had pain below them, which had none, and which problems no alarm told of.

An alarm predicts that whoever hangs on its object suffers; problems are what was observed. An alarm is `with_pain`
where a problem names it, or a problem of about its time has its cause on the same resource, on one that its object
hangs on (the alarm is a consequence), or close below its object (the alarm is nearer to the root). It is `unknown`
where nobody could have felt it or been seen feeling it, else `without_pain`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from cemcore.domain import Alarm, ServiceProblem
from cemcore.panel import Bool, Int32, Int64
from cemcore.topology import Topology

WITH_PAIN, WITHOUT_PAIN, UNKNOWN = "with_pain", "without_pain", "unknown"
BEFORE_S = 6 * 3600.0
"""An alarm that was raised longer before a problem's onset says nothing about it."""
NEAR_S = 3600.0
"""The same for an alarm above or below a problem's cause, where it may have another reason."""
SLACK_S = 900.0
"""Onsets are known to a slot, clocks to minutes."""
NEAR = 2
"""Steps from a cause up to an alarm that tells of the same trouble."""


@dataclass(frozen=True)
class Seen:
    """Where experience was seen. used: by resource, whether somebody is served through it; domain_of int32 by resource
    (-1 none); slots int64 [s], sorted; covered bool (slots, domains): whether any record came. seconds: of a slot.
    """

    used: Bool
    domain_of: Int32
    slots: Int64
    covered: Bool
    seconds: int

    def blind(self, resource: int, begin: float, end: float) -> bool:
        """Whether no record of the resource's domain came in any slot of [begin, end)."""
        d = int(self.domain_of[resource])
        if d < 0:
            return False
        first = np.searchsorted(self.slots, begin - self.seconds, side="right")
        last = np.searchsorted(self.slots, max(end, begin + 1))
        return not bool(self.covered[first:last, d].any())


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of an alarm: the verdict, the problems that it goes with, and why."""

    verdict: str
    problems: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class _Trouble:
    """A problem as alarms are held against it: [begin, end) [s], its causes, and what is lost with them."""

    problem: ServiceProblem
    begin: float
    end: float
    causes: frozenset[int]
    lost: frozenset[int]


def reconcile(
    alarms: Sequence[Alarm], problems: Sequence[ServiceProblem], topology: Topology, seen: Seen, until: float
) -> list[Judged]:
    """Of each alarm what became of it, by what was known until `until` [s]."""
    troubles = _troubles(problems, topology, until)
    by_alarm: dict[str, list[str]] = {}
    for p in problems:
        for name in p.alarms:
            by_alarm.setdefault(name, []).append(p.problem_id)
    begins = np.array([t.begin for t in troubles])
    longest = max((t.end - t.begin for t in troubles), default=0.0)
    out = []
    for a in alarms:
        raised = a.raised_at.timestamp()
        cleared = a.cleared_at.timestamp() if a.cleared_at is not None else until
        resource = topology.index.get(a.resource_id or "", -1)
        low, high = np.searchsorted(begins, [raised - longest - SLACK_S, cleared + SLACK_S])
        high = min(int(high), int(np.searchsorted(begins, raised + BEFORE_S, side="right")))
        found = [*by_alarm.get(a.alarm_id, ())]
        why = "named as its evidence" if found else ""
        for t in troubles[int(low) : high]:
            how = _how(t, resource, raised, topology)
            if how and t.problem.problem_id not in found:
                found.append(t.problem.problem_id)
                why = why or how
        out.append(Judged(WITH_PAIN, tuple(found), why) if found else _alone(resource, raised, cleared, seen))
    return out


def _troubles(problems: Sequence[ServiceProblem], topology: Topology, until: float) -> list[_Trouble]:
    out = []
    below: dict[int, frozenset[int]] = {}
    for p in problems:
        first = p.causes[0] if p.causes else None
        names = () if first is None else (first.resource_id, *first.tied_with)
        causes = frozenset(topology.index[n] for n in names if n in topology.index)
        for c in causes:
            if c not in below:
                below[c] = frozenset(topology.dependents(c).tolist())
        lost = frozenset[int]().union(*(below[c] for c in causes))
        end = p.end.timestamp() if p.end is not None else max(until, p.begin.timestamp())
        out.append(_Trouble(p, p.begin.timestamp(), end, causes, lost))
    return sorted(out, key=lambda t: (t.begin, t.problem.problem_id))


def _how(t: _Trouble, resource: int, raised: float, topology: Topology) -> str:
    """How an alarm on a resource goes with a trouble; "" where it does not."""
    if resource < 0 or raised >= t.end + SLACK_S:
        return ""
    if resource in t.causes:
        return "on the cause of a problem"
    if raised < t.begin - NEAR_S:
        return ""
    if resource in t.lost:
        return "on what a problem's cause takes down"
    if any(topology.near(c, resource, NEAR) for c in t.causes):
        return "close to the cause of a problem"
    return ""


def _alone(resource: int, raised: float, cleared: float, seen: Seen) -> Judged:
    if resource < 0:
        return Judged(UNKNOWN, (), "its object is not in the inventory")
    if not seen.used[resource]:
        return Judged(UNKNOWN, (), "nobody was served through its object")
    if seen.blind(resource, raised, cleared):
        return Judged(UNKNOWN, (), "no experience was seen there at that time")
    return Judged(WITHOUT_PAIN, (), "whoever hangs on its object had no problem")


def silent(problems: Sequence[ServiceProblem], judged: Sequence[Judged]) -> list[ServiceProblem]:
    """Problems that no alarm goes with, by begin; those that were merged into others left out."""
    told = {p for j in judged for p in j.problems}
    left = [p for p in problems if p.problem_id not in told and p.merged_into is None]
    return sorted(left, key=lambda p: (p.begin, p.problem_id))


def wilson(hits: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """Interval of a share, 95 % (Wilson 1927, the score interval without continuity correction); (0, 1) for n = 0."""
    if n == 0:
        return 0.0, 1.0
    p, zz = hits / n, z * z / n
    middle, half = p + zz / 2, z * sqrt(p * (1 - p) / n + zz / (4 * n))
    return max(0.0, (middle - half) / (1 + zz)), min(1.0, (middle + half) / (1 + zz))


def counts(judged: Sequence[Judged]) -> Mapping[str, int]:
    """How many alarms there are of each verdict."""
    return {v: sum(j.verdict == v for j in judged) for v in (WITH_PAIN, WITHOUT_PAIN, UNKNOWN)}
