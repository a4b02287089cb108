"""The index of a thing: weights and grades as written down, renormalised over what is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.experience.thing import WEIGHTS, Thing, rsrp_grade, rsrp_worth

GOOD = {
    "delivery_ratio": 1.0,
    "latency_ms": 200.0,
    "since_seen_s": 100.0,
    "registration_success_ratio": 1.0,
    "battery_drain_pct_per_day": 0.02,
    "rsrp_dbm": -70.0,
}
BAD = {
    "delivery_ratio": 0.0,
    "latency_ms": 60_000.0,
    "since_seen_s": 90_000.0,
    "registration_success_ratio": 0.0,
    "battery_drain_pct_per_day": 5.0,
    "rsrp_dbm": -130.0,
}
PARTS = dict(zip(GOOD, WEIGHTS, strict=True))


def columns(values):
    return {k: np.array([v], dtype=np.float64) for k, v in values.items()}


def score(values, **options):
    return float(Thing(**options).score(columns(values))[0])


def test_the_weights_are_those_written_down():
    assert list(WEIGHTS.values()) == [0.35, 0.2, 0.2, 0.1, 0.1, 0.05]
    assert sum(WEIGHTS.values()) == pytest.approx(1)


@pytest.mark.parametrize("kqi", GOOD)
def test_each_part_costs_its_weight(kqi):
    assert score(GOOD) == pytest.approx(100)
    assert score({**GOOD, kqi: BAD[kqi]}) == pytest.approx(100 * (1 - WEIGHTS[PARTS[kqi]]))
    assert score(BAD) == pytest.approx(0)


@pytest.mark.parametrize("kqi", GOOD)
def test_one_part_known_speaks_alone(kqi):
    assert score({kqi: GOOD[kqi]}) == pytest.approx(100)
    assert score({kqi: BAD[kqi]}) == pytest.approx(0)


@given(st.sets(st.sampled_from(sorted(GOOD)), min_size=1), st.sets(st.sampled_from(sorted(GOOD))))
def test_the_rest_shares_the_weight_of_what_is_missing(known, bad):
    values = {k: BAD[k] if k in bad else GOOD[k] for k in known}
    weight = {k: WEIGHTS[PARTS[k]] for k in known}
    want = 100 * sum(w for k, w in weight.items() if k not in bad) / sum(weight.values())
    assert score(values) == pytest.approx(want)


def test_nothing_known_is_unknown():
    assert np.isnan(Thing().score({"delivery_ratio": np.array([np.nan])})[0])


@pytest.mark.parametrize(
    ("dbm", "grade"),
    [
        (-60, "excellent"),
        (-80, "excellent"),
        (-80.5, "good"),
        (-90, "good"),
        (-95, "fair"),
        (-100, "fair"),
        (-101, "poor"),
        (-115, "poor"),
        (-116, "edge"),
        (np.nan, ""),
    ],
)
def test_grades_of_signal(dbm, grade):
    assert rsrp_grade(dbm) == grade


def test_signal_is_worth_its_grade():
    got = rsrp_worth(np.array([-80, -90, -100, -115, -116, np.nan]))
    assert got[:5].tolist() == [100, 75, 50, 25, 0]
    assert np.isnan(got[5])


def test_a_thing_is_reachable_within_one_and_a_half_intervals():
    seen = np.array([1350.0, 1351.0])
    assert Thing(report_interval_s=900.0).score({"since_seen_s": seen}).tolist() == [100, 0]


def test_a_battery_that_lives_half_as_long_as_planned_is_worth_nothing():
    drain = np.array([0.05, 0.075, 0.1])
    assert Thing().score({"battery_drain_pct_per_day": drain}) == pytest.approx([100, 50, 0])


def test_a_deterministic_thing_is_judged_by_availability_instead_of_delivery_and_latency():
    model = Thing(deterministic=True, availability_target=0.99999)
    assert "delivery_ratio" not in model.kqis
    assert "latency_ms" not in model.kqis
    rest = {k: v for k, v in GOOD.items() if k not in ("delivery_ratio", "latency_ms")}
    assert model.score(columns({**rest, "availability_ratio": 1.0}))[0] == pytest.approx(100)
    assert model.score(columns({**rest, "availability_ratio": 0.9}))[0] == pytest.approx(45)
    assert model.score(columns({"availability_ratio": 0.999}))[0] == pytest.approx(50)


def test_weights_can_be_replaced_and_a_part_without_weight_is_not_looked_at():
    model = Thing(weights={"battery": 0.0, "signal": 0.0})
    assert model.kqis == ("delivery_ratio", "latency_ms", "since_seen_s", "registration_success_ratio")
    assert model.score(columns({**GOOD, "delivery_ratio": 0.0}))[0] == pytest.approx(100 * (1 - 0.35 / 0.85))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"weights": {"colour": 1.0}}, "unknown colour"),
        ({"weights": {"signal": -1.0}}, "signal is a number"),
        ({"weights": dict.fromkeys(WEIGHTS, 0.0)}, "at least one"),
        ({"delivery_bad": 1.0}, "delivery_bad"),
        ({"latency_bound_ms": 20_000.0}, "latency_bound_ms"),
        ({"report_interval_s": 0.0}, "report_interval_s"),
        ({"deterministic": "yes"}, "deterministic"),
        ({"availability_target": 1.0}, "target"),
    ],
)
def test_impossible_options_are_refused(options, reason):
    with pytest.raises(ValueError, match=reason):
        Thing(**options)
