"""Weights of evidence over REST."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response

from cemcore import report
from cemcore.application.cem import Cem
from cemcore.report.asked import parse_time
from cemcore.report.evidence_report import evidence_document


def add_evidence(router: APIRouter, cem: Cem) -> None:
    """The path of the weights, bound to `cem`."""
    zone = ZoneInfo(cem.house.settings.operator.timezone)

    @router.get("/evidence", tags=["problems"], response_class=Response)
    def evidence(as_of: Annotated[str | None, Query(description="as it was known at this time")] = None) -> Response:
        """What each kind of evidence weighs in the choice of a cause: stated, and learned from verdicts."""
        view = cem.evidence(None if as_of is None else parse_time(as_of, zone))
        return Response(report.to_json(evidence_document(view)), media_type="application/json")
