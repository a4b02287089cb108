"""Alarms as causes need them: by resource, with onset, weight and what they are folded under."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cemcore.domain import Alarm
from cemcore.topology import Topology

SKEW_S = 600
"""Reported so long after it was raised, or at all before that, says that a clock is off or the way was slow."""
FLAPS, WITHIN_S = 3, 7200
"""Raised so often on one object within this time, an alarm flaps."""


class Standing(Protocol):
    """What is read of one folded alarm (`folding.Standing`)."""

    @property
    def alarm_id(self) -> str:
        """As there."""
        ...

    @property
    def onset(self) -> float:
        """As there."""
        ...

    @property
    def flapping(self) -> bool:
        """As there."""
        ...

    @property
    def weight(self) -> float:
        """As there."""
        ...

    @property
    def resource(self) -> int:
        """As there."""
        ...


class Folded(Protocol):
    """What is read of folded alarms (`folding.Folded`)."""

    def __len__(self) -> int:
        """How many alarms."""
        ...

    def alarm(self, line: int) -> Standing:
        """One alarm, by its line."""
        ...

    def top_of(self, alarm_id: str) -> int:
        """The resource on top of an alarm's group, -1 where it is not in the inventory."""
        ...


@dataclass(frozen=True)
class Heard:
    """One alarm on a resource. onsets [s]: when it may have been raised; weight 0..1: how much it says beside its
    severity; top: position of the resource that explains it, its own where nothing else does.
    """

    alarm: Alarm
    onsets: tuple[float, ...]
    flapping: bool
    weight: float
    top: int


def heard(alarms: Sequence[Alarm], topology: Topology, folded: Folded | None) -> Mapping[int, tuple[Heard, ...]]:
    """Alarms by the resource that they stand on; those on all members of a redundancy pair also stand on it."""
    by_id = {a.alarm_id: a for a in alarms}
    found: dict[int, list[Heard]] = {}
    if folded is None:
        for h in _plain(alarms, topology):
            found.setdefault(topology.index[h.alarm.resource_id or ""], []).append(h)
    else:
        for s in (folded.alarm(i) for i in range(len(folded))):
            if s.resource >= 0 and s.alarm_id in by_id:
                one = Heard(by_id[s.alarm_id], (s.onset,), s.flapping, s.weight, folded.top_of(s.alarm_id))
                found.setdefault(s.resource, []).append(one)
    edges = topology.network.pairs
    for pair in sorted({int(p) for r in found for p in edges.of(r)}):
        members = edges.reverse().of(pair)
        if all(m in found for m in members):
            found.setdefault(pair, []).extend(h for m in members for h in found[m])
    return {r: tuple(x) for r, x in found.items()}


def _plain(alarms: Sequence[Alarm], topology: Topology) -> list[Heard]:
    """Alarms that nobody has folded: each on top of itself; where clocks disagree either may be right."""
    joined = [a for a in alarms if a.resource_id in topology.index]
    by_kind: dict[tuple[str, str], list[float]] = {}
    for a in joined:
        by_kind.setdefault((a.alarmed_object, a.specific_problem), []).append(a.raised_at.timestamp())
    out = []
    for a in joined:
        raised, said = a.raised_at.timestamp(), a.reported_at.timestamp()
        near = [t for t in by_kind[a.alarmed_object, a.specific_problem] if abs(t - raised) <= WITHIN_S / 2]
        onsets = (raised,) if 0 <= said - raised <= SKEW_S else (raised, said)
        out.append(Heard(a, onsets, len(near) >= FLAPS, 1.0, topology.index[a.resource_id or ""]))
    return out


def late(a: Alarm) -> float:
    """Seconds from raise to report, by their clocks."""
    return (a.reported_at - a.raised_at).total_seconds()


def before(a: Alarm, moment: datetime) -> bool:
    """Whether it was cleared before a moment."""
    return a.cleared_at is not None and a.cleared_at < moment
