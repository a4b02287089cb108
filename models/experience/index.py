"""An index over quality indicators: each through a utility, weighted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cemcore.panel import Float64, Int8
from models.experience import kernels
from models.experience.utilities import Utility, columns_of, utility


@dataclass
class WeightedIndex:
    """A weighted mean of utilities, renormalised over what is reported.

    `indicators` are tables with `kqi`, `weight` (default 1) and the utility: `shape` and its options (`linear`: good,
    bad; `sigmoid`: midpoint, steepness; `iqx`: alpha, beta, gamma). An index of one indicator turns one KQI into 0-100.
    An indicator under `floor` caps the index at `cap`, so that one useless part is not averaged away.
    """

    indicators: Sequence[Mapping[str, Any]]
    floor: float = 20.0
    cap: float = 40.0
    _utilities: tuple[tuple[str, float, Utility], ...] = field(init=False, repr=False, compare=False)
    _tables: tuple[Int8, Float64, Float64] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._utilities = tuple(_indicator(i) for i in self.indicators)
        if not self._utilities:
            raise ValueError("an index needs at least one indicator")
        if len(set(self.kqis)) < len(self.kqis):
            raise ValueError(f"an index takes each KQI once: {', '.join(self.kqis)}")
        if not 0 <= self.floor <= self.cap <= 100:
            raise ValueError("0 <= floor <= cap <= 100")
        self._tables = _tables(self._utilities)

    @property
    def kqis(self) -> tuple[str, ...]:
        """Names of the indicators it looks at."""
        return tuple(k for k, _, _ in self._utilities)

    def utilities(self, kqis: Mapping[str, Float64]) -> Float64:
        """Utilities 0..100 (n, indicators); NaN where an indicator is missing."""
        columns = columns_of(kqis, self.kqis)
        return np.column_stack([u(x) for x, (_, _, u) in zip(columns, self._utilities, strict=True)])

    def coverage(self, kqis: Mapping[str, Float64]) -> Float64:
        """Share 0..1 of the weight that had data."""
        weights = np.array([w for _, w, _ in self._utilities])
        return np.asarray(~np.isnan(self.utilities(kqis)) @ weights / weights.sum())

    def score(self, kqis: Mapping[str, Float64]) -> Float64:
        """Scores 0..100 of n records; NaN where nothing is reported."""
        columns = columns_of(kqis, self.kqis)
        stacked = columns[0][None] if len(columns) == 1 else np.stack(columns)
        out = np.empty(stacked.shape[1])
        kernels.index(stacked, *self._tables, self.floor, self.cap, out)
        return out

    def twin(self, kqis: Mapping[str, Float64]) -> Float64:
        """What `score` says, in NumPy."""
        values = self.utilities(kqis)
        if len(self._utilities) == 1:
            return np.asarray(values[:, 0])
        weights = np.where(np.isnan(values), 0.0, [w for _, w, _ in self._utilities])
        total = weights.sum(axis=1)
        out = np.full(len(values), np.nan)
        np.divide((np.nan_to_num(values) * weights).sum(axis=1), total, out=out, where=total > 0)
        capped = (values < self.floor).any(axis=1)
        return np.where(capped, np.minimum(out, self.cap), out)


def _tables(utilities: Sequence[tuple[str, float, Utility]]) -> tuple[Int8, Float64, Float64]:
    """Shapes, options and weights as the kernel takes them."""
    shapes = np.array([kernels.SHAPES.index(u.shape) for _, _, u in utilities], np.int8)
    options = np.array([u.options for _, _, u in utilities])
    return shapes, options, np.array([w for _, w, _ in utilities], np.float64)


def _indicator(options: Mapping[str, Any]) -> tuple[str, float, Utility]:
    rest = dict(options)
    kqi, weight = rest.pop("kqi", None), rest.pop("weight", 1.0)
    if not isinstance(kqi, str) or not kqi:
        raise ValueError("an indicator names its kqi")
    if isinstance(weight, bool) or not isinstance(weight, int | float) or weight <= 0:
        raise ValueError(f"{kqi}: the weight is a number above 0")
    try:
        return kqi, float(weight), utility(rest)
    except ValueError as e:
        raise ValueError(f"{kqi}: {e}") from None
