"""Synthetic series with planted faults, for the benchmarks of tier 1's quality and budget; run alone it says what they
are.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.anomaly.seasonal import Seasonal

KINDS = ("drop", "ramp", "evening", "spike")
NO = np.zeros(0, np.bool_)
Array = Any


@dataclass(frozen=True)
class Town:
    """Hourly values x (hours, series) with what is true of them; faults (series, begin, end, kind)."""

    x: Array
    mean: Array
    sd: Array
    hour: Array
    cohort: Array
    faults: list[tuple[int, int, int, str]]
    train: int


def _plant(rng: Any, x: Array, sd: Array, sigma: float, hour: Array, i: int, b: int, kind: str) -> int:
    """Plant a fault into x[:, i] from hour b; returns its length."""
    if kind == "drop":
        d = int(rng.integers(6, 49))
        x[b : b + d, i] -= rng.uniform(1, 3) * sigma
    elif kind == "ramp":
        d = int(rng.integers(24, 73))
        x[b : b + d, i] -= np.arange(d)[: len(x) - b] / d * rng.uniform(2, 4) * sigma
    elif kind == "evening":
        d = int(rng.integers(3, 8) * 24)
        x[b : b + d, i] -= rng.uniform(1.5, 3) * sigma * (hour[b : b + d] % 24 >= 18)
    else:
        d = int(rng.integers(1, 3))
        x[b : b + d, i] -= rng.uniform(4, 8) * sd[b, i]
    return d


def town(
    seed: int, n: int = 600, weeks: int = 14, train: int = 8, faults: float = 0.5, contaminated: float = 0
) -> Town:
    """Level drift, cohort season x own gain, own season, AR(1) noise (.4), 5 % missing; contaminated: share of training
    values inside incidents.
    """
    rng = np.random.default_rng(seed)
    hours, begin, h = weeks * 168, train * 168, np.arange(168)
    hour = (np.arange(hours) % 168).astype(np.int32)
    season, width = np.empty((3, 168)), np.empty((3, 168))
    for k in range(3):
        daily = np.sin(2 * np.pi * (h % 24 - rng.uniform(0, 24)) / 24) * 1.5
        season[k] = daily + rng.normal(0, 0.5, 24)[h % 24] + (h >= 120) * rng.normal(0, 0.7)
        width[k] = np.exp(0.3 * np.sin(2 * np.pi * (h % 24 - rng.uniform(0, 24)) / 24))
    cohort, sigma = rng.integers(0, 3, n).astype(np.int32), np.exp(rng.normal(0, 0.4, n))
    level, gain = rng.uniform(40, 90, n), np.exp(rng.normal(0, 0.35, n))
    own = rng.normal(0, 0.3, (n, 24)) * sigma[:, None]
    noise = rng.normal(size=(hours, n))
    for t in range(1, hours):
        noise[t] = 0.4 * noise[t - 1] + np.sqrt(1 - 0.16) * noise[t]
    drift = np.cumsum(rng.normal(0, 0.01, (hours, n)), 0) * sigma
    mean = level + drift + gain * season[cohort][:, hour].T + own[:, hour % 24].T
    sd = sigma * width[cohort][:, hour].T
    x, planted = mean + sd * noise, []
    for i in range(n):
        if rng.random() < faults:
            kind, b = KINDS[rng.integers(0, 4)], int(rng.integers(begin, hours - 8 * 24))
            planted.append((i, b, b + _plant(rng, x, sd, sigma[i], hour, i, b, kind), kind))
    left = contaminated * begin * n
    while left > 0:
        i = int(rng.integers(n))
        left -= _plant(rng, x, sd, sigma[i], hour, i, int(rng.integers(0, begin - 72)), KINDS[rng.integers(0, 2)])
    x[rng.random(x.shape) < 0.05] = np.nan
    return Town(x.astype(np.float32), mean, sd, hour, cohort, planted, begin)


def watch(w: Town) -> tuple[Array, Array]:
    """(surprise, z) of the detector over all hours."""
    detector: Any = Seasonal(seconds=3600)
    out = np.full((2, *w.x.shape), np.nan, np.float32)
    for t, line in enumerate(w.x):
        rows = np.flatnonzero(np.isfinite(line))
        hour = np.full(len(rows), w.hour[t], np.int32)
        detector, out[0, t, rows], out[1, t, rows], said = detector.advance(
            t * 3600, rows, line[rows], w.cohort[rows], hour, NO
        )
        detector = detector.absorb(said)
    return out[0], out[1]


def faulty(w: Town) -> Array:
    """Which values lie in a fault or the day after, when what is found is no false alarm."""
    inside = np.zeros(w.x.shape, np.bool_)
    for i, b, e, _ in w.faults:
        inside[b : e + 24, i] = True
    return inside


def episodes(w: Town, over: Array) -> list[tuple[int, int, int]]:
    """(series, first, last hour) of what is over after training, joined over gaps of up to six hours."""
    out: list[tuple[int, int, int]] = []
    for i, t in zip(*np.nonzero(over[w.train :].T), strict=True):
        t += w.train
        if out and out[-1][0] == i and t - out[-1][2] <= 6:
            out[-1] = (int(i), out[-1][1], int(t))
        else:
            out.append((int(i), int(t), int(t)))
    return out


def false_rate(w: Town, over: Array) -> float:
    """False episodes a series-week."""
    inside = faulty(w)
    false = sum(not inside[a : b + 1, i].any() for i, a, b in episodes(w, over))
    return false / (w.x.shape[1] * (len(w.x) - w.train) / 168)


if __name__ == "__main__":
    example = town(1, n=60)
    sys.stdout.write(f"{example.x.shape[1]} series of {len(example.x)} hours, {len(example.faults)} faults planted\n")
