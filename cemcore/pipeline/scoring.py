"""Room one: records to scores.

A service's score is the weighted mean of its indicators over those that have data, capped where one of them is useless
(docs/services.md has the formulas). Every score says which KQI cost how many points:

    score + sum of contributors = 100        for every row whose score is known

Indicator i with share s_i (its weight over the weights that had data) and score x_i costs s_i (100 - x_i). What the cap
takes away besides is charged to the indicators under the floor, in proportion to what they cost. An indicator over
several KQIs passes its cost on: what it would lose with all of them at their best (a codec's own ceiling) evenly, the
rest in proportion to the mean of what repairing one KQI would win and what that KQI alone would lose.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cemcore.catalogue import Catalogue, Service, model_key
from cemcore.codes import Codes
from cemcore.errors import ConfigError
from cemcore.frames import ATTRIBUTES, KQIS
from cemcore.panel import Bool, Float32, Float64, Int8, Int16, Int32, Population, QualityRows, ScoredRows
from cemcore.protocols import ExperienceModel

_NO_CODES: Mapping[str, Codes] = {}
_NOTHING = 1e-6  # points: a score this low is zero but for rounding
_BLOCK = 65_536  # rows at a time: what is tried for the contributors takes several times the room of its rows


def score(
    rows: QualityRows,
    catalogue: Catalogue,
    models: Mapping[str, ExperienceModel],
    population: Population,
    codes: Mapping[str, Codes] = _NO_CODES,
) -> ScoredRows:
    """Scores of all rows, in their order.

    `models` holds a model for each of `catalogue.models`, by key. `codes` ("slice", "plan") are needed only where a
    profile names a slice or a plan: ConfigError where they are wanted and not given. A row of an unknown service has
    score and requirement NaN, coverage 0 and profile -1.
    """
    n = len(rows)
    total = np.full(n, np.nan, np.float32)
    coverage = np.zeros(n, np.float32)
    contributors = np.full(rows.kqis.shape, np.nan, np.float32)
    for code, name in enumerate(catalogue.services):
        at = np.flatnonzero(rows.service == code)
        for block in np.split(at, range(_BLOCK, at.size, _BLOCK)) if at.size else ():
            total[block], coverage[block], contributors[block] = _service(rows.kqis[block], catalogue, name, models)
    profile = profiles_of(rows, catalogue, population, codes)
    required = np.append([p.requirement for p in catalogue.profiles], np.nan).astype(np.float32)
    return ScoredRows(total, coverage, required[profile], contributors, profile)


def _service(
    kqis: Float32, catalogue: Catalogue, name: str, models: Mapping[str, ExperienceModel]
) -> tuple[Float64, Float64, Float64]:
    """(score, coverage, contributors (n, k)) of the rows of one service."""
    service = catalogue.service(name)
    values = {k: kqis[:, catalogue.kqis.index(k)].astype(np.float64) for k in service.kqis}
    parts = [models[model_key(name, i)] for i in service.indicators]
    scores = np.column_stack([m.score({k: values[k] for k in m.kqis}) for m in parts])
    known = ~np.isnan(scores)
    weight = np.array([i.weight for i in service.indicators.values()])
    optional = np.array([i.optional for i in service.indicators.values()])
    had = np.where(known, weight, 0.0)
    with np.errstate(invalid="ignore"):
        share = had / had.sum(axis=1, keepdims=True)
    cost = np.where(known, share * (100.0 - scores), 0.0)
    cost = _capped(cost, known & (scores < catalogue.floor), catalogue.cap)
    total = np.where(known.any(axis=1), np.clip(100.0 - cost.sum(axis=1), 0.0, 100.0), np.nan)
    missing = np.where(known | optional, 0.0, weight).sum(axis=1)
    coverage = had.sum(axis=1) / (had.sum(axis=1) + missing)
    coverage[_nothing_worked(values, catalogue, service) & (total < _NOTHING)] = 1.0
    points = np.where(np.isnan(kqis), np.nan, 0.0)
    for j, model in enumerate(parts):
        for k, p in _passed_on(model, {k: values[k] for k in model.kqis}, scores[:, j], cost[:, j], catalogue).items():
            points[:, catalogue.kqis.index(k)] += p
    return total, coverage, points


def _capped(cost: Float64, useless: Bool, cap: float) -> Float64:
    """Costs (n, indicators) after the cap, whose surplus is charged to the useless indicators."""
    surplus = np.maximum(100.0 - cost.sum(axis=1) - cap, 0.0) * useless.any(axis=1)
    if not surplus.any():
        return cost
    blame = np.where(useless, cost, 0.0)
    whole = blame.sum(axis=1)
    return cost + blame * np.divide(surplus, whole, out=np.zeros_like(surplus), where=whole > 0)[:, None]


def _nothing_worked(values: Mapping[str, Float64], catalogue: Catalogue, service: Service) -> Bool:
    """Rows of a total failure: what is absent there was not missed, it could not be."""
    out = np.zeros(len(next(iter(values.values()))), np.bool_)
    for k in service.kqis:
        failure = catalogue.kqi(k).failure
        if failure is not None:
            out |= values[k] == failure
    return out


def _passed_on(
    model: ExperienceModel, values: Mapping[str, Float64], scores: Float64, cost: Float64, catalogue: Catalogue
) -> dict[str, Float64]:
    """Points that each KQI of one indicator cost; they add up to `cost`."""
    if len(values) == 1:
        return dict.fromkeys(values, cost)
    there = np.array([~np.isnan(v) for v in values.values()])
    best = {k: np.where(t, catalogue.best(k), np.nan) for k, t in zip(values, there, strict=True)}
    trials = [best]
    for k in values:
        trials += [{**values, k: best[k]}, {**best, k: values[k]}]
    together = {k: np.concatenate([t[k] for t in trials]) for k in values}
    tried = model.score(together).reshape(len(trials), -1)
    ideal, repaired, alone = tried[0], tried[1::2], tried[2::2]
    loss = np.where(there & ~np.isnan(scores), np.maximum((repaired - scores) + (ideal - alone), 0.0), 0.0)
    whole = loss.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        ceiling = np.clip((100.0 - ideal) / (100.0 - scores), 0.0, 1.0)
        ceiling = np.where(np.isnan(ceiling) | (whole == 0), 1.0, ceiling)
        even = np.where(there, ceiling / there.sum(axis=0), 0.0)
        points = cost * (even + np.where(whole > 0, (1.0 - ceiling) * loss / whole, 0.0))
    return dict(zip(values, points, strict=True))


def profiles_of(
    rows: QualityRows, catalogue: Catalogue, population: Population, codes: Mapping[str, Codes] = _NO_CODES
) -> Int16:
    """The profile of each row, as an index into `catalogue.profiles`; -1 where its service is unknown.

    A subject of unknown kind counts as a user; where a service has a profile for one kind only, it holds for both.
    """
    services = {s: code for code, s in enumerate(catalogue.services)}
    kind = _of_subject(population.kind, rows.subject)
    general = np.full((len(services) + 1, 2), -1, np.int16)
    for n, p in enumerate(catalogue.profiles):
        if not p.slice and not p.plan:
            general[services[p.service], int(p.kind == "thing")] = n
    general = np.where(general < 0, general[:, ::-1], general)
    thing = (kind == 1).astype(np.int64)
    known = (rows.service >= 0) & (rows.service < len(services))
    out = general[np.where(known, rows.service, len(services)), thing]
    narrow = [(bool(p.slice) * 2 + bool(p.plan), n) for n, p in enumerate(catalogue.profiles) if p.slice or p.plan]
    for _, n in sorted(narrow):
        p = catalogue.profiles[n]
        hit = (rows.service == services[p.service]) & (thing == int(p.kind == "thing"))
        for attribute, text in (("slice", p.slice), ("plan", p.plan)):
            if text:
                hit &= _attribute(rows, population, attribute) == _code(catalogue, codes, attribute, text, n)
        out = np.where(hit, np.int16(n), out)
    return out


def _code(catalogue: Catalogue, codes: Mapping[str, Codes], attribute: str, text: str, n: int) -> int:
    """Code of `text`; -2, which no row has, where nobody has been seen with it."""
    if attribute not in codes:
        raise ConfigError(catalogue.file, f"profiles.{n}.{attribute}", f"nothing here knows the {attribute} of a row")
    found = int(codes[attribute].find([text])[0])
    return found if found >= 0 else -2


def _attribute(rows: QualityRows, population: Population, name: str) -> Int32:
    """Codes of an attribute: as seen in the session, else as the inventory has it of the subject; -1 unknown."""
    seen = rows.attributes[:, ATTRIBUTES.index(name)] if name in ATTRIBUTES else np.full(len(rows), -1, np.int32)
    if name not in population.attribute_names:
        return seen
    kept = _of_subject(population.attributes[:, population.attribute_names.index(name)], rows.subject)
    return np.where(seen < 0, kept, seen).astype(np.int32)


def _of_subject(column: Int32 | Int8, subject: Int32) -> Int32:
    """`column` of each row's subject; -1 for subjects that the population does not know."""
    known = (subject >= 0) & (subject < len(column))
    out = np.full(len(subject), -1, np.int32)
    out[known] = column[subject[known]]
    return out


def explain_row(rows: QualityRows, scored: ScoredRows, catalogue: Catalogue, row: int) -> tuple[str, ...]:
    """Lines for people on one row: what it scored, what was required, and which KQI cost how much, dearest first."""
    code = int(rows.service[row])
    if not 0 <= code < len(catalogue.services):
        return ("unknown service: no score",)
    name = catalogue.services[code]
    lines = [_verdict(scored, catalogue, name, row)]
    points = scored.contributors[row]
    for j in sorted(range(len(catalogue.kqis)), key=lambda j: (-np.nan_to_num(points[j]), j)):
        kqi = catalogue.kqis[j]
        if kqi not in catalogue.service(name).kqis:
            continue
        if np.isnan(rows.kqis[row, j]):
            lines.append(f"{kqi} was not reported")
        elif points[j] >= 0.05:
            value = f"{kqi} {float(rows.kqis[row, j]):.4g} {catalogue.kqi(kqi).unit}".removesuffix(" 1")
            best = (
                ", its share of what even the best does not reach" if rows.kqis[row, j] == catalogue.best(kqi) else ""
            )
            lines.append(f"{value} cost {float(points[j]):.1f} points ({_judges(catalogue, name, kqi)}{best})")
    return tuple(lines)


def _verdict(scored: ScoredRows, catalogue: Catalogue, name: str, row: int) -> str:
    profile = catalogue.profiles[int(scored.profile[row])]
    wanted = f"{profile.requirement:g} required ({profile.name} {profile.version}: {profile.source})"
    if np.isnan(scored.score[row]):
        return f"{name}: score unknown, nothing was reported; {wanted}"
    seen = f"{float(scored.score[row]):.1f} of 100 from {100 * float(scored.coverage[row]):.0f} % of the indicators"
    return f"{name}: {seen}; {wanted}; catalogue {catalogue.version}"


def _judges(catalogue: Catalogue, name: str, kqi: str) -> str:
    """Which indicators a KQI may act through: those of its own, and the standard models."""
    of_its_own, models = [], []
    for i, indicator in catalogue.service(name).indicators.items():
        if indicator.kqi == kqi:
            of_its_own.append(i)
        elif indicator.model:
            models.append(f"{i}: {indicator.model}")
    return ", ".join(of_its_own or models)


def check(catalogue: Catalogue, models: Mapping[str, ExperienceModel]) -> None:
    """Raise ConfigError where a model is missing, looks at KQIs that its service lacks, or likes what is worse."""
    for name, service in catalogue.service_table.items():
        for i in service.indicators:
            key = f"services.{name}.indicators.{i}"
            model = models.get(model_key(name, i))
            if model is None:
                raise ConfigError(catalogue.file, key, "no model was built for it")
            for k in model.kqis:
                if k not in service.kqis:
                    there = ", ".join(service.kqis)
                    raise ConfigError(catalogue.file, key, f"looks at {k}, which its service lacks (it has: {there})")
            for k in model.kqis:
                _check_direction(catalogue, key, model, k)


def _check_direction(catalogue: Catalogue, key: str, model: ExperienceModel, kqi: str) -> None:
    column = KQIS[kqi]
    low, high = column.low or 0.0, column.high if column.high is not None else 1e6
    rising = np.concatenate([[low], low + np.geomspace(1e-4, 1.0, 400) * (high - low)])
    worse = rising if catalogue.kqi(kqi).better == "lower" else rising[::-1]
    values = {k: np.full(len(worse), catalogue.best(k)) for k in model.kqis}
    scores = model.score({**values, kqi: worse})
    if (np.diff(scores) > 1e-9).any():
        better = catalogue.kqi(kqi).better
        reason = (
            f"its score rises while {kqi} gets worse, but {better} is better (are good and bad the wrong way round?)"
        )
        raise ConfigError(catalogue.file, key, reason)
