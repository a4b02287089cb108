"""Sums of groups: any partition of the rows, in any order, gives what the whole gives."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cemcore.pipeline.detection.groups import BOUND, MANY, GroupKeys, Sums, among, count, moved, numbers, reduce

ROW = st.tuples(st.integers(-1, 6), st.integers(-1, 2), st.floats(-9, 9, width=32) | st.just(float("nan")))


def keyed(rows: list[tuple[int, int, float]]) -> tuple[GroupKeys, np.ndarray]:
    codes = np.array([[r[0] for r in rows], [r[1] for r in rows]], np.int32).reshape(2, len(rows))
    return GroupKeys(codes, ("cell", "gateway")), np.array([r[2] for r in rows], np.float32)


@given(st.lists(ROW, max_size=40), st.lists(st.integers(0, 2), min_size=40, max_size=40), st.integers(0, 99))
def test_partitions_add_up_to_the_whole(rows: list[tuple[int, int, float]], part: list[int], seed: int) -> None:
    keys, z = keyed(rows)
    whole = reduce(keys, z)
    order = np.random.default_rng(seed).permutation(len(rows))
    parts: list[Sums] = []
    for i in range(3):
        of = order[np.array(part[: len(rows)], int)[order] == i]
        parts.append(reduce(GroupKeys(keys.codes[:, of], keys.names), z[of]))
    both = parts[2].plus(parts[0]).plus(parts[1])
    np.testing.assert_array_equal(both.sizes, whole.sizes)
    for name in ("n", "total", "square", "top"):
        np.testing.assert_allclose(getattr(both, name), getattr(whole, name), rtol=1e-12, atol=1e-9)


@given(st.lists(ROW, max_size=40))
def test_sums_are_those_of_a_plain_loop(rows: list[tuple[int, int, float]]) -> None:
    keys, z = keyed(rows)
    found = reduce(keys, z)
    start = 0
    for kind in range(2):
        for code in range(int(found.sizes[kind])):
            mine = [max(-BOUND, min(BOUND, r[2])) for r in rows if r[kind] == code and r[2] == r[2]]
            at = start + code
            assert found.n[at] == len(mine)
            assert abs(found.total[at] - sum(mine)) < 1e-9
            assert found.top[at] == max(mine, default=-np.inf)
            assert count(keys)[at] == sum(1 for r in rows if r[kind] == code)
        start += int(found.sizes[kind])


def test_the_compiled_loop_gives_what_numpy_gives() -> None:
    rng = np.random.default_rng(1)
    codes = np.stack([rng.integers(-1, s, 3 * MANY).astype(np.int32) for s in (900, 4)])
    z = rng.normal(0, 3, 3 * MANY).astype(np.float32)
    z[::7] = np.nan
    keys, part = GroupKeys(codes, ("cell", "gateway")), MANY // 2
    whole = reduce(keys, z)
    pieces = [
        reduce(GroupKeys(codes[:, i : i + part], keys.names), z[i : i + part], whole.sizes)
        for i in range(0, 3 * MANY, part)
    ]
    both = pieces[0]
    for p in pieces[1:]:
        both = both.plus(p)
    for name in ("n", "total", "square", "top"):
        np.testing.assert_allclose(getattr(both, name), getattr(whole, name), rtol=1e-9, atol=1e-6)


def test_groups_keep_their_numbers_when_a_kind_grows() -> None:
    old, new = np.array([2, 3]), np.array([5, 4])
    np.testing.assert_array_equal(numbers(new)[moved(old, new)], numbers(old))
    assert among(new, numbers(old)).sum() == 5
