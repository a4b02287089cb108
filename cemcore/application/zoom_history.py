"""What the zoom reads from the archive: which series of a problem hurt most, and the history of a series as a panel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from cemcore.application.house import House
from cemcore.domain import Feed, ServiceProblem
from cemcore.panel import Float64, Int64, Panel
from cemcore.storage import StoredFile, as_known
from cemcore.zooming import SCORE, DetailRequest, Level, request_key

_KEY = ["slot", "subject_id", "service"]
_DAY = 86_400
_LOST_WEIGHT = 0.1
"""A point under one's own habit, but above requirement, harms so much less than one under requirement."""

POOLED = 3
"""Fewer subjects of an access resource are no group."""


@dataclass(frozen=True)
class Candidate:
    """A series worth a second look: the request for it, and what its window lost (points below requirement, summed)."""

    request: DetailRequest
    harm: float


def candidates(house: House, problem: ServiceProblem, now: datetime, known: int) -> list[Candidate]:
    """The series that a problem hurt, most harmful first: score and worst KQI of each (service, subject), and the score
    of the access resource that most of its rows are at.
    """
    rows = _problem_rows(house, problem, known)
    if rows.empty:
        return []
    under = (rows["requirement"] - rows["score"]).clip(lower=0).fillna(0)
    lost = (rows["habit_expected"] - rows["score"]).clip(lower=0).fillna(0)
    rows = rows.assign(harm=under + _LOST_WEIGHT * lost, since=_since(rows, problem))
    out = [c for pair, part in rows.groupby(["service", "subject_id"], sort=True) for c in _of_pair(pair, part)]
    out += _pooled(rows)
    out.sort(key=lambda c: (-c[0], c[1:6]))
    return [Candidate(_request(house, problem, now, *c[1:]), c[0]) for c in out]


_Wanted = tuple[float, str, str, str, str, datetime, datetime, float, float]
"""(harm, service, level, key, measure, first slot, last slot, depth, requirement)"""


def _of_pair(pair: tuple[str, str], part: pd.DataFrame) -> list[_Wanted]:
    service, subject = pair
    span = _span(part)
    requirement = float(part["requirement"].median())
    depth = _depth(part)
    harm = float(part["harm"].sum())
    out: list[_Wanted] = [(harm, service, Level.SUBJECT, subject, SCORE, *span, depth, requirement)]
    costs = part[[c for c in part.columns if c.startswith("cost_")]].sum()
    if len(costs) and costs.max() > 0:
        kqi = str(costs.idxmax()).removeprefix("cost_")
        out.append((harm * 0.999, service, Level.SUBJECT, subject, kqi, *span, np.nan, np.nan))
    return out


def _pooled(rows: pd.DataFrame) -> list[_Wanted]:
    """The (access resource, service) pairs with three or more hurt subjects, each as one series of scores."""
    out: list[_Wanted] = []
    there = rows[rows["resource_id"].notna()]
    for (service, resource), part in there.groupby(["service", "resource_id"], sort=True):
        if part["subject_id"].nunique() >= POOLED:
            span = _span(part)
            harm = float(part["harm"].sum())
            out.append((harm, str(service), Level.RESOURCE, str(resource), SCORE, *span, np.nan, np.nan))
    return out


def _since(rows: pd.DataFrame, problem: ServiceProblem) -> pd.Series:
    """Since when each row's series is said to be bad: its first row, or the problem's onset for the rows that it was
    opened with (until then nothing is attributed to it).
    """
    opened = rows["slot"].min()
    first = rows["slot"].astype("datetime64[us, UTC]")
    return first.where(first > opened, pd.Timestamp(problem.begin).as_unit("us"))


def _span(part: pd.DataFrame) -> tuple[datetime, datetime]:
    return part["since"].min().to_pydatetime(), part["slot"].max().to_pydatetime()


def _depth(part: pd.DataFrame) -> float:
    requirement = part["requirement"].to_numpy(np.float64)
    seen = part["score"].to_numpy(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        depth = (requirement - seen) / requirement
    known = depth[np.isfinite(depth)]
    return max(0.0, float(known.mean())) if len(known) else float("nan")


def _request(
    house: House,
    problem: ServiceProblem,
    now: datetime,
    service: str,
    level: str,
    key: str,
    measure: str,
    first: datetime,
    last: datetime,
    depth: float,
    requirement: float,
) -> DetailRequest:
    zoom, seconds = house.settings.zoom, house.settings.operator.slot_seconds
    begin = first.astimezone(UTC)
    end = min(last.astimezone(UTC) + timedelta(seconds=seconds), begin + timedelta(days=1))
    slots = int((end - begin).total_seconds()) // seconds
    better = measure == SCORE or house.catalogue.kqi(measure).better == "higher"
    return DetailRequest(
        request_id=request_key(problem.problem_id, service, level, key, measure, begin, slots),
        problem_id=problem.problem_id,
        service=service,
        level=Level(level),
        key=key,
        measure=measure,
        worse=-1 if better else 1,
        begin=begin,
        end=end,
        requested_at=now,
        expires_at=now + timedelta(minutes=zoom.expiry_minutes),
        depth=float(depth),
        requirement=float(requirement),
        rows=zoom.rows_per_request,
        reason=f"{slots} slots under {problem.problem_id}",
    )


def _problem_rows(house: House, problem: ServiceProblem, known: int) -> pd.DataFrame:
    """Rows of scores that are explained by the problem, as known."""
    costs = [f"cost_{k}" for k in house.catalogue.kqis]
    columns = [*_KEY, "recorded_at", "resource_id", "score", "requirement", "habit_expected", "problem_id", *costs]
    first = int(problem.begin.timestamp())
    last = known if problem.end is None else int(problem.end.timestamp())
    parts = _read(house, "scores", columns, (first, last + 1), known, {"problem_id": {problem.problem_id}})
    return as_known(parts, _KEY) if len(parts) else parts


def panels(
    house: House, requests: Sequence[DetailRequest], known: int, served: Sequence[StoredFile] = ()
) -> dict[str, Panel]:
    """History of each request's series on the grid of slots, up to its window's end, by request id; one read for all.

    `served` are files of detail that are not registered yet.
    """
    if not requests:
        return {}
    history = int(house.settings.zoom.history_days * _DAY)
    first = min(int(r.begin.timestamp()) for r in requests) - history
    last = max(int(r.end.timestamp()) for r in requests)
    subjects = {r.key for r in requests if r.level is Level.SUBJECT}
    resources = {r.key for r in requests if r.level is Level.RESOURCE}
    scores_of = [*_KEY, "recorded_at", "resource_id", "score", "problem_id"]
    wanted = {"subject_id": subjects, "resource_id": resources}
    scores = _read(house, "scores", scores_of, (first, last), known, wanted)
    kqis = list(house.catalogue.kqis)
    quality = _read(house, str(Feed.QUALITY), [*_KEY, "recorded_at", *kqis], (first, last), known, wanted)
    detail = _read(house, str(Feed.DETAIL), [*_KEY, "recorded_at", *kqis], (first, last), None, wanted, served)
    scores = as_known(scores, _KEY) if len(scores) else scores
    quality = _first_known(house, quality, detail)
    return {r.request_id: _panel(house, r, scores, quality) for r in requests}


def _first_known(house: House, quality: pd.DataFrame, detail: pd.DataFrame) -> pd.DataFrame:
    """The first quality record of each key; where there is none, what a source served in detail, as means of slots."""
    quality = quality.drop_duplicates(_KEY, keep="first") if len(quality) else quality
    if detail.empty:
        return quality
    kqis = [k for k in house.catalogue.kqis if k in detail]
    slot = detail["slot"].dt.floor(f"{house.settings.operator.slot_seconds}s")
    means = detail.assign(slot=slot).groupby(_KEY, sort=True)[kqis].mean().reset_index()
    return pd.concat([quality, means], ignore_index=True).drop_duplicates(_KEY, keep="first")


def _panel(house: House, request: DetailRequest, scores: pd.DataFrame, quality: pd.DataFrame) -> Panel:
    seconds = house.settings.operator.slot_seconds
    end, begin = int(request.end.timestamp()), int(request.begin.timestamp())
    first = begin - int(house.settings.zoom.history_days * _DAY)
    times: Int64 = np.arange(first, end, seconds, dtype=np.int64)
    kqis = house.catalogue.service(request.service).kqis if request.level is Level.SUBJECT else ()
    names = (SCORE, *(k for k in house.catalogue.kqis if k in kqis))
    values = np.full((len(times), len(names)), np.nan)
    if request.level is Level.RESOURCE:
        values[:, 0] = _group(scores, request, times, seconds)
    else:
        own = _of(scores, request)
        if len(own):
            usual = _outside_problems(own, request)
            values[:, 0] = _on_grid(own["slot"], own["score"].where(usual), times, seconds)
            incident = own.loc[~usual, "slot"]
            mine = _of(quality, request)
            if len(mine):
                mine = mine[~mine["slot"].isin(incident)]
                for j, name in enumerate(names[1:], 1):
                    if name in mine:
                        values[:, j] = _on_grid(mine["slot"], mine[name], times, seconds)
    worse = [-1, *(-1 if house.catalogue.kqi(k).better == "higher" else 1 for k in names[1:])]
    measure = names.index(request.measure) if request.measure in names else 0
    return Panel(times, values, names, measure, _DAY // seconds, np.array(worse, np.int8))


def _group(scores: pd.DataFrame, request: DetailRequest, times: Int64, seconds: int) -> Float64:
    """Mean score of those at an access resource, each against its own usual: who comes and goes does not move it."""
    here = scores[(scores["service"] == request.service) & (scores["resource_id"] == request.key)]
    here = here[here["score"].notna()]
    if here.empty:
        return np.full(len(times), np.nan)
    here = here[_outside_problems(here, request)]
    before = here["slot"] < request.begin
    usual = here[before].groupby("subject_id")["score"].median()
    own = here["subject_id"].map(usual)
    off = (here["score"] - own)[own.notna()]
    centre = float(usual.median()) if len(usual) else 0.0
    mean = off.groupby(here.loc[off.index, "slot"]).mean()
    grid: Float64 = np.clip(centre + _on_grid(mean.index.to_series(), mean, times, seconds), 0, 100)
    return grid


def _of(frame: pd.DataFrame, request: DetailRequest) -> pd.DataFrame:
    if frame.empty:
        return frame
    return frame[(frame["subject_id"] == request.key) & (frame["service"] == request.service)]


def _outside_problems(rows: pd.DataFrame, request: DetailRequest) -> pd.Series:
    """Rows that no problem explains (incidents are no history), and all of the window and of six hours before it."""
    near = rows["slot"] >= request.begin - timedelta(hours=6)
    return rows["problem_id"].isna() | near


def _on_grid(slots: pd.Series, values: pd.Series, times: Int64, seconds: int) -> Float64:
    at = (slots.astype("datetime64[s, UTC]").astype("int64").to_numpy() - times[0]) // seconds
    out = np.full(len(times), np.nan)
    inside = (at >= 0) & (at < len(times))
    out[at[inside]] = values.to_numpy(np.float64)[inside]
    return out


def _read(
    house: House,
    feed: str,
    columns: list[str],
    slots: tuple[int, int],
    known: int | None,
    wanted: dict[str, set[str]],
    more: Sequence[StoredFile] = (),
) -> pd.DataFrame:
    """Rows of a feed whose value in any of the `wanted` columns is one of those given: file by file, so that no more
    than one file's columns are in memory besides what is kept.
    """
    recorded = (None, known) if known is not None else None
    look = sorted(set(wanted) | set(columns))
    parts = []
    for file in [*house.ledger.files(feed, slots=slots, recorded=recorded), *more]:
        there = set(house.archive.columns_of(file))
        part = house.archive.read([file], columns=[c for c in look if c in there], slots=slots, recorded=recorded)
        keep = np.zeros(len(part), bool)
        for column, values in wanted.items():
            if values and column in part:
                keep |= part[column].isin(values).to_numpy()
        if keep.any():
            parts.append(part[keep])
    if not parts:
        return pd.DataFrame({c: [] for c in columns})
    return pd.concat(parts, ignore_index=True)
