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

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from cemcore.catalogue import Catalogue, model_key
from cemcore.codes import Codes
from cemcore.errors import ConfigError
from cemcore.kernels import scoring as kernels
from cemcore.panel import Bool, Float32, Float64, Int32, Population, QualityRows, ScoredRows
from cemcore.pipeline.profiles import NO_CODES, profiles_of
from cemcore.protocols import DescribedModel, ExperienceModel, TriedModel

_BLOCK = 131_072  # rows at a time, of many services: calls cost little, and what lies between them stays in the cache
_RUN = 32_768  # rows at a time, of one service


def score(
    rows: QualityRows,
    catalogue: Catalogue,
    models: Mapping[str, ExperienceModel],
    population: Population,
    codes: Mapping[str, Codes] = NO_CODES,
    contributors: Bool | None = None,
) -> ScoredRows:
    """Scores of all rows, in their order.

    `models` holds a model for each of `catalogue.models`, by key. `codes` (`profiles.codings`) are needed only where a
    profile is narrowed: ConfigError where they are wanted and not given. A row of an unknown service has score and
    requirement NaN, coverage 0 and profile -1. `contributors`: the rows whose contributors are wanted (None = all); the
    others have NaN there, and where no row is wanted they take no room (a read-only view). `contributors_of` makes them
    later.
    """
    n = len(rows)
    total, coverage, requirement = np.empty(n, np.float32), np.empty(n, np.float32), np.empty(n, np.float32)
    points = _blank(rows.kqis.shape, contributors)
    for block in _laid_out(rows, catalogue, models):
        block.combine(total, coverage)
        if points.flags.writeable:
            block.explain(contributors, points)
    profile = profiles_of(rows, catalogue, population, codes)
    required = np.array([*(p.requirement for p in catalogue.profiles), np.nan], np.float32)
    kernels.look_up(profile, required, requirement)
    return ScoredRows(total, coverage, requirement, points, profile)


def contributors_of(rows: QualityRows, catalogue: Catalogue, models: Mapping[str, ExperienceModel]) -> Float32:
    """Points (n, k) that each KQI of the rows cost, as `score` says them."""
    points = _blank(rows.kqis.shape, None)
    for block in _laid_out(rows, catalogue, models):
        block.explain(None, points)
    return points


def _blank(shape: tuple[int, ...], wanted: Bool | None) -> Float32:
    if wanted is None or wanted.any():
        return np.full(shape, np.nan, np.float32)
    return np.broadcast_to(np.float32(np.nan), shape)


@dataclass(frozen=True)
class _Judged:
    """A service as the kernels take it: columns of its KQIs, what its indicators are worth, which KQIs can fail."""

    kqis: tuple[str, ...]
    columns: Mapping[str, int]
    best: Callable[[str], float]
    models: tuple[ExperienceModel, ...]
    looks_at: tuple[tuple[str, ...], ...]
    weights: Float64
    optional: Bool
    failing: Int32
    failures: Float64
    floor: float
    cap: float

    @classmethod
    def of(cls, name: str, catalogue: Catalogue, models: Mapping[str, ExperienceModel]) -> _Judged:
        """The service called `name`."""
        service = catalogue.service(name)
        columns = {k: catalogue.kqis.index(k) for k in service.kqis}
        failures = {columns[k]: f for k in service.kqis if (f := catalogue.kqi(k).failure) is not None}
        indicators, built = service.indicators.values(), [models[model_key(name, i)] for i in service.indicators]
        return cls(
            service.kqis,
            columns,
            catalogue.best,
            tuple(built),
            tuple(m.kqis for m in built),
            np.array([i.weight for i in indicators], np.float64),
            np.array([i.optional for i in indicators], np.bool_),
            np.array(list(failures), np.int32),
            np.array(list(failures.values()), np.float64),
            catalogue.floor,
            catalogue.cap,
        )


@dataclass(frozen=True)
class _Part:
    """The rows of one service in a block: where they lie, in which `order`, their KQIs, scores (p, m) of indicators."""

    service: _Judged
    lies: slice
    order: Int32
    values: Mapping[str, Float64]
    scores: Float64

    def only(self, wanted: Bool) -> _Part:
        """The part with the wanted rows of the block only."""
        those = np.flatnonzero(wanted[self.order])
        values = {k: v[those] for k, v in self.values.items()}
        return replace(self, order=self.order[those], values=values, scores=self.scores.take(those, axis=1))

    def combine(self, kqis: Float32, total: Float32, coverage: Float32) -> None:
        """Write score and coverage, in the order of the part."""
        s = self.service
        kernels.combine(
            self.scores, s.weights, s.optional, s.floor, s.cap, self.order, kqis, s.failing, s.failures, total, coverage
        )

    def explain(self, kqis: Float32, points: Float32) -> None:
        """Write what each KQI cost, in the order of the rows."""
        service, order, cost = self.service, self.order, np.empty_like(self.scores)
        kernels.costs(self.scores, service.weights, service.floor, service.cap, cost)
        kernels.open_accounts(kqis, order, points)
        for model, x, c in zip(service.models, self.scores, cost, strict=True):
            if len(model.kqis) == 1:
                kernels.charge(c, order, service.columns[model.kqis[0]], points)
                continue
            tried = _trials(model, {k: self.values[k] for k in model.kqis}, {k: service.best(k) for k in model.kqis})
            columns = np.array([service.columns[k] for k in model.kqis], np.int32)
            kernels.share_out(tried, x, c, order, columns, kqis, points)


@dataclass(frozen=True)
class _Block:
    """Rows `at`, laid out by service: the `place` of each, and the parts; of the rest no service is known."""

    at: slice
    kqis: Float32
    place: Int32
    parts: tuple[_Part, ...]

    def combine(self, total: Float32, coverage: Float32) -> None:
        """Write score and coverage of the rows."""
        laid_total, laid_coverage = np.full(len(self.place), np.nan, np.float32), np.zeros(len(self.place), np.float32)
        for part in self.parts:
            part.combine(self.kqis, laid_total[part.lies], laid_coverage[part.lies])
        kernels.put_back(self.place, laid_total, total[self.at])
        kernels.put_back(self.place, laid_coverage, coverage[self.at])

    def explain(self, wanted: Bool | None, points: Float32) -> None:
        """Write what each KQI cost, of the wanted rows."""
        for part in self.parts:
            chosen = part if wanted is None else part.only(wanted[self.at])
            if len(chosen.order):
                chosen.explain(self.kqis, points[self.at])


def _laid_out(rows: QualityRows, catalogue: Catalogue, models: Mapping[str, ExperienceModel]) -> Iterator[_Block]:
    """The rows block by block, their indicators scored. What a block holds is gone with the next one."""
    services = [_Judged.of(name, catalogue, models) for name in catalogue.services]
    wanted = max(4, *(len(s.kqis) for s in services))
    columns = np.full((len(services), wanted), -1, np.int32)
    for s, service in enumerate(services):
        columns[s, : len(service.kqis)] = list(service.columns.values())
    n = len(rows)
    kqis, codes = np.ascontiguousarray(rows.kqis, np.float32), np.ascontiguousarray(rows.service, np.int32)
    longest = min(n, max(_BLOCK, _RUN))
    order, place = np.empty(longest, np.int32), np.empty(longest, np.int32)
    begin, laid = np.empty(len(services) + 1, np.int64), np.empty((wanted, longest))
    scores = np.empty((longest, max(len(s.models) for s in services)))
    for at in _cut(codes):
        size = at.stop - at.start
        kernels.lay_out(codes[at], kqis[at], columns, order[:size], place[:size], begin, laid)
        lie = [slice(low, high) for low, high in pairwise(begin.tolist())]
        some = [(s, lies) for s, lies in zip(services, lie, strict=True) if lies.stop > lies.start]
        parts = [_part(s, lies, order, laid, scores) for s, lies in some]
        yield _Block(at, kqis[at], place[:size], tuple(parts))


def _cut(services: Int32) -> Iterator[slice]:
    """Blocks of rows, short ones where eight of a short one's rows are of one service: it is likely sorted by it."""
    first = 0
    while first < len(services):
        some = services[first : first + _RUN : _RUN // 8]
        last = first + (_RUN if (some == some[0]).all() else _BLOCK)
        yield slice(first, min(last, len(services)))
        first = last


def _part(service: _Judged, lies: slice, order: Int32, laid: Float64, room: Float64) -> _Part:
    """The rows of a service with their scores, which are kept in the lines of `room` where the part lies."""
    values = {k: laid[c, lies] for c, k in enumerate(service.kqis)}
    m = lies.stop - lies.start
    scores = room[lies].reshape(-1)[: len(service.models) * m].reshape(-1, m)
    for i, (model, looks_at) in enumerate(zip(service.models, service.looks_at, strict=True)):
        scores[i] = model.score({k: values[k] for k in looks_at})
    return _Part(service, lies, order[lies], values, scores)


def _trials(model: ExperienceModel, values: Mapping[str, Float64], best: Mapping[str, float]) -> Float64:
    """Scores (1 + 2k, n): with all that was reported at its best; then of each KQI with it repaired, with it alone."""
    if isinstance(model, TriedModel):
        return model.trials(values, best)
    ideal = {k: np.where(np.isnan(v), np.nan, best[k]) for k, v in values.items()}
    trials = [ideal]
    for k in values:
        trials += [{**values, k: ideal[k]}, {**ideal, k: values[k]}]
    return model.score({k: np.concatenate([t[k] for t in trials]) for k in values}).reshape(len(trials), -1)


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
    """Raise ConfigError where a model is missing, looks at KQIs that its service lacks or in another unit, or
    likes what is worse (a model that says that it is not monotone in a KQI may)."""
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
            taken = model.quantities if isinstance(model, DescribedModel) else {}
            for k in model.kqis:
                if k in taken and taken[k].unit != catalogue.kqi(k).unit:
                    reason = f"takes {k} in {taken[k].unit}, and the catalogue has it in {catalogue.kqi(k).unit}"
                    raise ConfigError(catalogue.file, key, reason)
                if k not in taken or taken[k].better:
                    _check_direction(catalogue, key, model, k)


def _check_direction(catalogue: Catalogue, key: str, model: ExperienceModel, kqi: str) -> None:
    low, upper = catalogue.bounds(kqi)
    high = upper if upper is not None else 1e6
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
