"""Laws of every registered tier-1 detector."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

import numpy as np
import pytest

from cemcore.protocols import Detector

SECONDS, SLOTS_A_DAY = 3600, 24
NAMES = sorted(e.name for e in entry_points(group="cemcore.detectors"))


def _new(name: str, **options: Any) -> Any:
    return next(e for e in entry_points(group="cemcore.detectors") if e.name == name).load()(seconds=SECONDS, **options)


def _noise(days: int, series: int, seed: int = 7) -> np.ndarray:
    rng = np.random.default_rng(seed)
    hours = np.arange(days * SLOTS_A_DAY)
    season = np.sin(2 * np.pi * hours / 24)[:, None] * rng.uniform(0.5, 1.5, series)
    return (rng.normal(10, 3, series) + season + rng.normal(0, 0.5, (len(hours), series))).astype(np.float32)


def _feed(
    detector: Any, x: np.ndarray, start: int = 0, mask: np.ndarray | None = None
) -> tuple[Any, np.ndarray, np.ndarray]:
    """(detector after all slots, surprise, z) of values (slots, series); NaN values are left out of the slot."""
    surprise, z = np.full(x.shape, np.nan, np.float32), np.full(x.shape, np.nan, np.float32)
    for t, line in enumerate(x):
        rows = np.flatnonzero(np.isfinite(line))
        hour = np.full(len(rows), (start + t) % 168, np.int32)
        cohort = np.zeros(len(rows), np.int32)
        masked = np.zeros(0, bool) if mask is None else mask
        detector, s, zz = detector.step((start + t) * SECONDS, rows, line[rows], cohort, hour, masked)
        surprise[t, rows], z[t, rows] = s, zz
    return detector, surprise, z


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_at_least_one_detector_is_registered() -> None:
    assert NAMES


def test_a_detector_keeps_the_promise(name: str) -> None:
    assert isinstance(_new(name), Detector)


def test_a_step_leaves_the_old_state_as_it_was(name: str) -> None:
    old, _, _ = _feed(_new(name), _noise(3, 20))
    before = {k: v.copy() for k, v in old.get_state().items()}
    _feed(old, _noise(2, 25, seed=8), start=72)
    after = old.get_state()
    assert set(before) == set(after)
    for k, v in before.items():
        np.testing.assert_array_equal(v, after[k])


def test_the_state_round_trips(name: str) -> None:
    x = _noise(6, 20)
    old, _, _ = _feed(_new(name), x[:72])
    again = _new(name).set_state(old.get_state())
    _, s1, z1 = _feed(old, x[72:], start=72)
    _, s2, z2 = _feed(again, x[72:], start=72)
    np.testing.assert_array_equal(s1, s2)
    np.testing.assert_array_equal(z1, z2)


def test_with_cohort_and_calibration_frozen_a_series_does_not_depend_on_others_or_their_order(name: str) -> None:
    x = _noise(8, 30)
    learned, _, _ = _feed(_new(name), x[:96])
    frozen = _new(name, frozen=True).set_state(learned.get_state())
    _, together, _ = _feed(frozen, x[96:], start=96)
    alone = x[96:].copy()
    alone[:, np.arange(30) != 11] = np.nan
    _, single, _ = _feed(frozen, alone, start=96)
    np.testing.assert_array_equal(together[:, 11], single[:, 11])
    detector, flipped = frozen, []
    for t, line in enumerate(x[96:]):
        order = np.random.default_rng(t).permutation(30)
        hour = np.full(30, (96 + t) % 168, np.int32)
        detector, s, _ = detector.step(
            (96 + t) * SECONDS, order, line[order], np.zeros(30, np.int32), hour, np.zeros(0, bool)
        )
        back = np.empty(30, np.float32)
        back[order] = s
        flipped.append(back)
    np.testing.assert_array_equal(together, np.array(flipped))


def test_series_come_and_go(name: str) -> None:
    x = _noise(6, 12)
    x[:60, 6:] = np.nan
    x[60:, :6] = np.nan
    _, surprise, _ = _feed(_new(name), x)
    assert np.isnan(surprise[60:70, 6:]).all()
    assert np.isfinite(surprise[-1, 6:]).all()


def test_nan_in_gives_nan_out_and_is_not_learned(name: str) -> None:
    detector, _, _ = _feed(_new(name), _noise(4, 5))
    x = np.array([9, np.nan, 9, 9, 9], np.float32)
    arguments = (np.arange(5), x, np.zeros(5, np.int32), np.zeros(5, np.int32), np.zeros(0, bool))
    after, surprise, z = detector.step(96 * SECONDS, *arguments)
    assert np.isnan(surprise[1])
    assert np.isnan(z[1])
    assert np.isfinite(surprise[[0, 2, 3, 4]]).all()
    _, again, _ = after.step(97 * SECONDS, *arguments)
    assert np.isfinite(again[[0, 2, 3, 4]]).all()


def test_masked_values_are_not_learned(name: str) -> None:
    x = _noise(10, 30)
    learned, _, _ = _feed(_new(name), x[:192])
    outage = x[192:240] - 8
    _, _, unmasked = _feed(_feed(learned, outage, start=192)[0], x[216:240], start=240)
    masked = _feed(learned, outage, start=192, mask=np.ones(30, bool))[0]
    _, _, kept = _feed(masked, x[216:240], start=240, mask=np.ones(30, bool))
    assert abs(np.nanmedian(kept)) < abs(np.nanmedian(unmasked))


def test_surprise_is_calibrated_on_noise(name: str) -> None:
    _, surprise, _ = _feed(_new(name), _noise(42, 150))
    late = surprise[28 * 24 :]
    rate = float((late > 2).mean())
    assert 0.003 < rate < 0.03


def test_a_planted_fault_is_found(name: str) -> None:
    x = _noise(35, 60)
    x[-12:, :3] -= 1.5
    _, surprise, _ = _feed(_new(name), x)
    assert (surprise[-12:, :3].max(axis=0) > 3).all()
    assert np.median(surprise[-12:, 3:].max(axis=0)) < 2.5


def test_constant_and_stuck_series_are_no_surprise_and_give_no_huge_deviation(name: str) -> None:
    rng = np.random.default_rng(3)
    x = np.full((28 * 24, 120), 100, np.float32)
    x[rng.random(x.shape) < 0.02] -= 20
    x[:, :60] += rng.normal(0, 1, (len(x), 60)).astype(np.float32)
    x[14 * 24 :, :20] = x[14 * 24, :20]
    _, surprise, z = _feed(_new(name), x)
    calm = np.abs(np.diff(x, axis=0, prepend=x[:1]).astype(np.float64)) < 1e-9
    late = np.arange(len(x)) >= 21 * 24
    assert np.nanmax(np.abs(z[late][:, :20])) < 12
    assert np.nanmean(surprise[late][calm[late]] > 3) < 0.01


@pytest.mark.parametrize("seconds", [300, 900, 3600])
def test_the_same_process_in_other_slots_is_learned_alike_and_alarms_as_seldom_a_day(name: str, seconds: int) -> None:
    rng = np.random.default_rng(5)
    a_day, n, days = 86400 // seconds, 60, 12
    keep = 0.5 ** (seconds / 3600)
    x = rng.normal(0, 1, (days * a_day, n))
    for t in range(1, len(x)):
        x[t] = keep * x[t - 1] + np.sqrt(1 - keep**2) * x[t]
    level = rng.uniform(20, 60, n)
    detector = next(e for e in entry_points(group="cemcore.detectors") if e.name == name).load()(seconds=seconds)
    over, last, alarms, zs = np.zeros(n, bool), np.full(n, -10.0), 0, []
    for t, line in enumerate(x):
        values = (level + line).astype(np.float32)
        hour = np.full(n, t * seconds // 3600 % 168, np.int32)
        detector, surprise, z = detector.step(
            t * seconds, np.arange(n), values, np.zeros(n, np.int32), hour, np.zeros(0, bool)
        )
        if t >= 6 * a_day:
            now, over = over, surprise > 2.5
            alarms += int((over & ~now & (t * seconds / 3600 - last > 6)).sum())
            last = np.where(over, t * seconds / 3600, last)
            zs.append(z)
    assert 0.6 < np.std(np.concatenate(zs)) < 1.5
    assert alarms / (n * 6) < 0.12


def _slots(n: int, steps: int) -> Any:
    """(slot, rows, x, cohort, hour, mask) with gaps, missing values, new series, several cohorts and hours."""
    rng = np.random.default_rng(11)
    level, number = rng.uniform(10, 90, n), 500
    for t in range(steps):
        number += int(rng.choice([1, 1, 1, 2, 30]))
        share = rng.uniform(0.1, 1)
        rows = np.flatnonzero((rng.random(n) < share) & (np.arange(n) < n // 2 + t * n // steps))
        x = (level[rows] + rng.normal(0, 1, len(rows))).astype(np.float32)
        x[rng.random(len(rows)) < 0.05] = np.nan
        yield (
            number * SECONDS,
            rows,
            x,
            (rows % 3).astype(np.int32),
            np.full(len(rows), number % 168, np.int32),
            (rng.random(n) < 0.1),
        )


def _partitioned(name: str) -> Any:
    detector = _new(name, least=5)
    if not hasattr(detector, "absorb"):
        pytest.skip("this detector is not made for partitions")
    return detector


def test_partitions_judged_apart_are_one_detector(name: str) -> None:
    whole, n = _partitioned(name), 300
    parts = [whole, whole, whole]
    for slot, rows, x, cohort, hour, mask in _slots(n, 60):
        whole, surprise, z = whole.step(slot, rows, x, cohort, hour, mask)
        told, s2, z2 = [], np.full(len(rows), np.nan, np.float32), np.full(len(rows), np.nan, np.float32)
        for i in range(3):
            mine = rows % 3 != i if i < 0 else rows // 100 == i
            before = np.zeros(100, bool)
            before[:] = mask[i * 100 : (i + 1) * 100]
            parts[i], s2[mine], z2[mine], said = parts[i].judge(
                slot, rows[mine] - 100 * i, x[mine], cohort[mine], hour[mine], before
            )
            told.append(said)
        total = {k: sum((t[k] for t in told[1:]), told[0][k]) for k in told[0]}
        parts = [p.absorb(total) for p in parts]
        np.testing.assert_allclose(s2, surprise, rtol=1e-5)
        np.testing.assert_allclose(z2, z, rtol=1e-4, atol=1e-5)
    for k, v in whole.get_shared().items():
        np.testing.assert_allclose(parts[0].get_shared()[k], v, rtol=1e-6)


def test_shared_tables_travel(name: str) -> None:
    learned = _partitioned(name)
    for slot, *rest in _slots(100, 20):
        learned, _, _ = learned.step(slot, *rest)
    other = _new(name).set_shared(learned.get_shared())
    for k, v in learned.get_shared().items():
        np.testing.assert_array_equal(other.get_shared()[k], v)


@pytest.mark.parametrize("every", [1, 7, 40])
def test_a_snapshot_and_deltas_are_the_state(name: str, every: int) -> None:
    detector, since = _partitioned(name), -1
    copy = None
    for i, (slot, *rest) in enumerate(_slots(200, 60)):
        detector, _, _ = detector.step(slot, *rest)
        if copy is None:
            copy, since = _new(name, least=5).set_state(detector.get_state()), slot
        elif i % every == 0:
            copy, since = copy.apply(detector.delta(since)), slot
    assert copy is not None
    copy = copy.apply(detector.delta(since))
    want, got = detector.get_state(), copy.get_state()
    assert set(want) == set(got)
    for k, v in want.items():
        np.testing.assert_array_equal(got[k][..., : v.shape[-1]], v, err_msg=k)


def test_advance_is_judge_in_place(name: str) -> None:
    judged = advanced = _partitioned(name)
    for slot, *rest in _slots(100, 20):
        judged, s1, z1, _ = judged.judge(slot, *rest)
        advanced, s2, z2, _ = advanced.advance(slot, *rest)
        np.testing.assert_array_equal(s1, s2)
        np.testing.assert_array_equal(z1, z2)
