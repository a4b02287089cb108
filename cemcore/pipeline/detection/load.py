"""How loaded the place was that served a row: measured, and until then assumed at its most."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cemcore.panel import Float32, Int8, Int32, Int64, MeasurementRows
from cemcore.pipeline.detection.state import SPAN, DetectionState, Settings

CROWDED, ABOVE_USUAL = 85.0, 10.0
"""A place is crowded from this load on [%], where it is so many points above the usual load of the hour."""


def watch_load(
    state: DetectionState, measurements: MeasurementRows, kpis: tuple[str, ...], settings: Settings
) -> DetectionState:
    """The state with the loads that became known."""
    factor = np.array([settings.load.get(k, np.nan) for k in kpis] or [np.nan])
    f = factor[measurements.kpi]
    of = np.isfinite(f) & ~measurements.suspect & np.isfinite(measurements.value)
    if not of.any():
        return state
    new = np.stack([measurements.slot[of], measurements.resource[of], measurements.value[of] * f[of]]).astype(
        np.float64
    )
    return replace(state, loads=(*state.loads, new), fresh=new)


def load_of(state: DetectionState, slot: Int64, resource: Int32, hour: Int8, recent: int = 12) -> Float32:
    """Load [%] met by rows: the measured one, held to the most that the place's records were learned under; where it
    is not known (yet), that most, so that a busy hour is not taken for a fault before its load is in; NaN where the
    place never says.
    """
    out = np.full(len(slot), np.nan, dtype=np.float32)
    table = np.concatenate(state.loads[-recent:], axis=1) if state.loads else np.empty((3, 0))
    if table.shape[1]:
        key = table[0].astype(np.int64) * SPAN + table[1].astype(np.int64)
        order = np.argsort(key, kind="stable")
        want = slot * SPAN + resource
        at = np.searchsorted(key[order], want, side="right") - 1
        hit = (at >= 0) & (key[order][np.maximum(at, 0)] == want)
        out[hit] = table[2][order][at[hit]]
    if state.learned is not None:
        there = resource >= 0
        cap = np.where(there, state.learned.load_cap[resource], np.inf)
        out = np.where(np.isnan(out) & np.isfinite(cap), cap, np.fmin(out, cap))
    return out.astype(np.float32)


def current_load(state: DetectionState, slot: int, hour: int, resources: int) -> Float32:
    """Load [%] of each resource at a slot, as `load_of`."""
    at = np.arange(resources, dtype=np.int32)
    return load_of(state, np.full(resources, slot, np.int64), at, np.full(resources, hour, np.int8))


def crowded(state: DetectionState, slot: int, hour: int) -> tuple[Int64, Int32]:
    """(slots [s], resources) of the loads that became known at this tick and are high, and far above what is usual
    there at that hour.
    """
    if state.learned is None or not state.fresh.shape[1]:
        return np.empty(0, np.int64), np.empty(0, np.int32)
    when, where, value = state.fresh[0].astype(np.int64), state.fresh[1].astype(np.int32), state.fresh[2]
    then = np.floor_divide(hour * 3600 + slot % 3600 - (slot - when), 3600) % 24
    usual = state.learned.load_hour[where, then]
    of = (value >= CROWDED) & (value >= usual + ABOVE_USUAL)
    return when[of], where[of]
