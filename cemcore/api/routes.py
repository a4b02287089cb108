"""What can be asked over REST. Each handler: read the question, ask `Cem`, answer with a document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query, Response
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from pydantic import BaseModel, ConfigDict, Field

from cemcore import report
from cemcore.api.alarms import add_alarms
from cemcore.api.degradations import add_degradations
from cemcore.api.evidence import add_evidence
from cemcore.api.impact import add_impact
from cemcore.api.inventory import add_inventory
from cemcore.api.metrics import exposition
from cemcore.application.cem import Cem
from cemcore.report.asked import parse_period, parse_span, parse_time, span
from cemcore.report.findings import findings_document, warnings_document
from cemcore.report.rollup_report import first_groups, rollup_document


class Problem(BaseModel):
    """An error."""

    error: str
    reason: str


class VerdictIn(BaseModel):
    """What an operator says of a problem."""

    model_config = ConfigDict(extra="forbid")

    action: Literal["ack", "note", "resolve", "reject"]
    by: str = Field(min_length=1, max_length=200, description="who says it")
    note: str = Field("", max_length=10_000, description="in words")
    cause: str = Field("", max_length=500, description="what it was: a resource, or attribute=value")


AsOf = Annotated[str | None, Query(description="as it was known at this time")]
During = Annotated[
    str | None, Query(description="A..B: what lasted at some time from A to B", examples=["2025-11-08..2025-11-09"])
]
Open = Annotated[bool, Query(description="only those that last and are not settled")]
Limit = Annotated[int | None, Query(ge=1, description="at most so many")]
ProblemId = Annotated[str, Path(max_length=200, description="the problem's id")]
SubjectId = Annotated[str, Path(max_length=200, description="pseudonym of the user or thing")]
CustomerId = Annotated[str, Path(max_length=200, description="who pays the bill")]
From = Annotated[str | None, Query(alias="from", description="from; else 24 hours before the end")]
To = Annotated[str | None, Query(description="up to; else now")]
Service = Annotated[str | None, Query(description="only this service")]

By = Annotated[
    Literal["subject", "customer", "segment", "area", "access", "service", "operator"],
    Query(description="roll up by this"),
]
DuringSpan = Annotated[str | None, Query(description="A..B: the same as from=A and to=B")]

_NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"model": Problem, "description": "there is no such thing"}}
_BAD: dict[int | str, dict[str, Any]] = {
    422: {"model": Problem, "description": "the question is not understood"},
    503: {"model": Problem, "description": "storage fails; try again"},
}


def make_router(cem: Cem, registry: CollectorRegistry | None) -> APIRouter:
    """Every path, bound to `cem`."""
    router = APIRouter(responses=_BAD)
    for add in (
        _add_state,
        _add_problems,
        add_impact,
        _add_looks,
        _add_experience,
        add_degradations,
        add_alarms,
        add_evidence,
        add_inventory,
    ):
        add(router, cem)

    @router.get("/metrics", tags=["state"], response_class=Response)
    def metrics() -> Response:
        """State in Prometheus' text format."""
        return Response(exposition(cem, registry), media_type=CONTENT_TYPE_LATEST)

    return router


def _answer(document: Mapping[str, Any]) -> Response:
    return Response(report.to_json(document), media_type="application/json")


def _add_state(router: APIRouter, cem: Cem) -> None:
    @router.get("/health", tags=["state"], response_class=Response)
    def health() -> Response:
        """State of the feeds, of learning, and of the whole."""
        return _answer(report.health_document(cem.health()))


def _add_problems(router: APIRouter, cem: Cem) -> None:
    zone = ZoneInfo(cem.house.settings.operator.timezone)

    @router.get("/problems", tags=["problems"], response_class=Response)
    def problems(as_of: AsOf = None, during: During = None, open: Open = False, limit: Limit = None) -> Response:
        """Problems ranked by what customers lost, worst first."""
        known = None if as_of is None else parse_time(as_of, zone)
        period = None if during is None else parse_period(during, zone)
        views = report.rank(cem.problems(known, period, open))[:limit]
        return _answer(report.problems_document(views, known, period, open))

    @router.get("/problems/{problem_id}", tags=["problems"], response_class=Response, responses=_NOT_FOUND)
    def problem(problem_id: ProblemId, as_of: AsOf = None) -> Response:
        """One problem: causes with the evidence for and against, impact, who is affected, revisions, verdicts."""
        known = None if as_of is None else parse_time(as_of, zone)
        return _answer(report.problem_document(cem.problem(problem_id, known)))

    @router.post("/problems/{problem_id}/verdict", tags=["problems"], response_class=Response, responses=_NOT_FOUND)
    def verdict(problem_id: ProblemId, said: VerdictIn) -> Response:
        """Say what it was: acknowledge, note, resolve with the cause, reject. Audited; answers with the problem."""
        if said.action == "note" and not said.note:
            raise ValueError("note: a note wants words")
        cem.settle(problem_id, said.action, said.by, said.note, said.cause)
        return _answer(report.problem_document(cem.problem(problem_id)))


def _add_looks(router: APIRouter, cem: Cem) -> None:
    @router.get("/findings", tags=["problems"], response_class=Response, responses=_NOT_FOUND)
    def findings(
        problem: Annotated[str | None, Query(description="of this problem", max_length=200)] = None,
    ) -> Response:
        """Second looks: what was asked, and what each examiner found, with the reasons."""
        return _answer(findings_document(cem.findings(problem), cem.detail_requests(problem)))

    @router.get("/warnings", tags=["foresight"], response_class=Response)
    def warnings(
        horizon: Annotated[str | None, Query(description="breaches within so long, such as 14d or 36h")] = None,
    ) -> Response:
        """Early warning: what drifts towards its requirement, and when it will miss it if it goes on like this."""
        return _answer(warnings_document(cem.warnings(None if horizon is None else parse_span(horizon))))


def _add_experience(router: APIRouter, cem: Cem) -> None:
    zone = ZoneInfo(cem.house.settings.operator.timezone)

    def told(who: dict[str, str], start: str | None, end: str | None) -> Response:
        first, last = span(start, end, cem.house.known_now(), zone)
        return _answer(report.experience_document(cem.scores(first, last, **who), who, first, last))

    @router.get("/experience", tags=["experience"], response_class=Response, responses=_NOT_FOUND)
    def rolled_up(
        by: By,
        start: From = None,
        to: To = None,
        during: DuringSpan = None,
        kind: Annotated[Literal["user", "thing"] | None, Query(description="only users, or only things")] = None,
        service: Service = None,
        as_of: AsOf = None,
        limit: Limit = None,
    ) -> Response:
        """Experience rolled up, users and things apart, the worst group first."""
        if during is not None:
            if start is not None or to is not None:
                raise ValueError("either during, or from and to")
            first, last = parse_period(during, zone)
        else:
            first, last = span(start, to, cem.house.known_now(), zone)
        asked = {"kind": kind, "service": service, "as_of": None if as_of is None else parse_time(as_of, zone)}
        which = {k: v for k, v in asked.items() if v is not None}
        rows = first_groups(cem.rollup(by, first, last, **which), limit)
        return _answer(rollup_document(rows, by, which, first, last))

    @router.get("/subjects/{subject_id}/experience", tags=["experience"], response_class=Response, responses=_NOT_FOUND)
    def of_subject(subject_id: SubjectId, start: From = None, to: To = None, service: Service = None) -> Response:
        """Experience of one user or thing, slot by slot."""
        return told({"subject": subject_id, **({"service": service} if service else {})}, start, to)

    @router.get(
        "/customers/{customer_id}/experience", tags=["experience"], response_class=Response, responses=_NOT_FOUND
    )
    def of_customer(customer_id: CustomerId, start: From = None, to: To = None, service: Service = None) -> Response:
        """Experience of everyone that a customer pays for, slot by slot."""
        return told({"customer": customer_id, **({"service": service} if service else {})}, start, to)
