import numpy as np
import pytest

from models.experience.utilities import Iqx, Linear, Sigmoid, score_of_mos, utility


def column(*values):
    return np.array(values, dtype=np.float64)


def test_linear_is_75_half_way_to_the_good_half():
    assert Linear(good=50, bad=150)(column(75))[0] == 75  # the worked example of common practice
    assert Linear(good=50, bad=150)(column(0, 50, 100, 150, 500)).tolist() == [100, 100, 50, 0, 0]
    assert Linear(good=10, bad=0)(column(-1, 0, 5, 10, 60)).tolist() == [0, 0, 50, 100, 100]


def test_sigmoid_is_50_at_its_midpoint_and_survives_the_far_ends():
    u = Sigmoid(midpoint=200, steepness=0.0125)
    assert u(column(200))[0] == 50
    assert u(column(280))[0] == pytest.approx(100 / (1 + np.e))
    assert u(column(-1e9, 1e9)) == pytest.approx([100, 0])


@pytest.mark.parametrize(("x", "mos"), [(0, 4.5), (1, 3.1229), (2, 2.2876), (5, 1.2873)])
def test_iqx_gives_the_published_scores(x, mos):
    u = Iqx(alpha=3.5, beta=0.5, gamma=1.0)
    assert u.mos(column(x))[0] == pytest.approx(mos, abs=1e-3)
    assert u(column(x))[0] == pytest.approx((mos - 1) / 4 * 100, abs=0.03)


def test_a_mean_opinion_score_is_spread_over_0_to_100_and_clipped():
    assert score_of_mos(column(1, 3, 5, 5.2, 0.9)).tolist() == [0, 50, 100, 100, 0]
    assert score_of_mos(column(1, 4.5), ceiling=4.5).tolist() == [0, 100]


def test_the_gaming_delay_curve_follows_the_published_one_for_high_interaction():
    published = {0: 4.4678, 50: 4.2442, 100: 3.8979, 200: 3.0289, 300: 2.3817}  # G.1072, 1080p60, 20 Mbit/s
    u = Sigmoid(midpoint=208.0, steepness=0.0125)
    for delay, mos in published.items():
        assert u(column(delay))[0] == pytest.approx((mos - 1.3) / (4.64 - 1.3) * 100, abs=9)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, "no such utility shape"),
        ({"shape": "cubic"}, "no such utility shape"),
        ({"shape": "linear", "good": 1}, "needs good, bad"),
        ({"shape": "linear", "good": 1, "bad": 1}, "differ"),
        ({"shape": "linear", "good": 1, "bad": 2, "worst": 3}, "no option worst"),
        ({"shape": "linear", "good": "1", "bad": 2}, "wants numbers"),
        ({"shape": "sigmoid", "midpoint": 1, "steepness": 0}, "steepness"),
        ({"shape": "iqx", "alpha": 0, "beta": 1}, "alpha"),
    ],
)
def test_impossible_utilities_are_refused_with_the_reason(options, reason):
    with pytest.raises(ValueError, match=reason):
        utility(options)
