"""What the doors show: answers of `Cem` as plain frozen objects. `cemcore.report` turns them into documents and
tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime

import pandas as pd

from cemcore.domain import Impact, ImpactLine, ServiceProblem, Verdict
from cemcore.pictures import Drawer, Drawing, framed
from cemcore.zooming import Finding


@dataclass(frozen=True)
class SavedLine:
    """Subjects of one group that redundancy keeps in service; at_risk: those of them that have lost protection."""

    group: str
    users: int = 0
    things: int = 0
    customers: int = 0
    at_risk: int = 0


@dataclass(frozen=True)
class LensView:
    """An impact parted by one lens: a line a group; `saved`, where it was asked for, who is kept in service."""

    name: str
    lines: tuple[ImpactLine, ...]
    saved: tuple[SavedLine, ...] = ()


@dataclass(frozen=True)
class ProblemView:
    """One problem as known at a moment, with what it did to whom.

    `revisions` (oldest first) and `verdicts` are filled where one problem was asked for; `affected` is a frame
    (service, subject_id, state, posterior, bad_rows, total_rows) of its members, as of the revision shown (state:
    degraded, unknown or at_risk), filled on the same occasion, as `findings` of second looks are. `lenses`: its
    impact by what was asked for.

    """

    problem: ServiceProblem
    impact: Impact
    revisions: tuple[ServiceProblem, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    affected: pd.DataFrame | None = None
    findings: tuple[Finding, ...] = ()
    lenses: tuple[LensView, ...] = ()
    drawer: Drawer | None = field(default=None, repr=False, compare=False)

    def figure(self) -> Drawing:
        """The part of the network that it is about: cause, who hangs on it, what backs it up. SVG."""
        return Drawing(self.drawer.figure(self) if self.drawer is not None else "")

    def time_line(self) -> Drawing:
        """Its life: bad minutes by slot, onset, detection, revisions, alarms, planned work. SVG."""
        return Drawing(self.drawer.time_line(self) if self.drawer is not None else "")

    def _repr_html_(self) -> str | None:
        return framed(self.drawer.page(self)) if self.drawer is not None else None

    def explain(self) -> list[str]:
        """Why it is thought to be so: a line for each cause and each piece of evidence for and against it."""
        lines = []
        for cause in self.problem.causes:
            tied = f", not to be told apart from {', '.join(cause.tied_with)}" if cause.tied_with else ""
            lines.append(f"{cause.name} ({cause.label}, confidence {cause.confidence:.2f}{tied})")
            lines += [f"  {e.log_odds:+.1f} {e.text}" for e in cause.evidence]
        return lines


class Problems(list[ProblemView]):
    """Problems in their ranking, as a list, and as a frame where people compute on."""

    def frame(self) -> pd.DataFrame:
        """One row a problem: id, status, times, cause, services, counts and bad minutes."""
        return pd.DataFrame(
            [
                {
                    "problem_id": v.problem.problem_id,
                    "status": str(v.problem.status),
                    "begin": v.problem.begin,
                    "end": v.problem.end,
                    "detected_at": v.problem.detected_at,
                    "cause": v.problem.causes[0].name if v.problem.causes else "unknown",
                    "confidence": v.problem.confidence,
                    "services": ", ".join(v.problem.services),
                    "affected_users": v.impact.total.affected_users,
                    "affected_things": v.impact.total.affected_things,
                    "at_risk": v.impact.total.at_risk,
                    "unknown": v.impact.total.unknown,
                    "customers": v.impact.total.customers,
                    "bad_minutes": v.impact.total.bad_minutes,
                    "depth_minutes": v.impact.total.depth_minutes,
                }
                for v in self
            ]
        )


@dataclass(frozen=True)
class ImpactView:
    """Impact of a problem or of any set of resources. `basis` says of what and how it was found: "observed" or
    "predicted".

    `protected` counts subjects that redundancy saves; None where the question was about a problem. `lenses`: the
    impact by what was asked for. `saved`: who is saved, by the elements that keep them in service, where that was
    asked. `served`: subjects served under the resources in a period that was asked about.

    """

    basis: str
    subject: str
    at: datetime
    during: tuple[datetime, datetime] | None
    impact: Impact
    resources: tuple[str, ...] = ()
    protected: int | None = None
    notes: tuple[str, ...] = ()
    lenses: tuple[LensView, ...] = ()
    saved: tuple[SavedLine, ...] = ()
    served: int | None = None
    drawer: Drawer | None = field(default=None, repr=False, compare=False)

    def _repr_html_(self) -> str | None:
        return framed(self.drawer.page(self)) if self.drawer is not None else None

    def frame(self) -> pd.DataFrame:
        """One row a line: by (total, service, segment, the lenses), group, counts and minutes."""
        parts = [("total", (self.impact.total,)), ("segment", self.impact.by_segment)]
        parts += [("service", self.impact.by_service), *((x.name, x.lines) for x in self.lenses)]
        rows = {
            (by, x.group): {"by": by, **{f.name: getattr(x, f.name) for f in fields(x)}} for by, of in parts for x in of
        }
        return pd.DataFrame(list(rows.values()))


@dataclass(frozen=True)
class Sums:
    """Where bad minutes went: to the problems, to none (chronic, or unexplained), and all of them."""

    problems: ImpactLine
    none: ImpactLine
    total: ImpactLine


@dataclass(frozen=True)
class ImpactReport:
    """The impact report: problems in their ranking, as known at `as_of`. With `during`, their minutes and the `sums`
    are those of the period. `lenses` part all problems together.
    """

    problems: Problems
    as_of: datetime | None = None
    during: tuple[datetime, datetime] | None = None
    open_only: bool = False
    sums: Sums | None = None
    lenses: tuple[LensView, ...] = ()
    drawer: Drawer | None = field(default=None, repr=False, compare=False)

    def _repr_html_(self) -> str | None:
        return framed(self.drawer.page(self)) if self.drawer is not None else None


@dataclass(frozen=True)
class FeedHealth:
    """State of one source: what came, what could not be taken and why, how fresh it is.

    `counts`: rows, quarantined, duplicates, late, unjoined, failures ...; `reasons`: quarantine reason -> records;
    `unjoined`: names that found no resource -> rows (the worst few); `joined_share`: 0..1, None where nothing is to
    be joined.

    """

    source: str
    feed: str
    batches: int
    last_collected: datetime | None
    newest_record: datetime | None
    counts: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)
    unjoined: Mapping[str, int] = field(default_factory=dict)
    joined_share: float | None = None


@dataclass(frozen=True)
class HealthView:
    """State of the whole: `status` is "ok", "learning", "late" or "failing"; `learning_until` per service while it
    lasts; `findings_a_day`: degradations that ended a day of the last week, by level, of which the share
    `false_discovery` may be chance.
    """

    status: str
    now: datetime
    watermark: datetime | None
    ticks: int
    open_problems: int
    learning_until: Mapping[str, datetime]
    feeds: tuple[FeedHealth, ...]
    findings_a_day: Mapping[str, float] = field(default_factory=dict)
    false_discovery: float = 0.05
    blind: tuple[str, ...] = ()
    inventory_faults: tuple[str, ...] = ()
    assessor: str = ""


@dataclass(frozen=True)
class WeightView:
    """What one kind of evidence weighs: log-odds of an amount of 1, as stated and as learned, with the 95 % interval;
    `problems`: settled problems whose candidates differed in it.
    """

    kind: str
    stated: float
    learned: float
    low: float
    high: float
    problems: int
    reason: str


@dataclass(frozen=True)
class EvidenceView:
    """Weights of evidence as of a time, learned from so many settled `problems`."""

    weights: tuple[WeightView, ...]
    problems: int
    as_of: datetime | None = None


@dataclass(frozen=True)
class CheckLine:
    """One thing that `cem check` looked at: "ok", "warn" or "fail", and why."""

    what: str
    status: str
    text: str


@dataclass(frozen=True)
class EarlyWarning:
    """One drifting series that will miss its requirement if it goes on like this.

    `level` and `key` say whose (subject or resource), `measure` what (score, or the KPI of a load). `days` is the
    median time to the breach from the end of what is known, `low`..`high` its interval (inf = perhaps never); `per_day`
    is the drift, `chance` that of a breach within the horizon.
    """

    service: str
    level: str
    key: str
    measure: str
    now: float
    requirement: float
    per_day: float
    days: float
    low: float
    high: float
    chance: float
    since: datetime


@dataclass(frozen=True)
class Warnings:
    """Early warnings, soonest first, and over what: series watched, of them `unknown` (too little history) and
    `drifting`. Those that drift without a warning do not reach their requirement within the horizon. `at` is the end of
    what is known (None: nothing yet).
    """

    lines: tuple[EarlyWarning, ...]
    at: datetime | None
    horizon_days: float
    interval: float
    watched: int
    unknown: int
    drifting: int

    def frame(self) -> pd.DataFrame:
        """One row a warning."""
        names = [f.name for f in fields(EarlyWarning)]
        return pd.DataFrame([{n: getattr(w, n) for n in names} for w in self.lines], columns=names)
