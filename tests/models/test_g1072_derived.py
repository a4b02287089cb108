"""Cloud gaming: values recomputed by an independent program from the published coefficients, 1080p at 60 pictures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.experience import g1072_derived as g1072
from models.experience.g1072_derived import GamingG1072Derived


def near(expected, tolerance=1e-4):
    return pytest.approx(expected, abs=tolerance)


def test_the_ends_of_the_scale():
    assert g1072.mos(50, 0) == near(4.580889, 1e-6)
    assert g1072.mos(2, 200) == near(1.703640, 1e-6)


@pytest.mark.parametrize(
    ("interaction", "opinions"),
    [("high", [4.4678, 4.2442, 3.8979, 3.0289, 2.3817]), ("low", [4.4993, 4.4351, 4.3279, 3.9517, 3.4998])],
)
def test_delay(interaction, opinions):
    got = g1072.mos(20, [0, 50, 100, 200, 300], interaction=interaction, complexity="medium")
    assert got == near(opinions)


def test_loss():
    got = g1072.mos(20, 50, [0.1, 0.5, 1, 2], complexity="medium")
    assert got == near([3.4389, 2.8778, 2.6830, 2.5550])


def test_rate():
    got = g1072.mos([1, 2, 5, 10, 20, 50], 30, complexity="medium")
    assert got == near([2.5198, 3.2000, 3.8000, 4.1180, 4.3485, 4.4391])


def test_below_16_ms_of_delay_lost_packets_come_again_in_time():
    assert g1072.mos(20, 15, 5, complexity="medium") == g1072.mos(20, 15, 0, complexity="medium")
    assert g1072.mos(20, 16, 5, complexity="medium") < g1072.mos(20, 16, 0, complexity="medium")


def test_slices_that_get_lost_cost_besides_and_none_costs_nothing():
    for complexity in ("low", "medium", "high"):
        got = g1072.mos([20, 20, 20, 20], 30, complexity=complexity, slice_loss_pct=[0, 0.1, 1, 5])
        assert got[0] == g1072.mos(20, 30, complexity=complexity)
        assert (np.diff(got) <= 1e-9).all()


GRADE = st.sampled_from(["low", "medium", "high"])
SOME = {"mbps": st.floats(0, 200), "loss": st.floats(0, 100), "fps": st.floats(1, 120)}


@given(st.floats(0, 2000), st.floats(0, 2000), SOME["mbps"], SOME["loss"], SOME["fps"], GRADE, GRADE)
def test_more_delay_is_never_better(one, other, mbps, loss, fps, interaction, complexity):
    good, bad = g1072.mos(mbps, sorted([one, other]), loss, 1280 * 720, fps, interaction, complexity)
    assert 1.3 <= bad <= good + 1e-9
    assert good <= 4.64


@given(SOME["loss"], SOME["loss"], SOME["mbps"], st.floats(0, 500), SOME["fps"], GRADE, GRADE)
def test_more_loss_is_never_better(one, other, mbps, delay, fps, interaction, complexity):
    good, bad = g1072.mos(mbps, delay, sorted([one, other]), 1280 * 720, fps, interaction, complexity)
    assert bad <= good + 1e-9


@given(SOME["mbps"], SOME["mbps"], st.floats(0, 500), GRADE, GRADE)
def test_without_loss_more_rate_is_never_worse(one, other, delay, interaction, complexity):
    bad, good = g1072.mos(sorted([one, other]), delay, interaction=interaction, complexity=complexity)
    assert bad <= good + 1e-9


def test_with_loss_more_rate_can_be_worse_and_the_model_says_so():
    slow, fast = g1072.mos([10, 50], 40, 0.2, interaction="low", complexity="low")
    assert fast < slow
    assert GamingG1072Derived().quantities["throughput_mbps"].better == ""


def test_the_score_is_the_opinion_scale_up_to_its_own_ceiling():
    kqis = {"latency_ms": [100.0], "loss_pct": [0.0], "throughput_mbps": [20.0]}
    got = GamingG1072Derived().score({k: np.array(v) for k, v in kqis.items()})
    assert got[0] == pytest.approx((3.8979 - 1) / 3.64 * 100, abs=0.01)


def test_a_rate_that_is_not_reported_can_be_assumed():
    kqis = {"latency_ms": np.array([100.0]), "loss_pct": np.array([0.0])}
    assert np.isnan(GamingG1072Derived().score(kqis)[0])
    assert GamingG1072Derived(bitrate_mbps=20.0).score(kqis)[0] == pytest.approx(79.6, abs=0.1)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"interaction": "extreme"}, "interaction"),
        ({"complexity": 3}, "complexity"),
        ({"height": 2160.0}, "height"),
        ({"fps": 120.0}, "fps"),
        ({"bitrate_mbps": 0.0}, "bitrate_mbps"),
    ],
)
def test_impossible_options_are_refused(options, reason):
    with pytest.raises(ValueError, match=reason):
        GamingG1072Derived(**options)
