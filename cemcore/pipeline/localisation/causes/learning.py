"""Weights of evidence learned from what operators said of problems.

A settled problem is one choice among its ranked candidates and "none of these": a conditional logit (McFadden, 1974,
"Conditional logit analysis of qualitative choice behavior") over the amounts of evidence. The stated weights are the
middle of a Gaussian prior, so that few verdicts move little; mode and curvature (Laplace) give weights and intervals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cemcore.domain import Cause, ServiceProblem
from cemcore.panel import Float64
from cemcore.pipeline.localisation.causes.weights import KINDS, PRIORS, Prior, Weights

STEPS, DONE = 60, 1e-9
Z95 = 1.959964
"""Quantile of the standard normal distribution: half the width of a 95 % interval in standard deviations."""


@dataclass(frozen=True)
class Case:
    """One settled problem: amounts float64 (candidates + 1, KINDS), the last line "none of these"; truth: which."""

    amounts: Float64
    truth: int


@dataclass(frozen=True)
class Learned:
    """A weight as stated and as learned, with its 95 % interval; `problems` had some evidence of its kind."""

    prior: Prior
    value: float
    low: float
    high: float
    problems: int


def case(problem: ServiceProblem, cause: str) -> Case | None:
    """The case of a problem that was settled with a cause, "" = none of what was named; None where nothing was."""
    found = [c for c in problem.causes if c.label != "unknown"]
    if not found:
        return None
    amounts = np.zeros((len(found) + 1, len(KINDS)))
    for i, c in enumerate(found):
        for e in c.evidence:
            if e.kind in KINDS:
                amounts[i, KINDS.index(e.kind)] += e.amount
    amounts[-1, KINDS.index("unknown")] = 1.0
    right = [i for i, c in enumerate(found) if cause and _is(c, cause)]
    return Case(amounts, right[0] if right else len(found)) if amounts[:-1].any() else None


def _is(c: Cause, said: str) -> bool:
    """Whether a cause is what an operator named, in any order of attributes; what is tied with it counts."""

    def parts(text: str) -> frozenset[str]:
        return frozenset(p.strip() for p in text.split(","))

    return any(parts(said) == parts(n) for n in (c.name, *c.tied_with))


def learn(cases: Sequence[Case], priors: Sequence[Prior] = PRIORS) -> tuple[Weights, tuple[Learned, ...]]:
    """(weights to use, each with its interval): the mode of the posterior, found by Newton steps."""
    middle = np.array([p.value for p in priors])
    precision = np.array([p.spread for p in priors]) ** -2.0
    w = middle.copy()
    value, slope, bend = _posterior(w, cases, middle, precision)
    for _ in range(STEPS):
        step = np.linalg.solve(bend, slope)
        size = 1.0
        while True:
            ahead = _posterior(w + size * step, cases, middle, precision)
            if ahead[0] >= value or size < 1e-6:
                break
            size /= 2
        w = w + size * step
        gained, (value, slope, bend) = ahead[0] - value, ahead
        if gained < DONE:
            break
    deviation = np.sqrt(np.diag(np.linalg.inv(bend)))
    seen = [sum(bool(np.ptp(c.amounts[:, k]) > 0) for c in cases) for k in range(len(priors))]
    lines = tuple(
        Learned(p, float(x), float(x - Z95 * d), float(x + Z95 * d), n)
        for p, x, d, n in zip(priors, w, deviation, seen, strict=True)
    )
    return Weights({p.kind: round(float(x), 6) for p, x in zip(priors, w, strict=True)}, len(cases)), lines


def _posterior(
    w: Float64, cases: Sequence[Case], middle: Float64, precision: Float64
) -> tuple[float, Float64, Float64]:
    """(log posterior up to a constant, its gradient, minus its Hessian) at weights w."""
    value = -0.5 * float((precision * (w - middle) ** 2).sum())
    slope, bend = -precision * (w - middle), np.diag(precision)
    for c in cases:
        odds = c.amounts @ w
        mass = np.exp(odds - odds.max())
        p = mass / mass.sum()
        mean = p @ c.amounts
        value += float(np.log(p[c.truth] + 1e-300))
        slope = slope + c.amounts[c.truth] - mean
        away = c.amounts - mean
        bend = bend + (away * p[:, None]).T @ away
    return value, slope, bend
