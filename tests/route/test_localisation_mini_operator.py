"""Planted troubles in a small operator made here: each gives one problem with that cause, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from cemcore.pipeline import route
from tests.route.mini_operator import CELLS, END, LEARN_DAYS, SLOT, START, SUBJECTS, Mini, Slot, final, slower


@pytest.fixture(scope="module")
def mini() -> Mini:
    return Mini()


def test_nothing_is_reported_of_a_day_on_which_all_is_well(mini: Mini) -> None:
    _, results = mini.walk(mini.learned, LEARN_DAYS * 96, LEARN_DAYS * 96 + 96)
    assert final(results) == []


@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("CELL-4", lambda s: s.cell == 4),
        ("GNB-2", lambda s: s.cell // 3 == 2),
        ("DNS", lambda s: s.cell >= 0),
        ("firmware=F3", lambda s: s.firmware == 3),
    ],
)
def test_a_planted_fault_gives_one_problem_with_its_cause(
    mini: Mini, name: str, of: Callable[[Slot], np.ndarray]
) -> None:
    _, results = mini.walk(mini.learned, LEARN_DAYS * 96, END + 12, slower(of, 2.2))
    (problem,) = final(results)
    named = {problem.causes[0].name, *problem.causes[0].tied_with}
    assert name in named
    assert abs(problem.begin.timestamp() - START * SLOT) <= 2 * SLOT
    assert problem.end is not None
    assert abs(problem.end.timestamp() - END * SLOT) <= 4 * SLOT


def test_many_small_shifts_are_found_together_though_none_is_significant_alone(mini: Mini) -> None:
    """Some sixty subjects of one gNB are slower by about one of their own spreads."""
    _, results = mini.walk(mini.learned, LEARN_DAYS * 96, END, slower(lambda s: s.cell // 3 == 1, 1.22))
    hit = [r.detected.surprise[np.isfinite(r.detected.surprise)] for r in results]
    assert np.median(np.concatenate(hit)) < 1
    problems = final(results)
    assert [p.causes[0].name for p in problems] in (["GNB-1"], ["SITE-1"])


def test_the_trouble_of_one_subject_is_no_problem_of_what_it_shares(mini: Mini) -> None:
    _, results = mini.walk(mini.learned, LEARN_DAYS * 96, END, slower(lambda s: s.subject == 17, 6))
    assert final(results) == []


def test_a_region_that_falls_silent_as_one_is_blind_and_no_problem(mini: Mini) -> None:
    def change(t: int, s: Slot) -> None:
        if START <= t < END:
            s.keep[s.cell // 6 == 0] = False

    _, results = mini.walk(mini.learned, LEARN_DAYS * 96, END + 8, change)
    assert final(results) == []
    inside = results[START - LEARN_DAYS * 96 : END - LEARN_DAYS * 96]
    assert all(r.blind.tolist() == [True, False] for r in inside)
    assert not results[0].blind.any()


def test_a_cell_that_falls_silent_while_its_region_reports_is_a_problem(mini: Mini) -> None:
    def change(t: int, s: Slot) -> None:
        if START <= t < END:
            s.keep[s.cell == 8] = False

    _, results = mini.walk(mini.learned, LEARN_DAYS * 96, END, change)
    (problem,) = final(results)
    assert problem.causes[0].name == "CELL-8"


def test_those_whose_records_went_missing_in_an_outage_are_affected(mini: Mini) -> None:
    def change(t: int, s: Slot) -> None:
        if START <= t < END:
            s.kqis["setup_success_ratio"][s.cell == 8] = 0
            s.keep[(s.cell == 8) & (s.subject % 24 != 8)] = False

    _, results = mini.walk(mini.learned, LEARN_DAYS * 96, END + 12, change)
    last = [r.memberships for r in results if len(r.memberships)][-1]
    people = {int(s) for s in last.subject}
    cell = {s for s in range(SUBJECTS) if s % CELLS == 8}
    assert people <= cell
    assert len(people) >= 0.9 * len(cell)


def test_the_old_state_stays_as_it_was_and_the_same_inputs_give_the_same_answer(mini: Mini) -> None:
    change = slower(lambda s: s.cell == 4, 2.5)
    state, _ = mini.walk(mini.learned, LEARN_DAYS * 96, START + 3, change)
    before = {k: v.copy() for k, v in state.get_state().items()}
    inputs = mini.inputs(START + 3, change)
    first, _ = route.run(inputs, state, mini.parts)
    again, _ = route.run(inputs, state, mini.parts)
    assert first.problems == again.problems
    np.testing.assert_array_equal(first.row_problem, again.row_problem)
    after = state.get_state()
    assert before.keys() == after.keys()
    for k, v in before.items():
        np.testing.assert_array_equal(v, after[k])


def test_a_state_that_was_written_and_read_goes_on_the_same(mini: Mini) -> None:
    change = slower(lambda s: s.cell // 3 == 2, 2.5)
    state, _ = mini.walk(mini.learned, LEARN_DAYS * 96, START + 2, change)
    read = route.initial_state(mini.parts).set_state(state.get_state())
    _, straight = mini.walk(state, START + 2, START + 12, change)
    _, resumed = mini.walk(read, START + 2, START + 12, change)
    assert [r.problems for r in straight] == [r.problems for r in resumed]
    for a, b in zip(straight, resumed, strict=True):
        np.testing.assert_array_equal(a.detected.surprise, b.detected.surprise)
        np.testing.assert_array_equal(a.attribution.bad_minutes, b.attribution.bad_minutes)


def test_while_learning_nothing_opens(mini: Mini) -> None:
    def change(t: int, s: Slot) -> None:
        s.kqis["latency_ms"][s.cell == 1] *= 5

    _, results = mini.walk(route.initial_state(mini.parts), 0, 96, change)
    assert all(r.problems == () for r in results)
    assert np.isnan(results[-1].detected.surprise).all()


def test_each_bad_minute_of_a_row_is_attributed_to_one_problem_at_most(mini: Mini) -> None:
    _, results = mini.walk(mini.learned, LEARN_DAYS * 96, END, slower(lambda s: s.cell // 3 == 2, 3))
    for r in results:
        a = r.attribution
        key = np.stack([a.slot, a.subject, a.service], axis=1)
        owned = key[a.problem >= 0]
        assert len(np.unique(owned, axis=0)) == len(owned)
    assert sum(float(r.attribution.bad_minutes[r.attribution.problem >= 0].sum()) for r in results) > 0
