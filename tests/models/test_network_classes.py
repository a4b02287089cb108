"""5QI (TS 23.501 table 5.7.4-1) and Y.1541 classes as requirements."""

import numpy as np
import pytest

from models.experience.classes import FIVE_QI, Y1541, NetworkClass


def column(*values):
    return np.array(values, dtype=np.float64)


@pytest.mark.parametrize(
    ("five_qi", "kind", "priority", "delay", "loss"),
    [
        (1, "GBR", 20, 100, 1e-2),
        (2, "GBR", 40, 150, 1e-3),
        (3, "GBR", 30, 50, 1e-3),
        (4, "GBR", 50, 300, 1e-6),
        (5, "non-GBR", 10, 100, 1e-6),
        (9, "non-GBR", 90, 300, 1e-6),
        (65, "GBR", 7, 75, 1e-2),
        (79, "non-GBR", 65, 50, 1e-2),
        (80, "non-GBR", 68, 10, 1e-6),
        (82, "delay-critical GBR", 19, 10, 1e-4),
        (85, "delay-critical GBR", 21, 5, 1e-5),
    ],
)
def test_rows_of_the_table(five_qi, kind, priority, delay, loss):
    row = FIVE_QI[five_qi]
    assert (row.kind, row.priority, row.delay_ms, row.loss) == (kind, priority, delay, loss)


def test_delay_critical_flows_have_a_burst_volume_and_others_have_none():
    assert {q for q, row in FIVE_QI.items() if row.burst_bytes} == set(range(82, 91))
    assert [FIVE_QI[q].burst_bytes for q in (82, 83, 84, 85)] == [255, 1354, 1354, 255]


def test_rows_from_memory_are_marked():
    assert {q for q, row in FIVE_QI.items() if row.remembered} == {86, 87, 88, 89, 90}


def test_y1541_classes():
    assert [Y1541[c].delay_ms for c in range(8)] == [100, 400, 100, 400, 1000, None, 100, 400]
    assert [Y1541[c].variation_ms for c in range(8)] == [50, 50, None, None, None, None, 50, 50]
    assert [Y1541[c].loss for c in range(8)] == [1e-3, 1e-3, 1e-3, 1e-3, 1e-3, None, 1e-5, 1e-5]


def test_within_the_bounds_of_its_class_a_flow_scores_100():
    got = NetworkClass(five_qi=1, round_trip=False).score({"latency_ms": column(0, 100), "loss_pct": column(0, 1)})
    assert got.tolist() == [100, 100]


def test_delay_falls_straight_to_0_at_three_times_the_bound():
    model = NetworkClass(five_qi=1, round_trip=False)
    got = model.score({"latency_ms": column(100, 150, 200, 300, 500), "loss_pct": column(0, 0, 0, 0, 0)})
    assert got == pytest.approx([100, 75, 50, 0, 0])


def test_a_round_trip_has_twice_the_budget_and_the_core_may_be_taken_off():
    kqis = {"latency_ms": column(160, 200)}
    assert NetworkClass(five_qi=1).score(kqis).tolist() == [100, 100]
    radio = NetworkClass(five_qi=1, core_ms=20.0).score(kqis)
    assert radio == pytest.approx([100, 100 * (480 - 200) / 320])


def test_loss_falls_by_decades():
    model = NetworkClass(y1541=0)
    got = model.score({"loss_pct": column(0, 0.1, 1, 10, 100)})
    assert got == pytest.approx([100, 100, 50, 0, 0])
    assert NetworkClass(five_qi=1, loss_decades=5.0).score({"loss_pct": column(100)})[0] == 0


def test_a_class_is_held_as_a_whole_so_the_least_part_counts():
    model = NetworkClass(y1541=0, round_trip=False)
    assert model.kqis == ("latency_ms", "jitter_ms", "loss_pct")
    kqis = {"latency_ms": column(100, 150, np.nan), "jitter_ms": column(75, 50, np.nan), "loss_pct": column(0, 0, 1)}
    assert model.score(kqis) == pytest.approx([75, 75, 50])


def test_jitter_is_looked_at_only_where_the_class_bounds_it():
    assert NetworkClass(y1541=2).kqis == ("latency_ms", "loss_pct")
    assert NetworkClass(five_qi=3).kqis == ("latency_ms", "loss_pct")


def test_without_a_class_it_is_the_default_flow():
    assert NetworkClass().bounds == NetworkClass(five_qi=9).bounds == (300, None, 1e-6)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"five_qi": 11}, "no such 5QI: 11"),
        ({"y1541": 8}, "no such class of Y.1541: 8"),
        ({"y1541": 5}, "requires nothing"),
        ({"five_qi": 1, "y1541": 0}, "not both"),
        ({"five_qi": 82, "core_ms": 10.0}, "core_ms"),
        ({"unusable_at": 1.0}, "unusable_at"),
        ({"loss_decades": 0.0}, "loss_decades"),
        ({"five_qi": 2, "inputs": {"delay": "loss_pct"}}, "two quantities"),
    ],
)
def test_impossible_options_are_refused(options, reason):
    with pytest.raises(ValueError, match=reason):
        NetworkClass(**options)
