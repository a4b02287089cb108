"""From forecast errors to a finding: what every examiner shares once it has said what it expected.

An examiner forecasts the claimed window, and past stretches of the same series in the same way, out of sample. Here the
window's mean error is set against means of as many past errors: the chance that the series is this bad by itself. The
past errors carry their own autocorrelation, so nothing is assumed about it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from cemcore.panel import Float64, Int64, Panel
from cemcore.zooming import DetailRequest, Finding, Look

MIN_WINDOWS = 8
"""Fewer past windows of the same length say too little."""

MIN_SEASONS = 3
"""Fewer days of history say too little."""

DOUBT = 5.0
"""Between the level and so many times it, a window is neither confirmed nor withdrawn."""

ONSET_NATS = 4.0
"""An onset moves only where the data are so much likelier under the new one (log-likelihood)."""

_BINS = 8
_SHRINK = 20.0
_CLIP = 3.0
_LEAST_SCALE = 0.05
RESOLUTION = 1e-3
"""No series is more regular than this share of its largest value."""


@dataclass(frozen=True)
class Span:
    """Where a request's window lies in a panel.

    Rows [0, held) are history to learn from, [held, end) are held out, [begin, end) is the claimed window. What lies
    between `held` and `begin` may be the true onset, so it is not learned from either.
    """

    held: int
    begin: int
    end: int


@dataclass(frozen=True)
class Forecast:
    """What an examiner expected, high = good: `past` (held,) errors (seen - expected) out of sample, NaN = none;
    `expected` (end - held,) values of the held-out slots.
    """

    past: Float64
    expected: Float64


def span_of(panel: Panel, request: DetailRequest) -> Span:
    """The request's window in the panel; a quarter of a season before it is held out too."""
    begin = int(np.searchsorted(panel.times, int(request.begin.timestamp())))
    end = int(np.searchsorted(panel.times, int(request.end.timestamp())))
    return Span(max(0, begin - panel.period // 4), begin, end)


def too_short(panel: Panel, span: Span, y: Float64) -> str:
    """Why nothing can be said of the window; empty where something can."""
    if span.end <= span.begin or not np.isfinite(y[span.begin : span.end]).any():
        return "nothing was recorded in the window"
    known = np.isfinite(y[: span.held])
    seasons = span.held / panel.period
    seen = int(np.isfinite(y[span.begin : span.end]).sum())
    if seasons < MIN_SEASONS or known.sum() < MIN_WINDOWS * seen or known.sum() < MIN_SEASONS * 4:
        return f"too little history: {int(known.sum())} values in {seasons:.1f} days before it"
    return ""


def unclear(request: DetailRequest, examiner: str, reason: str) -> Finding:
    """The finding of an examiner that can't say."""
    return Finding(
        request.request_id,
        request.problem_id,
        examiner,
        Look.UNCLEAR,
        (reason,),
        request.begin,
        request.end,
        request.requested_at,
        depth=request.depth,
    )


def judge(
    panel: Panel, request: DetailRequest, span: Span, forecast: Forecast, examiner: str, level: float, unit: str = ""
) -> Finding:
    """The finding from an examiner's forecast: confirmed where the chance is at most `level`; corrected where onset or
    depth moved besides; unclear up to five times the level; withdrawn beyond.
    """
    sign = -float(panel.worse[panel.measure])
    y = panel.column()
    phase = (np.arange(span.end) % panel.period) * _BINS // panel.period
    spread = np.maximum(_spreads(forecast.past, phase[: span.held]), RESOLUTION * float(np.nanmax(np.abs(y))))
    if not np.isfinite(spread).all():
        return unclear(request, examiner, "too little history: no forecast of the past could be made")
    past = -forecast.past / spread[phase[: span.held]]
    held = -(y[span.held : span.end] - forecast.expected) / spread[phase[span.held :]]
    window = held[span.begin - span.held :]
    seen = np.isfinite(window)
    m = int(seen.sum())
    null = _means(past[np.isfinite(past)], m)
    if m == 0 or len(null) == 0 or np.isfinite(past).sum() < MIN_WINDOWS * m:
        return unclear(request, examiner, f"too little history: {int(np.isfinite(past).sum())} past errors")
    statistic = float(window[seen].mean())
    p, scale = tail(statistic, null, m)
    onset = _onset(held, span, m * scale**2) if p <= level else span.begin
    begin, depth = _corrected(panel, request, span, onset, y * sign)
    moved = begin != request.begin or not _same(depth, request.depth)
    verdict = _verdict(p, level, moved)
    slots = np.arange(span.begin, span.end)[seen]
    expected = float(np.mean(sign * forecast.expected[slots - span.held]))
    width = float(np.mean(spread[phase[slots]]))
    observed = float(np.mean(sign * y[slots]))
    said = (
        f"expected {_figure(expected)} ± {_figure(width)}{unit}, saw {_figure(observed)}{unit}; "
        f"worse than that on {int((window[seen] > 1).sum())} of {m} slots; {_chance(p)}"
    )
    return Finding(
        request.request_id,
        request.problem_id,
        examiner,
        verdict,
        (said, *_moves(request, begin, depth)) if verdict is Look.CORRECTED else (said,),
        begin,
        request.end,
        request.requested_at,
        p,
        statistic / scale,
        expected,
        width,
        observed,
        depth,
    )


def tail(statistic: float, null: Float64, m: int) -> tuple[float, float]:
    """(chance that a past window's mean is at least `statistic`, spread of such means).

    The larger of two: the share of past windows (overlapping, m values each) that were as bad, and Student's t with as
    many degrees of freedom as there were windows that do not overlap. The first knows heavy tails, the second knows
    what lies beyond all that was seen.
    """
    from scipy.stats import t as student

    windows = max((len(null) + m - 1) / m, 2.0)
    centre = float(np.median(null))
    rough = 1.4826 * float(np.median(np.abs(null - centre)))
    rough = rough if rough > 0 else float(null.std())
    scale = float(np.clip(null, centre - _CLIP * rough, centre + _CLIP * rough).std()) * math.sqrt(
        windows / (windows - 1)
    )
    scale = max(scale, _LEAST_SCALE)
    z = (statistic - centre) / (scale * math.sqrt(1 + 1 / windows))
    by_form = float(student.sf(z, windows - 1))
    by_rank = float((null >= statistic).mean())
    return max(by_form, by_rank), scale


def _spreads(errors: Float64, phase: Int64) -> Float64:
    """Robust spread of past errors by time of day (8 bins), drawn to the whole day's where a bin has few values."""
    whole = _robust(errors)
    out = np.full(_BINS, whole)
    for b in range(_BINS):
        some = errors[(phase == b) & np.isfinite(errors)]
        if len(some) >= 4:
            out[b] = math.sqrt((len(some) * _robust(some) ** 2 + _SHRINK * whole**2) / (len(some) + _SHRINK))
    return out


def _robust(errors: Float64) -> float:
    known = errors[np.isfinite(errors)]
    if len(known) < 4:
        return math.nan
    mad = 1.4826 * float(np.median(np.abs(known - np.median(known))))
    clipped = float(np.clip(known, *np.quantile(known, [0.02, 0.98])).std())
    return max(mad, 0.5 * clipped, 1e-9)


def _means(x: Float64, m: int) -> Float64:
    """Means of every m values in a row."""
    if m < 1 or len(x) < m:
        return np.zeros(0)
    total = np.concatenate([[0.0], np.cumsum(x)])
    out: Float64 = (total[m:] - total[:-m]) / m
    return out


def _onset(held: Float64, span: Span, inflation: float) -> int:
    """Row where the degradation most likely began: the best mean shift up to the window's end; the claimed row where no
    other is clearly likelier.
    """
    z = np.nan_to_num(held)
    n = np.cumsum(np.isfinite(held)[::-1])[::-1]
    total = np.cumsum(z[::-1])[::-1]
    gain = np.where((n > 0) & (total > 0), total**2 / (2 * np.maximum(n, 1)), 0.0) / max(inflation, 1.0)
    gain[~np.isfinite(held)] = -np.inf
    best, claimed = int(np.argmax(gain)), span.begin - span.held
    reference = max(0.0, float(gain[claimed])) if np.isfinite(gain[claimed]) else _next_known(gain, claimed)
    if abs(best - claimed) < 2 or gain[best] - reference < ONSET_NATS:
        return span.begin
    return span.held + best


def _next_known(gain: Float64, claimed: int) -> float:
    later = gain[claimed:][np.isfinite(gain[claimed:])]
    return float(later[0]) if len(later) else 0.0


def _corrected(panel: Panel, request: DetailRequest, span: Span, onset: int, values: Float64) -> tuple[datetime, float]:
    """(onset, depth) as they are now thought to be; depth is of the score, from the onset to the window's end."""
    begin = request.begin
    if onset != span.begin:
        begin = request.begin + timedelta(seconds=int(panel.times[onset] - panel.times[span.begin]))
        begin = begin.astimezone(UTC)
    if not math.isfinite(request.depth) or not request.requirement > 0:
        return begin, request.depth
    seen = values[onset : span.end]
    depth = max(0.0, float((request.requirement - np.nanmean(seen)) / request.requirement))
    return begin, depth if abs(depth - request.depth) > 0.1 else request.depth


def _same(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))


def _verdict(p: float, level: float, moved: bool) -> Look:
    if p <= level:
        return Look.CORRECTED if moved else Look.CONFIRMED
    return Look.UNCLEAR if p <= DOUBT * level else Look.WITHDRAWN


def _moves(request: DetailRequest, begin: datetime, depth: float) -> list[str]:
    out = []
    if begin != request.begin:
        way = "earlier" if begin < request.begin else "later"
        minutes = abs((begin - request.begin).total_seconds()) / 60
        out.append(f"began {minutes:.0f} min {way} than reported")
    if not _same(depth, request.depth):
        out.append(f"depth {depth:.2f}, not {request.depth:.2f}")
    return out


def _chance(p: float) -> str:
    """The chance in words."""
    if p >= 0.05:
        return f"as bad as that in {p:.0%} of its usual windows"
    if p < 1e-6:
        return "by itself less than once in 1,000,000 such windows"
    return f"by itself once in {_rounded(1 / p):,.0f} such windows"


def _rounded(x: float) -> float:
    step = 10.0 ** max(0, math.floor(math.log10(x)) - 1)
    return round(x / step) * step


def _figure(x: float) -> str:
    size = abs(x)
    return f"{x:.0f}" if size >= 1000 else f"{x:.1f}" if size >= 10 else f"{x:.2f}" if size >= 1 else f"{x:.3g}"
