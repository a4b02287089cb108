"""Is it a rule, or does it merely happen often? A mixture of two kinds of shares, learned from the inventory itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betaln

from cemcore.panel import Float64, Int64

SHARE = 0.05
"""Share of faults that is taken before anything is looked at."""

LEAST_SHARE, MOST_SHARE = 0.03, 0.25
"""Bounds of the share of faults that an inventory is believed to have."""

PRIOR_RULE = 0.2
"""Share of regularities that are rules, before anything is looked at."""

EVEN = 10.0
"""Faults come in heaps: the share of faults of one kind varies about the whole's as a beta distribution worth so many
cases.
"""

LEAN = 1.0
"""A group of regularities leans on the wider one with so many regularities' worth."""

ROUNDS = 20


@dataclass(frozen=True)
class Rules:
    """`rule` [kind, regularity] = probability that the regularity is a rule for the kind; `share` of faults found."""

    rule: Float64
    share: float


def learn_rules(kept: Float64, known: Float64, group: Int64, seen: Float64 | float = 1.0) -> Rules:
    """Which regularities are rules, by expectation and maximisation.

    kept, known: [kind, regularity] cases that keep to it, of those that could. A rule is broken by faults alone (a
    `share` of all cases, of which `seen` break this rule: [kind, regularity] or one number), so its count is
    beta-binomial about that share; what is no rule has any share, uniformly: beta-binomial(1, 1). group [kind]: kinds
    of one group have the same prior, which leans on that of the regularity everywhere.
    """
    share, rule = SHARE, np.full(kept.shape, PRIOR_RULE)
    prior = rule
    free = betaln(kept + 1, known - kept + 1)
    asked = known > 0
    broken = known - kept
    for _ in range(ROUNDS):
        p = np.clip(share * seen, 1e-4, 0.5)
        a, b = EVEN * p, EVEN * (1 - p)
        bound = betaln(broken + a, kept + b) - betaln(a, b)
        odds = np.log(prior) - np.log1p(-prior) + bound - free
        rule = np.where(asked, 1 / (1 + np.exp(-np.clip(odds, -50, 50))), prior)
        share = float(np.clip((rule * broken).sum() / max((rule * known * seen).sum(), 1e-9), LEAST_SHARE, MOST_SHARE))
        prior = np.clip(_prior(rule, asked.astype(np.float64), group), 1e-4, 1 - 1e-4)
    return Rules(np.asarray(rule, np.float64), share)


def _prior(rule: Float64, asked: Float64, group: Int64) -> Float64:
    """Prior by kind and regularity: of its group, leaning on the regularity's everywhere, leaning on `PRIOR_RULE`."""
    everywhere = ((rule * asked).sum(axis=0) + LEAN * PRIOR_RULE) / (asked.sum(axis=0) + LEAN)
    top, size = np.zeros((int(group.max()) + 1, rule.shape[1])), np.zeros((int(group.max()) + 1, rule.shape[1]))
    np.add.at(top, group, rule * asked)
    np.add.at(size, group, asked)
    return np.asarray(((top + LEAN * everywhere) / (size + LEAN))[group], np.float64)
