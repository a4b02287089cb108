"""Resources' own KPIs as evidence: what is not as usual at this hour is found, with its onset; peace stays quiet."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

from cemcore.domain import Feed
from cemcore.frames import conform
from cemcore.panel import MeasurementRows
from cemcore.pipeline import snapshot
from cemcore.pipeline.localisation.vitals import watching
from cemcore.pipeline.localisation.vitals.watching import Vitals, watch
from cemcore.topology import Topology

SECONDS, DAYS = 900, 9
KPIS = ("DRB.UEThpDl", "RRC.ConnMean", "DRB.PdcpSduDelayDl")
LEVEL = (30_000.0, 40.0, 80.0)
SWING = (-0.2, 0.8, 0.1)
"""How much each KPI follows the hour of the day."""
BAD_FROM = 8 * 96 + 48
"""Slot of the planted trouble: noon of the ninth day."""


def network(sites: int = 6) -> Topology:
    """Sites of one base station with three cells each, all behind one router over a link a station."""
    lines = []
    for s in range(sites):
        lines += [(f"c{s}{k}", f"g{s}", "containedIn", None) for k in "abc"]
        lines += [(f"g{s}", "r", "uplink", f"l{s}")]
    table = pd.DataFrame(lines, columns=["from_id", "to_id", "relation", "via"], dtype="str")
    table["redundancy_group"] = None
    names = sorted({x for line in lines for x in (line[0], line[1], line[3]) if x})
    kinds = {"c": "nr_cell", "g": "gnb", "l": "link", "r": "router"}
    nodes = pd.DataFrame({"resource_id": names, "type": [kinds[n[0]] for n in names]})
    return Topology.build(conform(Feed.RESOURCES, nodes)[0], conform(Feed.CONNECTIONS, table)[0])


TOPOLOGY = network()
CELLS = [i for i, t in enumerate(TOPOLOGY.types) if t == "nr_cell"]
LINKS = [i for i, t in enumerate(TOPOLOGY.types) if t == "link"]


def measured(seed: int, also_links: bool = True) -> MeasurementRows:
    """Nine days of three KPIs of all cells, and of the delay of all links: daily swing, noise that lasts."""
    rng = np.random.default_rng(seed)
    slots = np.arange(DAYS * 96)
    day = np.sin(2 * np.pi * (slots - 32) / 96)
    series = [(c, k) for c in CELLS for k in range(3)] + [(x, 2) for x in LINKS if also_links]
    parts = []
    for resource, k in series:
        noise = rng.normal(0, 0.1, len(slots))
        noise[1:] += 0.3 * noise[:-1]
        value = LEVEL[k] * rng.uniform(0.5, 2) * np.exp(SWING[k] * day + noise)
        parts.append((np.full(len(slots), resource), np.full(len(slots), k), slots, value))
    resource, kpi, at, value = (np.concatenate(x) for x in zip(*parts, strict=True))
    order = np.argsort(at, kind="stable")
    n = len(order)
    return MeasurementRows(
        at[order] * SECONDS, resource[order].astype(np.int32), kpi[order].astype(np.int32),
        value[order].astype(np.float32), np.zeros(n, np.bool_), np.full(n, SECONDS, np.int32),
    )  # fmt: skip


def changed(rows: MeasurementRows, resource: int, kpi: int, factor: float, begin: int = BAD_FROM, length: int = 16):
    """The rows with a KPI multiplied for some slots."""
    of = (rows.resource == resource) & (rows.kpi == kpi)
    of &= (rows.slot >= begin * SECONDS) & (rows.slot < (begin + length) * SECONDS)
    value = np.where(of, rows.value * np.float32(factor), rows.value)
    return MeasurementRows(rows.slot, rows.resource, rows.kpi, value, rows.suspect, rows.period)


def walked(rows: MeasurementRows, until: int, masked=lambda slot: None, late: int = 0, begin: int = 0, state=None):
    """(Unwell by slot, state) of ticks from `begin` up to slot `until`; `late`: so many slots come at once."""
    state, told = state or Vitals(), {}
    for t in range(begin, until):
        if late and t % late != late - 1:
            continue
        low, high = np.searchsorted(rows.slot, [(t - max(late - 1, 0)) * SECONDS, (t + 1) * SECONDS])
        off = masked(t)
        off = np.zeros(len(TOPOLOGY), np.bool_) if off is None else off
        now = (t * SECONDS, SECONDS, t // 4 % 24, False)
        told[t], state = watch(state, rows.take(slice(low, high)), KPIS, TOPOLOGY, now, off)
    return told, state


HEALTHY = measured(1)


@cache
def learned() -> Vitals:
    """The state after the healthy days before BAD_FROM."""
    return walked(HEALTHY, BAD_FROM)[1]


def after(rows: MeasurementRows, slots: int, late: int = 0):
    """What is told slot by slot from BAD_FROM on, and the state then; until then all was as in HEALTHY."""
    return walked(rows, BAD_FROM + slots, late=late, begin=BAD_FROM, state=learned())


def test_a_fall_is_told_with_its_onset_and_what_was_expected():
    cell = CELLS[4]
    told, _ = after(changed(HEALTHY, cell, 0, 0.5), 6)
    sign, *_ = told[BAD_FROM + 5].of(cell, BAD_FROM * SECONDS)
    assert sign.kpi == "DRB.UEThpDl"
    assert abs(sign.since - BAD_FROM * SECONDS) <= 2 * SECONDS
    assert sign.value / sign.expected == pytest.approx(0.5, abs=0.15)
    assert sign.log_odds > 2
    assert "under its usual at this hour since 12:00" in sign.text("12:00")
    assert told[BAD_FROM + 5].log_odds(CELLS[0], BAD_FROM * SECONDS) < 1


def test_in_peace_fewer_than_one_resource_hour_in_a_hundred_speaks():
    told, _ = walked(HEALTHY, DAYS * 96)
    hours = [t for t in told if t >= 3 * 96 and t % 4 == 3]
    loud = sum(told[t].log_odds(r, (t - 3) * SECONDS) > 2 for t in hours for r in told[t].resources())
    assert loud / (len(hours) * (len(CELLS) + len(LINKS))) < 0.01


def test_late_measurements_say_the_same_once_they_come():
    rows = changed(HEALTHY, CELLS[4], 0, 0.5)
    now, at_once = after(rows, 8)
    later, in_hours = after(rows, 8, late=4)
    assert later[BAD_FROM + 7].of(CELLS[4], BAD_FROM * SECONDS) == now[BAD_FROM + 7].of(CELLS[4], BAD_FROM * SECONDS)
    assert np.array_equal(at_once.series.level, in_hours.series.level)


def test_the_order_of_rows_changes_nothing():
    rows, rng = changed(HEALTHY, CELLS[4], 0, 0.5), np.random.default_rng(0)
    order = np.lexsort((rng.random(len(rows)), rows.slot))
    one, _ = after(rows, 6)
    other, _ = after(rows.take(order), 6)
    since = BAD_FROM * SECONDS
    assert other[BAD_FROM + 5].of(CELLS[4], since) == one[BAD_FROM + 5].of(CELLS[4], since)


def test_a_masked_outage_teaches_nothing():
    cell, begin = CELLS[4], 4 * 96
    rows = changed(HEALTHY, cell, 0, 0.3, begin, 96)

    def off(t: int):
        mask = np.zeros(len(TOPOLOGY), np.bool_)
        mask[cell] = begin <= t < begin + 96
        return mask

    i = np.searchsorted(walked(rows, 2)[1].series.key, cell * watching.KPIS)
    usual = walked(HEALTHY, begin + 96)[1].series.level[i]
    masked, open_ = (walked(rows, begin + 96, m)[1].series.level[i] for m in (off, lambda t: None))
    assert abs(masked - usual) < 0.1
    assert usual - open_ > 3 * abs(masked - usual)


def test_what_a_dependence_explains_counts_less_below_it():
    link = LINKS[0]
    cells = [int(c) for c in TOPOLOGY.dependents(link) if int(c) in CELLS]
    rows = changed(HEALTHY, link, 2, 3.0)
    for cell in cells:
        rows = changed(rows, cell, 2, 1.8)
    told, _ = after(rows, 8)
    alone, _ = after(changed(HEALTHY, cells[0], 2, 1.8), 8)
    since, t = BAD_FROM * SECONDS, BAD_FROM + 7
    assert told[t].log_odds(link, since) > told[t].log_odds(cells[0], since)
    assert told[t].log_odds(cells[0], since) < alone[t].log_odds(cells[0], since) - 0.5
    assert told[t].of(cells[0], since)[0].explained
    assert not alone[t].of(cells[0], since)[0].explained


def test_a_station_without_kpis_is_spoken_for_by_its_cells():
    station = TOPOLOGY.index["g2"]
    cells = [int(c) for c in TOPOLOGY.dependents(station) if int(c) in CELLS]
    rows = HEALTHY
    for cell in cells:
        rows = changed(rows, cell, 0, 0.4)
    told, _ = after(rows, 8)
    odds, unwell, watched = told[BAD_FROM + 7].below(station, BAD_FROM * SECONDS)
    assert (unwell, watched) == (3, 3)
    assert odds > 2
    assert told[BAD_FROM + 7].below(TOPOLOGY.index["g3"], BAD_FROM * SECONDS)[0] <= 0
    assert told[BAD_FROM + 7].below(cells[0], BAD_FROM * SECONDS) == (0.0, 0, 0)


def test_measurements_that_are_marked_suspect_speak_and_teach_nothing():
    cell = CELLS[7]
    of = (HEALTHY.resource == cell) & (HEALTHY.slot >= BAD_FROM * SECONDS)
    rows = MeasurementRows(
        HEALTHY.slot, HEALTHY.resource, HEALTHY.kpi, np.where(of, np.float32(0), HEALTHY.value), of, HEALTHY.period
    )
    told, state = after(rows, 8)
    sign, *_ = told[BAD_FROM + 7].of(cell, BAD_FROM * SECONDS)
    assert sign.kpi == watching.SUSPECT
    assert sign.log_odds > 2
    before = learned().series
    i = np.searchsorted(state.series.key, cell * watching.KPIS)
    assert state.series.level[i] == before.level[i]


def test_what_began_long_before_is_another_story():
    cell = CELLS[4]
    told, _ = after(changed(HEALTHY, cell, 0, 0.5, BAD_FROM, 60), 40)
    t = BAD_FROM + 39
    assert told[t].log_odds(cell, BAD_FROM * SECONDS) > 2
    assert "DRB.UEThpDl" not in [s.kpi for s in told[t].of(cell, (BAD_FROM + 30) * SECONDS)]


def test_a_step_leaves_the_old_state_as_it_was_and_the_state_survives_a_snapshot():
    state = learned()
    before = {k: v.copy() for k, v in snapshot.flatten(state).items()}
    after(changed(HEALTHY, CELLS[1], 1, 0.1), 20)
    now = snapshot.flatten(state)
    assert all(np.array_equal(before[k], now[k]) for k in before)
    again = snapshot.flatten(snapshot.restore(now, watching.CLASSES))
    assert all(np.array_equal(again[k], now[k]) for k in now)


def test_gaps_and_new_resources_are_taken_as_they_come():
    rng = np.random.default_rng(3)
    rows = HEALTHY.take(rng.random(len(HEALTHY)) < 0.5)
    rows = rows.take(~((rows.resource == CELLS[9]) & (rows.slot < 2 * 96 * SECONDS)))
    odd = MeasurementRows(
        rows.slot, rows.resource, rows.kpi,
        np.where(rng.random(len(rows)) < 0.05, np.float32("nan"), rows.value), rows.suspect, rows.period,
    )  # fmt: skip
    told, state = walked(odd, 4 * 96)
    assert np.isfinite(state.series.level).all()
    assert np.isfinite(state.series.var).all()
    assert told[4 * 96 - 1].log_odds(CELLS[9], (4 * 96 - 4) * SECONDS) < 3
