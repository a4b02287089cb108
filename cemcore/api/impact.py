"""Impact over REST: the report, of one problem, of any resources; by any lens, as JSON or as a page."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response

from cemcore import report
from cemcore.application.cem import Cem
from cemcore.report.asked import parse_period, parse_time

Lens = Annotated[
    list[str] | None,
    Query(description="parted by these: segment, service, area, customer, spend, contract ...; several with commas"),
]
_TEXT: dict[int | str, dict[str, Any]] = {404: {"description": "there is no such problem or resource"}}


def add_impact(router: APIRouter, cem: Cem) -> None:
    """The path of every impact."""
    zone = ZoneInfo(cem.house.settings.operator.timezone)

    @router.get("/impact", tags=["impact"], response_class=Response, responses=_TEXT)
    def impact(
        problem: Annotated[str | None, Query(description="of this problem", max_length=200)] = None,
        resource: Annotated[list[str] | None, Query(description="of these resources, if all of them failed")] = None,
        lens: Lens = None,
        at: Annotated[str | None, Query(description="with resource: at this time; else now")] = None,
        as_of: Annotated[str | None, Query(description="as it was known at this time")] = None,
        during: Annotated[
            str | None, Query(description="A..B: bad minutes of this period; of resources: of all served then")
        ] = None,
        protected: Annotated[bool, Query(description="with resource: who is saved by redundancy, and by what")] = False,
        open: Annotated[bool, Query(description="only those that last and are not settled")] = False,
        limit: Annotated[int | None, Query(ge=1, description="at most so many")] = None,
        format: Annotated[Literal["json", "html"], Query(description="as JSON, or as a page")] = "json",
    ) -> Response:
        """Impact of a problem, or of any set of resources at a time; with neither, the impact report."""
        known = None if as_of is None else parse_time(as_of, zone)
        period = None if during is None else parse_period(during, zone)
        lenses = tuple(lens or ())
        if problem is not None and resource:
            raise ValueError("either problem or resource")
        if protected and not resource:
            raise ValueError("protected goes with resource")
        if problem is not None or resource:
            moment = known if at is None else parse_time(at, zone)
            view = cem.impact(problem, tuple(resource or ()), moment, period, lenses, protected, known)
            return _page(cem.page(view)) if format == "html" else _answer(report.impact_document(view))
        found = cem.report(known, period, open, lenses)
        return (
            _page(cem.page(found, limit)) if format == "html" else _answer(report.impact_report_document(found, limit))
        )


def _answer(document: dict[str, Any]) -> Response:
    return Response(report.to_json(document), media_type="application/json")


def _page(page: str) -> Response:
    """A page that may run nothing and load nothing."""
    headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:"}
    return Response(page, media_type="text/html", headers=headers)
