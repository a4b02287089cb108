"""Quality of outcome: the example of the draft, seen in a public implementation."""

import numpy as np
import pytest

from models.experience.qoo import Qoo, distance, quality_of_outcome

NEED = {"latency": {"p99": [250, 400], "p99_9": [350, 401]}, "loss": [0.1, 1.0]}


def column(*values):
    return np.array(values, dtype=np.float64)


def test_the_published_example():
    assert distance([350, 352], [250, 350], [400, 401]) == pytest.approx([33.33, 96.08], abs=0.005)
    assert distance(0.5, 0.1, 1.0) == pytest.approx(55.56, abs=0.005)
    got = quality_of_outcome([350, 352], [250, 350], [400, 401], 0.5, 0.1, 1.0)
    assert got == pytest.approx(33.33, abs=0.005)


def test_the_plug_in_says_the_same():
    model = Qoo(**NEED)
    assert model.kqis == ("latency_p99_ms", "latency_p99_9_ms", "loss_pct")
    kqis = {"latency_p99_ms": column(350, 200), "latency_p99_9_ms": column(352, 300), "loss_pct": column(0.5, 0.5)}
    assert model.score(kqis) == pytest.approx([33.33, 55.56], abs=0.005)


def test_met_needs_are_100_and_unusable_ones_0():
    got = Qoo().score({"latency_p0_ms": column(70, 20, 20), "latency_p99_ms": column(100, 1000, 550)})
    assert got == pytest.approx([100, 0, 50])


def test_what_is_reported_bounds_the_score_and_nothing_reported_is_unknown():
    model = Qoo(**NEED)
    got = model.score({"latency_p99_ms": column(350, np.nan), "loss_pct": column(np.nan, np.nan)})
    assert got[0] == pytest.approx(33.33, abs=0.005)
    assert np.isnan(got[1])


def test_the_function_wants_every_part():
    assert np.isnan(quality_of_outcome([350, np.nan], [250, 350], [400, 401]))


def test_percentiles_may_be_other_kqis():
    model = Qoo(latency={"p99": [100, 200]}, inputs={"p99": "rtt_p99_ms"})
    assert model.kqis == ("rtt_p99_ms",)
    assert model.score({"rtt_p99_ms": column(150)})[0] == 50


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"latency": {"p98": [1, 2]}}, "unknown percentile p98"),
        ({"latency": {"loss": [1, 2]}}, "unknown percentile loss"),
        ({"latency": {}}, "names percentiles"),
        ({"latency": {"p99": [200, 100]}}, "good is less"),
        ({"latency": {"p99": [100]}}, "two numbers"),
        ({"latency": {"p99": "fast"}}, "two numbers"),
        ({"loss": [1.0, 1.0]}, "loss: two numbers"),
    ],
)
def test_impossible_needs_are_refused(options, reason):
    with pytest.raises(ValueError, match=reason):
        Qoo(**options)
