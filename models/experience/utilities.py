"""From an indicator to 0-100: utilities, and what a mean opinion score is worth.

Linear and sigmoid utilities are common practice; IQX is the exponential interdependency of quality of service and
quality of experience (Fiedler, Hossfeld, Tran-Gia, IEEE Network 24(2), 2010). Arrays in and out, and NaN stays NaN.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Protocol

import numpy as np

from cemcore.panel import Float64

MOS_CEILING_G107 = 4.5
"""Highest mean opinion score that G.107 gives (Annex B)."""


class Utility(Protocol):
    """A map from one indicator to 0..100. Its shape and its three options, in their order, are what kernels take."""

    shape: ClassVar[str]

    @property
    def options(self) -> tuple[float, float, float]:
        """Its fields; 0 where it has fewer."""
        ...

    def __call__(self, x: Float64) -> Float64:
        """Scores 0..100 of the values `x`; NaN stays NaN."""
        ...


@dataclass(frozen=True)
class Linear:
    """100 at `good` and beyond, 0 at `bad` and beyond, straight in between."""

    shape: ClassVar[str] = "linear"

    good: float
    bad: float

    def __post_init__(self) -> None:
        if self.good == self.bad:
            raise ValueError("a linear utility needs good and bad to differ")

    @property
    def options(self) -> tuple[float, float, float]:
        """Its fields."""
        return self.good, self.bad, 0.0

    def __call__(self, x: Float64) -> Float64:
        """Scores 0..100 of the values `x`."""
        return np.clip(100.0 * (self.bad - x) / (self.bad - self.good), 0.0, 100.0)


@dataclass(frozen=True)
class Sigmoid:
    """100 / (1 + exp(steepness (x - midpoint))): 50 at `midpoint`, falling where `steepness` is above zero."""

    shape: ClassVar[str] = "sigmoid"

    midpoint: float
    steepness: float

    def __post_init__(self) -> None:
        if self.steepness == 0:
            raise ValueError("a sigmoid utility needs a steepness other than 0")

    @property
    def options(self) -> tuple[float, float, float]:
        """Its fields."""
        return self.midpoint, self.steepness, 0.0

    def __call__(self, x: Float64) -> Float64:
        """Scores 0..100 of the values `x`."""
        return 100.0 / (1.0 + np.exp(np.clip(self.steepness * (x - self.midpoint), -700.0, 700.0)))


@dataclass(frozen=True)
class Iqx:
    """MOS = alpha exp(-beta x) + gamma, as 0-100: each further unit hurts less than the one before."""

    shape: ClassVar[str] = "iqx"

    alpha: float
    beta: float
    gamma: float = 1.0

    def __post_init__(self) -> None:
        if self.alpha <= 0 or self.beta == 0:
            raise ValueError("an IQX utility needs alpha above 0 and beta other than 0")

    @property
    def options(self) -> tuple[float, float, float]:
        """Its fields."""
        return self.alpha, self.beta, self.gamma

    def mos(self, x: Float64) -> Float64:
        """The mean opinion score of the values `x`, as the formula gives it."""
        return self.alpha * np.exp(np.clip(-self.beta * x, -700.0, 700.0)) + self.gamma

    def __call__(self, x: Float64) -> Float64:
        """Scores 0..100 of the values `x`."""
        return score_of_mos(self.mos(x))


SHAPES: dict[str, type[Linear] | type[Sigmoid] | type[Iqx]] = {c.shape: c for c in (Linear, Sigmoid, Iqx)}
"""Name of a utility in configuration -> its class, whose fields are its options."""


def utility(options: Mapping[str, Any]) -> Utility:
    """The utility that `options` describe: `shape`, and that shape's fields; ValueError says what is wrong."""
    shape = options.get("shape")
    if shape not in SHAPES:
        raise ValueError(f"no such utility shape: {shape} (there are: {', '.join(SHAPES)})")
    cls = SHAPES[shape]
    given = {k: v for k, v in options.items() if k != "shape"}
    known = [f.name for f in fields(cls)]
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ValueError(f"a {shape} utility has no option {', '.join(unknown)} (there are: {', '.join(known)})")
    wrong = sorted(k for k, v in given.items() if isinstance(v, bool) or not isinstance(v, int | float))
    if wrong:
        raise ValueError(f"a {shape} utility wants numbers for {', '.join(wrong)}")
    try:
        return cls(**{k: float(v) for k, v in given.items()})
    except TypeError:
        raise ValueError(f"a {shape} utility needs {', '.join(known)}") from None


def score_of_mos(mos: Float64, ceiling: float = 5.0) -> Float64:
    """A mean opinion score of 1..`ceiling` as 0..100."""
    return np.clip((mos - 1.0) / (ceiling - 1.0) * 100.0, 0.0, 100.0)


def columns_of(kqis: Mapping[str, Float64], names: Sequence[str]) -> list[Float64]:
    """The KQIs called `names` as float64 in one piece each; all NaN where there is none of that name."""
    n = len(next(iter(kqis.values()), ()))
    there = [kqis.get(k) for k in names]
    return [np.full(n, np.nan) if x is None else np.ascontiguousarray(x, np.float64) for x in there]
