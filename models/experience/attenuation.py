"""Quality attenuation, Delta Q (Broadband Forum TR-452.1): a delay distribution whose missing mass is loss.

The delay of a packet is G (propagation: what even an empty packet needs) + S (serialisation: so much a byte) + V (the
rest: queues). Attenuations of segments in series convolve: means and minima add, loss combines as 1 - prod(1 - p).
Delays in ms, sizes in bytes, loss as a share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import ArrayLike

from cemcore.panel import Float64


@dataclass(frozen=True, slots=True)
class Parts:
    """G [ms], S [ms/byte], V [ms] of each delivered packet (>= 0), and the share that was lost.

    With packets of one size G and S can't be told apart and are NaN; V is known even then.
    """

    fixed_ms: float
    per_byte_ms: float
    variable_ms: Float64
    loss: float


def parts(size: ArrayLike, delay_ms: ArrayLike) -> Parts:
    """G, S and V from samples (packet size [byte], one-way delay [ms]); a delay of NaN or infinity is a lost packet.

    G + S size is the line under all samples that comes closest to them (least sum of what is left, S >= 0): an edge of
    their lower hull. ValueError where no packet came.
    """
    n, d = np.asarray(size, np.float64), np.asarray(delay_ms, np.float64)
    if n.shape != d.shape or n.ndim != 1 or np.isnan(n).any():
        raise ValueError("size and delay are vectors of the same length, and every size is known")
    came = np.isfinite(d)
    if not came.any():
        raise ValueError("no packet came: its delay is not known")
    n, d = n[came], d[came]
    loss = 1.0 - float(came.mean())
    sizes, at = np.unique(n, return_inverse=True)
    if sizes.size == 1:
        return Parts(float("nan"), float("nan"), d - d.min(), loss)
    least = np.full(sizes.size, np.inf)
    np.minimum.at(least, at, d)
    fixed, slope = _line_under(sizes, least, float(n.mean()))
    return Parts(fixed, slope, np.maximum(d - fixed - slope * n, 0.0), loss)


def _line_under(x: Float64, y: Float64, mean: float) -> tuple[float, float]:
    """(intercept, slope >= 0) of the highest line at `mean` that no point is under; x strictly rising."""
    hull: list[int] = []
    for i in range(x.size):
        while len(hull) > 1:
            a, b = hull[-2:]
            if (y[b] - y[a]) * (x[i] - x[a]) < (y[i] - y[a]) * (x[b] - x[a]):
                break
            hull.pop()
        hull.append(i)
    hx, hy = x[hull], y[hull]
    edge = min(max(int(np.searchsorted(hx, mean, side="right")) - 1, 0), hx.size - 2)
    slope = float((hy[edge + 1] - hy[edge]) / (hx[edge + 1] - hx[edge]))
    if slope <= 0.0:
        return float(y.min()), 0.0
    return float(hy[edge] - slope * hx[edge]), slope


@dataclass(frozen=True)
class DeltaQ:
    """A delay distribution on a grid: `mass[i]` = probability of `start_ms + i step_ms`; what is missing is loss."""

    start_ms: float
    step_ms: float
    mass: Float64

    def __post_init__(self) -> None:
        if self.step_ms <= 0 or self.mass.ndim != 1 or self.mass.size == 0:
            raise ValueError("a distribution has a step above 0 and at least one point")
        if not (self.mass >= 0).all() or self.mass.sum() > 1.0 + 1e-9:
            raise ValueError("probabilities are 0 or more and add up to 1 at most")

    @classmethod
    def of(cls, delay_ms: ArrayLike, step_ms: float = 0.1) -> DeltaQ:
        """The distribution of samples, to the nearest step; NaN or infinity is a lost packet, and counts."""
        d = np.asarray(delay_ms, np.float64)
        came = np.isfinite(d)
        if step_ms <= 0 or not came.any():
            raise ValueError("a distribution has a step above 0 and at least one packet that came")
        steps = np.rint(d[came] / step_ms).astype(np.int64)
        return cls(float(steps.min() * step_ms), step_ms, np.bincount(steps - steps.min()) / d.size)

    @property
    def loss(self) -> float:
        """Share of the packets that never come."""
        return max(0.0, 1.0 - float(self.mass.sum()))

    @property
    def delays_ms(self) -> Float64:
        """Delays of the grid [ms]."""
        return self.start_ms + self.step_ms * np.arange(self.mass.size, dtype=np.float64)

    @property
    def mean_ms(self) -> float:
        """Mean delay of the packets that come [ms]; NaN where none does."""
        total = float(self.mass.sum())
        return float(self.delays_ms @ self.mass) / total if total > 0 else float("nan")

    @property
    def minimum_ms(self) -> float:
        """Least delay [ms]; NaN where no packet comes."""
        there = np.flatnonzero(self.mass)
        return float(self.delays_ms[there[0]]) if there.size else float("nan")

    def within(self, bound_ms: float) -> float:
        """Share of all packets, lost ones included, that come within `bound_ms`."""
        return float(self.mass[self.delays_ms <= bound_ms + 1e-9 * self.step_ms].sum())

    def percentiles(self, p: ArrayLike) -> Float64:
        """Delays [ms] that p per cent of the packets that come don't exceed; NaN where none comes."""
        share = np.asarray(p, np.float64) / 100.0
        cumulative = np.cumsum(self.mass)
        if cumulative[-1] <= 0:
            return np.full(share.shape, np.nan)
        at = np.searchsorted(cumulative, share * cumulative[-1] * (1.0 - 1e-12), side="left")
        first = int(np.flatnonzero(self.mass)[0])
        return np.asarray(self.delays_ms[np.clip(at, first, self.mass.size - 1)])


def in_series(*segments: DeltaQ) -> DeltaQ:
    """The attenuation of segments one after the other, independent of each other, on the same step."""
    if not segments or len({s.step_ms for s in segments}) > 1:
        raise ValueError("segments in series are one or more, on the same step")
    return reduce(_then, segments)


def _then(a: DeltaQ, b: DeltaQ) -> DeltaQ:
    return DeltaQ(a.start_ms + b.start_ms, a.step_ms, np.convolve(a.mass, b.mass))


def loss_in_series(losses: Sequence[float] | Float64) -> float:
    """1 - prod(1 - p) of the losses (shares) of segments one after the other."""
    p = np.asarray(losses, np.float64)
    return float(1.0 - np.prod(1.0 - p))
