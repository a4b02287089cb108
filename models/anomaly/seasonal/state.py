"""Resident state of the series: structure of arrays, 71 bytes a series, all of it.

Hot are 23 bytes: what every value touches. The season of a series' own is stored hour by hour, (48, n), so that a step
touches one byte of it. Fixed point where a float would be waste: chart in 1/2048, gain in 1/16384, own season in 1/32
of the series' spread. `last` is the slot's number modulo 65536; `scrub` forgets series long silent before that becomes
ambiguous.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
WEEK, OWN = 168, 48
"""Hours of the cohort's season, and of a series' own (a working day and a free day)."""
CHART, GAIN, SEASON = 2048.0, 16384.0, 32.0
"""Units of the fixed-point numbers."""
SERIES: dict[str, tuple[str, float]] = {
    "level": ("f4", 0.0), "spread": ("f4", 0.0), "x": ("f4", np.nan), "chart": ("u2", 0), "gain": ("u2", GAIN),
    "count": ("u2", 0), "last": ("u2", 0), "cohort": ("u2", 0), "hour": ("u1", 0),
}  # fmt: skip
"""Hot state of a series and what it starts with. x, hour and cohort are of the last value, which is learned when the
series has its next step; tail: how often the series falls far below its habit.
"""
SILENT, SCRUB = 32768, 16384
"""Slots of silence after which a series is as never seen, and how often that is looked after."""


def own_hour(hour: Any) -> Any:
    """Hour of a series' own season: 0-23 on the first five days of the week, 24-47 on the last two."""
    return hour % 24 + 24 * (hour >= 120)


def size(state: Mapping[str, Array]) -> int:
    """Number of series that there is room for."""
    return len(state["level"]) if state else 0


def grown(state: Mapping[str, Array], n: int) -> dict[str, Array]:
    """The state with room for n series at least: the very arrays where they suffice, else new ones, a bit larger."""
    have = size(state)
    n = max(n, have + have // 16) if n > have else n
    if state and have >= n:
        return dict(state)
    out: dict[str, Array] = {}
    for name, (kind, start) in SERIES.items():
        out[name] = np.full(n, start, dtype=kind)
        if have:
            out[name][:have] = state[name]
    out["own"] = np.zeros((OWN, n), dtype=np.int8)
    if have:
        out["own"][:, :have] = state["own"]
    return out


def copied(state: Mapping[str, Array]) -> dict[str, Array]:
    """Copies of all arrays."""
    return {k: v.copy() for k, v in state.items()}


def scrub(state: Mapping[str, Array], before: int, now: int) -> None:
    """Forget, in place, the series silent for `SILENT` slots when the numbers of slots go from `before` to `now`."""
    border = now // SCRUB * SCRUB
    if before < 0 or not state or before >= border:
        return
    for a in range(0, size(state), 1 << 20):
        b = slice(a, a + (1 << 20))
        silence = ((before - state["last"][b].astype(np.int64)) & 0xFFFF) + (border - before)
        gone = a + np.flatnonzero((silence >= SILENT) & (state["count"][b] > 0))
        for name, (_, start) in SERIES.items():
            state[name][gone] = start
        state["own"][:, gone] = 0
