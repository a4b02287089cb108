"""Single series: silent for unusually long, no usage while records come, the same values over and over."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cemcore.pipeline.detection import renewal
from cemcore.pipeline.detection.renewal import Records, SeriesState, Shared, digest, observe, silent

SERIES, DAYS = 400, 12


def _walk(stopped: dict[int, int], seed: int = 1, night: bool = True) -> dict[int, float]:
    """Greatest surprise of silence of each series on the last day; hourly, sparse series of 2-60 % activity; `stopped`:
    series -> day from which it has no record.
    """
    rng = np.random.default_rng(seed)
    rate = np.exp(rng.uniform(np.log(0.02), np.log(0.6), SERIES))
    state, shared, found = SeriesState(), Shared(), {}
    for t in range(DAYS * 24):
        share = rate * (0.1 if night and t % 24 < 7 else 1.0)
        there = np.flatnonzero(rng.random(SERIES) < share)
        there = there[[stopped.get(int(s), DAYS) > t // 24 for s in there]]
        n, home = len(there), np.zeros(len(there), np.int32)
        values = rng.integers(1, 1 << 31, n).astype(np.uint32)
        state, sums = observe(state, shared, Records(there, home, home, values, np.ones(n, np.float32)), t * 3600)
        shared = shared.plus(sums, t * 3600, 0.999)
        who, surprise, _ = silent(state, shared, 0, (t * 3600, 3600))
        if t >= (DAYS - 1) * 24:
            for s, x in zip(who, surprise, strict=True):
                found[int(s)] = max(found.get(int(s), 0.0), float(x))
    return found


def test_a_busy_series_that_stops_stands_out_and_sparse_ones_do_not() -> None:
    rng = np.random.default_rng(1)
    rate = np.exp(rng.uniform(np.log(0.02), np.log(0.6), SERIES))
    busy = int(np.argmax(rate))
    found = _walk({busy: DAYS - 3})
    bar = -np.log10(0.05 / SERIES)
    assert found[busy] > bar
    others = [x for s, x in found.items() if s != busy]
    assert len(others) > 100
    assert sum(x > bar for x in others) <= 1


def test_silence_of_healthy_series_is_ranked_rightly() -> None:
    found = np.array(list(_walk({}, seed=9, night=False).values()))
    assert (found > 3).mean() < 0.02


def _records(series: list[int], values: list[int], used: list[float]) -> Records:
    home = np.zeros(len(series), np.int32)
    return Records(np.array(series), home, home, np.array(values, np.uint32), np.array(used, np.float32))


def test_a_series_that_used_to_vary_and_repeats_is_stuck_and_a_constant_one_is_not() -> None:
    state, shared = SeriesState(), Shared()
    for t in range(120):
        varied = t + 1 if t < 100 else 77
        state, sums = observe(state, shared, _records([0, 1], [varied, 5], [1, 1]), t * 3600)
        shared = shared.plus(sums, t * 3600, 1.0)
    assert state.stuck[0] > 8
    assert state.stuck[1] < 1
    state, _ = observe(state, shared, _records([0], [78], [1]), 121 * 3600)
    assert state.stuck[0] == 0


def test_a_series_that_uses_nothing_while_its_records_come_is_told_by_the_zeros() -> None:
    state, shared = SeriesState(), Shared()
    for t in range(120):
        used = 0.0 if t >= 100 else 3.0
        state, sums = observe(state, shared, _records([0, 1], [t + 1, t + 1], [used, 0.0]), t * 3600)
        shared = shared.plus(sums, t * 3600, 1.0)
    assert state.unused[0] > 8
    assert state.unused[1] < 1


@settings(max_examples=30)
@given(st.integers(0, 500))
def test_what_partitions_add_is_what_the_whole_adds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    whole, halves = SeriesState(), [SeriesState(), SeriesState()]
    one, two = Shared(), Shared()
    for t in range(30):
        series = np.flatnonzero(rng.random(20) < 0.6)
        home = rng.integers(0, 3, len(series)).astype(np.int32)
        r = Records(
            series, home, home % 2, rng.integers(1, 5, len(series)).astype(np.uint32), np.ones(len(series), np.float32)
        )
        whole, sums = observe(whole, one, r, t * 900)
        one = one.plus(sums, t * 900, 0.99)
        parts = []
        for i in range(2):
            of = r.series % 2 == i
            part = Records(r.series[of] // 2, r.home[of], r.cohort[of], r.digest[of], r.used[of])
            halves[i], s = observe(halves[i], two, part, t * 900)
            parts.append(s)
        two = two.plus(parts[1].plus(parts[0]), t * 900, 0.99)
    np.testing.assert_allclose(one.clock, two.clock)
    np.testing.assert_allclose(one.members, two.members)
    np.testing.assert_allclose(one.gaps, two.gaps)
    np.testing.assert_array_equal(halves[0].last, whole.last[::2][: len(halves[0].last)])


def test_digests_tell_values_apart_and_know_when_there_are_none() -> None:
    kqis = np.array([[1.0, 2.0], [2.0, 1.0], [1.0, 2.0], [np.nan, np.nan], [np.nan, 2.0]], np.float32)
    d = digest(kqis)
    assert d[0] == d[2] != 0
    assert len({int(x) for x in d}) == 4
    assert d[3] == 0
    assert renewal.digest(np.zeros((0, 2), np.float32)).shape == (0,)
