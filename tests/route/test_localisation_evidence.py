"""Evidence: an e-value by construction, sums by candidate as by hand, and thresholds that keep the budget."""

from __future__ import annotations

import numpy as np
import pytest

from cemcore.pipeline.localisation import evidence, thresholds


def rows(u: np.ndarray) -> np.ndarray:
    zero = np.zeros(len(u), np.float32)
    return evidence.weights((-np.log10(u)).astype(np.float32), zero, zero)


@pytest.mark.parametrize("share", range(len(evidence.SHARES)))
def test_a_healthy_row_is_on_average_no_evidence(share: int) -> None:
    u = np.random.default_rng(1).random(400_000)
    assert float(np.exp(rows(u)[:, share].astype(np.float64)).mean()) < 1.02


def test_healthy_rows_speak_against_a_candidate_and_bad_ones_for_it() -> None:
    good, bad = rows(np.full(20, 0.5)), rows(np.full(20, 0.01))
    assert evidence.shared(good.sum(axis=0)) < 0
    assert evidence.shared(bad.sum(axis=0)) > 10
    assert evidence.shared(np.concatenate([good, bad]).sum(axis=0)) < evidence.shared(bad.sum(axis=0))


def test_rows_of_unknown_surprise_say_nothing() -> None:
    w = evidence.weights(np.array([np.nan], np.float32), np.ones(1, np.float32), np.zeros(1, np.float32))
    assert (w == 0).all()


def test_tallies_equal_sums_by_hand() -> None:
    rng = np.random.default_rng(2)
    w = rows(rng.random(50))
    candidate = rng.integers(0, 7, 50)
    by_hand = np.stack([w[candidate == c].sum(axis=0) for c in range(9)])
    np.testing.assert_allclose(evidence.tally(candidate, w, 9), by_hand, rtol=1e-5, atol=1e-5)


def test_pooled_failures_are_found_where_few_sessions_are_tried() -> None:
    n = 12
    failed, expected = np.full(n, 1.0, np.float32), np.full(n, 0.05, np.float32)
    w = evidence.weights(np.full(n, 0.3, np.float32), failed, expected)
    assert float(evidence.score(w.sum(axis=0)[None])[0]) > 12


def test_windows_are_hours_whatever_the_slot() -> None:
    assert evidence.windows(900) == (1, 2, 4, 8, 24)
    assert evidence.windows(3600) == (1, 2, 6)
    assert evidence.windows(300) == (3, 6, 12, 24, 72)


def test_a_stricter_budget_asks_for_more_evidence_and_ten_times_fewer_for_ln_10_more() -> None:
    counts = np.array([500, 50, 200, 300, 1000])
    loose = thresholds.budget_base(counts, (1, 2, 4, 8, 24), 96, 1.0)
    strict = thresholds.budget_base(counts, (1, 2, 4, 8, 24), 96, 0.1)
    np.testing.assert_allclose(strict - loose, np.log(10), rtol=1e-5)


def test_noise_passes_the_threshold_less_often_than_the_budget_allows() -> None:
    """A year of days of one candidate of forty rows a slot, by its best one-slot window: expected 0.1 / candidates a
    day.
    """
    candidates, days = 50, 200
    base = thresholds.budget_base(np.array([candidates, 0, 0, 0, 0]), (1,), 96, 0.1)[0, 0]
    rng = np.random.default_rng(3)
    over = 0
    for _ in range(days):
        w = rows(rng.random(96 * 40))
        sums = w.reshape(96, 40, -1).sum(axis=1)
        over += int((evidence.score(sums) > base).sum())
    assert over / days <= 3 * 0.1 / candidates + 0.02
