"""The compiled models say what the plain formulas say, over their whole range and beyond, with any gaps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cemcore.frames import KQIS
from models.experience.index import WeightedIndex
from models.experience.voice import CODECS, VoiceG107
from models.experience.web import WebG1030

PARTS = (
    {"kqi": "loss_pct", "weight": 0.4, "shape": "linear", "good": 0, "bad": 10},
    {"kqi": "throughput_mbps", "weight": 0.1, "shape": "linear", "good": 5, "bad": 0.6},
    {"kqi": "latency_ms", "weight": 0.3, "shape": "sigmoid", "midpoint": 200, "steepness": 0.02},
    {"kqi": "jitter_ms", "weight": 0.2, "shape": "iqx", "alpha": 4, "beta": 0.05, "gamma": 1},
)
MODELS = {
    "voice": VoiceG107(),
    "voice, every option": VoiceG107("G.729A", advantage=5, burst_ratio=2, buffer_ms=40, added_delay_ms=55),
    "voice, fallback": VoiceG107(measured="fallback"),
    "voice, measured ignored": VoiceG107(measured="ignore"),
    "web": WebG1030(),
    "web, patient users": WebG1030(fastest_s=1.0, slowest_s=60.0),
    "index": WeightedIndex(PARTS),
    "index of one": WeightedIndex(PARTS[3:]),
    "index, steep": WeightedIndex(({"kqi": "mos", "shape": "sigmoid", "midpoint": 3, "steepness": -500},)),
}
each_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())
EXACT = 1e-9
"""Points; promised are 0.005."""


def same(model, some):
    with np.errstate(over="ignore"):  # a jitter of 1e-310 ms
        want = model.twin(some)
    return np.allclose(model.score(some), want, rtol=0, atol=EXACT, equal_nan=True)


def dense(kqi, n):
    """A grid over the whole range, dense where scores change, with what lies on both sides of every hundredth."""
    low, high = KQIS[kqi].low, KQIS[kqi].high
    near = np.linspace(low, min(high, 1000.0), n // 2)
    edges = np.array([low, high, 0.0, 100.0, 0.67, 6.0, 1.0])
    return np.concatenate([near, low + np.geomspace(1e-9, 1, n // 2) * (high - low), edges, np.nextafter(edges, 1e9)])


@each_model
def test_on_a_dense_grid_of_each_kqi(model):
    rng = np.random.default_rng(1)
    for kqi in model.kqis:
        grid = dense(kqi, 20_000)
        for missing in (0.0, 0.3):
            others = {k: rng.choice(dense(k, 400), len(grid)) for k in model.kqis}
            for values in others.values():
                values[rng.random(len(grid)) < missing] = np.nan
            some = {**others, kqi: grid}
            assert same(model, some)


anything = st.one_of(
    st.just(np.nan), st.floats(-1e6, 1e6), st.floats(0, 10), st.sampled_from([0.0, -0.0, 100.0, 1e-300])
)


@each_model
@settings(deadline=None, max_examples=60)  # the first call compiles
@given(data=st.data())
def test_on_any_values_with_any_gaps(model, data):
    n = data.draw(st.integers(0, 12))
    some = {k: np.array(data.draw(st.lists(anything, min_size=n, max_size=n)), np.float64) for k in model.kqis}
    assert same(model, some)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("measured", ["lower", "fallback", "ignore"])
def test_what_voice_tries_at_once_is_what_it_scores_one_by_one(codec, measured):
    rng = np.random.default_rng(2)
    model = VoiceG107(codec, measured=measured, added_delay_ms=20)
    best = {"latency_ms": 0.0, "jitter_ms": 0.0, "loss_pct": 0.0, "mos": 5.0}
    some = {k: rng.choice(dense(k, 200), 5000) for k in model.kqis}
    for values in some.values():
        values[rng.random(5000) < 0.3] = np.nan
    ideal = {k: np.where(np.isnan(v), np.nan, best[k]) for k, v in some.items()}
    want = [model.score(ideal)]
    for k in model.kqis:
        want += [model.score({**some, k: ideal[k]}), model.score({**ideal, k: some[k]})]
    got = model.trials(some, best)
    assert np.allclose(got, np.stack(want), rtol=0, atol=EXACT, equal_nan=True)
