import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.experience.index import WeightedIndex

NAN = float("nan")
PARTS = (
    {"kqi": "loss_pct", "weight": 0.5, "shape": "linear", "good": 0, "bad": 10},
    {"kqi": "latency_ms", "weight": 0.3, "shape": "sigmoid", "midpoint": 200, "steepness": 0.02},
    {"kqi": "jitter_ms", "weight": 0.2, "shape": "iqx", "alpha": 4, "beta": 0.05, "gamma": 1},
)


def score(parts=PARTS, **values):
    return float(WeightedIndex(parts).score({k: np.array([float(v)]) for k, v in values.items()})[0])


def slow_twin(record):
    """One record at a time, plain Python."""
    utilities = (
        lambda loss: max(0.0, min(100.0, 100 * (10 - loss) / 10)),
        lambda latency: 100 / (1 + np.exp(0.02 * (latency - 200))),
        lambda jitter: 100 * np.exp(-0.05 * jitter),
    )
    parts = zip(utilities, record, PARTS, strict=True)
    there = [(utility(v), p["weight"]) for utility, v, p in parts if not np.isnan(v)]
    if not there:
        return NAN
    mean = sum(u * w for u, w in there) / sum(w for _, w in there)
    return min(mean, 40.0) if any(u < 20 for u, _ in there) else mean


maybe = st.one_of(st.just(NAN), st.floats(0, 1000))


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.tuples(maybe, maybe, maybe), min_size=1, max_size=20))
def test_it_equals_the_slow_way(records):
    columns = np.array(records, dtype=np.float64).T
    got = WeightedIndex(PARTS).score(dict(zip(("loss_pct", "latency_ms", "jitter_ms"), columns, strict=True)))
    assert np.allclose(got, [slow_twin(r) for r in records], atol=1e-9, equal_nan=True)


def test_weights_are_renormalised_over_what_is_reported():
    assert score(loss_pct=5, latency_ms=NAN, jitter_ms=NAN) == 50
    assert score(loss_pct=5, jitter_ms=0) == pytest.approx((0.5 * 50 + 0.2 * 100) / 0.7)


def test_one_useless_part_caps_the_whole_at_40():
    assert score(loss_pct=8.1, latency_ms=0, jitter_ms=0) == 40
    assert score(loss_pct=7.9, latency_ms=0, jitter_ms=0) > 58


def test_coverage_is_the_share_of_weight_that_had_data():
    kqis = {"loss_pct": np.array([1.0, NAN, NAN]), "latency_ms": np.array([1.0, 1.0, NAN])}
    assert WeightedIndex(PARTS).coverage(kqis) == pytest.approx([0.8, 0.3, 0])


def test_nothing_reported_is_unknown_not_zero():
    assert np.isnan(score(loss_pct=NAN, latency_ms=NAN, jitter_ms=NAN))


def test_a_single_indicator_is_its_own_score():
    only = ({"kqi": "loss_pct", "shape": "linear", "good": 0, "bad": 10},)
    assert [score(only, loss_pct=v) for v in (0, 5, 9, 10)] == [100, 50, 10, 0]


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ((), "at least one"),
        (({"weight": 1, "shape": "linear", "good": 0, "bad": 1},), "names its kqi"),
        (({"kqi": "mos", "weight": 0, "shape": "linear", "good": 0, "bad": 1},), "mos: the weight"),
        (({"kqi": "mos", "shape": "linear", "good": 0},), "mos: a linear utility needs"),
        ((PARTS[0], PARTS[0]), "each KQI once"),
    ],
)
def test_impossible_indices_are_refused_with_the_reason(parts, reason):
    with pytest.raises(ValueError, match=reason):
        WeightedIndex(parts)


def test_a_floor_above_the_cap_is_refused():
    with pytest.raises(ValueError, match="floor"):
        WeightedIndex(PARTS, floor=50, cap=40)
