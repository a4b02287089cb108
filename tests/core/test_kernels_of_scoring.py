"""The loops of room one equal the plain NumPy that they stand for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cemcore.kernels import compiled
from cemcore.kernels import scoring as kernels

NO_KQIS = np.zeros((0, 1), np.float32), np.zeros(0, np.int32), np.zeros(0)


def scores_of(data, parts, n):
    cell = st.one_of(st.just(np.nan), st.floats(0, 100), st.sampled_from([0.0, 19.999, 20.0, 100.0]))
    return np.array(data.draw(st.lists(st.lists(cell, min_size=n, max_size=n), min_size=parts, max_size=parts)))


def costs_in_numpy(scores, weights, floor, cap):
    known = ~np.isnan(scores)
    had = np.where(known, weights[:, None], 0.0)
    with np.errstate(invalid="ignore"):
        cost = np.where(known, had / had.sum(axis=0) * (100.0 - scores), 0.0)
    useless = known & (scores < floor)
    surplus = np.maximum(100.0 - cost.sum(axis=0) - cap, 0.0) * useless.any(axis=0)
    blame = np.where(useless, cost, 0.0)
    whole = blame.sum(axis=0)
    return cost + blame * np.divide(surplus, whole, out=np.zeros_like(surplus), where=whole > 0)


@settings(deadline=None, max_examples=150)  # the first call compiles
@given(data=st.data())
def test_score_coverage_and_costs(data):
    parts, n = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 8))
    scores = scores_of(data, parts, n)
    weights = np.array(data.draw(st.lists(st.floats(0.01, 1), min_size=parts, max_size=parts)))
    optional = np.array([False, *data.draw(st.lists(st.booleans(), min_size=parts - 1, max_size=parts - 1))])
    floor, cap = 20.0, data.draw(st.sampled_from([20.0, 40.0, 100.0]))
    total, coverage = np.empty(n, np.float32), np.empty(n, np.float32)
    order = np.arange(n, dtype=np.int32)
    kernels.combine(scores, weights, optional, floor, cap, order, *NO_KQIS, total, coverage)
    want = costs_in_numpy(scores, weights, floor, cap)
    known = ~np.isnan(scores)
    had = (known * weights[:, None]).sum(axis=0)
    missed = (~known * np.where(optional, 0.0, weights)[:, None]).sum(axis=0)
    assert np.allclose(total, np.where(known.any(axis=0), 100 - want.sum(axis=0), np.nan), atol=1e-5, equal_nan=True)
    assert np.allclose(coverage, np.divide(had, had + missed), atol=1e-6)
    got = np.empty_like(scores)
    kernels.costs(scores, weights, floor, cap, got)
    assert np.allclose(got, want, rtol=0, atol=1e-9)


@pytest.mark.parametrize("alone", [False, True])
def test_what_is_laid_out_by_service_can_be_put_back(alone):
    rng = np.random.default_rng(1)
    n = 1000
    service = np.full(n, 2, np.int32) if alone else rng.integers(-2, 5, n).astype(np.int32)
    kqis = rng.random((n, 6)).astype(np.float32)
    columns = np.array([[0, 2, -1, -1, -1], [5, 1, 3, 0, 4], [3, -1, -1, -1, -1]], np.int32)
    order, place, begin = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(4, np.int64)
    laid = np.empty((5, n))
    kernels.lay_out(service, kqis, columns, order, place, begin, laid)
    assert np.array_equal(np.sort(order), np.arange(n))
    assert np.array_equal(order[place], np.arange(n))
    for s, wanted in enumerate(columns):
        mine = order[begin[s] : begin[s + 1]]
        assert np.array_equal(mine, np.flatnonzero(service == s))
        for c, k in enumerate(wanted[wanted >= 0]):
            assert np.array_equal(laid[c, begin[s] : begin[s + 1]], kqis[mine, k])
    back = np.empty(n, np.float32)
    kernels.put_back(place, order.astype(np.float32), back)
    assert np.array_equal(back, np.arange(n))


def test_a_kernel_takes_what_is_read_only_and_refuses_what_does_not_fit():
    place, values, out = np.arange(3, dtype=np.int32), np.ones(3, np.float32), np.empty(3, np.float32)
    values.flags.writeable = False
    kernels.put_back(place, values, out)
    assert out.tolist() == [1, 1, 1]
    with pytest.raises(TypeError):
        kernels.put_back(place, np.ones(3), out)


def test_without_a_folder_for_its_cache_a_loop_is_compiled_all_the_same(monkeypatch):
    cached = []

    def njit(*types, cache=False, **rules):
        def decorate(function):
            if cache:
                cached.append(function)
                raise RuntimeError(f"cannot cache function {function.__name__!r}: no locator available")
            return plain(*types, **rules)(function)

        return decorate

    plain = compiled.njit
    monkeypatch.setattr(compiled, "njit", njit)

    @compiled.kernel("in float64[:]", "float64[::1]")
    def doubled(x, out):
        for i in range(x.size):
            out[i] = 2 * x[i]

    out = np.empty(2)
    doubled(np.array([1.0, 2.0]), out)
    assert out.tolist() == [2, 4]
    assert len(cached) == 1
