"""Quality indicators brought to scales on which deviations add up and mean the same at every level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cemcore.panel import Float32


@dataclass(frozen=True, slots=True)
class Scale:
    """How one indicator is read: `kind` is log, log1p, raw or ratio; `sign` is +1 where more is better.

    `material` is the smallest deviation on the transformed scale that a user would notice (a quarter on a rate or a
    delay, a fifth of a MOS point, two hundredths of play time stalled): under half of it nothing counts as abnormal.
    """

    kind: str
    sign: int
    material: float


SCALES: dict[str, Scale] = {
    "latency_ms": Scale("log", -1, 0.22),
    "jitter_ms": Scale("log", -1, 0.4),
    "loss_pct": Scale("log1p", -1, 0.5),
    "throughput_mbps": Scale("log", 1, 0.22),
    "startup_s": Scale("log", -1, 0.22),
    "stall_ratio": Scale("raw", -1, 0.02),
    "mos": Scale("raw", 1, 0.2),
    "setup_success_ratio": Scale("ratio", 1, 0.0),
    "delivery_ratio": Scale("ratio", 1, 0.0),
}
"""An indicator that is not named here is read as it is: raw, more is better."""

_FLOORS = {"latency_ms": 0.5, "jitter_ms": 0.1, "throughput_mbps": 0.01, "startup_s": 0.02}


def graded(names: tuple[str, ...]) -> list[int]:
    """Columns of the indicators with a value a record (all but the ratios of attempts)."""
    return [i for i, n in enumerate(names) if scale(n).kind != "ratio"]


def ratios(names: tuple[str, ...]) -> list[int]:
    """Columns of the indicators that are a share of the attempts."""
    return [i for i, n in enumerate(names) if scale(n).kind == "ratio"]


def scale(name: str) -> Scale:
    """How `name` is read."""
    return SCALES.get(name, Scale("raw", 1, 0.0))


def transform(kqis: Float32, names: tuple[str, ...]) -> Float32:
    """Graded indicators (n, k) on their scales, higher = better, NaN kept; kqis (n, len(names)) in the catalogue's
    units.
    """
    out = np.empty((len(kqis), len(graded(names))), dtype=np.float32)
    for j, i in enumerate(graded(names)):
        how = scale(names[i])
        x = kqis[:, i]
        if how.kind == "log":
            x = np.log(np.maximum(x, np.float32(_FLOORS.get(names[i], 1e-3))))
        elif how.kind == "log1p":
            x = np.log1p(np.float32(3) * x)
        out[:, j] = how.sign * x
    return out


def attempts(kqis: Float32, sessions: Float32, names: tuple[str, ...]) -> tuple[Float32, Float32]:
    """(attempts, failures) of each record, float32 [n]; zero where no ratio was reported. Several ratios: the worse
    one.
    """
    tried = np.zeros(len(kqis), dtype=np.float32)
    failed = np.zeros(len(kqis), dtype=np.float32)
    n = np.maximum(np.nan_to_num(sessions, nan=1.0), 1.0).astype(np.float32)
    for i in ratios(names):
        there = np.isfinite(kqis[:, i])
        k = np.rint((1.0 - kqis[:, i]) * n).astype(np.float32)
        tried = np.where(there, n, tried)
        failed = np.where(there, np.fmax(failed, k), failed)
    return tried, failed
