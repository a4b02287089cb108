"""Alarms that come and go, held down by the figure of merit of route flap damping (RFC 2439, section 4).

Every raise of the same problem on the same object adds one; the sum halves in a quarter of an hour. From `CUT_OFF` on
the alarm counts as flapping, until the sum is below `REUSE`, at the longest `HOLD_S` after its last raise. (The values
are those that routers ship with.) A problem that was raised `DAILY` times within a day counts as flapping too.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from cemcore.panel import Bool, Float64, Int32, Int64
from cemcore.pipeline.localisation.folding.lines import Lines

HALF_LIFE_S = 900.0
CUT_OFF, REUSE = 3.0, 0.75
HOLD_S = 3600.0
DAILY = 12
MEMORY_S = 86_400.0


@dataclass(frozen=True)
class Raises:
    """Raises of the last day. series int64, at float64 [s]; sorted by series, then time; each once."""

    series: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))
    at: Float64 = field(default_factory=lambda: np.zeros(0))


def observe(raises: Raises, lines: Lines, known_at: float) -> Raises:
    """The raises after these lines too; a line that was seen before adds nothing."""
    series, at = np.concatenate([raises.series, lines.series]), np.concatenate([raises.at, lines.reported])
    recent = at > known_at - MEMORY_S
    series, at = series[recent], at[recent]
    order = np.lexsort((at, series))
    series, at = series[order], at[order]
    new = np.ones(len(series), np.bool_)
    new[1:] = (series[1:] != series[:-1]) | (at[1:] != at[:-1])
    return Raises(series[new], at[new])


def flapping(raises: Raises, lines: Lines, known_at: float) -> tuple[Bool, Int32]:
    """(whether the problem of each line flaps at `known_at`, how often it was raised within the last day)."""
    first = np.searchsorted(raises.series, lines.series)
    last = np.searchsorted(raises.series, lines.series, side="right")
    times = (last - first).astype(np.int32)
    held = times >= DAILY
    often = (times >= CUT_OFF) & ~held
    down = {}
    for i in np.flatnonzero(often).tolist():
        begin = int(first[i])
        if begin not in down:
            down[begin] = suppressed(raises.at[begin : last[i]], known_at)
        held[i] = down[begin]
    return held, times


def suppressed(at: Float64, now: float) -> bool:
    """Whether a problem raised at these times [s, ascending] is held down at `now`."""
    merit, held, before = 0.0, False, float(at[0])
    for t in at.tolist():
        merit *= 0.5 ** ((t - before) / HALF_LIFE_S)
        held = held and merit >= REUSE and t - before < HOLD_S
        merit += 1.0
        held = held or merit >= CUT_OFF
        before = t
    merit *= 0.5 ** ((now - before) / HALF_LIFE_S)
    return held and merit >= REUSE and now - before < HOLD_S
