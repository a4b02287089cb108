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
