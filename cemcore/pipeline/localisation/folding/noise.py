"""How much an alarm says: less where its kind stands everywhere for long, and where it flaps."""

from __future__ import annotations

import numpy as np

from cemcore.panel import Bool, Float32, Float64, Int32, Int64
from cemcore.pipeline.localisation.folding.lines import Lines

LONG_S = 6 * 3600.0
"""An alarm that stands longer than this is a state, not an event."""


def commonness(lines: Lines, kinds_of: Int32, known_at: float) -> Float32:
    """Share of the resources of the types that carry its problem on which each line's problem has long been standing.

    kinds_of int32: type code by resource. Fresh alarms do not count: a storm is on everything, too.
    """
    out = np.zeros(len(lines), np.float32)
    there = lines.resource >= 0
    long = there & np.isnan(lines.cleared) & (lines.raised < known_at - LONG_S)
    if not long.any():
        return out
    population = np.bincount(kinds_of)
    kind, code = np.unique(lines.kind, return_inverse=True)
    carriers = _distinct(code[there], kinds_of[lines.resource[there]].astype(np.int64))
    size = np.bincount(carriers[0], weights=population[carriers[1]], minlength=len(kind))
    standing = _distinct(code[long], lines.resource[long].astype(np.int64))
    share = np.bincount(standing[0], minlength=len(kind)) / np.maximum(size, 1)
    return np.asarray(share[code], np.float32)


def _distinct(a: Int64, b: Int64) -> tuple[Int64, Int64]:
    span = int(b.max(initial=0)) + 1
    key = np.unique(a * span + b)
    return key // span, key % span


def weights(common: Float32, flapping: Bool, times: Int32) -> Float32:
    """How much each line says, 0..1: what is common says less by its share, what flaps by how often it was raised."""
    damped: Float64 = np.where(flapping, 1.0 / np.maximum(times, 1), 1.0)
    return np.asarray((1.0 - np.minimum(common, 1.0)) * damped, np.float32)
