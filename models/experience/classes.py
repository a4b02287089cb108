"""Network classes as requirements: 5QI (3GPP TS 23.501 table 5.7.4-1) and ITU-T Y.1541."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cemcore.panel import Float64
from models.experience.inputs import JITTER, LATENCY, LOSS, Quantity, Reader


@dataclass(frozen=True, slots=True)
class FiveQi:
    """A row of TS 23.501 table 5.7.4-1.

    kind: GBR, non-GBR or delay-critical GBR; delay_ms: packet delay budget between terminal and UPF, one way; loss:
    packet error rate, a share; burst_bytes: default maximum data burst volume; remembered: the row is from memory.
    """

    kind: str
    priority: int
    delay_ms: float
    loss: float
    burst_bytes: int | None = None
    about: str = ""
    remembered: bool = False


@dataclass(frozen=True, slots=True)
class Y1541Class:
    """A class of ITU-T Y.1541 table 1 (from memory): IPTD, IPDV [ms], IPLR, IPER (shares); None = unspecified."""

    delay_ms: float | None
    variation_ms: float | None
    loss: float | None
    error: float | None


_G, _N, _D = "GBR", "non-GBR", "delay-critical GBR"

FIVE_QI: dict[int, FiveQi] = {
    1: FiveQi(_G, 20, 100, 1e-2, about="conversational voice"),
    2: FiveQi(_G, 40, 150, 1e-3, about="conversational video"),
    3: FiveQi(_G, 30, 50, 1e-3, about="real-time gaming, V2X"),
    4: FiveQi(_G, 50, 300, 1e-6, about="buffered video"),
    65: FiveQi(_G, 7, 75, 1e-2, about="mission-critical push to talk"),
    66: FiveQi(_G, 20, 100, 1e-2),
    67: FiveQi(_G, 15, 100, 1e-3),
    71: FiveQi(_G, 56, 150, 1e-6),
    72: FiveQi(_G, 56, 300, 1e-4),
    73: FiveQi(_G, 56, 300, 1e-8),
    74: FiveQi(_G, 56, 500, 1e-8),
    76: FiveQi(_G, 56, 500, 1e-4),
    5: FiveQi(_N, 10, 100, 1e-6, about="IMS signalling"),
    6: FiveQi(_N, 60, 300, 1e-6),
    7: FiveQi(_N, 70, 100, 1e-3),
    8: FiveQi(_N, 80, 300, 1e-6),
    9: FiveQi(_N, 90, 300, 1e-6, about="default"),
    10: FiveQi(_N, 90, 1100, 1e-6, about="satellite"),
    69: FiveQi(_N, 5, 60, 1e-6),
    70: FiveQi(_N, 55, 200, 1e-6),
    79: FiveQi(_N, 65, 50, 1e-2),
    80: FiveQi(_N, 68, 10, 1e-6, about="low latency, augmented reality"),
    82: FiveQi(_D, 19, 10, 1e-4, 255),
    83: FiveQi(_D, 22, 10, 1e-4, 1354),
    84: FiveQi(_D, 24, 30, 1e-5, 1354),
    85: FiveQi(_D, 21, 5, 1e-5, 255),
    86: FiveQi(_D, 18, 5, 1e-4, 1354, remembered=True),
    87: FiveQi(_D, 25, 5, 1e-3, 500, remembered=True),
    88: FiveQi(_D, 25, 10, 1e-3, 1125, remembered=True),
    89: FiveQi(_D, 25, 15, 1e-4, 17_000, remembered=True),
    90: FiveQi(_D, 25, 20, 1e-4, 63_000, remembered=True),
}
"""5QI -> what TS 23.501 table 5.7.4-1 requires."""

Y1541: dict[int, Y1541Class] = {
    0: Y1541Class(100, 50, 1e-3, 1e-4),
    1: Y1541Class(400, 50, 1e-3, 1e-4),
    2: Y1541Class(100, None, 1e-3, 1e-4),
    3: Y1541Class(400, None, 1e-3, 1e-4),
    4: Y1541Class(1000, None, 1e-3, 1e-4),
    5: Y1541Class(None, None, None, None),
    6: Y1541Class(100, 50, 1e-5, 1e-6),
    7: Y1541Class(400, 50, 1e-5, 1e-6),
}
"""Class -> what ITU-T Y.1541 table 1 requires (from memory)."""


def within(x: Float64, bound: float, unusable: float) -> Float64:
    """100 up to `bound`, 0 from `unusable` on, straight in between; NaN stays NaN."""
    return np.clip(100.0 * (unusable - x) / (unusable - bound), 0.0, 100.0)


def within_decades(x: Float64, bound: float, decades: float) -> Float64:
    """100 up to `bound`, 0 from 10^`decades` times of it on, straight on the logarithm in between; NaN stays NaN."""
    return np.clip(100.0 * (1.0 - np.log10(np.maximum(x, bound) / bound) / decades), 0.0, 100.0)


@dataclass(frozen=True)
class NetworkClass(Reader):
    """How well a class of network performance is held: a 5QI (3GPP TS 23.501 table 5.7.4-1) or a class of ITU-T Y.1541.

    0-100 is ours: delay and its variation are worth 100 up to the class' bound and fall straight to 0 at `unusable_at`
    times the bound; loss is worth 100 up to the bound and falls on a logarithmic scale to 0 at 10^`loss_decades` times
    the bound (never later than all lost). The least of them counts, for a class is held as a whole, over those
    that are reported; where one is missing, the score is the highest that the rest allows.
    Give `five_qi` or `y1541`; without either it is 5QI 9. The bounds are one way: with `round_trip` the delay bound is
    doubled, for quality records carry a round trip except for voice. `core_ms` is taken off the delay budget where
    the delay was measured on the radio part alone (TS 23.501: 20 ms is usual; from memory). Y.1541's IPDV is the
    spread from the least delay to the 99.9 % quantile, not a mean: map a jitter of that kind. IPER is not looked at.
    `inputs`: quantity -> KQI. Monotone.
    """

    QUANTITIES: ClassVar[Mapping[str, Quantity]] = {"delay": LATENCY, "jitter": JITTER, "loss": LOSS}

    five_qi: int | None = None
    y1541: int | None = None
    round_trip: bool = True
    core_ms: float = 0.0
    unusable_at: float = 3.0
    loss_decades: float = 2.0

    def __post_init__(self) -> None:
        if self.five_qi is not None and self.y1541 is not None:
            raise ValueError("give five_qi or y1541, not both")
        if self.five_qi is not None and self.five_qi not in FIVE_QI:
            raise ValueError(f"no such 5QI: {self.five_qi} (there are: {', '.join(map(str, sorted(FIVE_QI)))})")
        if self.y1541 is not None and self.y1541 not in Y1541:
            raise ValueError(f"no such class of Y.1541: {self.y1541} (there are: {', '.join(map(str, Y1541))})")
        if all(b is None for b in self.bounds):
            raise ValueError(f"class {self.y1541} of Y.1541 requires nothing: there is nothing to score")
        super().__post_init__()
        if self.unusable_at <= 1 or self.loss_decades <= 0:
            raise ValueError("unusable_at is above 1, loss_decades above 0")
        delay = self.bounds[0]
        if self.core_ms < 0 or (delay is not None and self.core_ms >= delay):
            raise ValueError("core_ms is 0 or more and less than the delay budget")

    @property
    def bounds(self) -> tuple[float | None, float | None, float | None]:
        """(delay [ms], one way; delay variation [ms]; loss, a share) that the class requires."""
        if self.y1541 is not None:
            c = Y1541[self.y1541]
            return c.delay_ms, c.variation_ms, c.loss
        row = FIVE_QI[9 if self.five_qi is None else self.five_qi]
        return row.delay_ms, None, row.loss

    @property
    def judged(self) -> tuple[str, ...]:
        """Names of the quantities that the class requires something of."""
        return tuple(q for q, b in zip(self.QUANTITIES, self.bounds, strict=True) if b is not None)

    def score(self, kqis: Mapping[str, Float64]) -> Float64:
        """Scores 0..100 of n records; NaN where nothing is reported."""
        v = self.values(kqis)
        delay, variation, loss = self.bounds
        out = np.full(len(v["delay"]), np.nan)
        if delay is not None:
            bound = (delay - self.core_ms) * (2.0 if self.round_trip else 1.0)
            out = np.fmin(out, within(v["delay"], bound, self.unusable_at * bound))
        if variation is not None:
            out = np.fmin(out, within(v["jitter"], variation, self.unusable_at * variation))
        if loss is not None:
            decades = min(self.loss_decades, float(-np.log10(loss)))
            out = np.fmin(out, within_decades(v["loss"] / 100.0, loss, decades))
        return out
