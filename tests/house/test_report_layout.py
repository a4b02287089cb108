"""The layout of figures: rows stay rows, boxes never overlap, and fewer edges cross than in the order given."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from cemcore.report.html.layout import crossings, place


@st.composite
def _graphs(draw: st.DrawFn) -> tuple[list[list[str]], list[tuple[str, str]]]:
    sizes = draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
    rows = [[f"{i}.{j}" for j in range(n)] for i, n in enumerate(sizes)]
    keys = [k for row in rows for k in row]
    pairs = st.tuples(st.sampled_from(keys), st.sampled_from(keys)).filter(lambda e: e[0] != e[1])
    return rows, draw(st.lists(pairs, unique=True, max_size=12))


@settings(deadline=None, max_examples=60)
@given(_graphs())
def test_boxes_stand_in_their_row_and_do_not_overlap(graph: tuple[list[list[str]], list[tuple[str, str]]]) -> None:
    rows, edges = graph
    placed = place(rows, edges)
    for i, row in enumerate(rows):
        at = sorted(placed.x[k] for k in row)
        assert all(b - a >= 1 - 1e-9 for a, b in itertools.pairwise(at))
        assert {placed.y[k] for k in row} == {i}
    assert min(placed.x.values()) == 0
    assert placed.width >= max(placed.x.values()) + 1
    ordered = [sorted(row, key=placed.x.__getitem__) for row in rows]
    assert crossings(ordered, edges) <= crossings(rows, edges)
    assert place(rows, edges) == placed


def test_two_crossed_edges_are_uncrossed() -> None:
    rows, edges = [["a", "b"], ["c", "d"]], [("c", "b"), ("d", "a")]
    assert crossings(rows, edges) == 1
    placed = place(rows, edges)
    assert (placed.x["a"] - placed.x["b"]) * (placed.x["d"] - placed.x["c"]) > 0


def test_a_parent_stands_over_the_middle_of_its_children() -> None:
    placed = place([["p"], ["a", "b", "c"]], [("a", "p"), ("b", "p"), ("c", "p")])
    assert abs(placed.x["p"] - placed.x["b"]) < 1e-6
