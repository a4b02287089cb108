"""Shortcuts for calls where no codec is known: in wide use, no standard, coarser than the E-model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from cemcore.panel import Float64
from models.experience import emodel
from models.experience.inputs import JITTER, LATENCY, LOSS, Quantity, Reader
from models.experience.utilities import MOS_CEILING_G107, score_of_mos


def voip_rating(latency_ms: ArrayLike, jitter_ms: ArrayLike, loss_pct: ArrayLike) -> Float64:
    """R of the shortcut common in network tools: latency + 2 jitter + 10 ms is what counts, and 2.5 a per cent lost."""
    d, j, p = (np.asarray(a, np.float64) for a in (latency_ms, jitter_ms, loss_pct))
    effective = d + 2.0 * j + 10.0
    r = 93.2 - np.where(effective < 160.0, effective / 40.0, (effective - 120.0) / 10.0)
    return np.asarray(r - 2.5 * p)


def rtc_rating(
    rtt_ms: ArrayLike, loss_pct: ArrayLike, buffer_ms: ArrayLike = 0.0, ie: float = 6.0, robustness: float = 10.0
) -> Float64:
    """R of a WebRTC audio stream from its statistics: delay 20 + buffer + rtt / 2, codec impairment `ie`, and loss
    robustness (20 with forward error correction)."""
    rtt, p, b = (np.asarray(a, np.float64) for a in (rtt_ms, loss_pct, buffer_ms))
    delay = 20.0 + b + rtt / 2.0
    late = 0.03 * delay + np.where(delay > 150.0, 0.1 * (delay - 150.0) ** 2, 0.0)
    return np.asarray(100.0 - (ie + (100.0 - ie) * p / (p + robustness)) - late)


def opus_impairment(bits_per_s: float) -> float:
    """Codec impairment at a known rate [bit/s]: 55 - 4.6 ln rate, 0 to 30."""
    return float(np.clip(55.0 - 4.6 * np.log(bits_per_s), 0.0, 30.0))


@dataclass(frozen=True)
class VoipShortcut(Reader):
    """Voice over IP by the shortcut common in network tools (no standard), as 0-100 of MOS 1..4.5.

    `delay` is one way [ms], jitter counts twice (a missing one as none), each per cent lost costs 2.5 of R. Where codec
    and buffer are known, `voice_g107` is better. `inputs`: quantity -> KQI. Monotone.
    """

    QUANTITIES: ClassVar[Mapping[str, Quantity]] = {"delay": LATENCY, "jitter": JITTER, "loss": LOSS}

    def score(self, kqis: Mapping[str, Float64]) -> Float64:
        """Scores 0..100 of n records; NaN where delay or loss is not known."""
        v = self.values(kqis)
        jitter = np.nan_to_num(v["jitter"], nan=0.0)
        return score_of_mos(emodel.mos(voip_rating(v["delay"], jitter, v["loss"])), MOS_CEILING_G107)


@dataclass(frozen=True)
class RtcShortcut(Reader):
    """WebRTC audio by a shortcut from its statistics (rtcscore; no standard), as 0-100 of MOS 1..4.5.

    `rtt` is the round trip [ms]; the mean depth of the jitter buffer is `buffer_ms`, or a KQI named by `inputs`.
    `bits_per_s` of the codec, 0 where it is not known; `fec`: lost packets are repaired. From 150 ms of delay on it
    falls with the square, far steeper than the E-model. Monotone.
    """

    QUANTITIES: ClassVar[Mapping[str, Quantity]] = {
        "rtt": LATENCY,
        "loss": LOSS,
        "buffer": Quantity("", "ms", 0, 60_000, "lower", "depth of the jitter buffer"),
    }

    buffer_ms: float = 40.0
    bits_per_s: float = 0.0
    fec: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.buffer_ms < 0 or self.bits_per_s < 0 or not isinstance(self.fec, bool):
            raise ValueError("buffer_ms and bits_per_s are 0 or more, fec is true or false")

    def score(self, kqis: Mapping[str, Float64]) -> Float64:
        """Scores 0..100 of n records; NaN where round trip or loss is not known."""
        v = self.values(kqis)
        depth = np.where(np.isnan(v["buffer"]), self.buffer_ms, v["buffer"])
        ie = opus_impairment(self.bits_per_s) if self.bits_per_s else 6.0
        r = rtc_rating(v["rtt"], v["loss"], depth, ie, 20.0 if self.fec else 10.0)
        return score_of_mos(emodel.mos(r), MOS_CEILING_G107)
