"""Resources' own KPIs watched slot by slot: which are not as usual at this hour, since when, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cemcore.panel import Bool, Float32, Float64, Int64, MeasurementRows
from cemcore.pipeline.localisation.vitals.kinds import kind_of
from cemcore.pipeline.localisation.vitals.unwell import Unwell, unwell
from cemcore.pipeline.localisation.vitals.usual import HOURS, Judged, Pools, Series, grown, more_pools, step
from cemcore.topology import Topology

KPIS = 1 << 12
"""KPIs that a state can tell apart; the last code is that of SUSPECT."""
SUSPECT = "share of suspect measurements"
"""What the element itself says of its measurements (TS 32.432, suspect flag) is watched as a KPI of its own."""
SHARP = 0.25
"""a of the e-value a p^(a - 1) of a chance p, as for rows of records."""
ENOUGH = 0.5
"""Evidence of a series [nats] from which on an episode is kept."""
GROUND = 1.0
"""A chart below this is on the ground: one value as usual as not brings it there."""
KEPT = 24
"""Slots for which an episode that ended is kept."""


@dataclass(frozen=True)
class Excursions:
    """Of s series, aligned with `Series`: left int64 (s, 2) [s], when its charts last left the ground (0: they are
    there); since, until int64 [s]: first slot of the excursion and last slot that spoke (0: none yet); odds float32,
    the most it said [nats] (0: nothing); value, expected float32: then.
    """

    left: Int64 = field(default_factory=lambda: np.zeros((0, 2), np.int64))
    since: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))
    until: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))
    odds: Float32 = field(default_factory=lambda: np.zeros(0, np.float32))
    value: Float32 = field(default_factory=lambda: np.zeros(0, np.float32))
    expected: Float32 = field(default_factory=lambda: np.zeros(0, np.float32))


@dataclass(frozen=True)
class Vitals:
    """State: what is usual, and the episodes. A resource is its position in the topology, a KPI its code."""

    series: Series = field(default_factory=Series)
    pools: Pools = field(default_factory=Pools)
    episodes: Excursions = field(default_factory=Excursions)


CLASSES = (Vitals, Series, Pools, Excursions)
"""Classes that the state is made of."""


def watch(
    state: Vitals,
    measurements: MeasurementRows,
    kpis: Sequence[str],
    topology: Topology,
    now: tuple[int, int, int, bool],
    masked: Bool,
) -> tuple[Unwell, Vitals]:
    """(what is not as usual, the new state) once a tick's newly known measurements were watched, slot by slot.

    kpis: name by code (append-only); now: (slot [s], length of a slot [s], its local hour 0-23, whether it is a free
    day); masked bool (resources,): under open problems, where values teach nothing. Late values are judged by the hour
    of their own slot.
    """
    slot, seconds, hour, free = now
    known = (measurements.slot <= slot) & (measurements.resource >= 0) & (measurements.resource < len(topology))
    known &= measurements.kpi >= 0
    rows = measurements.take(known)
    if len(rows):
        rows = MeasurementRows.concat([rows.take(~rows.suspect & np.isfinite(rows.value)), _suspects(rows)])
        state = _with_new(state, rows, kpis, topology)
        for at in np.unique(rows.slot).tolist():
            part = rows.take(rows.slot == at)
            then = (hour * 3600 + slot % 3600 - (slot - at)) // 3600
            key = part.resource.astype(np.int64) * KPIS + part.kpi
            _, last = np.unique(key[::-1], return_index=True)
            part = part.take(len(key) - 1 - last)
            state = _one_slot(state, part, kpis, (at, int(then) % HOURS, free), ~masked[part.resource])
    state = replace(state, episodes=_let_go(state.episodes, slot - KEPT * seconds))
    e = state.episodes
    told = (e.since, e.until, e.odds, e.value, e.expected)
    return unwell(state.series.key, KPIS, (*kpis, SUSPECT), topology, told), state


def _suspects(rows: MeasurementRows) -> MeasurementRows:
    """One row a slot and resource: the share of its measurements that it marked suspect."""
    key = rows.slot * (1 << 31) + rows.resource
    _, first, which = np.unique(key, return_index=True, return_inverse=True)
    count = np.bincount(which, minlength=len(first))
    share = np.bincount(which, rows.suspect.astype(np.float64), len(first)) / count
    one = rows.take(first)
    return replace(
        one, kpi=np.full(len(first), KPIS - 1, np.int32), value=share.astype(np.float32),
        suspect=np.zeros(len(first), np.bool_),
    )  # fmt: skip


def _name(kpis: Sequence[str], code: int) -> str:
    return SUSPECT if code == KPIS - 1 else kpis[code]


def _with_new(state: Vitals, rows: MeasurementRows, kpis: Sequence[str], topology: Topology) -> Vitals:
    """The state with a series for every resource and KPI of the rows."""
    key = np.unique(rows.resource.astype(np.int64) * KPIS + rows.kpi)
    extra = key[~np.isin(key, state.series.key, assume_unique=True)]
    if not len(extra):
        return state
    names = [f"{topology.types[k // KPIS]}|{_name(kpis, k % KPIS)}" for k in extra.tolist()]
    missing = tuple(dict.fromkeys(n for n in names if n not in state.pools.names))
    pools = more_pools(state.pools, missing) if missing else state.pools
    place = {n: i for i, n in enumerate(pools.names)}
    before, series = state.series.key, grown(state.series, extra, np.array([place[n] for n in names], np.int32))
    at, e = np.searchsorted(series.key, before), state.episodes
    moved = Excursions(**{f: _spread(getattr(e, f), at, len(series.key)) for f in Excursions.__dataclass_fields__})
    return Vitals(series, pools, moved)


def _spread(values: NDArray[Any], at: Int64, size: int) -> NDArray[Any]:
    out = np.zeros((size, *values.shape[1:]), values.dtype)
    out[at] = values
    return out


def _one_slot(
    state: Vitals, part: MeasurementRows, kpis: Sequence[str], when: tuple[int, int, bool], learn: Bool
) -> Vitals:
    at, hour, free = when
    i = np.searchsorted(state.series.key, part.resource.astype(np.int64) * KPIS + part.kpi)
    judged, series, pools = step(state.series, state.pools, i, part.value, hour, free, learn)
    codes, back = np.unique(part.kpi, return_inverse=True)
    kinds = [kind_of(_name(kpis, c)) for c in codes.tolist()]
    bad = np.array([k.bad for k in kinds])[back]
    said = evidence(judged, bad, np.array([k.weight for k in kinds])[back])
    return Vitals(series, pools, _noted(state.episodes, series, i, at, said, part.value, judged.expected))


def evidence(judged: Judged, bad: Int64, weight: Float64) -> Float64:
    """Log e-value [nats] of trouble of each row: of its chart towards the worse (bad +1 up, -1 down), or of either.

    weight: of the KPI's kind; a fall of what has no worse direction counts in full: demand that stays away is told
    from demand that comes by what it is explained by, not by its weight.
    """
    up, down = judged.chance[:, 0].astype(np.float64), judged.chance[:, 1].astype(np.float64)
    p = np.where(bad > 0, up, np.where(bad < 0, down, np.minimum(2 * np.minimum(up, down), 1.0)))
    falls = (bad == 0) & (down <= up)
    return (np.log(SHARP) + (SHARP - 1) * np.log(np.maximum(p, 1e-9))) * np.where(falls, 1.0, weight)


def _noted(
    e: Excursions, series: Series, i: Int64, at: int, said: Float64, value: Float32, expected: Float32
) -> Excursions:
    """The episodes with what the series i said at slot `at`."""
    out = {f: getattr(e, f).copy() for f in Excursions.__dataclass_fields__}
    charts = series.charts[i]
    left = np.where(charts < GROUND, 0, np.where(out["left"][i] == 0, at, out["left"][i]))
    out["left"][i] = left
    begun = np.take_along_axis(left, charts.argmax(axis=1)[:, None], axis=1)[:, 0]
    over = out["until"][i] < begun
    speaks = said > ENOUGH
    louder = speaks & (over | (said > out["odds"][i]))
    out["odds"][i] = np.where(louder, said, out["odds"][i])
    out["value"][i] = np.where(louder, value, out["value"][i])
    out["expected"][i] = np.where(louder, expected, out["expected"][i])
    out["since"][i] = np.where(speaks, begun, out["since"][i])
    out["until"][i] = np.where(speaks, at, out["until"][i])
    return Excursions(**out)


def _let_go(e: Excursions, oldest: int) -> Excursions:
    """The episodes without those that ended before `oldest` [s]."""
    gone = (e.until < oldest) & (e.odds > 0)
    return replace(e, odds=np.where(gone, np.float32(0), e.odds)) if gone.any() else e
