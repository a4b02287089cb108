"""A whole session: second-by-second quality and stalls to one opinion (P.1203.3, without its random forest)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cemcore.panel import Float64
from models.experience.p1203_derived import quality
from models.experience.p1203_derived.quality import NO_AUDIO, Device, VideoCodec


@dataclass(frozen=True, slots=True)
class VideoSegment:
    """A stretch of video as the player fetched it: kbit/s, seconds, pixels, pictures a second."""

    kbps: float
    duration_s: float
    width: int
    height: int
    fps: float
    codec: VideoCodec = "h264"


@dataclass(frozen=True, slots=True)
class AudioSegment:
    """A stretch of audio: kbit/s, seconds, codec (`quality.AUDIO`)."""

    kbps: float
    duration_s: float
    codec: str = "aaclc"


@dataclass(frozen=True, slots=True)
class SessionOpinion:
    """What a session comes to, MOS 1..5.

    o21, o22, o34: per second, (seconds,); o23: stalling; o35: audio-visual without stalling; base, negative_bias,
    oscillation, adaptation: the parts of o35 = base - the other three; opinion: the session without the last line's
    scale; overall: the P.1203-derived figure, in place of O46.
    """

    o21: Float64
    o22: Float64
    o34: Float64
    o23: float
    o35: float
    base: float
    negative_bias: float
    oscillation: float
    adaptation: float
    opinion: float
    overall: float


def overall_of(opinion: ArrayLike) -> Float64:
    """The P.1203-derived overall quality: O46's line with nothing of a random forest."""
    return np.asarray(0.02833052 + 0.98117059 * np.asarray(opinion, np.float64))


def memory(age: ArrayLike, rest: float, half_life: float) -> Float64:
    """What something `age` seconds ago still counts: from 1 to `rest`, halving on the way every `half_life`."""
    return np.asarray(rest + (1.0 - rest) * 0.5 ** (np.asarray(age, np.float64) / half_life))


def stall_impact(count: ArrayLike, weighted_s: ArrayLike, mean_gap_s: ArrayLike, media_s: ArrayLike) -> Float64:
    """SI 0..1: 1 without stalls; O23 = 1 + 4 SI. Lengths weighted by `memory`, gaps between starts of stalls."""
    n, media = np.asarray(count, np.float64), np.asarray(media_s, np.float64)
    length, gap = np.asarray(weighted_s, np.float64) / media, np.asarray(mean_gap_s, np.float64) / media
    return np.asarray(np.exp(-n / 9.35158684) * np.exp(-length / 0.91890815) * np.exp(-gap / 11.0567558))


def stalling(stalls: Sequence[tuple[float, float]], media_s: float) -> float:
    """SI of stalls (position in media time [s], length [s]); position 0 = initial loading."""
    within = sorted((p, d) for p, d in stalls if p <= media_s)
    if not within:
        return 1.0
    position, length = (np.array(x, np.float64) for x in zip(*within, strict=True))
    weighted = float((length * memory(media_s - position, 0.48412879, 10.0)).sum())
    gap = (position[-1] - position[0]) / (len(within) - 1) if len(within) > 1 else 0.0
    return float(stall_impact(len(within), weighted, gap, media_s))


def integrate(o21: ArrayLike, o22: ArrayLike, stalls: Sequence[tuple[float, float]] = ()) -> SessionOpinion:
    """The opinion of a session from audio and video quality per second (same length, no NaN) and its stalls."""
    a, v = np.asarray(o21, np.float64), np.asarray(o22, np.float64)
    if a.shape != v.shape or a.ndim != 1 or a.size == 0:
        raise ValueError("audio and video quality are of the same seconds, one or more")
    if np.isnan(a).any() or np.isnan(v).any():
        raise ValueError("quality is known in every second")
    o34 = quality.audiovisual(a, v)
    base = _base(o34)
    negative = _negative_bias(o34 - base)
    oscillation, adaptation = _changes(v)
    o35 = base - negative - oscillation - adaptation
    si = stalling(stalls, float(v.size))
    opinion = float(np.clip(1.0 + (o35 - 1.0) * si, 1.0, 5.0))
    overall = float(overall_of(opinion))
    return SessionOpinion(a, v, o34, 1.0 + 4.0 * si, o35, base, negative, oscillation, adaptation, opinion, overall)


def rate(
    segments: Sequence[VideoSegment],
    audio: Sequence[AudioSegment] = (),
    stalls: Sequence[tuple[float, float]] = (),
    display: tuple[int, int] = (1920, 1080),
    device: Device = "pc",
) -> SessionOpinion:
    """The opinion of a session as a player reports it; without audio segments as if its sound were perfect."""
    if not segments or min([s.duration_s for s in segments] + [s.duration_s for s in audio]) <= 0:
        raise ValueError("a session has video segments of some length")
    px = float(display[0] * display[1])
    v = np.array([float(quality.video(s.kbps, s.width * s.height, s.fps, px, device, s.codec)) for s in segments])
    o22 = _per_second(v, [s.duration_s for s in segments])
    if audio:
        o21 = _per_second(
            np.array([float(quality.audio(s.kbps, s.codec)) for s in audio]), [s.duration_s for s in audio]
        )
        seconds = min(o21.size, o22.size)
        o21, o22 = o21[:seconds], o22[:seconds]
    else:
        o21 = np.full(o22.size, NO_AUDIO)
    return integrate(o21, o22, stalls)


def _per_second(values: Float64, durations: Sequence[float]) -> Float64:
    """The value at the begin of each second of the segments, laid end to end."""
    ends = np.cumsum(durations)
    seconds = max(int(np.floor(ends[-1] + 1e-6)), 1)
    at = np.searchsorted(ends, np.arange(seconds) + 1e-6, side="right")
    return np.asarray(values[np.minimum(at, values.size - 1)])


def _base(o34: Float64) -> float:
    """Mean of O34 that weighs late and bad seconds more."""
    t = np.arange(o34.size) / o34.size
    w = 0.00666620027943848 + 0.0000404018840273729 * np.exp(t / 0.156497800436237)
    w = w * (0.143179744942738 - 0.0238641564518876 * o34)
    return float((w * o34).sum() / w.sum())


def _negative_bias(difference: Float64) -> float:
    """What the worst tenth of the seconds, as remembered, costs."""
    age = np.arange(difference.size)[::-1]
    remembered = difference * memory(age, 1.87403625, 7.85416481)
    return max(0.0, -float(np.percentile(remembered, 10))) * 0.0185382


def _changes(o22: Float64) -> tuple[float, float]:
    """(oscillation, adaptation): what changes of video quality cost."""
    seconds = o22.size
    runs, longest = _directions(o22)
    if longest / seconds >= 0.25:
        return 0.0, 0.0
    spread = float(o22.max() - o22.min())
    rate = float((np.abs(np.diff(o22)) > 0.2).sum()) / seconds
    adaptation = float(np.clip(0.17332553 * spread * rate - 0.01035647, 0.0, 0.5))
    if longest >= 30:
        return 0.0, adaptation
    swing = max(0.0, 1.0 + float(np.log10(spread + 0.001)))
    return float(np.clip(swing * np.exp(0.6775608 * runs - 8.05533303), 0.0, 1.5)), adaptation


def _directions(o22: Float64) -> tuple[int, float]:
    """(number of runs of rising or falling quality, longest time without a change of direction [s])."""
    padded = np.concatenate([np.repeat(o22[0], 4), o22, np.repeat(o22[-1], 4)])
    smooth = np.convolve(padded, np.full(5, 0.2), mode="valid")[::3]
    difference = np.diff(smooth)
    direction = np.where(np.abs(difference) < 0.2, 0, np.where(difference > 0, 1, -1))
    moving = np.flatnonzero(direction)
    if moving.size == 0:
        return 0, float(o22.size)
    begins = moving[np.concatenate([[True], np.diff(direction[moving]) != 0])]
    gaps = np.diff(np.concatenate([[0], begins, [direction.size]]))
    return int(begins.size), 3.0 * float(gaps.max())
