"""Early warning over what the archive holds: scores of subjects and access resources, load of resources."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from cemcore.application.house import House
from cemcore.domain import Feed
from cemcore.panel import Bool, Float64, Int64
from cemcore.pipeline import foretelling
from cemcore.views import EarlyWarning, Warnings
from cemcore.zooming import SCORE

_DAY = 86_400
_LEAST = {"subject": 1, "resource": 6, "load": 8}
"""Fewer values a day make no daily level."""


@dataclass(frozen=True)
class _Rows:
    """Values of many series: `names` (m) of (service or KPI, key), row i of series[i], `limit` (m,) of each series."""

    names: list[tuple[str, str]]
    series: Int64
    day: Int64
    hour: Int64
    value: Float64
    cohort: Int64
    limit: Float64


def warnings(house: House, horizon: timedelta | None = None) -> Warnings:
    """Series that drift and will miss their requirement within `horizon` (default: the settings'), soonest first."""
    told = house.settings.warn
    days = told.horizon_days if horizon is None else horizon.total_seconds() / _DAY
    end = _end(house)
    if end is None:
        return Warnings((), None, days, told.interval, 0, 0, 0)
    known, drifting, watched = 0, 0, 0
    found: list[EarlyWarning] = []
    for level, worse, rows in _tables(house, end):
        lines, screened = _warned(house, level, worse, rows, days, end)
        found += lines
        watched += len(rows.names)
        known += int(screened.known.sum())
        drifting += int(screened.drifting.sum())
    found.sort(key=lambda w: (w.days, w.low, w.level, w.service, w.key))
    at = datetime.fromtimestamp(end, UTC)
    return Warnings(tuple(found), at, days, told.interval, watched, watched - known, drifting)


def _end(house: House) -> int | None:
    """End of the last assessed slot [s]: what is later is not known yet. None before the first."""
    last = house.ledger.watermark("slot")
    return None if last is None else last + house.settings.operator.slot_seconds


def _tables(house: House, end: int) -> list[tuple[str, int, _Rows]]:
    scores = _scores(house, end)
    out = []
    if len(scores):
        out = [("subject", -1, _of(house, scores, "subject_id", end)), ("resource", -1, _pooled(house, scores, end))]
    load = _load(house, end)
    return [*out, ("load", 1, load)] if load is not None else out


def _warned(
    house: House, level: str, worse: int, rows: _Rows, horizon: float, end: int
) -> tuple[list[EarlyWarning], foretelling.Screened]:
    told, m = house.settings.warn, len(rows.names)
    d = math.ceil(told.history_days)
    levels = foretelling.daily_levels(rows.series, rows.day, rows.hour, rows.value, rows.cohort, (m, d), _LEAST[level])
    screened = foretelling.screen(levels.level, worse, told.false_share)
    out = []
    for i in np.flatnonzero(screened.drifting):
        beyond = float(levels.busy[i]) if level == "load" else 0.0
        seen = foretelling.foretell(
            levels.level[i] + beyond, float(rows.limit[i]), worse, horizon, told.interval, screened.memory
        )
        missed = worse * (seen.now - float(rows.limit[i])) >= 0
        if seen.verdict == "breach" and not missed:
            name, key = rows.names[i]
            since = datetime.fromtimestamp(end - (d - seen.since) * _DAY, UTC)
            measure, service = (name, "") if level == "load" else (SCORE, name)
            out.append(_line(level, key, measure, service, float(rows.limit[i]), since, seen))
    return out, screened


def _line(
    level: str, key: str, measure: str, service: str, limit: float, since: datetime, o: foretelling.Outlook
) -> EarlyWarning:
    kind = "resource" if level == "load" else level
    return EarlyWarning(service, kind, key, measure, o.now, limit, o.per_day, o.days, o.low, o.high, o.chance, since)


def _scores(house: House, end: int) -> pd.DataFrame:
    """Scores of the last days outside any problem, as small columns."""
    columns = ["slot", "service", "subject_id", "resource_id", "score", "requirement", "problem_id"]
    slots = (end - math.ceil(house.settings.warn.history_days) * _DAY, end)
    parts = []
    for file in house.ledger.files("scores", slots=slots):
        part = house.archive.read([file], columns=columns, slots=slots)
        part = part[part["problem_id"].isna() & part["score"].notna()].drop(columns="problem_id")
        if len(part):
            texts = dict.fromkeys(("service", "subject_id", "resource_id"), "category")
            parts.append(_when(house, part, slots[0]).astype(texts))
    if not parts:
        return pd.DataFrame()
    frame = pd.concat(parts, ignore_index=True)
    return frame.astype(dict.fromkeys(("service", "subject_id", "resource_id"), "category"))


def _when(house: House, frame: pd.DataFrame, start: int) -> pd.DataFrame:
    """`frame` with `day` (24 h each, the last one ends with the last slot) and `hour` (48 bins by the operator's clock:
    hours of working days, then of free ones) in place of `slot`.
    """
    told = house.settings.operator
    local = frame["slot"].dt.tz_convert(ZoneInfo(told.timezone))
    holidays = {pd.Timestamp(d) for d in told.holidays}
    free = (local.dt.day_of_week >= 5) | local.dt.tz_localize(None).dt.normalize().isin(holidays)
    seconds = frame["slot"].astype("datetime64[s, UTC]").astype("int64")
    day = ((seconds - start) // _DAY).astype("int16")
    return frame.assign(day=day, hour=(local.dt.hour + 24 * free).astype("int8")).drop(columns="slot")


def _of(house: House, frame: pd.DataFrame, column: str, end: int) -> _Rows:
    """Each (service, `column`) as one series."""
    frame = frame[frame[column].notna()]
    service = frame["service"].cat.codes.to_numpy(np.int64)
    key = frame[column].cat.codes.to_numpy(np.int64)
    width = len(frame[column].cat.categories)
    pairs, series = np.unique(service * width + key, return_inverse=True)
    names = [
        (str(frame["service"].cat.categories[p // width]), str(frame[column].cat.categories[p % width])) for p in pairs
    ]
    requirement = frame["requirement"].to_numpy(np.float64)
    count = np.maximum(np.bincount(series, np.isfinite(requirement), len(pairs)), 1)
    limit = np.bincount(series, np.nan_to_num(requirement), len(pairs)) / count
    value = frame["score"].to_numpy(np.float64)
    day, hour = frame["day"].to_numpy(np.int64), frame["hour"].to_numpy(np.int64)
    return _Rows(names, series.astype(np.int64), day, hour, value, pairs // width, limit)


def _pooled(house: House, frame: pd.DataFrame, end: int) -> _Rows:
    """Each (service, access resource) as one series; everyone counts against their own mean, so that who comes and goes
    does not move it.
    """
    own = _of(house, frame, "subject_id", end)
    known = frame["subject_id"].notna().to_numpy()
    mean = np.bincount(own.series, own.value) / np.maximum(np.bincount(own.series), 1)
    whole = np.bincount(own.cohort[own.series], own.value) / np.maximum(np.bincount(own.cohort[own.series]), 1)
    centred = own.value - mean[own.series]
    at = frame[known].assign(score=centred)
    pooled = _of(house, at, "resource_id", end)
    there: Bool = at["resource_id"].notna().to_numpy()
    raw = own.value[there]
    base = np.bincount(pooled.series, raw, len(pooled.names)) / np.maximum(np.bincount(pooled.series), 1)
    base = np.where(np.isfinite(base), base, whole[pooled.cohort])
    value = pooled.value + base[pooled.series]
    return _Rows(pooled.names, pooled.series, pooled.day, pooled.hour, value, pooled.cohort, pooled.limit)


def _load(house: House, end: int) -> _Rows | None:
    """Load of resources in percent against the limit of the settings, at its busiest hour; None where there is none."""
    columns = ["slot", "resource_id", "kpi", "value", "suspect"]
    slots = (end - math.ceil(house.settings.warn.history_days) * _DAY, end)
    parts = []
    for file in house.ledger.files(str(Feed.MEASUREMENTS), slots=slots):
        part = house.archive.read([file], columns=columns, slots=slots)
        wanted = part["kpi"].isin(house.settings.assess.load_kpis) & part["resource_id"].notna()
        part = part[wanted & part["value"].notna() & ~part["suspect"].astype(bool)]
        if len(part):
            parts.append(_when(house, part.drop(columns="suspect"), slots[0]))
    if not parts:
        return None
    frame = pd.concat(parts, ignore_index=True).rename(columns={"kpi": "service", "value": "score"})
    frame = frame.assign(requirement=house.settings.warn.load_limit)
    return _of(house, frame.astype({"service": "category", "resource_id": "category"}), "resource_id", end)
