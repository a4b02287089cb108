"""Video calls by ITU-T G.1070 (07/2012), the video part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from cemcore.panel import Float64
from models.experience.inputs import LOSS, Quantity, Reader
from models.experience.utilities import score_of_mos

H264_VGA = (5.517, 0.0129, 3.459, 178.53, 1.02, 1.15, 3.55e-4, 0.114, 513.77, 0.736, -6.451, 13.684)
"""v1..v12 for H.264, VGA on 9.2 inches. v5 is 1.02; a public copy has 5 there, believed to be an error."""


def video_quality(
    kbps: ArrayLike, fps: ArrayLike, loss_pct: ArrayLike = 0.0, coefficients: Sequence[float] = H264_VGA
) -> Float64:
    """Vq 1..1+v3 of a rate [kbit/s], pictures a second (1 to 30) and packet loss [%]; NaN where one is."""
    v1, v2, v3, v4, v5, v6, v7, v8, v9, v10, v11, v12 = coefficients
    br = np.maximum(np.asarray(kbps, np.float64), 1e-6)
    fr = np.clip(np.asarray(fps, np.float64), 1.0, 30.0)
    best_rate = np.clip(v1 + v2 * br, 1.0, 30.0)
    best = v3 - v3 / (1.0 + (br / v4) ** v5)
    width = v6 + v7 * br
    coded = best * np.exp(-((np.log(fr) - np.log(best_rate)) ** 2) / (2.0 * width**2))
    robust = v10 + v11 * np.exp(-fr / v8) + v12 * np.exp(-br / v9)
    return np.asarray(1.0 + coded * np.exp(-np.asarray(loss_pct, np.float64) / np.maximum(robust, 1e-6)))


@dataclass(frozen=True)
class VideoCallG1070(Reader):
    """Picture of a video call (ITU-T G.1070 (07/2012), video quality function), as 0-100 of MOS 1..1+v3 (4.46).

    The video part only: what speech and delay add (multimedia quality) is left to `voice_g107`, as a second indicator.
    `bitrate` [kbit/s] and `loss` [%] come from KQIs, `fps` (1 to 30) stands for what records don't tell; `inputs` may
    name a KQI for it. `coefficients` are v1..v12 for a codec, picture size and display; the default is H.264 VGA.
    Monotone in loss; not in rate (a faster stream suffers more from loss) nor in pictures a second (there is a best).
    """

    QUANTITIES: ClassVar[Mapping[str, Quantity]] = {
        "bitrate": Quantity("bitrate_kbps", "kbit/s", 0, 200_000, "", "coded video rate"),
        "loss": LOSS,
        "fps": Quantity("", "1/s", 1, 120, "", "pictures a second"),
    }

    fps: float = 30.0
    coefficients: Sequence[float] = H264_VGA

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.fps <= 30:
            raise ValueError("fps is 1 to 30")
        given: list[Any] = list(self.coefficients)
        if len(given) != 12 or any(isinstance(c, bool) or not isinstance(c, int | float) for c in given):
            raise ValueError("coefficients are the twelve numbers v1 to v12")
        if min(given[i] for i in (2, 3, 4, 5, 7, 8)) <= 0:
            raise ValueError("coefficients: v3, v4, v5, v6, v8 and v9 are above 0")

    def score(self, kqis: Mapping[str, Float64]) -> Float64:
        """Scores 0..100 of n records; NaN where rate or loss is not known."""
        v = self.values(kqis)
        fps = np.where(np.isnan(v["fps"]), self.fps, v["fps"])
        return score_of_mos(video_quality(v["bitrate"], fps, v["loss"], self.coefficients), 1.0 + self.coefficients[2])
