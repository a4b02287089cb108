"""The seasonal model learns level, season, gain and spread, from sparse series too, and keeps its balance in an
outage.
"""

from __future__ import annotations

import numpy as np

from models.anomaly.seasonal import Seasonal


def _walk(model: Seasonal, x: np.ndarray, seconds: int) -> tuple[Seasonal, np.ndarray, np.ndarray]:
    out, zs = np.full(x.shape, np.nan, np.float32), np.full(x.shape, np.nan, np.float32)
    for t, line in enumerate(x):
        rows = np.flatnonzero(np.isfinite(line))
        hour = np.full(len(rows), t * seconds // 3600 % 168, np.int32)
        model, s, z = model.step(t * seconds, rows, line[rows], np.zeros(len(rows), np.int32), hour, np.zeros(0, bool))
        out[t, rows], zs[t, rows] = s, z
    return model, out, zs


def test_the_season_of_a_cohort_is_learned_so_that_the_nightly_dip_is_no_surprise() -> None:
    rng = np.random.default_rng(1)
    t = np.arange(28 * 24)
    dip = np.where((t % 24 >= 1) & (t % 24 < 5), -6.0, 0.0)
    x = (20 + dip[:, None] + rng.normal(0, 0.5, (len(t), 80))).astype(np.float32)
    _, _, z = _walk(Seasonal(seconds=3600), x, 3600)
    night = (t % 24 == 2) & (t > 21 * 24)
    assert abs(float(np.median(z[night]))) < 1.0


def test_levels_of_series_differ_and_are_found() -> None:
    rng = np.random.default_rng(2)
    level = rng.uniform(5, 50, 40)
    x = (level + rng.normal(0, 0.5, (14 * 24, 40))).astype(np.float32)
    model, _, _ = _walk(Seasonal(seconds=3600), x, 3600)
    np.testing.assert_allclose(model.get_state()["series/level"], level, atol=0.5)


def test_sparse_quarter_hour_series_learn_their_level_from_few_values() -> None:
    rng = np.random.default_rng(3)
    level = rng.uniform(10, 40, 60)
    x = (level + rng.normal(0, 1, (14 * 96, 60))).astype(np.float32)
    x[rng.random(x.shape) > 0.05] = np.nan
    model, _, _ = _walk(Seasonal(seconds=900), x, 900)
    assert np.median(np.abs(model.get_state()["series/level"] - level)) < 1


def test_one_outlier_moves_a_level_by_a_bounded_step() -> None:
    rng = np.random.default_rng(4)
    x = (20 + rng.normal(0, 0.5, (7 * 24, 10))).astype(np.float32)
    model, _, _ = _walk(Seasonal(seconds=3600), x, 3600)
    before = model.get_state()["series/level"].copy()
    line = np.full(10, -1e6, np.float32)
    arguments = (np.arange(10), line, np.zeros(10, np.int32), np.zeros(10, np.int32), np.zeros(0, bool))
    model, _, _ = model.step(7 * 24 * 3600, *arguments)
    model, _, _ = model.step(7 * 24 * 3600 + 3600, *arguments)
    assert np.abs(model.get_state()["series/level"] - before).max() < 0.2


def test_a_small_lasting_shift_is_charted_where_no_single_value_stands_out() -> None:
    rng = np.random.default_rng(5)
    x = (20 + rng.normal(0, 1, (35 * 24, 60))).astype(np.float32)
    x[-16:, 0] -= 1.5
    _, surprise, z = _walk(Seasonal(seconds=3600), x, 3600)
    assert surprise[-16:, 0].max() > 3
    assert np.median(z[-16:, 0]) > -3
