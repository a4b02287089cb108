"""ITU-T G.1030 (02/2014) Appendix II: coefficients of a public implementation, and values computed from them."""

import numpy as np
import pytest

from models.experience.web import WebG1030, fastest_of


@pytest.mark.parametrize(("fastest", "slowest", "a", "b"), [(0.67, 6.0, 4.2693, 1.8246), (2.16, 155.0, 5.7209, 0.9360)])
def test_coefficients(fastest, slowest, a, b):
    assert WebG1030(fastest, slowest).coefficients == pytest.approx((a, b), abs=1e-3)


@pytest.mark.parametrize(
    ("fastest", "slowest", "page", "mos"),
    [
        (0.67, 6, 1, 4.2693),
        (0.67, 6, 2, 3.0046),
        (0.67, 6, 3, 2.2647),
        (0.67, 6, 4, 1.7398),
        (fastest_of(6), 6, 0.5, 3.6349),
        (fastest_of(6), 6, 1, 2.8999),
        (fastest_of(6), 6, 2, 2.1649),
        (fastest_of(15), 15, 1, 3.4019),
        (fastest_of(15), 15, 2, 2.7871),
        (fastest_of(15), 15, 6, 1.8127),
        (fastest_of(60), 60, 1, 4.0911),
        (fastest_of(60), 60, 4, 3.0445),
        (fastest_of(60), 60, 10, 2.3527),
    ],
)
def test_mos_of_a_page_time(fastest, slowest, page, mos):
    assert WebG1030(fastest, slowest).mos(np.array([float(page)]))[0] == pytest.approx(mos, abs=1e-3)


def test_the_score_is_the_mos_scale_from_1_to_5_on_100():
    got = WebG1030().score({"startup_s": np.array([0.0, 0.67, 2.0, 6.0, 60.0])})
    assert got == pytest.approx([100, 100, (3.0046 - 1) / 4 * 100, 0, 0], abs=0.03)


def test_without_a_page_time_the_score_is_unknown():
    assert np.isnan(WebG1030().score({"startup_s": np.array([np.nan])})[0])


@pytest.mark.parametrize("pair", [(0.0, 6.0), (6.0, 6.0), (7.0, 6.0)])
def test_an_impossible_pair_is_refused(pair):
    with pytest.raises(ValueError, match="fastest_s"):
        WebG1030(*pair)
