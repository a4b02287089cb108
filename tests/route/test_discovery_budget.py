"""What is called degraded over a slot holds to the false discovery rate, from rows and from histograms that add up."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cemcore.pipeline.detection import discovery

SURPRISES = st.lists(st.floats(0, 12, width=32) | st.just(float("nan")), max_size=60)
Q = st.sampled_from([0.01, 0.05, 0.2])


def slowly(surprise: list[float], q: float, tests: int) -> set[int]:
    """Benjamini and Hochberg (1995), as written: rank, compare with q k / m, call up to the last that passes."""
    known = [(10.0**-s, i) for i, s in enumerate(surprise) if s == s]
    known.sort()
    last = 0
    for k, (p, _) in enumerate(known, 1):
        if p <= q * k / max(tests, 1):
            last = k
    bar = known[last - 1][0] if last else -1.0
    return {i for p, i in known if p <= bar}


@given(SURPRISES, Q, st.integers(0, 50))
def test_the_limit_calls_what_benjamini_and_hochberg_call(surprise: list[float], q: float, more: int) -> None:
    s = np.array(surprise, np.float32)
    tests = int((~np.isnan(s)).sum()) + more
    called = set(np.flatnonzero(s >= discovery.limit(s, q, tests)).tolist())
    assert called == slowly([float(x) for x in s], q, tests)


@given(SURPRISES, Q)
def test_a_histogram_calls_no_more_than_rows_do_and_no_less_than_at_a_bin_less_budget(
    surprise: list[float], q: float
) -> None:
    s = np.array(surprise, np.float64)
    found = discovery.threshold(discovery.histogram(s), q)
    a_bin = 10 ** (-1 / discovery.BINS_A_DECADE)
    assert (s >= found).sum() <= (s >= discovery.limit(s, q)).sum()
    assert (s >= found).sum() >= (s >= discovery.limit(s, q * a_bin * 0.999999)).sum()


@given(SURPRISES, st.lists(st.integers(0, 3), min_size=60, max_size=60))
def test_histograms_of_partitions_add_up_to_that_of_all(surprise: list[float], part: list[int]) -> None:
    s, where = np.array(surprise, np.float32), np.array(part[: len(surprise)], int)
    parts = [discovery.histogram(s[where == i]) for i in range(4)]
    np.testing.assert_array_equal(np.sum(parts, axis=0), discovery.histogram(s))


def _realised(seeds: range, shape: float, learned: bool) -> float:
    """Share of false ones among all that is called: 4,000 tests a slot, 40 real; surprise is too high by `shape`."""
    called = false = 0
    for seed in seeds:
        rng = np.random.default_rng(seed)
        null = np.zeros(discovery.BINS + 1)
        for _ in range(60):
            null += discovery.histogram(shape * -np.log10(rng.random(4000)))
        for _ in range(20):
            s = shape * -np.log10(rng.random(4000))
            s[:40] = rng.uniform(5, 9, 40) * shape
            seen = discovery.corrected(s, null) if learned else s
            of = seen >= discovery.limit(seen, 0.05)
            called, false = called + int(of.sum()), false + int(of[40:].sum())
    return false / max(called, 1)


def test_false_discoveries_keep_the_budget_where_the_null_is_right() -> None:
    assert _realised(range(5), 1.0, learned=True) <= 0.075


def test_false_discoveries_keep_the_budget_also_where_surprise_is_systematically_too_high() -> None:
    assert _realised(range(5), 1.4, learned=False) > 0.2
    assert _realised(range(5), 1.4, learned=True) <= 0.075


@settings(max_examples=50)
@given(SURPRISES, st.integers(0, 20))
def test_a_correction_never_makes_anything_more_surprising_nor_changes_the_order(s: list[float], seed: int) -> None:
    rng = np.random.default_rng(seed)
    null = discovery.histogram(rng.uniform(0.5, 2) * -np.log10(rng.random(20_000)))
    x = np.sort(np.array(s, np.float32))
    y = discovery.corrected(x, null)
    there = ~np.isnan(x)
    assert (y[there] <= x[there] + 1e-6).all()
    assert (np.diff(y[there]) >= -1e-5).all()
    assert np.isnan(y[~there]).all()
