"""The plug-in: opinions of many records at once, each a mean over the sessions of a slot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, get_args

import numpy as np
from numpy.typing import ArrayLike

from cemcore.panel import Float64
from models.experience.inputs import Quantity, Reader
from models.experience.p1203_derived import quality
from models.experience.p1203_derived.quality import AUDIO, NO_AUDIO, Device, VideoCodec
from models.experience.p1203_derived.session import overall_of, stall_impact
from models.experience.utilities import score_of_mos

CEILING = float(overall_of(5.0))
"""The best opinion that the model gives."""

_DECAY, _HALF_LIFE = 0.48412879, 10.0


def mean_memory(media_s: float) -> float:
    """What a stall counts on average where it may be at any time of a session of `media_s` seconds."""
    faded = _HALF_LIFE / np.log(2.0) * (1.0 - 0.5 ** (media_s / _HALF_LIFE)) / media_s
    return float(_DECAY + (1.0 - _DECAY) * faded)


def mean_gap(count: Float64, loading: Float64, media_s: float) -> Float64:
    """Mean time between begins of `count` stalls spread evenly over a session, after `loading` (0 or 1) at its begin.

    Exact for whole counts (stall i of n stands at (i + 1/2) / n); continuous in between, so that a mean over the
    sessions of a record may be any number.
    """
    n = np.maximum(count, 1.0)
    spread = (n - 1.0) / (n * np.maximum(n - 1.0, 1.0))
    loaded = np.where(count < 1.0, 0.5 * count, (n - 0.5) / n**2)
    return np.asarray(media_s * np.where(loading > 0, loaded, spread))


@dataclass(frozen=True)
class VideoP1203Derived(Reader):
    """Streaming video, P.1203-derived (clean-room, mode 0, no random forest; not ITU-T P.1203), as 0-100 of its MOS.

    A record stands for sessions of `session_s` seconds of media at one steady quality: what varies within a session
    is not in a record and costs nothing here (`session.rate` sees it). `bitrate` [kbit/s] and stalling are needed,
    initial loading (`startup`) counts as none where it is missing. Stalls lie anywhere in the session; there are as
    many of them as their time holds stalls of `mean_stall_s`, unless `inputs` names a KQI for `stall_count` (a
    session's mean). `stall_time` [s a session] goes before `stall_ratio` (stalled time over stalled and played time)
    where both are known.
    `height` (coded lines, 16:9) and `fps` stand for what records don't tell; `inputs` may name KQIs for both.
    `display_height`: lines of the screen; `device`: pc or mobile; `codec`: h264, hevc or vp9 (these two an extension).
    Audio: `audio_codec` at `audio_kbps`, or `audio_codec = ""` for none, which counts as perfect.
    Monotone in rate, stalls and loading; not in height and pictures a second, which share the rate among them.
    """

    QUANTITIES: ClassVar[Mapping[str, Quantity]] = {
        "bitrate": Quantity("bitrate_kbps", "kbit/s", 0, 200_000, "higher", "coded video rate"),
        "stall_ratio": Quantity("stall_ratio", "1", 0, 1, "lower", "stalled, of stalled and played time"),
        "startup": Quantity("startup_s", "s", 0, 3_600, "lower", "initial loading"),
        "stall_time": Quantity("", "s", 0, 3_600, "lower", "stalled time a session"),
        "stall_count": Quantity("", "1", 0, 1_000, "lower", "stalls a session"),
        "height": Quantity("", "1", 90, 4_320, "", "coded lines"),
        "fps": Quantity("", "1/s", 1, 120, "", "pictures a second"),
    }

    session_s: float = 180.0
    mean_stall_s: float = 5.0
    height: float = 1080.0
    fps: float = 25.0
    display_height: float = 1080.0
    device: Device = "pc"
    codec: VideoCodec = "h264"
    audio_codec: str = "aaclc"
    audio_kbps: float = 128.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.device not in get_args(Device):
            raise ValueError(f"device is one of {', '.join(get_args(Device))}, not {self.device}")
        if self.codec not in get_args(VideoCodec):
            raise ValueError(f"codec is one of {', '.join(get_args(VideoCodec))}, not {self.codec}")
        if self.audio_codec and self.audio_codec not in AUDIO:
            raise ValueError(f"unknown audio_codec {self.audio_codec} (there are: {', '.join(AUDIO)}; or empty)")
        numbers = (self.session_s, self.mean_stall_s, self.height, self.fps, self.display_height, self.audio_kbps)
        if min(numbers) <= 0:
            raise ValueError("session_s, mean_stall_s, height, fps, display_height and audio_kbps are above 0")

    def picture(self, v: Mapping[str, Float64]) -> Float64:
        """Audio-visual quality O34 of n records."""
        height = np.where(np.isnan(v["height"]), self.height, v["height"])
        fps = np.where(np.isnan(v["fps"]), self.fps, v["fps"])
        px = 16.0 / 9.0 * np.maximum(height, 1.0) ** 2
        display = 16.0 / 9.0 * self.display_height**2
        o22 = quality.video(v["bitrate"], px, np.maximum(fps, 1.0), display, self.device, self.codec)
        o21: ArrayLike = quality.audio(self.audio_kbps, self.audio_codec) if self.audio_codec else NO_AUDIO
        return quality.audiovisual(o21, o22)

    def stall_impact(self, v: Mapping[str, Float64]) -> Float64:
        """SI 0..1 of n records; NaN where neither stalled time nor its ratio is known."""
        with np.errstate(divide="ignore"):
            by_ratio = self.session_s * v["stall_ratio"] / np.maximum(1.0 - v["stall_ratio"], 0.0)
        stalled = np.where(np.isnan(v["stall_time"]), by_ratio, v["stall_time"])
        loading_s = np.nan_to_num(v["startup"], nan=0.0)
        loading = (loading_s > 0).astype(np.float64)
        count = np.where(np.isnan(v["stall_count"]), stalled / self.mean_stall_s, v["stall_count"])
        count = np.minimum(count, 1e6)
        at_begin = _DECAY + (1.0 - _DECAY) * 0.5 ** (self.session_s / _HALF_LIFE)
        length = stalled * mean_memory(self.session_s) + loading_s * at_begin
        return stall_impact(count + loading, length, mean_gap(count, loading, self.session_s), self.session_s)

    def mos(self, kqis: Mapping[str, Float64]) -> Float64:
        """P.1203-derived opinion 1..4.93 of n records."""
        v = self.values(kqis)
        o35, si = self.picture(v), self.stall_impact(v)
        return overall_of(np.clip(1.0 + (o35 - 1.0) * si, 1.0, 5.0))

    def score(self, kqis: Mapping[str, Float64]) -> Float64:
        """Scores 0..100 of n records; NaN where the rate or stalling is not known."""
        return score_of_mos(self.mos(kqis), CEILING)
