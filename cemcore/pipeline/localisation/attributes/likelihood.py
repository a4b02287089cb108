"""What a leaf says for and against a cause of each size: log likelihood ratios.

Leaves under one cause share its effect (the ripple effect: Sun et al., "HotSpot", IEEE Access 2018; Li et al.,
"Squeeze", ISSRE 2019): a value moves by the same fraction, or the same fraction of good attempts turns bad.
"""

from __future__ import annotations

import numpy as np

from cemcore.panel import Bool, Float64
from cemcore.pipeline.localisation.attributes.noise import log_density

EFFECTS = np.array([0.005, 0.01, 0.02, 0.04, 0.07, 0.11, 0.17, 0.26, 0.38, 0.54, 0.75, 0.97])
"""Sizes of effect that are tried, as fractions."""
SPREAD = 0.2
"""Leaves under one cause differ in their effect by this fraction of it."""
AGAINST, FOR = -8.0, 300.0
"""No leaf says more than this, in nats: one may be spared by a cause, or be wrong for reasons of its own."""


def of_values(y: Float64, known: Bool, level: Float64, freedom: float, signs: tuple[int, ...]) -> Float64:
    """Ratios (n, effects) of deviations y with these noise levels, for effects in each of the directions `signs`."""
    effect = np.concatenate([s * EFFECTS for s in signs])
    width = np.sqrt(level[:, None] ** 2 + (SPREAD * effect) ** 2)
    under = log_density((y[:, None] - effect) / width, freedom) - np.log(width)
    out = under - (log_density(y / level, freedom) - np.log(level))[:, None]
    out = np.clip(out, AGAINST, np.where(y[:, None] * effect > 0, FOR, 0.0))
    out[~known] = 0.0
    return np.ascontiguousarray(out)


def tempering(attempts: Float64, alike: float) -> Float64:
    """What one attempt counts in leaves of so many, when those of a leaf are this much alike: n attempts say as much as
    n / (1 + (n - 1) alike) independent ones (the design effect of cluster sampling, Kish 1965).
    """
    return np.asarray(1.0 / (1.0 + np.maximum(attempts - 1, 0) * alike))


def of_shares(bad: Float64, attempts: Float64, share: Float64, alike: float) -> Float64:
    """Ratios (n, effects) of binomial counts whose expected share of bad attempts is `share`, in 0..1, exclusive."""
    p = share[:, None]
    turned = np.log((p + EFFECTS * (1 - p)) / p)
    out = bad[:, None] * turned + (attempts - bad)[:, None] * np.log1p(-EFFECTS)
    return np.ascontiguousarray(out * tempering(attempts, alike)[:, None])


def of_drift(bad: Float64, attempts: Float64, share: Float64, drifted: Float64, alike: float) -> float:
    """Log likelihood ratio of all leaves between two sets of expected shares, nothing being wrong."""
    each = bad * np.log(drifted / share) + (attempts - bad) * np.log((1 - drifted) / (1 - share))
    return float((each * tempering(attempts, alike)).sum())
