"""Ledger, part two: what we found and what people said of it: problems and their revisions, impacts, alarms,
verdicts, audit.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import Select, Subquery, func, or_, select, update

from cemcore.domain import Alarm, Impact, ProblemStatus, ServiceProblem, Verdict
from cemcore.errors import StorageError
from cemcore.storage import documents
from cemcore.storage import tables as t
from cemcore.storage.flow import Reads, Writes

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OPEN = (ProblemStatus.IN_PROGRESS.value, ProblemStatus.ACKNOWLEDGED.value)


def micros(at: datetime) -> int:
    """Microseconds since 1970-01-01 UTC; StorageError for a time without a time zone."""
    if at.tzinfo is None:
        raise StorageError(f"a time needs a time zone: {at}")
    return (at - _EPOCH) // timedelta(microseconds=1)


def from_micros(value: int) -> datetime:
    """The time that `micros` was given, in UTC."""
    return _EPOCH + timedelta(microseconds=value)


class CaseReads(Reads):
    """Problems as known at any moment, alarms, verdicts and the audit trail, as committed."""

    def problems(
        self, *, as_of: datetime | None = None, during: tuple[datetime, datetime] | None = None, open_only: bool = False
    ) -> list[ServiceProblem]:
        """The latest revision of each problem as known at `as_of`, by problem_id.

        With `during`, those that lasted for some time of [start, end); with `open_only`, those that neither ended
        nor were settled.
        """
        c = t.problem.c
        s = _latest(as_of).order_by(c.problem_id)
        if during is not None:
            s = s.where(c.begin_us < micros(during[1]), or_(c.end_us.is_(None), c.end_us > micros(during[0])))
        if open_only:
            s = s.where(c.end_us.is_(None), c.status.in_(_OPEN))
        return sorted((_problem(r) for r in self._rows(s)), key=lambda p: p.problem_id)

    def problem(self, problem_id: str, as_of: datetime | None = None) -> ServiceProblem | None:
        """The latest revision of one problem as known at `as_of`, None where there is none."""
        s = _latest(as_of).where(t.problem.c.problem_id == problem_id)
        return next((_problem(r) for r in self._rows(s)), None)

    def revisions(self, problem_id: str) -> list[ServiceProblem]:
        """Every revision of one problem, first to last."""
        s = select(t.problem).where(t.problem.c.problem_id == problem_id).order_by(t.problem.c.revision)
        return [_problem(r) for r in self._rows(s)]

    def impact(self, problem_id: str, as_of: datetime | None = None) -> Impact | None:
        """The impact of a problem as known at `as_of`: of its latest revision that says one."""
        c = t.problem.c
        s = (
            select(c.impact)
            .where(c.problem_id == problem_id, c.impact.is_not(None))
            .order_by(c.revision.desc())
            .limit(1)
        )
        s = s.where(c.known_at_us <= micros(as_of)) if as_of is not None else s
        return next((documents.loads(Impact, r[0]) for r in self._rows(s)), None)

    def alarms(
        self, *, as_of: datetime | None = None, standing_only: bool = False, since: datetime | None = None
    ) -> list[Alarm]:
        """Each alarm as known at `as_of`, by alarm_id; with `since`, those that still stood at or after it."""
        c = t.alarm.c
        newest = select(c.alarm_id, func.max(c.known_at_us).label("known_at_us")).group_by(c.alarm_id)
        newest = newest.where(c.known_at_us <= micros(as_of)) if as_of is not None else newest
        n = newest.subquery()
        s = select(t.alarm).join(n, (n.c.alarm_id == c.alarm_id) & (n.c.known_at_us == c.known_at_us))
        s = s.where(c.cleared_at_us.is_(None)) if standing_only else s
        s = s.where(or_(c.cleared_at_us.is_(None), c.cleared_at_us >= micros(since))) if since is not None else s
        return sorted((documents.loads(Alarm, r.document) for r in self._rows(s)), key=lambda a: a.alarm_id)

    def verdicts(self, problem_id: str | None = None) -> list[Verdict]:
        """What operators said, of one problem or of all, in the order in which they said it."""
        s = select(t.verdict.c.document).order_by(t.verdict.c.position)
        s = s.where(t.verdict.c.problem_id == problem_id) if problem_id is not None else s
        return [documents.loads(Verdict, r[0]) for r in self._rows(s)]

    def audit(self, limit: int = 100) -> pd.DataFrame:
        """The newest `limit` lines of the audit trail, oldest first: at [UTC], actor, action, subject, detail."""
        names = ["at", "actor", "action", "subject", "detail"]
        c = t.audit.c
        s = select(c.at_us, c.actor, c.action, c.subject, c.detail).order_by(c.position.desc()).limit(limit)
        frame = pd.DataFrame([tuple(r) for r in reversed(self._rows(s))], columns=names)
        at = pd.to_datetime(frame["at"].astype("int64"), unit="us", utc=True).astype("datetime64[us, UTC]")
        return frame.assign(at=at).astype(dict.fromkeys(names[1:], "str"))


def _latest(as_of: datetime | None) -> Select[Any]:
    n = _newest(as_of)
    c = t.problem.c
    return select(t.problem).join(n, (n.c.problem_id == c.problem_id) & (n.c.revision == c.revision))


def _newest(as_of: datetime | None) -> Subquery:
    c = t.problem.c
    s = select(c.problem_id, func.max(c.revision).label("revision")).group_by(c.problem_id)
    return (s.where(c.known_at_us <= micros(as_of)) if as_of is not None else s).subquery()


def _problem(r: Any) -> ServiceProblem:
    return documents.loads(ServiceProblem, r.document)


def _equal(r: Any, problem: ServiceProblem, impact: Impact | None) -> bool:
    """Whether a row says the same in an older form of the document."""
    totals = None if r.impact is None else documents.loads(Impact, r.impact)
    return _problem(r) == problem and totals == impact


def _columns(problem: ServiceProblem) -> dict[str, object]:
    return {
        "problem_id": problem.problem_id,
        "revision": problem.revision,
        "known_at_us": micros(problem.known_at),
        "begin_us": micros(problem.begin),
        "end_us": None if problem.end is None else micros(problem.end),
        "status": problem.status.value,
    }


class CaseWrites(Writes):
    """What one transaction adds to problems, alarms, verdicts and the audit trail; nothing is ever changed or
    removed.
    """

    def put_problem(self, problem: ServiceProblem, impact: Impact | None) -> None:
        """Append a revision with its impact.

        The same revision with the same content again is harmless; with another content, or older than the newest,
        it is a StorageError.
        """
        c = t.problem.c
        mine = select(c.revision, c.document, c.impact).where(c.problem_id == problem.problem_id)
        there = self._one(mine.where(c.revision >= problem.revision).order_by(c.revision).limit(1))
        document = documents.dumps(problem)
        totals = None if impact is None else documents.dumps(impact)
        if there is None:
            self._add(t.problem, **_columns(problem), document=document, impact=totals)
        elif there.revision > problem.revision:
            raise StorageError(f"revision {problem.revision} of problem {problem.problem_id} comes too late")
        elif (there.document, there.impact) != (document, totals) and not _equal(there, problem, impact):
            raise StorageError(
                f"revision {problem.revision} of problem {problem.problem_id} is there with another content"
            )

    def put_alarm(self, alarm: Alarm, known_at: datetime | None = None) -> None:
        """Note an alarm as known from `known_at` on (if not given: its clearing, else its report); the last word of
        one moment stands.
        """
        c = t.alarm.c
        known = micros(known_at or max(alarm.reported_at, alarm.cleared_at or alarm.reported_at))
        cleared = None if alarm.cleared_at is None else micros(alarm.cleared_at)
        values = {"cleared_at_us": cleared, "document": documents.dumps(alarm)}
        mine = (c.alarm_id == alarm.alarm_id) & (c.known_at_us == known)
        if self._connection.execute(update(t.alarm).where(mine).values(**values)).rowcount == 0:
            self._add(t.alarm, alarm_id=alarm.alarm_id, known_at_us=known, **values)

    def put_verdict(self, v: Verdict) -> None:
        """Note what an operator said of a problem; StorageError where there is no such problem."""
        if self._one(select(t.problem.c.revision).where(t.problem.c.problem_id == v.problem_id).limit(1)) is None:
            raise StorageError(f"there is no problem {v.problem_id}")
        self._add(t.verdict, problem_id=v.problem_id, document=documents.dumps(v))

    def audit(self, actor: str, action: str, subject: str, detail: str, at: datetime | None = None) -> None:
        """Note who did what to what, and when (now, where not said)."""
        when = micros(at or datetime.now(UTC))
        self._add(t.audit, at_us=when, actor=actor, action=action, subject=subject, detail=detail)
