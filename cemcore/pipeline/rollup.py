"""Roll-ups: scores of many records as figures of a group: a customer, a segment, an area, a service, the operator.

Every record adds to seven sums of its group, so that a roll-up of roll-ups is the roll-up of the records:

    rows      records                         known     those whose score is known
    below     known ones under requirement    weight    sessions of known ones (the demand)
    points    weight x score                  moments   weight x score with moments of truth weighted
    covered   weight x coverage

Means are demand-weighted; users and things are never in one sum. What is unknown changes no mean: it is counted, and
said as a share. At a moment of truth (set-up, start) a lost point counts several: the score is lowered by the points
that such KQIs cost, times one less than their multiplier, and not below 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from cemcore.catalogue import Catalogue, model_key
from cemcore.errors import ConfigError
from cemcore.panel import Bool, Float64, Int64
from cemcore.protocols import ExperienceModel

SUMS = ("rows", "known", "below", "weight", "points", "moments", "covered")
KIND = "kind"
"""The key that every roll-up keeps: 0 user, 1 thing."""
ALPHA = 0.3
"""Weight of the newest day in the index of a subject."""
_WIDEST = 1 << 62


def moment_weights(catalogue: Catalogue, service: str) -> dict[str, float]:
    """KQI -> how many points a point counts that it cost this service; those that count once are left out."""
    by_name = {"setup": catalogue.moments.setup, "start": catalogue.moments.start}
    indicators = catalogue.service(service).indicators.values()
    return {i.kqi: by_name[i.moment] for i in indicators if i.moment and by_name[i.moment] != 1}


def check(catalogue: Catalogue, models: Mapping[str, ExperienceModel]) -> None:
    """ConfigError where a model judges the KQI of a moment of truth too: whose points were lost could not be told."""
    for name, service in catalogue.service_table.items():
        of_models = {k: i for i, d in service.indicators.items() if d.model for k in models[model_key(name, i)].kqis}
        for i, indicator in service.indicators.items():
            if indicator.moment and indicator.kqi in of_models:
                reason = (
                    f"{indicator.kqi} is judged by {of_models[indicator.kqi]} too; leave moment out, or the KQI there"
                )
                raise ConfigError(catalogue.file, f"services.{name}.indicators.{i}.moment", reason)


def sums(
    score: Float64, requirement: Float64, coverage: Float64, sessions: Float64, unknown: Bool, extra: Float64
) -> pd.DataFrame:
    """What each record adds, a row each.

    `extra`: points that moments of truth cost more, 0 or above. Sessions that are not known count as one.
    """
    known = ~(unknown | np.isnan(score))
    weight = np.where(known, np.where(np.isnan(sessions), 1.0, np.maximum(sessions, 0.0)), 0.0)
    kept = np.where(known, score, 0.0)
    weighted = np.maximum(kept - np.where(known, np.nan_to_num(extra), 0.0), 0.0)
    with np.errstate(invalid="ignore"):
        below = known & (score < requirement)
    return pd.DataFrame(
        {
            "rows": np.ones(len(score)),
            "known": known.astype(np.float64),
            "below": below.astype(np.float64),
            "weight": weight,
            "points": weight * kept,
            "moments": weight * weighted,
            "covered": weight * np.nan_to_num(coverage),
        }
    )


def add(cells: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Sums of the groups that the whole-number columns `by` make, in their order. ValueError without kind among them:
    users and things don't go together.
    """
    if KIND not in by:
        raise ValueError("users and things are rolled up apart: kind must be among the keys")
    place, first = _groups([cells[k].to_numpy(np.int64) for k in by])
    out = {k: cells[k].to_numpy()[first] for k in by}
    n = len(first)
    return pd.DataFrame({**out, **{s: np.bincount(place, cells[s].to_numpy(np.float64), n) for s in SUMS}})


def distinct(cells: pd.DataFrame, by: Sequence[str], what: str) -> pd.DataFrame:
    """How many different values of the whole-number column `what` each group has, in the order of `add`: column n."""
    pairs = cells[list(by)].iloc[_groups([cells[k].to_numpy(np.int64) for k in (*by, what)])[1]]
    place, first = _groups([pairs[k].to_numpy(np.int64) for k in by])
    return pd.DataFrame({**{k: pairs[k].to_numpy()[first] for k in by}, "n": np.bincount(place, minlength=len(first))})


def figures(cells: pd.DataFrame) -> pd.DataFrame:
    """What the sums come to, a row a cell: mean (moments of truth weighted), score (the plain mean), below and unknown
    (shares of rows), coverage; NaN where nothing is known.
    """
    weight, rows, known = (cells[c].to_numpy(np.float64) for c in ("weight", "rows", "known"))
    with np.errstate(invalid="ignore", divide="ignore"):
        return pd.DataFrame(
            {
                "mean": _of(cells["moments"], weight),
                "score": _of(cells["points"], weight),
                "below": _of(cells["below"], known),
                "unknown": _of(rows - known, rows),
                "coverage": _of(cells["covered"], weight),
            },
            index=cells.index,
        )


def worst(hours: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """The worst hour of each group of `by`: columns worst (mean of that hour) and hour; of equals the first.

    `hours` are sums with the key `hour` besides. A group of which nothing is known has no row.
    """
    mean = figures(hours)["mean"]
    known = hours.assign(worst=mean)[mean.notna()]
    order = known.sort_values([*by, "worst", "hour"], kind="stable")
    return order.drop_duplicates(list(by), keep="first")[[*by, "worst", "hour"]].reset_index(drop=True)


def index_of_subjects(days: pd.DataFrame) -> pd.DataFrame:
    """The experience index of each subject: the daily demand-weighted mean over all services, smoothed over days.

    `days` are sums by kind, subject and day. index = ALPHA x today + (1 - ALPHA) x before, the first day as it is; a
    day of which nothing is known changes nothing. Columns kind, subject, index.
    """
    mean = figures(days)["mean"].to_numpy()
    frame = days.assign(mean=mean)[~np.isnan(mean)].sort_values([KIND, "subject", "day"], kind="stable")
    place, first = _groups([frame["kind"].to_numpy(np.int64), frame["subject"].to_numpy(np.int64)])
    counts = np.bincount(place, minlength=len(first))
    values = frame["mean"].to_numpy(np.float64)
    out = values[first].copy() if len(first) else np.zeros(0)
    for step in range(1, int(counts.max(initial=0))):
        more = counts > step
        out[more] = ALPHA * values[first[more] + step] + (1 - ALPHA) * out[more]
    return pd.DataFrame(
        {"kind": frame["kind"].to_numpy()[first], "subject": frame["subject"].to_numpy()[first], "index": out}
    )


def _of(part: pd.Series | Float64, whole: Float64) -> Float64:
    return np.where(whole > 0, np.asarray(part, np.float64) / whole, np.nan)


def _groups(keys: Sequence[Int64]) -> tuple[Int64, Int64]:
    """(group of each row, first row of each group), groups in the order of their keys."""
    n = len(keys[0])
    if not n:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    code, span = np.zeros(n, np.int64), 1
    for key in keys:
        low, high = int(key.min()), int(key.max())
        if span * (high - low + 1) > _WIDEST:
            code, found = pd.factorize(code, sort=True)
            span = len(found)
            if span * (high - low + 1) > _WIDEST:
                key, seen = pd.factorize(key, sort=True)
                low, high = 0, len(seen) - 1
        code, span = code * (high - low + 1) + (key - low), span * (high - low + 1)
    place, found = pd.factorize(code)
    rank = np.empty(len(found), np.int64)
    rank[np.argsort(found)] = np.arange(len(found))
    place = rank[place]
    first = np.empty(len(found), np.int64)
    first[place[::-1]] = np.arange(n - 1, -1, -1)
    return place, first
