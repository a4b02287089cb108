"""Ledger, part three: requests for detail, their life, and the findings of second looks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update

from cemcore.errors import StorageError
from cemcore.storage import documents
from cemcore.storage import tables as t
from cemcore.storage.cases import from_micros, micros
from cemcore.storage.flow import Reads, Writes
from cemcore.zooming import DetailEntry, DetailRequest, DetailState, Finding


class ZoomReads(Reads):
    """Requests for detail and findings, as committed."""

    def detail_requests(self, *, state: DetailState | None = None, problem_id: str | None = None) -> list[DetailEntry]:
        """Requests, oldest first; only of a state, only about a problem, where given."""
        c = t.detail_request.c
        s = select(t.detail_request).order_by(c.requested_at_us, c.request_id)
        s = s.where(c.state == state.value) if state is not None else s
        s = s.where(c.problem_id == problem_id) if problem_id is not None else s
        return [_entry(r) for r in self._rows(s)]

    def known_requests(self, problem_id: str) -> set[str]:
        """Ids of everything that was ever asked about a problem."""
        c = t.detail_request.c
        return {str(r[0]) for r in self._rows(select(c.request_id).where(c.problem_id == problem_id))}

    def requests_since(self, since: datetime) -> int:
        """How many requests were made at or after a time."""
        c = t.detail_request.c
        s = select(func.count()).select_from(t.detail_request).where(c.requested_at_us >= micros(since))
        return int(next(r[0] for r in self._rows(s)))

    def findings(self, problem_id: str | None = None, as_of: datetime | None = None) -> list[Finding]:
        """What second looks found, by time, request and examiner; of one problem, as known at a time, where given."""
        c = t.finding.c
        s = select(c.document).order_by(c.found_at_us, c.request_id, c.examiner)
        s = s.where(c.problem_id == problem_id) if problem_id is not None else s
        s = s.where(c.found_at_us <= micros(as_of)) if as_of is not None else s
        return [documents.loads(Finding, r[0]) for r in self._rows(s)]


class ZoomWrites(Writes):
    """What one transaction says of requests for detail and of findings."""

    def put_request(self, request: DetailRequest) -> bool:
        """Note an open request; False, and nothing, where it was made before."""
        c = t.detail_request.c
        if self._one(select(c.request_id).where(c.request_id == request.request_id)) is not None:
            return False
        self._add(
            t.detail_request,
            request_id=request.request_id,
            problem_id=request.problem_id,
            state=DetailState.OPEN.value,
            requested_at_us=micros(request.requested_at),
            expires_at_us=micros(request.expires_at),
            changed_at_us=micros(request.requested_at),
            served_by="",
            rows=0,
            note="",
            document=documents.dumps(request),
        )
        return True

    def end_request(
        self, request_id: str, state: DetailState, at: datetime, *, served_by: str = "", rows: int = 0, note: str = ""
    ) -> None:
        """End an open request; StorageError where there is none, or it has ended already."""
        c = t.detail_request.c
        mine = update(t.detail_request).where(c.request_id == request_id, c.state == DetailState.OPEN.value)
        values = {"state": state.value, "changed_at_us": micros(at), "served_by": served_by, "rows": rows, "note": note}
        if self._connection.execute(mine.values(**values)).rowcount != 1:
            raise StorageError(f"there is no open request {request_id}")

    def put_finding(self, finding: Finding) -> None:
        """Note a finding; the same again is harmless, another by the same examiner on the same request is not."""
        c = t.finding.c
        mine = (c.request_id == finding.request_id) & (c.examiner == finding.examiner)
        document = documents.dumps(finding)
        there = self._one(select(c.document).where(mine))
        if there is None:
            self._add(
                t.finding,
                request_id=finding.request_id,
                examiner=finding.examiner,
                problem_id=finding.problem_id,
                verdict=finding.verdict.value,
                found_at_us=micros(finding.found_at),
                document=document,
            )
        elif there[0] != document:
            raise StorageError(f"request {finding.request_id} has another finding by {finding.examiner}")


def _entry(r: Any) -> DetailEntry:
    return DetailEntry(
        documents.loads(DetailRequest, r.document),
        DetailState(r.state),
        from_micros(r.changed_at_us),
        r.served_by,
        int(r.rows),
        r.note,
    )
