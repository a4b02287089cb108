"""Whose clock is off by how much: an element says when it raised an alarm, its management system when it heard of it.

lag = reported - raised = delay - skew. Delays are alike within a source system; so an element whose lags are centred
elsewhere has a clock that is off by the difference. Medians throughout, as delays have long tails; the offset of an
element with few alarms is shrunk by empirical Bayes (Efron & Morris 1973), with its own variance where it stands far
out, as a few clocks are off by minutes and most by nothing. A system that has reported what, by its clock, lies after
the tick that knew of it, runs ahead at least by that.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from cemcore.panel import Float32, Float64, Int64
from cemcore.pipeline.localisation.folding.lines import Lines

KEPT = 8
"""Lags kept of an element, the newest by its system's clock."""
FORGOTTEN_S = 30 * 86_400.0
"""An element that has raised nothing for so long is forgotten."""
LOOKED_AT = 20_000
"""Elements, the latest, from which the delays of systems are told."""
ENOUGH = 8
"""Lags of a system from which on it is told by itself; below that all systems together."""
SURE = 3
"""With fewer lags a report that came late may be a slow clock as well as a slow way: the onset lies in between."""
LEAST_S = 1.0
"""No clock and no delay is taken to be known better than this."""
PER_MAD = 1.4826
AHEAD_KEPT_S = 86_400


@dataclass(frozen=True)
class Clocks:
    """What is known of clocks. element, source int64 [n] by element, sorted; when float64 [n, KEPT] [s], newest first,
    lag float32 [n, KEPT] [s], NaN where there are fewer. ahead_of int64 [m] sources whose clock ran ahead by `ahead`
    [s], last seen at `ahead_at` [s].
    """

    element: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))
    source: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))
    when: Float64 = field(default_factory=lambda: np.zeros((0, KEPT)))
    lag: Float32 = field(default_factory=lambda: np.zeros((0, KEPT), np.float32))
    ahead_of: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))
    ahead: Float64 = field(default_factory=lambda: np.zeros(0))
    ahead_at: Float64 = field(default_factory=lambda: np.zeros(0))


def observe(clocks: Clocks, lines: Lines, known_at: float) -> Clocks:
    """What is known after these lines too, which may have been seen before: every report counts once."""
    ahead = _ahead(clocks, lines, known_at)
    if not len(lines):
        return Clocks(clocks.element, clocks.source, clocks.when, clocks.lag, *ahead)
    touched, first = np.unique(lines.element, return_index=True)
    at = np.minimum(np.searchsorted(clocks.element, touched), max(len(clocks.element) - 1, 0))
    old = at[clocks.element[at] == touched] if len(clocks.element) else at[:0]
    has = ~np.isnan(clocks.lag[old])
    who = np.concatenate([np.repeat(clocks.element[old], has.sum(axis=1)), lines.element])
    when = np.concatenate([clocks.when[old][has], lines.reported])
    lag = np.concatenate([clocks.lag[old][has].astype(np.float64), lines.reported - lines.raised]).astype(np.float32)
    order = np.lexsort((lag, -when, who))
    who, when, lag = who[order], when[order], lag[order]
    new = np.ones(len(who), np.bool_)
    new[1:] = (who[1:] != who[:-1]) | (when[1:] != when[:-1]) | (lag[1:] != lag[:-1])
    who, when, lag = who[new], when[new], lag[new]
    place = np.arange(len(who)) - np.searchsorted(who, who)
    kept = place < KEPT
    element = np.union1d(clocks.element, touched)
    source = np.zeros(len(element), np.int64)
    whens, lags = np.full((len(element), KEPT), np.nan), np.full((len(element), KEPT), np.nan, np.float32)
    at = np.searchsorted(element, clocks.element)
    source[at], whens[at], lags[at] = clocks.source, clocks.when, clocks.lag
    at = np.searchsorted(element, touched)
    source[at] = lines.source[first]
    whens[at], lags[at] = np.nan, np.nan
    at = np.searchsorted(element, who[kept])
    whens[at, place[kept]], lags[at, place[kept]] = when[kept], lag[kept]
    fresh = whens[:, 0] > known_at - FORGOTTEN_S
    return Clocks(element[fresh], source[fresh], whens[fresh], lags[fresh], *ahead)


def _ahead(clocks: Clocks, lines: Lines, known_at: float) -> tuple[Int64, Float64, Float64]:
    over = lines.reported > known_at
    source = np.concatenate([clocks.ahead_of, lines.source[over]])
    ahead = np.concatenate([clocks.ahead, lines.reported[over] - known_at])
    at = np.concatenate([clocks.ahead_at, np.full(int(over.sum()), known_at)])
    fresh = at > known_at - AHEAD_KEPT_S
    source, ahead, at = source[fresh], ahead[fresh], at[fresh]
    order = np.lexsort((-at, -ahead, source))
    first = order[np.unique(source[order], return_index=True)[1]]
    return source[first], ahead[first], at[first]


def onsets(clocks: Clocks, lines: Lines) -> tuple[Float64, Float64]:
    """(onset, standard deviation) [s] of lines, by a clock that all share: the element's own time less its offset,
    never after its system heard of it.
    """
    if not len(lines):
        return np.zeros(0), np.zeros(0)
    latest = np.argsort(-clocks.when[:, 0], kind="stable")[:LOOKED_AT]
    wanted = np.union1d(latest, np.searchsorted(clocks.element, np.unique(lines.element)))
    element, source, lag = clocks.element[wanted], clocks.source[wanted], clocks.lag[wanted].astype(np.float64)
    count = (~np.isnan(lag)).sum(axis=1)
    middle = np.nanmedian(lag, axis=1)
    usual, spread, between = _by_source(source, lag, middle, count)
    error = spread**2 / count
    far = (middle - usual) ** 2
    prior = np.maximum(between**2, far - error)
    trust = prior / (prior + error)
    offset, sd = trust * (middle - usual), np.sqrt(trust * error + LEAST_S**2)
    unsure = (count < SURE) & (offset > 3 * np.hypot(spread, between))
    offset, sd = np.where(unsure, offset / 2, offset), np.where(unsure, np.hypot(sd, offset / 2), sd)
    at = np.searchsorted(element, lines.element)
    fast = np.zeros(len(lines))
    if len(clocks.ahead_of):
        where = np.minimum(np.searchsorted(clocks.ahead_of, lines.source), len(clocks.ahead_of) - 1)
        fast = np.where(clocks.ahead_of[where] == lines.source, clocks.ahead[where], 0.0)
    return np.minimum(lines.raised + offset[at], lines.reported) - fast, sd[at]


def _by_source(source: Int64, lag: Float64, middle: Float64, count: Int64) -> tuple[Float64, Float64, Float64]:
    """Per element, of its system (of all together where that has few lags): usual delay, spread of delays about an
    element's own, spread of elements about the usual.
    """
    inside = np.abs(lag - middle[:, None])
    out = np.empty((3, len(source)))
    out[:] = np.array(_delays(lag, inside, middle, count))[:, None]
    for s in np.unique(source):
        of = source == s
        if count[of].sum() >= ENOUGH:
            out[:, of] = np.array(_delays(lag[of], inside[of], middle[of], count[of]))[:, None]
    return out[0], out[1], out[2]


def _delays(lag: Float64, inside: Float64, middle: Float64, count: Int64) -> tuple[float, float, float]:
    """(usual delay, spread of delays, spread of clocks): told apart by elements with several lags; where there are
    none, either may be the whole.
    """
    usual = float(np.nanmedian(lag))
    about = max(PER_MAD * float(np.median(np.abs(middle - usual))), LEAST_S)
    several = count >= SURE
    if not several.any():
        return usual, about, about
    n = float(count[several].mean())
    spread = max(PER_MAD * float(np.nanmedian(inside[several])) * np.sqrt(n / (n - 1)), LEAST_S)
    between = np.sqrt(max(about**2 - float(np.median(spread**2 / count)), LEAST_S**2))
    return usual, spread, float(between)
