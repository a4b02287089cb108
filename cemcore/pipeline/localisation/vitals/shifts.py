"""How far each metric moved while the symptom was there, in units of what it and its peers usually move."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cemcore.panel import Bool, Float64
from cemcore.pipeline.localisation.vitals.metrics import Metrics, scaled
from cemcore.pipeline.localisation.vitals.spread import moderated, own_spread

LIMIT = 12.0
"""Shifts of single slots are held to this many spreads."""
HEARD = 0.2
"""Share of the symptom's weight that a metric's slots must cover to be judged."""
FULL, CLEAR, SYMPTOM = 6.0, 2.0, 1.0
"""A symptom counts in full from FULL spreads on; there is one where a slot shows more than SYMPTOM. Other
slots are quiet in so far as the worst is beyond CLEAR: noise alone makes slots differ."""
QUARTER = 0.3186
"""A quarter of normal values are within so many sigmas."""
PEERS, DRAWN = 5, 5.0
"""Peers from which on a common movement is taken out, and how many peers it takes to do it by half."""


@dataclass(frozen=True)
class Shifts:
    """Of c metrics: shift (NaN = not known) [spreads], + is worse where worse has a direction; sign: 1 where it has;
    slots (u, c): by slot; weight, quiet (u,): how much each slot shows of the symptom, and how much of none.
    """

    shift: Float64
    sign: Float64
    slots: Float64
    weight: Float64
    quiet: Float64


def symptom_weights(z: Float64 | None, slots: int) -> tuple[Float64, Float64]:
    """(weight, quiet) of the slots, each summing to 1, by the symptom's shifts [spreads]; quiet is all 0 where no slot
    is without symptom, and weight is even where no symptom is given or seen.
    """
    even, none = np.full(slots, 1.0 / max(slots, 1)), np.zeros(slots)
    if z is None or not slots:
        return even, none
    seen = np.clip(np.nan_to_num(z), 0.0, FULL)
    if seen.max() <= SYMPTOM:
        return even, none
    # A slot with less than half of the worst symptom is partly quiet, where the symptom is clear.
    clear = (seen.max() - CLEAR) / (FULL - CLEAR)
    calm = np.where(np.isfinite(z), np.clip(1 - 2 * seen / seen.max(), 0.0, 1.0) * max(clear, 0.0), 0.0)
    return seen / seen.sum(), calm


def _mean(z: Float64, weight: Float64) -> Float64:
    """Weighted mean by column over the known slots; NaN where they carry too little of the weight."""
    w = weight[:, None] * np.isfinite(z)
    total = w.sum(axis=0)
    mean = (w * np.nan_to_num(z)).sum(axis=0) / np.maximum(total, 1e-12)
    return np.where(total >= HEARD * max(weight.sum(), 1e-12), mean, np.nan)


def _beyond_peers(shift: Float64, peers: list[Bool]) -> Float64:
    """The shifts less what three quarters of the nodes' metrics of that name share, in units of how differently the
    calmest quarter moved: trouble may have reached most of the nodes, and must not hide itself.
    """
    out = shift.copy()
    for of in peers:
        known = of & np.isfinite(shift)
        n = int(known.sum())
        if n >= PEERS:
            low, high = np.quantile(shift[known], (0.25, 0.75))
            shared = float(np.clip(0.0, low, high)) * n / (n + DRAWN)
            apart = float(np.quantile(np.abs(shift[known] - shared), 0.25)) / QUARTER
            out[known] = (shift[known] - shared) / max(1.0, apart)
    return out


def shifts(m: Metrics, target: int | None) -> Shifts:
    """The shifts of all metrics; target: the column that shows the symptom.

    Where the symptom leaves slots in peace, what moves there as well is not its cause: the shift counts only as far as
    it is larger when the symptom is there. A movement that all nodes share (another season, another release) is taken
    out.
    """
    before, during, floor, sign = scaled(m)
    middle, own, freedom = own_spread(before)
    spread, _ = moderated(own, freedom, m.peers(), floor)
    z = np.clip((during - middle) / spread, -LIMIT, LIMIT)
    towards = np.where(sign == 0, 1.0, sign)
    z = z * towards
    weight, calm = symptom_weights(None if target is None else z[:, target], len(z))
    shift = _mean(z, weight)
    if calm.any():
        trust = calm.sum() / (calm.sum() + 1)
        rest = np.nan_to_num(_mean(z, calm))
        same = np.sign(rest) == np.sign(shift)
        shift = np.where(same, np.sign(shift) * np.maximum(np.abs(shift) - trust * np.abs(rest), 0.0), shift)
    return Shifts(_beyond_peers(shift, m.peers()), (sign != 0).astype(np.float64), z, weight, calm)
