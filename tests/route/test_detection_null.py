"""The shrunken empirical null against a slow, obvious twin, and what it is for."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cemcore.pipeline.detection.null import ShrunkenNull

STEP = 1 / 64


def slow_tail(
    train: np.ndarray, base: np.ndarray, group: np.ndarray, weight: float, score: float, b: int, g: int
) -> float:
    """By counting: rank in the stratum, then in the group, shrunk towards it."""

    def floor(x: np.ndarray | float) -> np.ndarray:
        return np.floor(np.asarray(x) / STEP)

    common = train[base == b]
    u0 = ((floor(common) >= floor(score)).sum() + 1) / (len(common) + 1)
    own = train[group == g] if g >= 0 else train[:0]
    return min(1.0, max(u0, ((floor(own) >= floor(score)).sum() + weight * u0) / (len(own) + weight)))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 200))
def test_tails_equal_those_by_counting(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    train = rng.normal(0, 2, n).astype(np.float32)
    base, group = rng.integers(0, 3, n), rng.integers(-1, 5, n)
    null = ShrunkenNull((30.0,)).fit(train, base, group[:, None])
    score = rng.normal(0, 3, 40).astype(np.float32)
    b, g = rng.integers(0, 4, 40), rng.integers(-1, 6, 40)
    expected = [
        slow_tail(train, base, group, 30.0, float(s), int(i), int(j)) for s, i, j in zip(score, b, g, strict=True)
    ]
    np.testing.assert_allclose(null.tail(score, b, g[:, None]), expected)


def test_a_group_that_is_bad_every_evening_is_no_surprise_in_the_evening() -> None:
    rng = np.random.default_rng(1)
    n = 20_000
    group = np.where(np.arange(n) % 200 == 0, 7, -1)
    train = rng.normal(0, 1, n).astype(np.float32)
    evening = (group == 7) & (rng.random(n) < 0.5)
    train[evening] += 6
    null = ShrunkenNull((30.0,)).fit(train, np.zeros(n, np.int64), group[:, None])
    score, zero = np.array([5.5, 5.5], np.float32), np.zeros(2, np.int64)
    common, own = null.tail(score, zero, np.array([[-1], [7]]))
    assert common < 0.01
    assert own > 0.2


def test_tail_probabilities_of_fresh_scores_are_uniform_or_above() -> None:
    rng = np.random.default_rng(2)
    null = ShrunkenNull((50.0,)).fit(
        rng.normal(0, 1, 50_000).astype(np.float32), np.zeros(50_000, np.int64), np.full((50_000, 1), -1)
    )
    u = null.tail(rng.normal(0, 1, 50_000).astype(np.float32), np.zeros(50_000, np.int64), np.full((50_000, 1), -1))
    for level in (0.1, 0.01, 0.001):
        assert 0.6 * level < (u <= level).mean() < 1.4 * level
