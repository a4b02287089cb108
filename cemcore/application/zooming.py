"""Between ticks: ask for detail where tier 1 was surprised, look again, and write what was found.

Every request is made once, within a daily budget, expires, ends in one of three ways, and leaves a line in the audit.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pandas as pd

from cemcore.application.house import House
from cemcore.application.zoom_history import candidates, panels
from cemcore.domain import Feed, ServiceProblem
from cemcore.errors import CollectError, FeedError, NotFoundError
from cemcore.pipeline import zooming
from cemcore.protocols import DetailSource
from cemcore.storage import StoredFile
from cemcore.zooming import DetailEntry, DetailRequest, DetailState, Finding

_log = logging.getLogger("cemcore.zooming")

ACTOR = "zoom"
"""Who the audit says it was."""


@dataclass(frozen=True)
class Zoomed:
    """What one call did. `looks` pairs each request with what all examiners together found; `revised` are problems that
    got a revision; `expired` requests ended without a look, `refused` ones were looked at without detail, as no source
    served any; `waiting` ones stay open. `planned` is what a dry run would ask.
    """

    looks: tuple[tuple[DetailRequest, Finding], ...] = ()
    revised: tuple[str, ...] = ()
    expired: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    planned: tuple[DetailRequest, ...] = ()
    budget_left: int = 0
    dry_run: bool = False


@dataclass(frozen=True)
class _Served:
    """What the sources answered to one request: files written, who, how many rows, and what was said besides."""

    files: tuple[StoredFile, ...] = ()
    by: tuple[str, ...] = ()
    rows: int = 0
    note: str = ""
    wait: bool = False


def zoom(
    house: House,
    problem_id: str | None = None,
    dry_run: bool = False,
    guard: AbstractContextManager[object] | None = None,
    go_on: Callable[[], bool] = lambda: True,
) -> Zoomed:
    """One round: expire, choose, ask, look, store. `guard` is held while something is written; between series `go_on`
    says whether to do another one (what is left stays open). `dry_run` chooses, and neither asks nor writes.
    """
    now, known = house.clock().astimezone(UTC), house.ledger.watermark("known_at")
    if known is None:
        return Zoomed(dry_run=dry_run)
    held = guard if guard is not None else nullcontext()
    waiting = house.ledger.detail_requests(state=DetailState.OPEN)
    expired = [e for e in waiting if e.request.expires_at <= now]
    left = _budget(house, now)
    problems = _problems(house, problem_id)
    chosen = _choose(house, problems, now, known, left)
    if dry_run:
        return Zoomed(
            planned=tuple(chosen),
            expired=tuple(e.request.request_id for e in expired),
            budget_left=left,
            dry_run=True,
        )
    with held:
        _open(house, chosen, expired, now)
    due = [e.request for e in waiting if e not in expired and problem_id in (None, e.request.problem_id)]
    due = [*due, *chosen][: house.settings.zoom.series_per_run]
    return replace(
        _look_at(house, due, now, known, held, go_on),
        expired=tuple(e.request.request_id for e in expired),
        budget_left=left - len(chosen),
    )


def findings(house: House, problem_id: str | None = None, as_of: datetime | None = None) -> list[Finding]:
    """What second looks found, oldest first; NotFoundError for a problem that there is not."""
    if problem_id is not None and house.ledger.problem(problem_id) is None:
        raise NotFoundError(f"no problem {problem_id}")
    return house.ledger.findings(problem_id, as_of)


def requests(house: House, problem_id: str | None = None) -> list[DetailEntry]:
    """Every request for detail with its state, oldest first."""
    return house.ledger.detail_requests(problem_id=problem_id)


def _budget(house: House, now: datetime) -> int:
    """How many requests may still be made in the 24 hours that end now."""
    made = house.ledger.requests_since(now - timedelta(days=1))
    return max(0, house.settings.zoom.requests_per_day - made)


def _problems(house: House, problem_id: str | None) -> list[ServiceProblem]:
    """The problems to look at: the one that is asked for, else those that last, the most costly first."""
    if problem_id is not None:
        found = house.ledger.problem(problem_id)
        if found is None:
            raise NotFoundError(f"no problem {problem_id}")
        return [found]
    lasting = house.ledger.problems(open_only=True)
    return sorted(lasting, key=lambda p: (-_cost(house, p), p.problem_id))


def _cost(house: House, problem: ServiceProblem) -> float:
    impact = house.ledger.impact(problem.problem_id)
    return 0.0 if impact is None else impact.total.depth_minutes


def _choose(
    house: House, problems: Sequence[ServiceProblem], now: datetime, known: int, left: int
) -> list[DetailRequest]:
    """Of the most harmful series of each problem (a fair share of the run), those that were not asked about yet.

    The same state gives the same series: what is less harmful does not move up when the others are done.
    """
    room = min(left, house.settings.zoom.series_per_run)
    share = max(1, house.settings.zoom.series_per_run // max(1, len(problems)))
    chosen: list[DetailRequest] = []
    for problem in problems:
        if room <= len(chosen):
            break
        asked = house.ledger.known_requests(problem.problem_id)
        confirmed = _confirmed(house, problem.problem_id)
        first = [c.request for c in candidates(house, problem, now, known)[:share]]
        fresh = [r for r in first if r.request_id not in asked and _series(r) not in confirmed]
        chosen += fresh[: room - len(chosen)]
    return chosen


def _confirmed(house: House, problem_id: str) -> set[tuple[str, str, str, str]]:
    """Series of a problem that a look has borne out: they need no other."""
    stand = {f.request_id for f in house.ledger.findings(problem_id) if f.examiner == zooming.ALL and f.abnormal}
    asked = house.ledger.detail_requests(problem_id=problem_id)
    return {_series(e.request) for e in asked if e.request.request_id in stand}


def _series(r: DetailRequest) -> tuple[str, str, str, str]:
    return r.service, str(r.level), r.key, r.measure


def _open(house: House, chosen: Sequence[DetailRequest], expired: Sequence[DetailEntry], now: datetime) -> None:
    if not chosen and not expired:
        return
    with house.ledger.begin() as tx:
        for e in expired:
            tx.end_request(e.request.request_id, DetailState.EXPIRED, now, note="nobody served it in time")
            tx.audit(ACTOR, "detail expired", e.request.request_id, _about(e.request), now)
        for r in chosen:
            if tx.put_request(r):
                tx.audit(ACTOR, "detail requested", r.request_id, _about(r), now)


def _look_at(
    house: House,
    due: Sequence[DetailRequest],
    now: datetime,
    known: int,
    held: AbstractContextManager[object],
    go_on: Callable[[], bool],
) -> Zoomed:
    """Ask the sources, look at each series, store all that was found in one transaction.

    What a source served counts from that transaction on; before, its file is swept like any unregistered one.
    """
    served: dict[str, _Served] = {}
    for r in due:
        if go_on():
            served[r.request_id] = _ask(house, r, now)
    todo = [r for r in due if r.request_id in served and not served[r.request_id].wait]
    moment = _moment(house, now, known)
    looks: list[tuple[DetailRequest, list[Finding]]] = []
    history = panels(house, todo, known, [f for r in todo for f in served[r.request_id].files])
    for r in todo:
        if not go_on():
            break
        found = [e.examine(history[r.request_id], r) for e in house.examiners.values()]
        every = [*found, zooming.combine(r, found, house.settings.zoom.level)]
        looks.append((r, [replace(f, found_at=moment, series=r.series) for f in every]))
    with held:
        revised = _store(house, looks, served, now)
    done = {r.request_id for r, _ in looks}
    return Zoomed(
        looks=tuple((r, f[-1]) for r, f in looks),
        revised=revised,
        refused=tuple(i for i in sorted(done) if not served[i].by),
        waiting=tuple(r.request_id for r in due if r.request_id not in done),
    )


def _ask(house: House, request: DetailRequest, now: datetime) -> _Served:
    """Every source that can serve detail, asked; what it sends goes into the archive as feed `detail`."""
    out = _Served(note="no source serves detail")
    notes: list[str] = []
    for name, collector in sorted(house.collectors.items()):
        if not isinstance(collector, DetailSource):
            continue
        try:
            content = collector.detail(request).read()
        except CollectError as e:
            notes.append(str(e))
            out = replace(out, wait=out.wait or e.transient)
            continue
        except FeedError as e:
            notes.append(str(e))
            continue
        frame = content.frame.head(request.rows)
        if frame.empty:
            notes.append(f"{name} has nothing")
            continue
        stamped = frame.assign(recorded_at=pd.Timestamp(now).as_unit("us"), request_id=request.request_id, source=name)
        file = house.archive.write(str(Feed.DETAIL), f"{request.request_id}-{name}", stamped)
        out = replace(out, files=(*out.files, file), by=(*out.by, name), rows=out.rows + len(frame))
    return replace(out, note="; ".join(notes) if notes else ("" if out.by else out.note), wait=out.wait and not out.by)


def _store(
    house: House,
    looks: Sequence[tuple[DetailRequest, list[Finding]]],
    served: dict[str, _Served],
    now: datetime,
) -> tuple[str, ...]:
    """Findings, ends of requests, audit and the problems' revisions in one transaction; ids of the revised problems."""
    if not looks:
        return ()
    revised = []
    with house.ledger.begin() as tx:
        for r, found in looks:
            answer = served[r.request_id]
            for file in answer.files:
                tx.register_file(file)
            for f in found:
                tx.put_finding(f)
            state = DetailState.SERVED if answer.by else DetailState.REFUSED
            by = ", ".join(answer.by)
            tx.end_request(r.request_id, state, now, served_by=by, rows=answer.rows, note=answer.note)
            detail = f"{state}: {answer.rows} rows" + (f" of {by}" if by else f", {answer.note}")
            tx.audit(ACTOR, "detail " + str(state), r.request_id, detail, now)
            tx.audit(ACTOR, str(found[-1].verdict), r.problem_id, f"{r.request_id}: {found[-1].reason[0]}", now)
        for problem_id in sorted({r.problem_id for r, _ in looks}):
            before = house.ledger.problem(problem_id)
            if before is None:
                continue
            after = zooming.revise(before, _all_looks(house, problem_id, looks), house.settings.zoom.level)
            if after is not None:
                tx.put_problem(after, house.ledger.impact(problem_id))
                revised.append(problem_id)
    return tuple(revised)


def _all_looks(
    house: House, problem_id: str, fresh: Sequence[tuple[DetailRequest, list[Finding]]]
) -> list[tuple[DetailRequest, Finding]]:
    """The newest combined finding of every series of a problem, stored ones and fresh ones."""
    asked = {e.request.request_id: e.request for e in house.ledger.detail_requests(problem_id=problem_id)}
    stored = [f for f in house.ledger.findings(problem_id) if f.examiner == zooming.ALL]
    every = [(asked[f.request_id], f) for f in stored if f.request_id in asked]
    every += [(r, found[-1]) for r, found in fresh if r.problem_id == problem_id]
    newest: dict[tuple[str, str, str, str], tuple[DetailRequest, Finding]] = {}
    for r, f in every:
        newest[_series(r)] = (r, f)
    return [newest[k] for k in sorted(newest)]


def _moment(house: House, now: datetime, known: int) -> datetime:
    """When the findings became known: now, but no more than a slot after the last tick where the past is worked off."""
    last = datetime.fromtimestamp(known, UTC)
    return max(last, min(now, last + timedelta(seconds=house.settings.operator.slot_seconds)))


def _about(r: DetailRequest) -> str:
    return (
        f"{r.measure} of {r.level} {r.key} on {r.service}, {r.begin.isoformat()}..{r.end.isoformat()}, {r.problem_id}"
    )
