"""Pages, figures and time lines of what was found: what they show is read here, and drawn by `cemcore.report.html`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from cemcore.application import attributed, predictions
from cemcore.application.house import House
from cemcore.application.lenses import Facts
from cemcore.application.places import facts_at
from cemcore.application.sketch import sketch
from cemcore.domain import Alarm, Feed, ServiceProblem
from cemcore.panel import Int32
from cemcore.pictures import AFFECTED, AT_RISK, SAVED, UNKNOWN, Mark, Picture, Span, TimeLine
from cemcore.pipeline import impact as room
from cemcore.pipeline.impact import Members
from cemcore.report.html import Drawn, figure, problem_page, report_page, resources_page, time_line
from cemcore.report.html.timeline import window
from cemcore.views import ImpactReport, ImpactView, ProblemView

CARDS = 10
"""So many problems of a report have a card, the worst."""


@dataclass(frozen=True)
class Artist:
    """Draws what `Cem` answered, as known at `as_of` (None = now)."""

    house: House
    as_of: datetime | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The operator's time zone."""
        return ZoneInfo(self.house.settings.operator.timezone)

    @property
    def now(self) -> datetime:
        """Up to when is shown."""
        return self.as_of or self.house.known_now()

    def drawn(self, views: Sequence[ProblemView]) -> list[Drawn]:
        """Problems with their pictures and time lines, and their revisions."""
        if not views:
            return []
        ids = [v.problem.problem_id for v in views]
        people = attributed.members_of(self.house, ids, self.as_of)
        into = attributed.survivors(self.house.ledger.problems(as_of=self.as_of))
        lost = attributed.read(self.house, attributed.span(None, [v.problem for v in views]), self.as_of, into)
        alarms = {a.alarm_id: a for a in self.house.ledger.alarms(as_of=self.as_of)}
        facts: dict[datetime, Facts] = {}
        out = []
        for v in views:
            at = v.problem.end or self.now
            held = facts.setdefault(at, facts_at(self.house, at, self.as_of)) if at not in facts else facts[at]
            told = v if v.revisions else replace(v, revisions=self._revisions(v.problem))
            picture = _picture(held, v.problem, people[v.problem.problem_id])
            out.append(Drawn(told, picture, self._line(told, lost.lines(v.problem.problem_id), alarms)))
        return out

    def page(self, found: ImpactReport | ImpactView | ProblemView, limit: int | None = None) -> str:
        """The page of whatever was answered; `limit`: at most so many problems of a report."""
        if isinstance(found, ImpactReport):
            return self.report(found, limit)
        if isinstance(found, ImpactView):
            return self.impact(found)
        [one] = self.drawn([found])
        return problem_page(one, self.now, self.zone)

    def figure(self, view: ProblemView) -> str:
        """The part of the network that a problem is about, as SVG."""
        [one] = self.drawn([view])
        return figure(one.picture, alone=True) if one.picture is not None else ""

    def time_line(self, view: ProblemView) -> str:
        """The life of a problem, as SVG."""
        [one] = self.drawn([view])
        return time_line(one.line, self.zone, alone=True) if one.line is not None else ""

    def report(self, report: ImpactReport, limit: int | None = None) -> str:
        """The page of a report."""
        views = list(report.problems)
        drawn = self.drawn(views[: min(limit or CARDS, CARDS)])
        name = self.house.settings.operator.name
        return report_page(report, drawn, self.now, self.zone, name, limit)

    def impact(self, view: ImpactView) -> str:
        """The page of one impact: of a problem, or of resources."""
        if view.basis == "observed":
            problem = self.house.ledger.problem(view.subject, self.as_of)
            assert problem is not None  # it was answered about
            [one] = self.drawn([ProblemView(problem, view.impact, lenses=view.lenses)])
            return problem_page(one, self.now, self.zone)
        facts, down, exposure = predictions.exposed(self.house, view.resources, view.at, view.during, self.as_of)
        affected = np.unique(exposure.lost.subject)
        risk = np.setdiff1d(exposure.at_risk.subject, affected)
        saved = np.setdiff1d(exposure.protected.subject, np.union1d(affected, risk))
        people = {AFFECTED: affected, AT_RISK: risk, SAVED: saved}
        return resources_page(view, sketch(facts, down, people, view.subject), self.zone)

    def _revisions(self, p: ServiceProblem) -> tuple[ServiceProblem, ...]:
        found = self.house.ledger.revisions(p.problem_id)
        return tuple(r for r in found if self.as_of is None or r.known_at <= self.as_of)

    def _line(self, view: ProblemView, lost: room.Attribution, alarms: dict[str, Alarm]) -> TimeLine:
        p, slot_s = view.problem, self.house.settings.operator.slot_seconds
        bars = pd.Series(lost.bad_minutes.astype(np.float64)).groupby(lost.slot).sum()
        times = [datetime.fromtimestamp(int(s), p.begin.tzinfo) for s in bars.index]
        marks = [Mark(p.begin, "onset", "onset"), Mark(p.detected_at, "detected", "detected")]
        marks += [Mark(p.end, "end", "end")] if p.end is not None else []
        marks += [Mark(r.known_at, "revision", f"revision {r.revision}: {r.change}") for r in view.revisions]
        last = p.end or self.now
        near = [t for t in (*times, p.begin, p.detected_at, last) if t <= last + timedelta(hours=3)]
        begin, end = window(near, slot_s)
        spans = [
            Span(a.raised_at, a.cleared_at, "alarm", f"{a.resource_id or a.alarmed_object}: {_called(a)}")
            for a in (alarms[i] for i in p.alarms if i in alarms)
        ]
        spans += self._work(p.work, begin, end)
        shown = [s for s in spans if s.begin < end and (s.end is None or s.end > begin)]
        inside = [m for m in marks if begin <= m.at <= end]
        return TimeLine(
            begin,
            end,
            slot_s,
            tuple(zip(times, bars.tolist(), strict=True)),
            tuple(sorted(inside, key=lambda m: m.at)),
            tuple(sorted(shown, key=lambda s: (s.begin, s.text))),
        )

    def _work(self, work: Sequence[str], begin: datetime, end: datetime) -> list[Span]:
        """Planned windows of works, as known."""
        if not work:
            return []
        recorded = None if self.as_of is None else (None, int(self.as_of.timestamp()))
        frame = self.house.archive.read(self.house.ledger.files(str(Feed.WORK), recorded=recorded), recorded=recorded)
        frame = frame[frame["work_id"].isin(list(work))].drop_duplicates("work_id", keep="last")
        return [
            Span(r["planned_start"].to_pydatetime(), r["planned_end"].to_pydatetime(), "work", f"work {r['work_id']}")
            for r in frame.to_dict("records")
        ]


def _called(a: Alarm) -> str:
    return a.specific_problem or a.probable_cause


def _picture(facts: Facts, p: ServiceProblem, members: Members) -> Picture:
    """The picture of a problem: its first cause, and its members each in their first state."""
    cause = p.causes[0] if p.causes else None
    known = cause is not None and cause.resource_id in facts.world.topology.index
    down = [facts.world.topology.index[str(cause.resource_id)]] if cause is not None and known else []
    roles: dict[str, Int32] = {}
    seen = np.zeros(0, np.int32)
    for state, role in ((room.AFFECTED, AFFECTED), (room.UNKNOWN, UNKNOWN), (room.AT_RISK, AT_RISK)):
        who = np.setdiff1d(members.subject[members.state == state], seen)
        roles[role], seen = who, np.union1d(seen, who)
    return sketch(facts, down, roles, cause.name if cause is not None else "unknown", cause.tied_with if cause else ())
