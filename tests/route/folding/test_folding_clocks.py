"""Clocks that are off: estimated from what elements and their systems say, and taken out of onsets."""

from __future__ import annotations

import numpy as np

from cemcore.domain import Alarm
from cemcore.pipeline.localisation import folding
from tests.route.folding.small_networks import NOON, alarm, folded, network

TREE = [("agg", "c1", "uplink", "la"), *((f"r{i}", "agg", "uplink", f"l{i}") for i in range(40))]


def history(skews: dict[int, float], each: int, seed: int) -> tuple[list[Alarm], dict[str, float]]:
    """Alarms over the hours before noon with gamma delays of 10 s at the mean, and when they were truly raised."""
    rng = np.random.default_rng(seed)
    alarms, true = [], {}
    for r in range(40):
        for k in range(each):
            after = float(rng.uniform(-20_000, 0))
            a = alarm(f"r{r}", after, number=k, skew=skews.get(r, 0.0), delay=float(rng.gamma(2.0, 5.0)))
            alarms.append(a)
            true[a.alarm_id] = NOON.timestamp() + after
    return alarms, true


def test_minutes_of_skew_are_taken_out_to_within_seconds() -> None:
    skews = {3: 180.0, 7: -240.0, 11: 45.0, 20: -20.0}
    alarms, true = history(skews, 6, 1)
    found = folded(network(*TREE), alarms)
    for line, i in enumerate(found.ids):
        a = found.alarm(line)
        error = a.onset - true[i]
        assert abs(error) < 12, (i, error)
    raw = {a.alarm_id: a.raised_at.timestamp() - true[a.alarm_id] for a in alarms}
    before = np.sqrt(np.mean(np.square(list(raw.values()))))
    after = np.sqrt(np.mean([(found.alarm(k).onset - true[i]) ** 2 for k, i in enumerate(found.ids)]))
    assert after < before / 10


def test_the_uncertainty_covers_the_error_and_shrinks_with_what_was_heard() -> None:
    skews = {r: float(s) for r, s in enumerate(np.random.default_rng(5).normal(0, 60, 40))}
    sds = []
    for each in (1, 8):
        errors: list[float] = []
        for seed in range(5):
            alarms, true = history(skews, each, seed)
            found = folded(network(*TREE), alarms)
            error = found.onset - np.array([true[i] for i in found.ids])
            errors += ((error - np.median(error)) / found.sd).tolist()  # what all clocks share is in no record
        assert np.mean(np.abs(errors) < 3) > 0.9
        sds.append(float(found.sd.mean()))
    assert sds[1] < sds[0] / 1.5


def test_an_onset_is_never_after_its_system_heard_of_it() -> None:
    alarms, _ = history({3: 180.0, 9: 7.0}, 2, 3)
    found = folded(network(*TREE), alarms)
    assert (found.onset <= found.reported).all()


def test_a_clock_that_is_right_is_left_alone() -> None:
    alarms, true = history({}, 8, 2)
    found = folded(network(*TREE), alarms)
    assert np.abs(found.onset - np.array([true[i] for i in found.ids])).max() < 8


def test_a_system_whose_reports_lie_in_the_future_runs_ahead() -> None:
    topology = network(*TREE)
    fast = alarm("r1", 3600 + 300, delay=0.0, source="fast")
    other = alarm("r2", 3500, source="other")
    found = folded(topology, [fast, other], after=3600)
    by_id = {i: found.alarm(k) for k, i in enumerate(found.ids)}
    assert by_id[fast.alarm_id].onset <= NOON.timestamp() + 3600
    assert abs(by_id[other.alarm_id].onset - NOON.timestamp() - 3500) < 10


def test_a_child_by_a_clock_that_is_off_finds_its_parent_once_the_clock_is_known() -> None:
    topology = network(*TREE)
    known_at = int(NOON.timestamp())
    before, _ = history({5: 1500.0}, 6, 4)
    state = folding.fold(folding.FoldingState(), before, topology, known_at - 900, known_at, 900)[1]
    storm = [alarm("agg", 600, number=9), alarm("r5", 620, number=9, skew=1500.0)]
    found = folded(topology, storm, after=1500, state=state)
    assert topology.resource(found.top_of(storm[1].alarm_id)) == "agg"
