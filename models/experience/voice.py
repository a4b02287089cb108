"""Voice calls by ITU-T G.107."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal, get_args

import numpy as np

from cemcore.panel import Float64
from models.experience import emodel, kernels
from models.experience.utilities import MOS_CEILING_G107, columns_of, score_of_mos

CODECS: dict[str, tuple[float, float]] = {
    "G.711": (0.0, 4.3),
    "G.711+PLC": (0.0, 25.1),
    "G.729A": (11.0, 19.0),
    "G.723.1-6.3": (15.0, 16.1),
    "GSM-EFR": (5.0, 10.0),
    "AMR-12.2": (5.0, 10.0),
}
"""Codec -> (Ie, Bpl), ITU-T G.113 Appendix I."""

Measured = Literal["lower", "fallback", "ignore"]


@dataclass(frozen=True)
class VoiceG107:
    """Conversational voice quality by the narrowband E-model (ITU-T G.107), as 0-100 of its MOS scale 1..4.5.

    `latency_ms` is taken as mouth to ear; `added_delay_ms` (packetisation, jitter buffer) is put on top where a source
    reports the network's one-way delay only. Echo is taken as cancelled (T = Tr = 0). Without latency or without loss
    there is no rating.
    `jitter_ms` acts through the receiver's buffer: a packet later than `buffer_ms` is thrown away. With delays that
    vary exponentially with mean `jitter_ms` that happens to a share exp(-buffer / jitter), which joins the loss (ours,
    not the standard's; a missing jitter counts as none).
    `mos`, where a probe measured it: listening quality sees codec chain and media gateways, which network figures
    don't, and is deaf to delay, which the E-model isn't. A call is no better than the worse of the two, so the `lower`
    one counts; `fallback` asks the measured one only where there is no rating; `ignore` never.
    `codec` names a line of `CODECS`; `ie` and `bpl` speak for one that is not there.
    `advantage` and `burst_ratio` are the standard's A and BurstR.
    """

    kqis: ClassVar[tuple[str, ...]] = ("latency_ms", "jitter_ms", "loss_pct", "mos")

    codec: str = "G.711+PLC"
    ie: float | None = None
    bpl: float | None = None
    advantage: float = 0.0
    burst_ratio: float = 1.0
    buffer_ms: float = 60.0
    added_delay_ms: float = 0.0
    measured: Measured = "lower"

    def __post_init__(self) -> None:
        if self.codec not in CODECS and (self.ie is None or self.bpl is None):
            raise ValueError(f"unknown codec {self.codec} (there are: {', '.join(CODECS)}; or give both ie and bpl)")
        if self.measured not in get_args(Measured):
            raise ValueError(f"measured is one of {', '.join(get_args(Measured))}, not {self.measured}")
        if not 0 <= self.advantage <= 20:
            raise ValueError("advantage is 0 to 20 (G.107 Table 2)")
        if self.buffer_ms <= 0 or self.burst_ratio < 1 or self.added_delay_ms < 0:
            raise ValueError("buffer_ms is above 0, burst_ratio 1 or more, added_delay_ms 0 or more")
        if (self.bpl is not None and self.bpl <= 0) or (self.ie is not None and not 0 <= self.ie < 95):
            raise ValueError("bpl is above 0, ie is 0 to 95")

    @property
    def line(self) -> emodel.Transmission:
        """The connection as G.107 parameters."""
        ie, bpl = CODECS.get(self.codec, (0.0, 4.3))
        return emodel.Transmission(
            advantage=self.advantage,
            burst_ratio=self.burst_ratio,
            ie=ie if self.ie is None else self.ie,
            bpl=bpl if self.bpl is None else self.bpl,
        )

    def rating(self, latency_ms: Float64, loss_pct: Float64, jitter_ms: Float64) -> Float64:
        """R of n records; NaN where latency or loss is."""
        discard = np.zeros_like(latency_ms)
        some = jitter_ms > 0
        discard[some] = np.exp(-self.buffer_ms / jitter_ms[some])
        ppl = loss_pct + (100.0 - loss_pct) * discard
        return emodel.rating_without_echo(self.line, latency_ms + self.added_delay_ms, ppl)

    def score(self, kqis: Mapping[str, Float64]) -> Float64:
        """Scores 0..100 of n records; NaN where neither a rating nor a measured MOS can be had."""
        latency, jitter, loss, measured = columns_of(kqis, self.kqis)
        out = np.empty(len(latency))
        kernels.voice(latency, jitter, loss, measured, self._constants, out)
        return out

    def trials(self, kqis: Mapping[str, Float64], best: Mapping[str, float]) -> Float64:
        """Scores (1 + 2 x 4, n) that tell what each KQI cost, as `protocols.TriedModel` has them."""
        latency, jitter, loss, measured = columns_of(kqis, self.kqis)
        out = np.empty((1 + 2 * len(self.kqis), len(latency)))
        bests = np.array([best[k] for k in self.kqis], np.float64)
        kernels.voice_trials(latency, jitter, loss, measured, self._constants, bests, out)
        return out

    def twin(self, kqis: Mapping[str, Float64]) -> Float64:
        """What `score` says, by the formulas as the Recommendation has them, in NumPy."""
        latency, jitter, loss, measured = columns_of(kqis, self.kqis)
        mos = emodel.mos(self.rating(latency, loss, jitter))
        if self.measured == "lower":
            mos = np.fmin(mos, measured)
        elif self.measured == "fallback":
            mos = np.where(np.isnan(mos), measured, mos)
        return score_of_mos(mos, MOS_CEILING_G107)

    @cached_property
    def _constants(self) -> Float64:
        """The `line` of the kernels."""
        line, use = self.line, kernels.MEASURED.index(self.measured)
        basic, delay = emodel.undisturbed(line), (self.buffer_ms, self.added_delay_ms)
        return np.array([basic, line.mt, line.ie, line.bpl, line.burst_ratio, *delay, use], np.float64)
