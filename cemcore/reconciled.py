"""Alarms held against what customers felt, as `Cem` answers it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd


@dataclass(frozen=True, slots=True)
class AlarmLine:
    """One alarm and what became of it. verdict: with_pain, without_pain or unknown; problems: those it goes with; why:
    in words.
    """

    alarm_id: str
    resource: str
    resource_type: str
    domain: str
    severity: str
    problem: str
    raised: datetime
    cleared: datetime | None
    verdict: str
    problems: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class AlarmDay:
    """How many alarms of one kind were raised on a local day, and what became of them."""

    day: date
    raised: int
    with_pain: int
    without_pain: int
    unknown: int


@dataclass(frozen=True, slots=True)
class AlarmType:
    """Alarms of one problem on one type of resource. precision: share with pain of those that are not unknown, with its
    95 % interval (Wilson); None where there are none.
    """

    problem: str
    resource_type: str
    raised: int
    with_pain: int
    without_pain: int
    unknown: int
    precision: float | None
    low: float | None
    high: float | None
    days: tuple[AlarmDay, ...]


@dataclass(frozen=True, slots=True)
class SilentProblem:
    """A problem that no alarm told of."""

    problem_id: str
    begin: datetime
    end: datetime | None
    cause: str


@dataclass(frozen=True)
class AlarmsView:
    """Alarms raised in [begin, end) as known at `known`, newest first; their types, those that say least last; problems
    of that time without an alarm.
    """

    begin: datetime
    end: datetime
    known: datetime
    alarms: tuple[AlarmLine, ...]
    types: tuple[AlarmType, ...]
    silent: tuple[SilentProblem, ...]

    def frame(self) -> pd.DataFrame:
        """The alarms, a row each."""
        return pd.DataFrame([_fields(a) for a in self.alarms], columns=list(AlarmLine.__slots__))

    def types_frame(self) -> pd.DataFrame:
        """The types, a row each, without their days."""
        return pd.DataFrame([_fields(t) for t in self.types], columns=list(AlarmType.__slots__)).drop(columns="days")


def _fields(x: AlarmLine | AlarmType) -> dict[str, object]:
    return {name: getattr(x, name) for name in type(x).__slots__}
