"""Cloud gaming, **G.1072-derived**: separable and optional.

What it is: clean-room functions written from the published coefficients of ITU-T G.1072 (01/2020), checked against
values recomputed by an independent program. What it is not: the Recommendation's software, which may be used for
non-commercial research only, nor certified against it. No service of the shipped catalogue needs it; delete this file
and its entry point `gaming_g1072_derived`, and it is gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from cemcore.panel import Float64
from models.experience.inputs import LATENCY, LOSS, Quantity, Reader
from models.experience.utilities import score_of_mos

Grade = Literal["low", "medium", "high"]

MOS_FLOOR, MOS_CEILING = 1.3, 4.64
"""Ends of the model's opinion scale."""

_FRAME = {True: (23.43, 0.008574, -0.9253, 5.855), False: (54.71, 0.02589, -2.485, 9.306)}
_TEMPORAL = {True: (29.13, 0.01344, -1.283, 6.724), False: (47.03, 0.01747, -1.823, 10.7)}
_INPUT = {True: (47.97, 2.097, 0.01073, -4.567), False: (90.0, 1.191, 0.009775, -18.73)}
_CODING: dict[str, tuple[float, ...]] = {
    "low": (52.5052380, -28.0170325, -2.68405109, 5.46647668, 12.4214486, -28.0191642, 0.215799183),
    "medium": (37.9882097, -13.7207634, 8.57836656, 3.26581290, 6.83275916, -127.997288, 0.479594798),
    "high": (47.7463038, -12.0699723, 9.05167501, 3.41919377, 7.62306351, -167.837954, 0.0760332685),
}
_SLICING: dict[str, tuple[float, ...]] = {
    "low": (19.7091683, 3358.30546, 28.3699150, 0.0234972977, 0.00164739513, 0.0895913579),
    "medium": (0.612878511, 0.00139396166, 56.2892863, 0.00475669545, 0.0581327058, 2.38014343),
    "high": (1.57176227, 3.68595885, 74.0570804, 0.00406000335, 2.58892015e-8, 0.868406685),
}


def frame_loss(mbps: ArrayLike, fps: ArrayLike, loss_pct: ArrayLike, delay_ms: ArrayLike) -> Float64:
    """Frame loss rate 0..100 % after the transport's repairs; none below 16 ms of delay."""
    br, fr, pl, d = (np.asarray(a, np.float64) for a in (mbps, fps, loss_pct, delay_ms))
    exponent = (0.08526 + 0.00073 * fr + 1.425e-4 * br * fr) * (0.09656 * d - 1.5) * pl
    return np.asarray(np.where(d < 16.0, 0.0 * exponent, 100.0 * (1.0 - np.exp(-exponent))))


def frames(fps: ArrayLike, flr: ArrayLike, interaction: Grade) -> Float64:
    """I_frame 0..68.98: what few and lost pictures cost control."""
    return _by_frames(_FRAME[interaction == "low"], fps, flr, 68.98)


def temporal(fps: ArrayLike, flr: ArrayLike, interaction: Grade) -> Float64:
    """I_TVQ 0..61.29: what few and lost pictures cost the eye."""
    return _by_frames(_TEMPORAL[interaction == "low"], fps, flr, 61.29)


def _by_frames(constants: tuple[float, ...], fps: ArrayLike, flr: ArrayLike, most: float) -> Float64:
    a, b, c, k = constants
    fr = np.asarray(fps, np.float64)
    return np.clip(a + b * fr**2 + c * fr + k * np.log(np.asarray(flr, np.float64) + 1.0), 0.0, most)


def response(delay_ms: ArrayLike, interaction: Grade) -> Float64:
    """I_inp 0..68.98: what delay between hand and picture costs."""
    a, b, c, k = _INPUT[interaction == "low"]
    return np.clip(a / (1.0 + np.exp(b - c * np.asarray(delay_ms, np.float64))) + k, 0.0, 68.98)


def coding(mbps: ArrayLike, pixels: ArrayLike, fps: ArrayLike, complexity: Grade) -> Float64:
    """I_cod 0..78.78: what few bits a pixel cost."""
    v0, v1, v2, v3, v4, v5, v6 = _CODING[complexity]
    rate = np.asarray(mbps, np.float64) * 1e6
    bpp = rate / (np.asarray(pixels, np.float64) * np.asarray(fps, np.float64))
    return np.clip(v0 * np.exp(v1 * bpp) + v2 * (v4 * np.exp(v5 * bpp) + v6) + v3, 0.0, 78.78)


def slicing(coded: ArrayLike, slice_loss_pct: ArrayLike, complexity: Grade) -> Float64:
    """I_tra: what lost slices cost on top of I_cod where the transport shows them; 0 where pictures freeze.

    No published value at hand to test it against.
    """
    v7, v8, v9, v11, v12, v13 = _SLICING[complexity]
    ic = np.minimum(np.asarray(coded, np.float64), 65.0)
    plu = np.asarray(slice_loss_pct, np.float64)
    level = (v9 - ic) * plu / (ic * v11 + plu + 1e-300)
    return np.asarray(v7 * np.log(v8 * (v12 * np.exp(v13 * level) - v12) + 1.0))


def mos(
    mbps: ArrayLike,
    delay_ms: ArrayLike,
    loss_pct: ArrayLike = 0.0,
    pixels: ArrayLike = 1920.0 * 1080.0,
    fps: ArrayLike = 60.0,
    interaction: Grade = "high",
    complexity: Grade = "high",
    slice_loss_pct: ArrayLike = 0.0,
) -> Float64:
    """Opinion 1.3..4.64 of a game; what is beyond the model's ranges (0.3-50 Mbit/s, 10-60 pictures a second, 0-5 %
    loss, 0-400 ms round trip, 480p-1080p) counts as at their edge; NaN where an input is."""
    br = np.clip(np.asarray(mbps, np.float64), 0.3, 50.0)
    d = np.clip(np.asarray(delay_ms, np.float64), 0.0, 400.0)
    pl = np.clip(np.asarray(loss_pct, np.float64), 0.0, 5.0)
    fr = np.clip(np.asarray(fps, np.float64), 10.0, 60.0)
    px = np.clip(np.asarray(pixels, np.float64), 640.0 * 480.0, 1920.0 * 1080.0)
    flr = frame_loss(br, fr, pl, d)
    coded = coding(br, px, fr, complexity)
    cost = 0.788 * coded + 0.896 * slicing(coded, slice_loss_pct, complexity)
    cost = cost + 0.227 * temporal(fr, flr, interaction) + 0.625 * frames(fr, flr, interaction)
    r = np.clip(100.0 - cost - 0.848 * response(d, interaction), 0.0, 100.0)
    opinion = 1.3 + 0.0334 * r + r * (r - 60.0) * (100.0 - r) * 7e-6
    return np.clip(opinion, MOS_FLOOR, MOS_CEILING)


@dataclass(frozen=True)
class GamingG1072Derived(Reader):
    """Cloud gaming, G.1072-derived (clean-room; not the ITU's software), as 0-100 of MOS 1..4.64.

    `delay` is the round trip [ms], `loss` the packets lost [%], `bitrate` the stream's rate [Mbit/s], for which the
    delivered rate stands; `bitrate_mbps`, where given, is taken where a record has none. `interaction` and `complexity`
    (low, medium, high) are classes of the game; `height` (lines, 16:9) and `fps` those of the stream. Transport that
    repairs or freezes is assumed (no slicing). The opinion's own floor, 1.3, is 8 of 100. `inputs`: quantity -> KQI.
    Monotone in delay and loss; not in rate: a faster stream has more packets to lose, so with loss it may score less.
    """

    QUANTITIES: ClassVar[Mapping[str, Quantity]] = {
        "delay": LATENCY,
        "loss": LOSS,
        "bitrate": Quantity("throughput_mbps", "Mbit/s", 0, 1_000_000, "", "rate of the stream"),
    }

    interaction: Grade = "high"
    complexity: Grade = "medium"
    height: float = 1080.0
    fps: float = 60.0
    bitrate_mbps: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, grade in (("interaction", self.interaction), ("complexity", self.complexity)):
            if grade not in get_args(Grade):
                raise ValueError(f"{name} is one of {', '.join(get_args(Grade))}, not {grade}")
        if not 480 <= self.height <= 1080 or not 10 <= self.fps <= 60:
            raise ValueError("height is 480 to 1080, fps 10 to 60 (the range of the model)")
        if self.bitrate_mbps is not None and self.bitrate_mbps <= 0:
            raise ValueError("bitrate_mbps is above 0")

    def score(self, kqis: Mapping[str, Float64]) -> Float64:
        """Scores 0..100 of n records; NaN where delay, loss or rate is not known."""
        v = self.values(kqis)
        rate = v["bitrate"]
        if self.bitrate_mbps is not None:
            rate = np.where(np.isnan(rate), self.bitrate_mbps, rate)
        px = 16.0 / 9.0 * self.height**2
        opinion = mos(rate, v["delay"], v["loss"], px, self.fps, self.interaction, self.complexity)
        return score_of_mos(opinion, MOS_CEILING)
