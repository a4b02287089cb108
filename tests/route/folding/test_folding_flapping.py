"""Alarms that come and go are damped; problems that stand everywhere for long say little."""

from __future__ import annotations

import numpy as np
import pytest

from cemcore.domain import Severity
from cemcore.pipeline.localisation import folding
from cemcore.pipeline.localisation.folding import flapping
from tests.route.folding.small_networks import NOON, alarm, folded, network

TREE = [("agg", "c1", "uplink", "la"), *((f"r{i}", "agg", "uplink", f"l{i}") for i in range(10))]


def test_the_figure_of_merit_halves_in_a_quarter_of_an_hour() -> None:
    three = np.array([0.0, 0.0, 0.0])
    assert flapping.suppressed(three, 0.0)
    assert flapping.suppressed(three, 1799.0)  # 3 * 2 ** (-1799 / 900) = .7506
    assert not flapping.suppressed(three, 1801.0)  # .7494, below the reuse limit


def test_three_raises_far_apart_are_no_flapping() -> None:
    assert not flapping.suppressed(np.array([0.0, 900.0, 1800.0]), 1800.0)  # 1 + .5 + .25


def test_a_hold_down_ends_an_hour_after_the_last_raise_at_the_latest() -> None:
    many = np.arange(40.0)
    assert flapping.suppressed(many, 39.0 + 3599)
    assert not flapping.suppressed(many, 39.0 + 3601)


def test_a_flapping_alarm_is_one_group_counts_less_and_explains_nothing() -> None:
    topology = network(*TREE)
    flaps = [alarm("agg", 100.0 * k, number=k, cleared=100.0 * k + 50, problem="port") for k in range(6)]
    child = alarm("r1", 310)
    found = folded(topology, [*flaps, child], after=700)
    group = found.group_of(flaps[0].alarm_id)
    assert (group.count, group.flapping, topology.resource(group.top)) == (6, 6, "agg")
    assert topology.resource(found.top_of(child.alarm_id)) == "r1"
    one = found.on(topology.index["agg"])[0]
    assert (one.flapping, one.times) == (True, 6)
    assert one.weight == pytest.approx(1 / 6)


def test_after_the_hold_down_it_is_an_alarm_like_any_other() -> None:
    topology = network(*TREE)
    flaps = [alarm("agg", 10.0 * k, number=k, cleared=10.0 * k + 5, problem="port") for k in range(6)]
    later = [*flaps, alarm("agg", 9000, number=7, problem="port"), alarm("r1", 9010)]
    assert topology.resource(folded(topology, later, after=9900).top_of("r1/out of service/0")) == "agg"


def test_raises_that_were_seen_before_are_remembered_and_counted_once() -> None:
    topology = network(*TREE)
    known_at, state = int(NOON.timestamp()) + 900, folding.FoldingState()
    for k in range(4):
        now = known_at + 60 * k
        shown = [alarm("agg", 900 + 60.0 * k - 10, number=0, problem="port")]  # the same alarm id, raised anew
        found, state = folding.fold(state, shown, topology, now - 900, now, 900)
        again, state = folding.fold(state, shown, topology, now - 900, now, 900)
        assert again.times.tolist() == found.times.tolist() == [k + 1]
    assert found.flapping.tolist() == [True]


def test_what_stands_everywhere_for_long_weighs_little_and_a_storm_weighs_in_full() -> None:
    topology = network(*TREE)
    old = [alarm(f"r{i}", -40_000, Severity.MINOR, problem="licence expires") for i in range(8)]
    storm = [alarm(f"r{i}", 60.0 * (i % 3), problem="connection lost") for i in range(10)]
    found = folded(topology, [*old, *storm])
    for a in (found.alarm(k) for k in range(len(found))):
        if "licence" in a.alarm_id:
            assert a.common == pytest.approx(0.8)
            assert a.weight == pytest.approx(0.2)
        else:
            assert a.weight == 1.0
