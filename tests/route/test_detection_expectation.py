"""The expectation finds what made the data: levels, the effect of load, of place and hour; its spread is predictive."""

from __future__ import annotations

import numpy as np
import pytest

from cemcore.pipeline.detection import expectation
from cemcore.pipeline.detection.history import Past

SUBJECTS, DAYS, K = 60, 10, 1


@pytest.fixture(scope="module")
def made() -> tuple[Past, np.ndarray, np.ndarray]:
    """Records with known levels; place 3 is worse by 1 at 20 h, and load above 92 % costs 0.8 everywhere."""
    rng = np.random.default_rng(1)
    n = SUBJECTS * DAYS * 24
    subject = np.tile(np.arange(SUBJECTS), DAYS * 24).astype(np.int32)
    hours = np.repeat(np.arange(DAYS * 24), SUBJECTS)
    level = rng.normal(3, 1, SUBJECTS)
    load = rng.uniform(5, 100, n).astype(np.float32)
    place = ((subject + hours) % 5).astype(np.int32)
    x = level[subject] - 0.8 * (load > 92) - 1.0 * ((place == 3) & (hours % 24 == 20)) + rng.normal(0, 0.3, n)
    zero, key = np.zeros(n, np.float32), np.zeros(n, np.int32)
    past = Past(
        hours.astype(np.int64) * 3600, subject, key, place, key, (hours % 24).astype(np.int8),
        x[:, None].astype(np.float32), np.full(n, 10, np.float32), zero, load, key, key,
    )  # fmt: skip
    return past, level, hours // 24


def _fit(past: Past, days: np.ndarray) -> tuple[expectation.Expectation, np.ndarray]:
    e, z, _ = expectation.fit(past, 1, SUBJECTS, np.zeros(5, np.int32), days, np.full(K, 0.1, np.float32))
    return e, z[:, 0]


def test_levels_load_and_place_are_told_apart(made: tuple[Past, np.ndarray, np.ndarray]) -> None:
    past, level, days = made
    e, _ = _fit(past, days)
    shift = np.median(e.level[:, 0] - level)
    assert np.abs(e.level[:, 0] - level - shift).max() < 0.15
    effect = e.load_effect[:, 0]
    crowded = expectation.load_bin(np.array([99.5, 97.0, 50.0], np.float32))
    assert effect[crowded[0]] - effect[crowded[2]] == pytest.approx(-0.8, abs=0.15)
    place = e.place.reshape(5, 48)
    assert place[3, 20] < -0.6
    assert abs(place[2, 20]) < 0.2


def test_out_of_sample_z_of_healthy_rows_has_the_width_of_the_noise(
    made: tuple[Past, np.ndarray, np.ndarray],
) -> None:
    past, _, days = made
    _, z = _fit(past, days)
    assert 0.8 < 1.4826 * np.median(np.abs(z - np.median(z))) < 1.2


def test_more_load_is_never_expected_to_be_better(made: tuple[Past, np.ndarray, np.ndarray]) -> None:
    past, _, days = made
    e, _ = _fit(past, days)
    effect = e.load_effect[: expectation.BINS - 1, 0]
    assert (np.diff(effect) <= 1e-6).all()


def test_an_unknown_pair_is_judged_by_its_service_with_more_doubt(made: tuple[Past, np.ndarray, np.ndarray]) -> None:
    past, _, days = made
    e, _ = _fit(past, days)
    one = past.take(np.arange(1))
    stranger = Past(**{**one.__dict__, "subject": np.array([SUBJECTS + 5], np.int32)})
    z, _, _, _ = expectation.predict(e, stranger)
    assert np.isfinite(z).all()
    assert abs(float(z[0, 0])) < 3


def test_the_binomial_tail_speaks_only_where_attempts_failed() -> None:
    tried, failed = np.array([0, 10, 10, 100.0]), np.array([0, 0, 5, 1.0])
    z = expectation.failure_z(tried, failed, np.full(4, 0.01))
    assert np.isnan(z[0])
    assert z[1] < 0
    assert z[2] > 5
    assert z[3] < 1
