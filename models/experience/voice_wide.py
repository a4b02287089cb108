"""Voice calls in wideband (ITU-T G.107.1) and fullband (ITU-T G.107.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np

from cemcore.panel import Float64
from models.experience import emodel_wide
from models.experience.emodel_wide import CODECS_FULLBAND, CODECS_WIDEBAND, FULLBAND, WIDEBAND, Band
from models.experience.inputs import JITTER, LATENCY, LOSS, MOS, Quantity, Reader
from models.experience.utilities import MOS_CEILING_G107, score_of_mos

Measured = Literal["lower", "fallback", "ignore"]


@dataclass(frozen=True)
class _WideVoice(Reader):
    """What both scales have in common; options as in `VoiceG107`."""

    BAND: ClassVar[Band]
    CODECS: ClassVar[Mapping[str, float]]
    QUANTITIES: ClassVar[Mapping[str, Quantity]] = {"delay": LATENCY, "jitter": JITTER, "loss": LOSS, "mos": MOS}

    codec: str = "PCM"
    ie: float | None = None
    bpl: float = 4.3
    advantage: float = 0.0
    burst_ratio: float = 1.0
    buffer_ms: float = 60.0
    added_delay_ms: float = 0.0
    measured: Measured = "lower"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.ie is None and self.codec not in self.CODECS:
            raise ValueError(f"unknown codec {self.codec} (there are: {', '.join(self.CODECS)}; or give ie)")
        if self.measured not in get_args(Measured):
            raise ValueError(f"measured is one of {', '.join(get_args(Measured))}, not {self.measured}")
        if not 0 <= self.advantage <= 20:
            raise ValueError("advantage is 0 to 20")
        if self.buffer_ms <= 0 or self.burst_ratio < 1 or self.added_delay_ms < 0:
            raise ValueError("buffer_ms is above 0, burst_ratio 1 or more, added_delay_ms 0 or more")
        if self.bpl <= 0 or (self.ie is not None and not 0 <= self.ie < self.BAND.worst):
            raise ValueError(f"bpl is above 0, ie is 0 to {self.BAND.worst:g}")

    def rating(self, latency_ms: Float64, loss_pct: Float64, jitter_ms: Float64) -> Float64:
        """R of n records on the band's scale; NaN where latency or loss is."""
        with np.errstate(divide="ignore", invalid="ignore"):
            discard = np.where(jitter_ms > 0, np.exp(-self.buffer_ms / jitter_ms), 0.0)
        ppl = loss_pct + (100.0 - loss_pct) * discard
        ie = self.CODECS[self.codec] if self.ie is None else self.ie
        late = latency_ms + self.added_delay_ms
        r = emodel_wide.rating(self.BAND, late, ppl, ie=ie, bpl=self.bpl, burst_ratio=self.burst_ratio)
        return np.asarray(r + self.advantage)

    def score(self, kqis: Mapping[str, Float64]) -> Float64:
        """Scores 0..100 of n records; NaN where neither a rating nor a measured MOS can be had."""
        v = self.values(kqis)
        mos = emodel_wide.mos(self.BAND, self.rating(v["delay"], v["loss"], v["jitter"]))
        if self.measured == "lower":
            mos = np.fmin(mos, v["mos"])
        elif self.measured == "fallback":
            mos = np.where(np.isnan(mos), v["mos"], mos)
        return score_of_mos(mos, MOS_CEILING_G107)


@dataclass(frozen=True)
class VoiceWideband(_WideVoice):
    """Conversational wideband voice quality by the E-model (ITU-T G.107.1), as 0-100 of its MOS scale 1..4.5.

    `advantage`, `burst_ratio`, the jitter buffer `buffer_ms`, `added_delay_ms` and `measured` are as in `voice_g107`;
    echo counts as cancelled. `codec` names a line of `CODECS_WIDEBAND` (from memory), `ie` speaks for one that is not
    there. `bpl` is the standard's default, 4.3, which has no loss concealment: give your codec's. `inputs`: quantity ->
    KQI. Monotone in every KQI.
    """

    BAND: ClassVar[Band] = WIDEBAND
    CODECS: ClassVar[Mapping[str, float]] = CODECS_WIDEBAND


@dataclass(frozen=True)
class VoiceFullband(_WideVoice):
    """Conversational fullband voice quality by the E-model (ITU-T G.107.2), as 0-100 of its MOS scale 1..4.5.

    As `voice_g107_1` (`inputs`, `bpl`, `advantage`, `burst_ratio`, `buffer_ms`, `added_delay_ms`, `measured`), on the
    scale to 148. The constants are from memory, without a published value to test against; a `codec` other than PCM
    needs `ie`. Monotone in every KQI.
    """

    BAND: ClassVar[Band] = FULLBAND
    CODECS: ClassVar[Mapping[str, float]] = CODECS_FULLBAND
