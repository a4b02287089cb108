"""The national search finds what the corridor's dense search finds, row by row, where it is given all good rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cemcore.pipeline.localisation import search as dense
from cemcore.pipeline.localisation.explanations import CUSTOMER, TERMINAL
from cemcore.pipeline.localisation.wide.search import search
from cemcore.pipeline.localisation.wide.slots import WideSlot
from cemcore.pipeline.localisation.wide.tallies import Scope
from tests.route.wide_town import LENGTHS, Town, town

ALL = Scope((1, 1, 1, 1, 1), hope=-np.inf)


def hits(of: Town) -> tuple[list[dense.Hit], list[dense.Hit]]:
    slow = dense.search(of.known, of.blocks, LENGTHS, of.threshold, of.prior, of.bonus)
    return slow, search(of.incidence, of.slots, LENGTHS, of.limits, ALL)


def alike(slow: list[dense.Hit], wide: list[dense.Hit]) -> None:
    assert [(h.candidate, h.window, h.ties) for h in wide] == [(h.candidate, h.window, h.ties) for h in slow]
    for a, b in zip(slow, wide, strict=True):
        got, expected = (b.evidence, b.margin, b.rank), (a.evidence, a.margin, a.rank)
        assert got == pytest.approx(expected, rel=1e-3, abs=5e-3)
        assert all(np.array_equal(x, y) for x, y in zip(a.rows, b.rows, strict=True))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(20, 400), st.integers(1, 10), st.sampled_from([0.0, 0.3, 0.9]))
def test_the_same_explanations_with_the_same_rows(seed: int, rows: int, slots: int, sick: float) -> None:
    alike(*hits(town(seed, rows, slots, sick)))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 60), st.integers(1, 8))
def test_the_same_where_a_problem_explains_part_of_the_rows(seed: int, owner: int, ages: int) -> None:
    of = town(seed, 200, 10, 0.6).owned(owner, range(ages))

    alike(*hits(of))


def test_a_fault_that_is_there_is_found() -> None:
    found = [search(t.incidence, t.slots, LENGTHS, t.limits) for t in (town(s, 400, 8, 0.9) for s in range(12))]

    assert sum(bool(f) for f in found) >= 10


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(100, 400), st.sampled_from([0.0, 0.5, 0.9]))
def test_what_is_left_out_of_the_search_would_not_have_been_found(seed: int, rows: int, sick: float) -> None:
    of = town(seed, rows, 10, sick, base=12.0)
    _, all_of_them = hits(of)
    found = search(of.incidence, of.slots, LENGTHS, of.limits)

    shared = [h.candidate for h in all_of_them if of.known.kind[h.candidate] != TERMINAL]
    assert shared == [h.candidate for h in found if of.known.kind[h.candidate] != TERMINAL]


def test_the_order_and_cut_of_rows_change_nothing() -> None:
    of = town(3, 300, 8, 0.9)
    rng = np.random.default_rng(1)
    mixed = []
    for s in of.slots:
        order = np.concatenate([rng.permutation(s.sent), s.sent + rng.permutation(len(s) - s.sent)])
        rows = s.keys[:, order], s.subject[order], s.weights[order], s.bad[order]
        mixed.append(WideSlot.build(s.slot, s.sent, s.followed, *rows, s.goods))
    one, other = (search(of.incidence, x, LENGTHS, of.limits) for x in (of.slots, mixed))

    assert [(h.candidate, h.window, h.evidence, h.margin, h.ties) for h in one] == [
        (h.candidate, h.window, h.evidence, h.margin, h.ties) for h in other
    ]


def test_a_sample_of_good_rows_finds_the_same_places_and_attributes() -> None:
    same = 0
    for seed in range(20):
        of = town(seed, 400, 8, 0.9)
        base = of.limits.base.copy()
        base[[CUSTOMER, TERMINAL]] = np.inf
        limits = replace(of.limits, base=base)
        thin = [sampled(s, 4) for s in of.slots]
        one, other = (search(of.incidence, x, LENGTHS, limits) for x in (of.slots, thin))
        same += [h.candidate for h in one[:2]] == [h.candidate for h in other[:2]]

    assert same >= 18


def sampled(s: WideSlot, of: int) -> WideSlot:
    """The slot with one in `of` of its good rows, as a sample; the sums as they are."""
    keep = np.concatenate([np.arange(s.sent), np.arange(s.sent, len(s), of)])
    return WideSlot.build(
        s.slot, s.sent, s.sent, s.keys[:, keep], s.subject[keep], s.weights[keep], s.bad[keep], s.goods
    )
