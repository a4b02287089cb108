"""The few, as frozen objects: what is counted in hundreds, not in millions.

Names follow the field: TMF639 / TMF642 / TMF655 / TMF656, X.733, 3GPP TS 28.552. The many (measurements, quality
records, scores) are frames (`cemcore.frames`) and arrays (`cemcore.panel`). Times are timezone-aware UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

import pandas as pd


class Feed(StrEnum):
    """What a collector delivers; every feed has a contract in `cemcore.frames`."""

    MEASUREMENTS = "measurements"
    QUALITY = "quality"
    ALARMS = "alarms"
    WORK = "work"
    RESOURCES = "resources"
    CONNECTIONS = "connections"
    SERVICES = "services"
    SUBJECTS = "subjects"
    CUSTOMERS = "customers"
    ATTACHMENTS = "attachments"
    FEEDBACK = "feedback"
    DETAIL = "detail"


INVENTORY = (Feed.RESOURCES, Feed.CONNECTIONS, Feed.SERVICES, Feed.SUBJECTS, Feed.CUSTOMERS)
"""Feeds that come as snapshots: a newer batch of one source replaces its older one."""


class Severity(StrEnum):
    """Perceived severity (X.733), worst first; `rank` orders it, 0 = cleared."""

    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"
    WARNING = "warning"
    INDETERMINATE = "indeterminate"
    CLEARED = "cleared"

    @property
    def rank(self) -> int:
        """5 for critical down to 0 for cleared."""
        return 5 - list(Severity).index(self)


class State(StrEnum):
    """How a subject fares on a service. Unknown is a state of its own, never zero and never good."""

    GOOD = "good"
    DEGRADED = "degraded"
    UNKNOWN = "unknown"


class ProblemStatus(StrEnum):
    """Life of a problem; the values are TMF656's."""

    IN_PROGRESS = "inProgress"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    REJECTED = "rejected"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Window:
    """What a collector is asked for: all that arrived in [start, end)."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("a window's ends need a time zone")
        if self.end < self.start:
            raise ValueError(f"a window ends ({self.end}) before it starts ({self.start})")

    @classmethod
    def until(cls, end: datetime) -> Window:
        """Everything up to `end`."""
        return cls(datetime(1970, 1, 1, tzinfo=UTC), end)


@dataclass(frozen=True, slots=True)
class Content:
    """What a batch holds once it is read.

    `frame` obeys the feed's contract in `cemcore.frames`. It may carry `recorded_at` (when each row arrived); where
    it does not, the time of collection is stamped on it. `quarantine` has the columns of `frames.QUARANTINE`: what
    could not be taken, each with its reason. `counts` are plain tallies for health (duplicates, late ...).

    """

    frame: pd.DataFrame
    quarantine: pd.DataFrame
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Batch:
    """One immutable delivery: a file, or a window of a live source in one version.

    `batch_id` is a digest of the file's bytes and its name (or of the window and its version): the ledger takes each
    id once, whatever is delivered again. `read` parses on demand and is never called for a batch that is already
    registered.

    """

    feed: Feed
    source: str
    batch_id: str
    origin: str
    read: Callable[[], Content]


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm as known at a moment (TMF642, X.733)."""

    alarm_id: str
    alarmed_object: str
    severity: Severity
    alarm_type: str
    probable_cause: str
    specific_problem: str
    raised_at: datetime
    reported_at: datetime
    cleared_at: datetime | None = None
    source_system: str = ""
    resource_id: str | None = None

    @property
    def standing(self) -> bool:
        """Raised and not cleared, as far as is known."""
        return self.cleared_at is None


@dataclass(frozen=True, slots=True)
class PlannedWork:
    """One change request as known at a moment (TMF655): its plan, and its actual times once they are past."""

    work_id: str
    status: str
    description: str
    declared_impact: str
    resources: tuple[str, ...]
    planned_start: datetime
    planned_end: datetime
    actual_start: datetime | None = None
    actual_end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """One line for or against a cause, as log-odds (natural logarithm; above zero speaks for it); `amount` = how much
    there is of it, of which log_odds is a multiple: the weight of its kind.
    """

    kind: str
    text: str
    log_odds: float
    refers_to: str = ""
    amount: float = 0.0


@dataclass(frozen=True, slots=True)
class Cause:
    """A candidate cause: a resource, or attribute values together (`{"firmware": "P10-12.1.1"}`).

    `kind` is "resource" or "attribute". `label` says more where there is more to say: "planned_work", "demand",
    "fault" or "unknown"; planned work and demand name the resource that they act on. `tied_with` lists candidates
    that the data cannot tell apart from this one.

    """

    kind: str
    resource_id: str | None = None
    attributes: tuple[tuple[str, str], ...] = ()
    label: str = "fault"
    domain: str = ""
    confidence: float = 0.0
    work_id: str | None = None
    tied_with: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()

    @property
    def name(self) -> str:
        """What people call it: the resource id, or `firmware=P10-12.1.1`."""
        if self.resource_id is not None:
            return self.resource_id
        return ", ".join(f"{k}={v}" for k, v in self.attributes) or "unknown"


@dataclass(frozen=True, slots=True)
class ImpactLine:
    """Totals of one group of subjects (a segment, a service, everything). `spend`: what the customers concerned spend
    a month, where it was summed.
    """

    group: str
    affected_users: int = 0
    affected_things: int = 0
    at_risk: int = 0
    unknown: int = 0
    customers: int = 0
    bad_minutes: float = 0.0
    depth_minutes: float = 0.0
    spend: float | None = None


@dataclass(frozen=True, slots=True)
class Impact:
    """Who is hit by a problem or by a set of resources (TMF656 impact pattern), as totals; the rows are in the archive.

    Subjects are counted, customers are those who pay for them. `depth_minutes` = bad minutes x depth.
    """

    total: ImpactLine
    by_segment: tuple[ImpactLine, ...] = ()
    by_service: tuple[ImpactLine, ...] = ()


@dataclass(frozen=True, slots=True)
class ServiceProblem:
    """One problem in one revision (TMF656). The same `problem_id` over its whole life, `revision` counts from 1.

    `begin` is the estimated onset (start of a slot), `detected_at` the known-time of the tick that first reported it,
    `end` the end of its last slot or None while it lasts. `demarcation`: probability that each domain (or "unknown")
    has to answer for it, the likeliest first.

    """

    problem_id: str
    revision: int
    known_at: datetime
    begin: datetime
    detected_at: datetime
    end: datetime | None
    causes: tuple[Cause, ...]
    services: tuple[str, ...]
    confidence: float
    status: ProblemStatus = ProblemStatus.IN_PROGRESS
    change: str = "opened"
    alarms: tuple[str, ...] = ()
    work: tuple[str, ...] = ()
    merged_into: str | None = None
    demarcation: tuple[tuple[str, float], ...] = ()
    standing: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an operator says of a problem."""

    problem_id: str
    action: str
    by: str
    at: datetime
    note: str = ""
    cause: str = ""
