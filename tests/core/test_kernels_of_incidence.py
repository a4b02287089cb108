"""The loops of the national search equal the plain NumPy that they stand for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cemcore.kernels import incidence as kernels
from cemcore.pipeline.localisation.evidence import CHANNELS, LEVELS, POOLING, SHARES, score, shared

KEYS, CANDIDATES, BINS = 12, 9, 3
seeds = settings(max_examples=40, deadline=None)


class Drawn:
    """A random incidence: key -> candidates as rows (start, flat) and as a matrix; rows with keys and weights."""

    def __init__(self, seed: int, rows: int) -> None:
        rng = np.random.default_rng(seed)
        self.matrix = rng.random((KEYS, CANDIDATES)) < 0.3
        self.start = np.concatenate([[0], np.cumsum(self.matrix.sum(axis=1))]).astype(np.int64)
        self.flat = np.nonzero(self.matrix)[1].astype(np.int32)
        self.key = rng.integers(-1, KEYS, rows).astype(np.int32)
        self.weights = (rng.integers(-4000, 4000, (rows, CHANNELS)) / 1024).astype(np.float32)
        self.sums = (rng.integers(-4000, 4000, (BINS, KEYS, CHANNELS)) / 1024).astype(np.float32)
        searched = rng.random(CANDIDATES) < 0.7
        self.place = np.where(searched, np.cumsum(searched) - 1, -1).astype(np.int32)
        self.lines = np.flatnonzero(searched)
        self.csr: tuple[Any, Any] = (self.start, self.flat)
        self.of_rows = np.where(self.key[:, None] >= 0, self.matrix[self.key], False)


drawn = st.builds(Drawn, st.integers(0, 100_000), st.integers(0, 40))


@seeds
@given(drawn)
def test_rows_add_up_by_key(d: Drawn) -> None:
    sums, hope = d.sums.copy(), np.zeros((BINS, KEYS), np.float32)
    kernels.add_rows(d.key, d.weights, 1, 2, sums, hope)

    expected, bound = d.sums.copy(), np.zeros(KEYS)
    np.add.at(expected[1], d.key[d.key >= 0], d.weights[d.key >= 0])
    np.add.at(bound, d.key[d.key >= 0], d.weights[d.key >= 0, 2])
    assert np.array_equal(sums, expected)
    assert np.array_equal(hope[1], bound)
    assert not hope[[0, 2]].any()


@seeds
@given(drawn)
def test_sums_of_keys_are_pushed_up_to_their_candidates(d: Drawn) -> None:
    out = np.zeros((len(d.lines), BINS, CHANNELS))
    kernels.push_up(*d.csr, d.place, d.sums, out)
    hope = np.zeros((CANDIDATES, BINS), np.float32)
    kernels.hope_up(*d.csr, np.ascontiguousarray(d.sums[:, :, 0].T), hope)
    count = np.zeros(CANDIDATES, np.int32)
    kernels.count_up(*d.csr, np.arange(KEYS, dtype=np.int32), count)

    assert np.array_equal(out, np.einsum("kc,bkx->cbx", d.matrix, d.sums.astype(np.float64))[d.lines])
    assert np.array_equal(hope, np.einsum("kc,bk->cb", d.matrix, d.sums[:, :, 0]))
    assert np.array_equal(count, d.matrix.T @ np.arange(KEYS))


@seeds
@given(drawn)
def test_rows_add_up_by_candidate_and_are_taken_away_again(d: Drawn) -> None:
    out = np.zeros((len(d.lines), BINS, CHANNELS))
    kernels.add_entries(*d.csr, d.place, d.key, d.weights, 2, out)
    count = np.zeros(CANDIDATES, np.int32)
    kernels.count_rows(*d.csr, d.key, count)

    expected = d.of_rows.T @ d.weights.astype(np.float64)
    assert np.array_equal(out[:, 2], expected[d.lines])
    assert np.array_equal(count, d.of_rows.sum(axis=0))
    touched = np.zeros(len(d.lines), np.bool_)
    windows = np.array([False, False, True])
    kernels.take_away(*d.csr, d.place, d.key, d.weights.astype(np.float64), windows, out, touched)
    assert not out.any()
    assert np.array_equal(touched, d.of_rows.any(axis=0)[d.lines])


@seeds
@given(drawn)
def test_what_is_searched_and_what_is_hopeless(d: Drawn) -> None:
    keys = np.zeros(KEYS, np.bool_)
    kernels.searched_keys(*d.csr, d.place, keys)
    axis = (np.arange(CANDIDATES) % 2).astype(np.int8)
    hope = d.sums[0, :CANDIDATES].copy()
    total = np.ones(CANDIDATES, np.int32)
    kernels.drop_hopeless(hope, axis, 1, 1.5, total)

    assert np.array_equal(keys, d.matrix[:, d.place >= 0].any(axis=1))
    assert np.array_equal(total == 0, (axis == 1) & (hope.max(axis=1) < 1.5))


@seeds
@given(st.integers(0, 100_000), st.integers(1, 20))
def test_evidence_is_that_of_the_corridor(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    sums = np.concatenate(
        [rng.normal(0, 20, (n, BINS, len(SHARES))), rng.integers(0, 60, (n, BINS, CHANNELS - len(SHARES)))], axis=-1
    )
    r, best = np.zeros((n, BINS), np.float32), np.zeros((n, BINS), np.float32)
    kernels.score(sums, np.arange(n), len(SHARES), np.array(LEVELS), POOLING, r, best)

    assert r == pytest.approx(score(sums.astype(np.float32)), rel=1e-5, abs=1e-4)
    assert best == pytest.approx(shared(sums.astype(np.float32)), rel=1e-5)
