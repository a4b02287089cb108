"""Degradations over REST."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response

from cemcore import report
from cemcore.application.cem import Cem
from cemcore.application.degradations import lately
from cemcore.report.asked import parse_period
from cemcore.report.degradations_report import degradations_document

During = Annotated[str | None, Query(description="A..B: with a slot from A to B; else the last 24 hours")]
Level = Annotated[str | None, Query(description="only this level: subject, series, access resource, service ...")]
Service = Annotated[str | None, Query(description="only this service")]
Limit = Annotated[int | None, Query(ge=1, description="at most so many")]


def add_degradations(router: APIRouter, cem: Cem) -> None:
    """The path of degradations, bound to `cem`."""
    zone = ZoneInfo(cem.house.settings.operator.timezone)

    @router.get("/degradations", tags=["degradations"], response_class=Response)
    def degradations(
        during: During = None, level: Level = None, service: Service = None, limit: Limit = None
    ) -> Response:
        """What was worse than usual, missing or silent: groups and single series as episodes, the strongest first."""
        period = lately(cem.house, None if during is None else parse_period(during, zone))
        rows = cem.degradations(period, level, service)
        document = degradations_document(rows if limit is None else rows.head(limit), period, level, service)
        return Response(report.to_json(document), media_type="application/json")
