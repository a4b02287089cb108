"""Surprise as log-odds: how much likelier a shift is where something is wrong than where nothing is."""

from __future__ import annotations

from math import lgamma, log, pi

import numpy as np

from cemcore.panel import Float64

FREEDOM = 5.0
"""Degrees of freedom of Student's t that healthy metrics follow: their tails are heavy."""
WIDER = 5.0
"""Troubled metrics move this many times as far."""
LEAST, MOST = -1.5, 6.0
"""Bounds of what one metric may say [nats]."""
BETTER = 0.3
"""Weight with which a movement for the better speaks against trouble, where it would speak for it if it were worse."""


def student(x: Float64, freedom: float, scale: float = 1.0) -> Float64:
    """Log density of Student's t at x."""
    constant = lgamma((freedom + 1) / 2) - lgamma(freedom / 2) - 0.5 * log(freedom * pi) - log(scale)
    return np.asarray(constant - (freedom + 1) / 2 * np.log1p((x / scale) ** 2 / freedom))


def log_odds(shift: Float64, signed: Float64) -> Float64:
    """Log Bayes factor [nats] of trouble for shifts [spreads]; NaN -> 0.

    signed: 1 where only a positive shift is worse. Student's t WIDER times as wide against Student's t; at no shift it
    is -ln WIDER, at 4 spreads 2.3.
    """
    x = np.nan_to_num(shift)
    out = np.clip(student(x, FREEDOM, WIDER) - student(x, FREEDOM), LEAST, MOST)
    better = (signed > 0) & (x < 0)
    out = np.where(better, np.minimum(out, 0.0) - BETTER * np.maximum(out, 0.0), out)
    return np.where(np.isfinite(shift), np.maximum(out, LEAST), 0.0)
