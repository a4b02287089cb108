"""Answers about problems: ranked, whole, and what operators say of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pandas as pd

from cemcore.application.house import House
from cemcore.domain import Impact, ImpactLine, ProblemStatus, ServiceProblem, Verdict
from cemcore.errors import NotFoundError
from cemcore.report.rank import place
from cemcore.views import Problems, ProblemView

NOTHING = Impact(ImpactLine("total"))
ACTIONS = {
    "ack": ProblemStatus.ACKNOWLEDGED,
    "note": None,
    "resolve": ProblemStatus.RESOLVED,
    "reject": ProblemStatus.REJECTED,
}
"""What an operator may say, and the status that it gives (None: unchanged)."""

AT_RISK = "at_risk"
"""State of a member that hangs on the cause and is not degraded; the others are `domain.State`'s."""

_MEMBER_COLUMNS = ["service", "subject_id", "state", "posterior", "bad_rows", "total_rows"]


def problems(
    house: House, as_of: datetime | None, during: tuple[datetime, datetime] | None, open_only: bool
) -> Problems:
    """Problems ranked by what customers lost: bad minutes x depth, then bad minutes, then affected; ties by id."""
    found = house.ledger.problems(as_of=as_of, during=during, open_only=open_only)
    views = [ProblemView(p, house.ledger.impact(p.problem_id, as_of) or NOTHING) for p in found]
    return Problems(sorted(views, key=place))


def problem(house: House, problem_id: str, as_of: datetime | None) -> ProblemView:
    """One problem with its revisions, verdicts and members; NotFoundError when there is none."""
    found = house.ledger.problem(problem_id, as_of)
    if found is None:
        raise NotFoundError(f"no problem {problem_id}" + (f" was known at {as_of.isoformat()}" if as_of else ""))
    revisions = [r for r in house.ledger.revisions(problem_id) if as_of is None or r.known_at <= as_of]
    return ProblemView(
        found,
        house.ledger.impact(problem_id, as_of) or NOTHING,
        tuple(revisions),
        tuple(house.ledger.verdicts(problem_id)),
        members(house, as_of, [problem_id]).drop(columns="problem_id"),
        tuple(house.ledger.findings(problem_id, as_of)),
    )


def members(house: House, as_of: datetime | None = None, problem_ids: Sequence[str] | None = None) -> pd.DataFrame:
    """Who is affected by each problem, as last known: problem_id, service, subject_id, state, posterior, bad_rows,
    total_rows.
    """
    recorded = (None, int(as_of.timestamp())) if as_of is not None else None
    frame = house.archive.read(house.ledger.files("memberships", recorded=recorded), recorded=recorded)
    if frame.empty:
        return pd.DataFrame(columns=["problem_id", *_MEMBER_COLUMNS])
    if problem_ids is not None:
        frame = frame[frame["problem_id"].isin(list(problem_ids))]
    latest = frame.groupby("problem_id", observed=True)["slot"].transform("max")
    last = frame[frame["slot"] == latest].astype({"problem_id": "str", "state": "str"})
    return last[["problem_id", *_MEMBER_COLUMNS]].reset_index(drop=True)


def settle(house: House, problem_id: str, action: str, by: str, note: str, cause: str) -> ServiceProblem:
    """Write an operator's verdict: a new revision, the verdict itself, and a line in the audit."""
    if action not in ACTIONS:
        raise ValueError(f"{action}: an operator may {', '.join(ACTIONS)}")
    now = house.clock().astimezone(UTC)
    status = ACTIONS[action]
    with house.ledger.begin() as tx:
        before = house.ledger.problem(problem_id)
        if before is None:
            raise NotFoundError(f"no problem {problem_id}")
        words = {"ack": "acknowledged", "note": "noted", "resolve": "resolved", "reject": "rejected"}[action]
        after = replace(
            before,
            revision=before.revision + 1,
            known_at=max(now, before.known_at),
            status=status or before.status,
            change=f"{words} by {by}" + (f": {cause}" if cause else ""),
        )
        tx.put_problem(after, house.ledger.impact(problem_id))
        tx.put_verdict(Verdict(problem_id, action, by, now, note, cause))
        tx.audit(by, action, problem_id, note or cause, now)
    return after
