"""The cube over leaves: every cell holds what its leaves say."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from cemcore.kernels.cubes import add_to_cells
from cemcore.pipeline.localisation.attributes.cube import Cube, cuboids


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 9999), n=st.integers(1, 60), wide=st.booleans())
def test_cells_are_what_a_group_by_says(seed, n, wide):
    rng = np.random.default_rng(seed)
    sizes = np.array([3, 2, 4000 if wide else 5])
    codes = np.column_stack([rng.integers(0, s, n) for s in sizes]).astype(np.int32)
    values = rng.standard_normal((n, 2))
    cube = Cube.over(codes, sizes, cuboids(3, 3))
    table = cube.empty(2)
    cube.add(table, np.arange(n), values)
    frame = pd.DataFrame(np.column_stack([codes, values]), columns=["0", "1", "2", "x", "y"])
    for i, family in enumerate(cube.families):
        sums = frame.groupby([str(a) for a in family])[["x", "y"]].transform("sum").to_numpy()
        assert np.allclose(table[cube.begin[i] + cube.cells[i]], sums)
    gone = np.flatnonzero(rng.random(n) < 0.5)
    cube.add(table, gone, values, -1.0)
    rest = cube.empty(2)
    cube.add(rest, np.setdiff1d(np.arange(n), gone), values)
    assert np.allclose(table, rest)


def test_the_compiled_loop_is_the_plain_one():
    rng = np.random.default_rng(0)
    cells, begin = rng.integers(0, 4, (3, 20)).astype(np.int32), np.array([0, 4, 8])
    rows, values = np.array([1, 5, 5, 19]), rng.standard_normal((20, 3))
    fast, plain = np.zeros((12, 3)), np.zeros((12, 3))
    add_to_cells(cells, begin, rows, values, -1.0, fast)
    add_to_cells.__wrapped__(cells, begin, rows, values, -1.0, plain)
    assert np.allclose(fast, plain)


def test_cells_find_their_family_and_their_rows():
    codes = np.array([[0, 0], [0, 1], [1, 1]], np.int32)
    cube = Cube.over(codes, np.array([2, 2]), cuboids(2, 2))
    for i, family in enumerate(cube.families):
        for row in range(3):
            cell = int(cube.begin[i] + cube.cells[i, row])
            assert cube.family_of(cell) == i
            same = (codes[:, list(family)] == codes[row, list(family)]).all(axis=1)
            assert (cube.members(cell) == same).all()
