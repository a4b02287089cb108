"""Quality of one second: audio O21 (P.1203.2), video O22 (P.1203.1 mode 0), both O34 (P.1203.3). MOS 1..5, kbit/s."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from cemcore.panel import Float64

Device = Literal["pc", "mobile"]
VideoCodec = Literal["h264", "hevc", "vp9"]

AUDIO: dict[str, tuple[float, float]] = {
    "mp2": (-0.02, 15.48),
    "ac3": (-0.03, 15.70),
    "aaclc": (-0.05, 14.60),
    "heaac": (-0.11, 20.06),
}
"""Audio codec -> (a2, a3)."""

NO_AUDIO = 5.0
"""O21 that stands for a session without sound."""

OTHER_CODECS: dict[str, tuple[float, float, float, float]] = {
    "hevc": (-0.05196039, 0.39430046, 0.17486221, 0.50008018),
    "vp9": (-0.04129014, 0.30953836, 0.32314399, 0.5284358),
}
"""Polynomial of the H.264 quality, highest power first: an extension, not in the 2016 Recommendation."""

_MOBILE = (0.03409, -0.36936, 2.12382, -0.60293)
_LEAST_KBPS = 1e-3


def mos_of_quality(q: ArrayLike) -> Float64:
    """MOS 1.05..4.9 of a quality 0..100 (the cubic's dip under 1.05 is cut off, so that it is monotone)."""
    q = np.clip(np.asarray(q, np.float64), 0.0, 100.0)
    return np.maximum(1.05 + 3.85 * q / 100.0 + q * (q - 60.0) * (100.0 - q) * 7e-6, 1.05)


_GRID = np.linspace(3.2, 100.0, 8193)
_GRID_MOS = mos_of_quality(_GRID)


def quality_of_mos(mos: ArrayLike) -> Float64:
    """Quality 0..100 of a MOS, to about 1e-7 (the cubic read backwards from a table); 0 from 1.05 down."""
    x = np.asarray(mos, np.float64)
    return np.where(x <= _GRID_MOS[0], np.where(np.isnan(x), np.nan, 0.0), np.interp(x, _GRID_MOS, _GRID))


def audio(kbps: ArrayLike, codec: str = "aaclc") -> Float64:
    """O21 of audio at `kbps` [kbit/s]."""
    a2, a3 = AUDIO[codec]
    return mos_of_quality(100.0 - (100.0 * np.exp(a2 * np.asarray(kbps, np.float64)) + a3))


def video(
    kbps: ArrayLike,
    pixels: ArrayLike,
    fps: ArrayLike,
    display_pixels: float = 1920.0 * 1080.0,
    device: Device = "pc",
    codec: VideoCodec = "h264",
) -> Float64:
    """O22 of video at `kbps` [kbit/s], coded with `pixels` a picture and `fps` pictures a second.

    NaN where one of them is. Monotone in the rate; neither in pixels nor in pictures, which share the rate among them.
    """
    rate = np.maximum(np.asarray(kbps, np.float64), _LEAST_KBPS)
    px, fr = np.asarray(pixels, np.float64), np.asarray(fps, np.float64)
    inner = 41.2475074001 + np.log(rate) + np.log(rate**2 / (px * fr) + 0.13183165961)
    quant = 11.9983519 - 2.99991847 * np.log(inner)
    coded = 100.0 - quality_of_mos(np.clip(4.66 - 0.07 * np.exp(4.06 * quant), 1.0, 5.0))
    upscaled = 72.61 * np.log10(0.32 * (np.maximum(display_pixels / px, 1.0) - 1.0) + 1.0)
    coded, upscaled = np.clip(coded, 0.0, 100.0), np.clip(upscaled, 0.0, 100.0)
    jerky = (100.0 - coded - upscaled) * (30.98 - 1.29 * fr) / (64.65 + fr)
    jerky = np.clip(np.where(fr >= 24.0, 0.0, jerky), 0.0, 100.0)
    out = mos_of_quality(100.0 - np.minimum(coded + upscaled + jerky, 100.0))
    if codec != "h264":
        out = np.clip(np.polyval(OTHER_CODECS[codec], out), 1.0, 5.0)
    if device == "mobile":
        out = np.clip(np.polyval(_MOBILE, out), 1.0, 5.0)
    return np.asarray(out)


def audiovisual(o21: ArrayLike, o22: ArrayLike) -> Float64:
    """O34 of audio and video quality of the same second."""
    a, v = np.asarray(o21, np.float64), np.asarray(o22, np.float64)
    return np.clip(-0.00069084 + 0.15374283 * a + 0.97153861 * v + 0.02461776 * a * v, 1.0, 5.0)
