"""The step in NumPy: what the compiled kernel must equal, bit for bit, and the equations to read.

Gathers blocks of series, computes in float32, scatters back. Running estimates of bounded
influence (Huber 1964) for level, gain and spread; a leaky one-sided CUSUM (Page 1954) for what lasts; the deviation
itself for what is sudden.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.anomaly.seasonal.cohorts import FIXED
from models.anomaly.seasonal.lookups import CEILING, GAPS, Lookups
from models.anomaly.seasonal.state import CHART, GAIN, SEASON, WEEK, own_hour
from models.calibration import BINS

Array = NDArray[Any]
BLOCK = 32768
"""Series at a time, so that what is computed stays in the cache."""
f4, u4, i4 = np.float32, np.uint32, np.int32
STIFF, TINY = f4(0.0025), f4(1e-6)
"""Floor of a spread: share of the expected value, and the least of all."""
SLOWER = f4(8)
"""Chart at which a series learns half as fast: what lasts is taken over slowly, but is."""


def run(
    s: Mapping[str, Array], t: Lookups, number: int, rows: Array, x: Array, cohort: Array, hour: Array,
    surprise: Array, z: Array, said: Mapping[str, Array], touched: Array,
) -> None:  # fmt: skip
    """Learn what the series `rows` hold, judge their values `x` at slot `number`.

    Writes the state s, surprise and z, adds to the tally, and marks the own hours `touched` (48,).
    """
    with np.errstate(all="ignore"):
        for a in range(0, len(rows), BLOCK):
            b = slice(a, min(a + BLOCK, len(rows)))
            gap = _learn(s, t, number, rows[b], said, touched)
            _judge(s, t, rows[b], x[b], cohort[b], hour[b], gap, surprise[b], z[b], said["first"])
            s["x"][rows[b]], s["last"][rows[b]] = x[b], number & 0xFFFF
            s["cohort"][rows[b]], s["hour"][rows[b]] = cohort[b], hour[b]


def _learn(
    s: Mapping[str, Array], t: Lookups, number: int, rows: Array, said: Mapping[str, Array], touched: Array
) -> Array:
    """Learn the held values of the series; returns the slots since their last step."""
    held, level, spread = s["x"][rows], s["level"][rows], s["spread"][rows]
    k, h = s["cohort"][rows].astype(np.int64), s["hour"][rows].astype(np.int64)
    own = own_hour(h)
    count, chart = s["count"][rows].astype(f4), s["chart"][rows].astype(f4)
    gain, season = s["gain"][rows].astype(f4), s["own"][own, rows].astype(f4)
    ok, new = held == held, count == 0
    gap = np.where(new, np.uint16(1), np.uint16(number & 0xFFFF) - s["last"][rows])
    gap = np.minimum(gap, np.uint16(GAPS - 1))
    p, q, unit = t.season[k, h], t.width[k, h], t.unit[k]
    bits = _bits(held, level, number)
    u, v = _fraction(bits & u4(0xFFFF)), _fraction(bits >> u4(16))
    mean = (level + gain * f4(1 / GAIN) * p) + spread * season * f4(1 / SEASON)
    floor = np.maximum(np.maximum(t.near[k], np.abs(mean) * STIFF), TINY)
    sd = np.maximum(spread * q, floor)
    z = (held - mean) / sd
    psi = np.minimum(np.maximum(z, f4(-2.5)), f4(2.5))
    step = sd * psi
    pace = t.pace[gap] * (SLOWER / (SLOWER + chart * f4(1 / CHART)))
    once = f4(1) / (count + f4(1))
    bound = f4(2.5) + f4(20) * once
    level2 = level + np.maximum(once, pace) * sd * np.minimum(np.maximum(z, -bound), bound)
    gain2 = gain + np.maximum(np.minimum(f4(2) * once, f4(0.05)), pace) * step * t.lean[k, h] * f4(GAIN) + u
    gain2 = np.minimum(np.maximum(gain2, f4(0.1 * GAIN)), f4(65535))
    lively = np.maximum(np.minimum(f4(33.6) * once, t.hours * f4(0.25)), pace * f4(2))
    season2 = np.minimum(np.maximum(season + lively * psi * q * f4(SEASON) + v, f4(-127)), f4(127)) + f4(128)
    wider = f4(1) + f4(0.5) * np.maximum(np.minimum(f4(2) * once, f4(0.2)), f4(0.5) * pace) * (
        psi * psi * f4(1 / 0.97) - f4(1)
    )
    spread2 = np.maximum(spread * wider, floor)
    known = np.where(t.founding[k] > 0, t.founding[k], np.maximum(np.abs(held) * f4(0.01), TINY))
    learned = ok & ~new
    s["level"][rows] = np.where(learned, level2, np.where(ok, held - p, level))
    s["spread"][rows] = np.where(learned, spread2, np.where(ok, known, spread))
    s["gain"][rows] = np.where(learned, gain2, gain).astype(np.uint16)
    s["own"][own, rows] = (np.where(learned, season2, season + f4(128)).astype(i4) - 128).astype(np.int8)
    s["count"][rows] = np.where(ok, np.minimum(count + f4(1), f4(65535)), count).astype(np.uint16)
    touched[np.unique(own)] = True
    ripe = learned & (count >= t.least)
    _sums(said, ripe, k, h, step * unit, psi * psi)
    _sample(said, t, ripe & ((bits >> u4(8)) & u4(t.stride - 1) == 0), k, chart, z, spread * unit)
    return gap


def _sums(said: Mapping[str, Array], ripe: Array, k: Array, h: Array, step: Array, power: Array) -> None:
    """Add what ripe series say of their cohort's hour, in fixed point."""
    at = np.flatnonzero(ripe)
    key, shape = (k * WEEK + h)[at], said["n"].shape
    moved = np.minimum(np.maximum(step[at], f4(-32000)), f4(32000)) + f4(32768.5)
    for name, values in (("n", np.ones(len(at))), ("step", moved.astype(i4) - 32768), ("power", _fixed(power[at]))):
        sums = np.bincount(key, weights=values, minlength=shape[0] * WEEK)
        said[name][...] += sums.astype(np.int64).reshape(shape)


def _sample(
    said: Mapping[str, Array], t: Lookups, picked: Array, k: Array, chart: Array, z: Array, ratio: Array
) -> None:
    """Add sampled values to the histograms of the null, and sampled spreads."""
    at = np.flatnonzero(picked)
    k, c, p = k[at], _chart_bin(chart[at]), _point_bin(z[at])
    bad = (t.chart[k, c] > t.suspect).astype(i4)
    np.add.at(said["chart"], (k, bad, c), 1)
    np.add.at(said["point"], (k, bad, p), 1)
    said["ripe"][:, 0] += np.bincount(k, minlength=len(said["ripe"]))
    np.add.at(said["ripe"][:, 1], k, _fixed(np.minimum(ratio[at] * f4(1 / FIXED), f4(4))))


def _judge(
    s: Mapping[str, Array], t: Lookups, rows: Array, x: Array, cohort: Array, hour: Array, gap: Array,
    surprise: Array, z: Array, first: Array,
) -> None:  # fmt: skip
    """Judge the values x, and move the charts."""
    level, spread = s["level"][rows], s["spread"][rows]
    count, gain = s["count"][rows].astype(f4), s["gain"][rows].astype(f4)
    season, chart = s["own"][own_hour(hour), rows].astype(f4), s["chart"][rows].astype(f4) * f4(1 / CHART)
    p, q = t.season[cohort, hour], t.width[cohort, hour]
    here, fresh = x == x, count == 0
    mean = (level + gain * f4(1 / GAIN) * p) + spread * season * f4(1 / SEASON)
    floor = np.maximum(np.maximum(t.near[cohort], np.abs(mean) * STIFF), TINY)
    sd = np.maximum(spread * q, floor)
    mean, sd = np.where(fresh, t.level[cohort] + p, mean), np.where(fresh, t.between[cohort], sd)
    z[:] = (x - mean) / sd
    low = np.minimum(np.maximum(z, f4(-5)), f4(5))
    kept = chart * t.keep[gap]
    charted = np.minimum(np.maximum(kept - low * t.push[gap] - t.slack[gap], f4(0)), f4(CEILING))
    charted = np.where(here & ~fresh, charted, kept * t.quiet[gap]) * f4(CHART) + f4(0.5)
    fixed = charted.astype(i4).astype(f4)
    s["chart"][rows] = fixed.astype(np.uint16)
    worse = np.maximum(t.chart[cohort, _chart_bin(fixed)], t.point[cohort, _point_bin(z)])
    surprise[:] = np.where(here & (count >= t.least), worse, f4(np.nan))
    at = np.flatnonzero(fresh & here)
    for j in range(3 if len(at) else 0):
        first[:, j] += np.bincount(cohort[at], weights=x[at].astype(np.float64) ** j, minlength=len(first))


def _chart_bin(chart: Array) -> Array:
    return np.clip((chart * f4(8 / CHART)).astype(i4), i4(0), i4(BINS - 1))


def _point_bin(z: Array) -> Array:
    root = np.sqrt(np.where(z < 0, -z, f4(0))) * f4(32)
    return np.minimum(root, f4(BINS - 1)).astype(i4)


def _fixed(value: Array) -> Array:
    return (value * f4(FIXED) + f4(0.5)).astype(i4)


def _fraction(bits: Array) -> Array:
    return bits.astype(i4).astype(f4) * f4(1 / 65536)


def _bits(held: Array, level: Array, number: int) -> Array:
    """Fair dice of a series' own past: the same in every replay, whatever else is in the slot."""
    h = held.view(u4) ^ (level.view(u4) * u4(0x9E3779B1))
    h = h + u4((number * 0x85EBCA6B) & 0xFFFFFFFF)
    h = (h ^ (h >> u4(15))) * u4(0x2C1B3C6D)
    h = (h ^ (h >> u4(12))) * u4(0x297A2D39)
    return np.asarray(h ^ (h >> u4(15)))
