"""Early warning on simulated series whose breach is known: coverage, false warnings, seasons, little history."""

from __future__ import annotations

import numpy as np
import pytest

from cemcore.pipeline.foretelling import daily_levels, foretell, screen


def _errors(rng: np.random.Generator, shape: tuple[int, int], memory: float) -> np.ndarray:
    e = rng.normal(0, 1, shape)
    for t in range(1, shape[1]):
        e[:, t] = memory * e[:, t - 1] + np.sqrt(1 - memory**2) * e[:, t]
    return e


@pytest.mark.parametrize("memory", [0.0, 0.4])
@pytest.mark.parametrize("days", [14, 28])
def test_the_80_percent_interval_holds_the_true_breach_in_70_to_90_percent(days: int, memory: float) -> None:
    rng, held, n = np.random.default_rng(days + int(10 * memory)), [], 250
    for noise in _errors(rng, (n, days), memory):
        turn = int(rng.integers(0, days - 7))
        slope = -rng.uniform(0.3, 1.2)
        wait = rng.uniform(2, 20)
        requirement = 90 + slope * (days - 1 - turn + wait)
        level = 90 + slope * np.maximum(0, np.arange(days) - turn) + noise
        seen = foretell(level, requirement, -1, 14, 0.8, memory)
        held.append(seen.low <= wait <= seen.high)
    assert 0.70 <= np.mean(held) <= 0.90


@pytest.mark.parametrize("memory", [0.0, 0.4])
def test_flat_noise_is_warned_of_no_more_often_than_stated(memory: float) -> None:
    rng, tables = np.random.default_rng(3), 60
    alarmed = sum(bool(screen(80 + _errors(rng, (300, 28), memory), -1, 0.05).drifting.any()) for _ in range(tables))
    # with no drift anywhere, a false discovery rate of 5 % is the chance of any alarm at all
    assert alarmed / tables <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / tables)


def test_the_drifting_few_are_found_among_many() -> None:
    rng = np.random.default_rng(4)
    level = 80 + _errors(rng, (1000, 28), 0.3)
    level[:20] -= 0.4 * np.maximum(0, np.arange(28) - 10)
    found = np.flatnonzero(screen(level, -1, 0.05).drifting)
    assert len(set(found) & set(range(20))) >= 18
    assert len(set(found) - set(range(20))) <= 4


def test_a_drift_to_the_good_is_none() -> None:
    level = 80 + 0.5 * np.arange(28) + np.random.default_rng(5).normal(0, 0.5, (5, 28))
    assert not screen(level, -1, 0.05).drifting.any()
    assert screen(level, 1, 0.05).drifting.all()


def test_an_evening_peak_is_no_drift_and_a_drift_under_it_is_seen() -> None:
    rng, days = np.random.default_rng(6), 21
    slot = np.arange(days * 24)
    season = 15 * np.exp(-(((slot % 24) - 20) ** 2) / 8.0)
    rows = []
    for drift in (0.0, 0.6):
        keep = np.sort(rng.permutation(len(slot))[: len(slot) // 2])
        value = 85 - season - drift * slot / 24 + rng.normal(0, 2, len(slot))
        rows.append((keep, value[keep]))
    series = np.concatenate([np.full(len(k), i) for i, (k, _) in enumerate(rows)])
    at = np.concatenate([k for k, _ in rows])
    value = np.concatenate([v for _, v in rows])
    levels = daily_levels(series, at // 24, at % 24, value, np.zeros(2, np.int64), (2, days))
    steps = np.diff(levels.level, axis=1).mean(axis=1)
    assert steps == pytest.approx([0.0, -0.6], abs=0.12)
    assert list(screen(levels.level, -1, 0.05).drifting) == [False, True]


def test_what_is_to_come_changes_nothing() -> None:
    rng = np.random.default_rng(7)
    level = 80 - 0.5 * np.arange(40) + rng.normal(0, 0.7, 40)
    assert foretell(level[:21], 60, -1, 14, 0.8) == foretell(level[:21].copy(), 60, -1, 14, 0.8)
    changed = level.copy()
    changed[21:] = 0
    assert foretell(changed[:21], 60, -1, 14, 0.8) == foretell(level[:21], 60, -1, 14, 0.8)


def test_far_from_its_requirement_there_is_no_breach_within_the_horizon() -> None:
    level = 90 - 0.5 * np.arange(21) + np.random.default_rng(8).normal(0, 0.3, 21)
    near, far = foretell(level, 76, -1, 14, 0.8), foretell(level, 20, -1, 14, 0.8)
    assert near.verdict == "breach"
    assert near.days == pytest.approx((90 - 10 - 76) / 0.5, abs=1.5)
    assert far.verdict == "none"
    assert far.chance < 0.01


def test_a_load_that_rises_misses_its_limit_from_below() -> None:
    level = 60 + 0.8 * np.arange(21) + np.random.default_rng(9).normal(0, 0.5, 21)
    seen = foretell(level, 85, 1, 14, 0.8)
    assert seen.verdict == "breach"
    assert seen.per_day == pytest.approx(0.8, abs=0.1)
    assert seen.low <= (85 - 76) / 0.8 <= seen.high


def test_the_day_on_which_the_drift_began_is_found() -> None:
    level = 90 - 1.0 * np.maximum(0, np.arange(28) - 15) + np.random.default_rng(10).normal(0, 0.5, 28)
    assert foretell(level, 60, -1, 30, 0.8).since == pytest.approx(15, abs=2)


def test_a_single_wild_day_moves_little() -> None:
    level = 90 - 0.5 * np.arange(28) + np.random.default_rng(11).normal(0, 0.5, 28)
    wild = level.copy()
    wild[20] -= 40
    assert foretell(wild, 70, -1, 30, 0.8).days == pytest.approx(foretell(level, 70, -1, 30, 0.8).days, rel=0.2)


def test_too_few_days_are_unknown_and_neither_safe_nor_in_danger() -> None:
    level = np.full(28, np.nan)
    level[-5:] = [80, 78, 76, 74, 72]
    assert foretell(level, 70, -1, 14, 0.8).verdict == "unknown"
    screened = screen(level[None, :], -1, 0.05)
    assert not screened.known[0]
    assert not screened.drifting[0]
