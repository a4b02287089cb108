"""Quality of outcome (draft-ietf-ippm-qoo): how near a network is to what an application needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from cemcore.panel import Float64
from models.experience.inputs import LOSS, Quantity, Reader

PERCENTILES: tuple[float, ...] = (0, 10, 25, 50, 75, 90, 95, 99, 99.9, 100)
"""Percentiles of latency that a requirement may name."""


def distance(measured: ArrayLike, good: ArrayLike, unusable: ArrayLike) -> Float64:
    """100 at the requirement for perfection (NRP) and better, 0 at the point of unusableness (NRPoU) and worse."""
    m, g, u = (np.asarray(a, np.float64) for a in (measured, good, unusable))
    return np.clip(100.0 * (1.0 - (m - g) / (u - g)), 0.0, 100.0)


def quality_of_outcome(
    latency_ms: ArrayLike,
    latency_good_ms: ArrayLike,
    latency_unusable_ms: ArrayLike,
    loss: ArrayLike = 0.0,
    loss_good: float = 0.001,
    loss_unusable: float = 0.01,
) -> Float64:
    """QoO 0..100: the least over the latency percentiles (last axis) and the loss; NaN where a part is.

    Loss in any unit, the same for its bounds.
    """
    by_latency = distance(latency_ms, latency_good_ms, latency_unusable_ms).min(axis=-1)
    return np.minimum(by_latency, distance(loss, loss_good, loss_unusable))


def _key(percentile: float) -> str:
    return f"p{percentile:g}".replace(".", "_")


def _latency_quantities() -> dict[str, Quantity]:
    return {
        _key(p): Quantity(f"latency_{_key(p)}_ms", "ms", 0, 600_000, "lower", f"{p:g} % of latency at most")
        for p in PERCENTILES
    }


def _conference() -> dict[str, tuple[float, float]]:
    return {"p0": (70.0, 500.0), "p99": (100.0, 1000.0)}


@dataclass(frozen=True)
class Qoo(Reader):
    """Quality of outcome (draft-ietf-ippm-qoo): 100 where an application's needs are met, 0 where it is unusable.

    `latency` says per percentile of the round trip (p0, p10, p25, p50, p75, p90, p95, p99, p99_9, p100) what is good
    and what is unusable [ms]; `loss`, if given, the same of the packets lost [%]. Each is 100 at good, 0 at unusable,
    straight in between, and the least counts, over those that are reported; where one is missing the score is the
    highest that the rest allows. The percentiles come from KQIs `latency_p99_ms` and so on, unless `inputs` names
    others. The default is the draft's example of a video conference; the throughput that a need may name besides is not
    part of the score. Monotone.
    """

    QUANTITIES: ClassVar[Mapping[str, Quantity]] = {**_latency_quantities(), "loss": LOSS}

    latency: Mapping[str, Sequence[float]] = field(default_factory=_conference)
    loss: Sequence[float] = ()

    def __post_init__(self) -> None:
        unknown = sorted(set(self.latency) - set(self.QUANTITIES) | (set(self.latency) & {"loss"}))
        if unknown:
            known = ", ".join(q for q in self.QUANTITIES if q != "loss")
            raise ValueError(f"latency: unknown percentile {', '.join(unknown)} (there are: {known})")
        if not self.latency and not self.loss:
            raise ValueError("a need names percentiles of latency, or loss, or both")
        for name, pair in self.needs.items():
            if not _is_need(pair):
                raise ValueError(f"{name}: two numbers, what is good and what is unusable, and good is less")
        super().__post_init__()

    @property
    def needs(self) -> dict[str, Sequence[float]]:
        """Quantity -> (good, unusable)."""
        return {**self.latency, **({"loss": self.loss} if self.loss else {})}

    @property
    def judged(self) -> tuple[str, ...]:
        """Names of the quantities that the need speaks of."""
        return tuple(q for q in self.QUANTITIES if q in self.needs)

    def score(self, kqis: Mapping[str, Float64]) -> Float64:
        """Scores 0..100 of n records; NaN where nothing is reported."""
        v = self.values(kqis)
        return np.fmin.reduce([distance(v[q], *pair) for q, pair in self.needs.items()])


def _is_need(pair: Any) -> bool:
    if isinstance(pair, str) or not isinstance(pair, Sequence) or len(pair) != 2:
        return False
    if any(isinstance(x, bool) or not isinstance(x, int | float) for x in pair):
        return False
    return bool(0 <= pair[0] < pair[1] < np.inf)
