"""Faults of the inventory over REST."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response

from cemcore import report
from cemcore.application.cem import Cem
from cemcore.report.asked import parse_time
from cemcore.report.inventory_report import inventory_document

Kind = Annotated[list[str] | None, Query(description="only this kind; may be repeated")]
Resource = Annotated[str | None, Query(description="only what is about this resource")]
At = Annotated[str | None, Query(description="as valid at this time; else now")]
AsOf = Annotated[str | None, Query(description="as it was known at this time")]
Limit = Annotated[int | None, Query(ge=1, description="at most so many")]


def add_inventory(router: APIRouter, cem: Cem) -> None:
    """The path of inventory faults, bound to `cem`."""
    zone = ZoneInfo(cem.house.settings.operator.timezone)

    @router.get("/inventory/faults", tags=["inventory"], response_class=Response)
    def faults(
        kind: Kind = None, resource: Resource = None, at: At = None, as_of: AsOf = None, limit: Limit = None
    ) -> Response:
        """What is wrong with the inventory: wrong and missing links, what can't be joined, what is contradicted."""
        times = [None if t is None else parse_time(t, zone) for t in (at, as_of)]
        view = cem.inventory(tuple(kind or ()), resource, *times)
        document = inventory_document(replace(view, faults=view.faults[:limit]))
        return Response(report.to_json(document), media_type="application/json")
