"""Alarms against what customers felt, over REST."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response

from cemcore import report
from cemcore.application.cem import Cem
from cemcore.report.alarms_report import alarms_document
from cemcore.report.asked import parse_period, parse_time

During = Annotated[str | None, Query(description="A..B: raised from A to B; else the last seven days")]
AsOf = Annotated[str | None, Query(description="as it was known at this time")]
WithoutPain = Annotated[bool, Query(description="of single alarms, only those that nobody felt")]
Limit = Annotated[int | None, Query(ge=1, description="at most so many single alarms")]


def add_alarms(router: APIRouter, cem: Cem) -> None:
    """The path of alarms, bound to `cem`."""
    zone = ZoneInfo(cem.house.settings.operator.timezone)

    @router.get("/alarms", tags=["alarms"], response_class=Response)
    def alarms(
        during: During = None, as_of: AsOf = None, without_pain: WithoutPain = False, limit: Limit = None
    ) -> Response:
        """Which alarms customers felt, by problem and type of resource, one by one; and problems without an alarm."""
        period = None if during is None else parse_period(during, zone)
        known = None if as_of is None else parse_time(as_of, zone)
        view = cem.alarms(period, known, without_pain=without_pain, limit=limit)
        return Response(report.to_json(alarms_document(view)), media_type="application/json")
