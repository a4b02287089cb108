"""Metrics of nodes before and during, on scales on which a shift means the same everywhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cemcore.errors import ContractError
from cemcore.panel import Bool, Float64
from cemcore.pipeline.localisation.vitals.kinds import Kind, kind_of

MATERIAL = 0.05
"""The least spread that a metric is given: 5 % of its level."""
SMALL, SMALL_OF_PEERS = 0.02, 0.002
"""Added before a logarithm, as a share of the metric's own level and of its peers' level."""
SHARE_FLOOR = 0.005
"""Failures below this share weigh little."""


@dataclass(frozen=True)
class Metrics:
    """c metrics of nodes over t slots before and u slots during the trouble, NaN = missing.

    nodes, names, kinds: one a column; before (t, c), during (u, c): as delivered, float64.
    """

    nodes: tuple[str, ...]
    names: tuple[str, ...]
    kinds: tuple[Kind, ...]
    before: Float64
    during: Float64

    def peers(self) -> list[Bool]:
        """Masks of the columns that carry the same metric, of different nodes."""
        names = np.array(self.names, dtype=object)
        return [names == n for n in dict.fromkeys(self.names)]


def name_of(column: object) -> tuple[str, str]:
    """(node, metric) of a column: a pair, or a text `node|metric`. Raises ContractError."""
    if isinstance(column, tuple) and len(column) == 2:
        return str(column[0]), str(column[1])
    node, bar, metric = str(column).partition("|")
    if not bar:
        raise ContractError("metrics", str(column), "not of the form node|metric")
    return node, metric


def metrics_of(normal: pd.DataFrame, abnormal: pd.DataFrame) -> Metrics:
    """The metrics that both frames (time x node|metric) have, in the order of their names."""
    both = sorted((name_of(c), c) for c in normal.columns if c in abnormal.columns)
    columns = [c for _, c in both]
    return Metrics(
        tuple(n for (n, _), _ in both),
        tuple(m for (_, m), _ in both),
        tuple(kind_of(m) for (_, m), _ in both),
        _finite(normal[columns]),
        _finite(abnormal[columns]),
    )


def _finite(frame: pd.DataFrame) -> Float64:
    x = frame.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(x), x, np.nan)


def _level(x: Float64) -> float:
    """A typical size of the values: the median, or, where most are zero, the mean."""
    known = np.abs(x[np.isfinite(x)])
    return float(np.median(known) or known.mean()) if len(known) else 0.0


def scaled(m: Metrics) -> tuple[Float64, Float64, Float64, Float64]:
    """(before, during, floor, sign): the metrics on their scales, the least spread of each, and which way is worse.

    Shares of success become the logarithm of the share that failed, other metrics without negative values their
    logarithm, and metrics with negative values stay as they are.
    """
    before, during = m.before.copy(), m.during.copy()
    floor = np.full(before.shape[1], MATERIAL)
    sign = np.array([k.bad for k in m.kinds], dtype=np.float64)
    for of in m.peers():
        which: Iterable[int] = np.flatnonzero(of).tolist()
        level = _level(m.before[:, of])
        negative = bool((m.before[:, of] < 0).any() or (m.during[:, of] < 0).any())
        for j in which:
            if m.kinds[j].share:
                top = 100.0 if np.nanmax(m.before[:, of], initial=0.0) > 1.5 else 1.0
                before[:, j], during[:, j] = (
                    np.log(1 - np.clip(x[:, j], 0, top) / top + SHARE_FLOOR) for x in (m.before, m.during)
                )
                sign[j] = 1.0
            elif negative:
                floor[j] = MATERIAL * (level or 1.0)
            else:
                small = max(SMALL * _level(m.before[:, j]), SMALL_OF_PEERS * level, 1e-9)
                before[:, j], during[:, j] = np.log(m.before[:, j] + small), np.log(m.during[:, j] + small)
    return before, during, floor, sign
