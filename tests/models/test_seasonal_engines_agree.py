"""The compiled step of the seasonal model equals its NumPy twin bit for bit, and its state keeps to its size."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from cemcore.errors import ModelError
from models.anomaly.seasonal import Seasonal


def _walk(engine: str, dense: bool, n: int = 900, steps: int = 60) -> tuple[Seasonal, list[np.ndarray]]:
    rng = np.random.default_rng(int(dense))
    model, level, number, out = Seasonal(seconds=900, least=8, engine=engine), rng.uniform(10, 90, n), 1000, []
    for t in range(steps):
        number += int(rng.choice([1, 1, 1, 2, 40]))
        rows = np.arange(n) if dense and t % 3 else rng.permutation(n)[: rng.integers(1, n)]
        x = (level[rows] + rng.normal(0, 1, len(rows))).astype(np.float32)
        x[rng.random(len(rows)) < 0.05] = np.nan
        x[rows % 50 == 0] = 100
        hour = np.full(len(rows), number // 4 % 168, np.int32) if t % 4 else rng.integers(0, 168, len(rows), np.int32)
        cohort = (rows // 300).astype(np.int32) if t % 5 else rng.integers(0, 20, len(rows), np.int32)
        model, surprise, z = model.step(number * 900, rows, x, cohort, hour, rng.random(n) < 0.1)
        out += [surprise, z]
    return model, out


@pytest.mark.parametrize("dense", [False, True])
def test_kernel_and_twin_agree_bit_for_bit_on_gaps_missing_values_and_new_series(dense: bool) -> None:
    slow, expected = _walk("numpy", dense)
    fast, got = _walk("numba", dense)
    for a, b in zip(expected, got, strict=True):
        np.testing.assert_array_equal(a, b)
    for name, array in slow.get_state().items():
        np.testing.assert_array_equal(array, fast.get_state()[name], err_msg=name)


def test_a_series_costs_at_most_72_bytes() -> None:
    model, _ = _walk("numpy", True, n=1000, steps=3)
    size = sum(a.nbytes for k, a in model.get_state().items() if k.startswith("series/"))
    assert size <= 72 * 1000


def test_a_series_silent_for_very_long_begins_anew_and_none_is_mistaken_for_fresh() -> None:
    model, n, row = Seasonal(seconds=900, least=2, engine="numpy"), 4, np.arange(4)
    same, hour, no = np.zeros(4, np.int32), np.zeros(4, np.int32), np.zeros(0, bool)
    for t in range(40):
        model, _, _ = model.step(t * 900, row, np.full(n, 50, np.float32), same, hour, no)
    later = (40 + 65536) * 900
    for t in range(0, 65536, 8192):
        model, _, _ = model.step((40 + t) * 900, row[:1], np.full(1, 50, np.float32), same[:1], hour[:1], no)
    _, surprise, _ = model.step(later, row, np.full(n, 50, np.float32), same, hour, no)
    assert np.isfinite(surprise[0])
    assert np.isnan(surprise[1:]).all()


def test_an_unknown_engine_and_a_step_back_are_refused() -> None:
    arguments = (np.arange(1), np.ones(1, np.float32), np.zeros(1, np.int32), np.zeros(1, np.int32), np.zeros(0, bool))
    with pytest.raises(ModelError, match="engine"):
        Seasonal(engine="abacus").step(0, *arguments)
    model, _, _ = Seasonal(engine="numpy").step(9000, *arguments)
    with pytest.raises(ModelError, match="forward"):
        model.step(0, *arguments)


@pytest.mark.parametrize("engine", ["numpy", "numba"])
def test_values_without_bounds_are_taken_for_missing(engine: str) -> None:
    model, n = Seasonal(seconds=3600, least=2, engine=engine), 8
    for t in range(30):
        x = np.full(n, 50 + t % 3, np.float32)
        x[:3] = (np.inf, -np.inf, 3e38) if t > 10 else x[:3]
        zero = np.zeros(n, np.int32)
        model, surprise, z = model.step(t * 3600, np.arange(n), x, zero, zero, np.zeros(0, bool))
    assert np.isnan(surprise[:3]).all()
    assert np.isfinite(z[3:]).all()
    assert np.isfinite(model.get_state()["series/level"]).all()


@pytest.mark.parametrize(
    ("rows", "cohort", "hour", "what"),
    [
        ([-1, 0], [0, 0], [0, 0], "row -1"),
        ([0, 1], [0, -1], [0, 0], "cohort -1"),
        ([0, 1], [0, 70_000], [0, 0], "cohort 0..70000"),
        ([0, 1], [0, 0], [0, 168], "hour 0..168"),
        ([0, 1], [0, 0], [0], "of 2 rows there are 2 values, 2 cohorts and 1 hours"),
    ],
)
def test_what_can_not_be_looked_up_is_refused(rows: list[int], cohort: list[int], hour: list[int], what: str) -> None:
    i4, x = np.int32, np.ones(len(rows), np.float32)
    with pytest.raises(ModelError, match=what):
        Seasonal().step(0, np.array(rows), x, np.array(cohort, i4), np.array(hour, i4), np.zeros(0, bool))


def test_where_there_is_no_place_for_compiled_code_it_is_compiled_anew() -> None:
    script = """
from numba.core import caching
caching.CacheImpl._locator_classes = []
import subprocess
import sys

import numpy as np
from models.anomaly.seasonal import Seasonal
none = np.zeros(2, np.int32)
_, _, z = Seasonal().step(0, np.arange(2), np.ones(2, np.float32), none, none, np.zeros(0, bool))
print(len(z))
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "2\n"), done.stderr[-2000:]
