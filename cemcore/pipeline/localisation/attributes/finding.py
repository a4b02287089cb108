"""From leaves to the combinations that explain them: noise and drift are learned from what nothing explains."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cemcore.panel import Bool, Float64
from cemcore.pipeline.localisation.attributes import likelihood, noise
from cemcore.pipeline.localisation.attributes.groups import Strays
from cemcore.pipeline.localisation.attributes.leaves import EITHER, HIGHER, LOWER, Leaves
from cemcore.pipeline.localisation.attributes.selection import Choice, Search

ROUNDS = 4
"""Times that the drift is learned anew from what is left unexplained, at most."""
SAME = 0.02
"""Drift (a ratio, as a logarithm) that makes no difference."""
ALIKE = (0.1, 0.03, 0.01, 0.003, 0.001, 0.0003)
"""How alike the attempts of a leaf are taken to be: first very much, so that leaves of one cause may differ; less, down
to what the leaves show, only while nothing stands out."""
SMALLEST, UNKNOWN = 1e-4, 3e-3
"""No forecast is perfect; with few leaves it can't be told how good it is."""
LEAST = 1e-7


@dataclass(frozen=True)
class Found:
    """What explains the leaves: choices, strongest first; drift: by what ratio all else is off its forecast; noise: the
    median noise level (values) or how alike the attempts of a leaf were taken to be (shares).
    """

    choices: tuple[Choice, ...]
    drift: float
    noise: float


@dataclass(frozen=True)
class _Run:
    choices: tuple[Choice, ...]
    drift: float
    gain: float


class _Values:
    """Plain values: the noise is relative to their size."""

    def __init__(self, leaves: Leaves, worse: str) -> None:
        self.real, self.expected = leaves.real, leaves.expected
        self.signs = {LOWER: (-1,), HIGHER: (1,), EITHER: (-1, 1)}[worse]
        self.size = np.maximum(np.abs(self.real), np.abs(self.expected))
        self.y, self.known = noise.deviations(self.real, self.expected)
        self.noise, self.freedom = noise.levels(self.y, self.known, self.size)

    def ratios(self, drift: float) -> Float64:
        y, known = noise.deviations(self.real, self.expected * drift)
        level, freedom = noise.levels(y, known, self.size)
        self.noise, self.freedom = level, freedom
        return likelihood.of_values(y, known, level, freedom, self.signs)

    def drift(self, rows: Bool) -> float:
        use = rows & (self.real > 0) & (self.expected > 0)
        return float(np.exp(np.median(np.log(self.real[use] / self.expected[use])))) if use.sum() >= 10 else 1.0

    def strays(self, drift: float, left: Bool) -> Strays:
        y, known = noise.deviations(self.real, self.expected * drift)
        weight = np.where(known, self.noise**-2.0, 0.0)
        return Strays(y * weight, weight, weight, False)

    def gain(self, drift: float) -> float:
        y, known = noise.deviations(self.real, self.expected * drift)
        here, there = (noise.log_density(v[known] / self.noise[known], self.freedom) for v in (y, self.y))
        return float((here - there).sum())


class _Shares:
    """Shares of attempts: bad ones are counted."""

    def __init__(self, leaves: Leaves, worse: str) -> None:
        assert leaves.weight is not None
        self.worse, n = worse, leaves.weight
        before = n if leaves.expected_weight is None else leaves.expected_weight
        flip = worse != HIGHER
        self.attempts = n
        self.bad = n * (1 - leaves.real if flip else leaves.real)
        share = 1 - leaves.expected if flip else leaves.expected
        usual = float((share * before).sum() / max(before.sum(), LEAST))
        self.share = np.clip((share * before + usual) / (before + 1), LEAST, 1 - LEAST)
        self.alike = ALIKE[0]

    def expected(self, drift: float) -> Float64:
        return np.clip(self.share * drift, LEAST, 0.98)

    def ratios(self, drift: float) -> Float64:
        p = self.expected(drift)
        out = likelihood.of_shares(self.bad, self.attempts, p, self.alike)
        if self.worse != EITHER:
            return out
        better = likelihood.of_shares(self.attempts - self.bad, self.attempts, 1 - p, self.alike)
        return np.ascontiguousarray(np.concatenate([out, better], axis=1))

    def drift(self, rows: Bool) -> float:
        due = float((self.attempts * self.share)[rows].sum())
        return float(np.clip(self.bad[rows].sum() / due, 0.05, 20.0)) if due > 0 else 1.0

    def strays(self, drift: float, left: Bool) -> Strays:
        p = self.expected(drift)
        floor = max(noise.likeness(self.bad[left], self.attempts[left], p[left]), SMALLEST)
        due = self.attempts * p
        return Strays(self.bad, due, due * (1 - p) * (1 + np.maximum(self.attempts - 1, 0) * floor), True)

    def gain(self, drift: float) -> float:
        return likelihood.of_drift(self.bad, self.attempts, self.share, self.expected(drift), self.alike)


def find(leaves: Leaves, worse: str, layers: int) -> Found:
    """The combinations of up to `layers` attributes that explain why leaves are `worse` than forecast."""
    search = Search(leaves.codes, leaves.sizes, layers)
    if leaves.weight is None:
        values = _Values(leaves, worse)
        run = _standing(search, values, _settled(search, values))
        return Found(run.choices, run.drift, float(np.median(values.noise)))
    shares = _Shares(leaves, worse)
    for alike in ALIKE:
        shares.alike = alike
        first = _settled(search, shares)
        run = _standing(search, shares, first)
        left = _unexplained(len(leaves), run)
        floor = noise.likeness(shares.bad[left], shares.attempts[left], shares.expected(run.drift)[left])
        if first.choices or alike <= max(floor, SMALLEST):
            break
    return Found(run.choices, run.drift, shares.alike)


def _settled(search: Search, case: _Values | _Shares) -> _Run:
    """The better of two beginnings, no drift and the drift of all leaves together, each followed until it rests."""
    every = np.ones(len(search.codes), bool)
    starts = [1.0, case.drift(every)]
    if abs(np.log(starts[1])) < SAME:
        starts.pop()
    runs = [_followed(search, case, start) for start in starts]
    return max(runs, key=lambda r: r.gain)


def _standing(search: Search, case: _Values | _Shares, run: _Run) -> _Run:
    """With only those choices that stray farther than groups of the unexplained leaves do."""
    while run.choices:
        left = _unexplained(len(search.codes), run)
        strays = case.strays(run.drift, left)
        spread = strays.spread(search.cube, left)
        good = [c for c in run.choices if strays.evidence(c.rows, spread[len(c.family)]) > search.price[c.family]]
        if len(good) == len(run.choices):
            break
        run = replace(run, choices=tuple(good))
    return run


def _followed(search: Search, case: _Values | _Shares, drift: float) -> _Run:
    run = _Run((), drift, -np.inf)
    for _ in range(ROUNDS):
        choices = tuple(search.select(case.ratios(drift)))
        run = _Run(choices, drift, case.gain(drift) + sum(c.score for c in choices))
        left = _unexplained(len(search.codes), run)
        new = case.drift(left) if left.any() else drift
        if abs(np.log(new / drift)) < SAME:
            break
        drift = new
    return run


def _unexplained(n: int, run: _Run) -> Bool:
    left = np.ones(n, bool)
    for c in run.choices:
        left[c.rows] = False
    return left
