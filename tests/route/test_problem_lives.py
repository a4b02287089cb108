"""A problem keeps its identity: it comes back, splits, takes in late records; each revision says what changed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cemcore.domain import ServiceProblem
from cemcore.panel import QualityRows
from cemcore.pipeline import route
from tests.route.mini_operator import LEARN_DAYS, SLOT, START, Change, Mini, Slot, final, slower

NOON = LEARN_DAYS * 96


@pytest.fixture(scope="module")
def mini() -> Mini:
    return Mini()


def between(change: Change, *spans: tuple[int, int]) -> Change:
    def inside(t: int, s: Slot) -> None:
        if any(a <= t < b for a, b in spans):
            change(START, s)

    return inside


def told(results: list[route.SlotResult]) -> list[ServiceProblem]:
    return [p for r in results for p in r.problems]


def test_a_trouble_that_comes_back_within_hours_is_the_same_problem_opened_again(mini: Mini) -> None:
    change = between(slower(lambda s: s.cell == 4, 3), (START, START + 12), (START + 24, START + 36))
    _, results = mini.walk(mini.learned, NOON, START + 60, change)
    (problem,) = final(results)
    changes = [p.change for p in told(results)]
    assert changes[0] == "opened"
    assert changes.count("cleared") == 2
    assert "opened again" in changes[changes.index("cleared") :]
    assert problem.end is not None
    assert problem.end.timestamp() >= (START + 34) * SLOT
    revisions = [p.revision for p in told(results)]
    assert revisions == list(range(1, len(revisions) + 1))


def test_a_trouble_that_comes_back_the_next_day_is_another_problem(mini: Mini) -> None:
    change = between(slower(lambda s: s.cell == 4, 3), (START, START + 10), (START + 60, START + 70))
    _, results = mini.walk(mini.learned, NOON, START + 84, change)
    assert len(final(results)) == 2


def test_where_all_is_well_but_one_part_the_part_goes_on_as_its_own_problem(mini: Mini) -> None:
    whole, part = slower(lambda s: s.cell // 3 == 2, 3), slower(lambda s: s.cell == 7, 4)

    def change(t: int, s: Slot) -> None:
        between(whole, (START, START + 16))(t, s)
        between(part, (START + 16, START + 40))(t, s)

    _, results = mini.walk(mini.learned, NOON, START + 56, change)
    by_cause = {p.causes[0].name: p for p in final(results)}
    assert set(by_cause) & {"GNB-2", "SITE-2"}
    assert "CELL-7" in by_cause
    first = next(p for name, p in by_cause.items() if name != "CELL-7")
    assert "split" in first.change
    assert by_cause["CELL-7"].problem_id in first.change
    opening = next(p for p in told(results) if p.problem_id == by_cause["CELL-7"].problem_id)
    assert opening.change == f"split from {first.problem_id}"
    assert first.end is not None
    assert abs(first.end.timestamp() - (START + 16) * SLOT) <= 3 * SLOT
    assert abs(by_cause["CELL-7"].begin.timestamp() - (START + 16) * SLOT) <= 3 * SLOT


def test_late_records_join_the_closed_problem_of_their_time(mini: Mini) -> None:
    """Ten subjects of the cell report only after the trouble is over: their minutes are its, and a revision says so."""
    change = between(slower(lambda s: s.cell // 3 == 2, 8), (START, START + 8))
    state, late, results = mini.learned, [], []
    for t in range(NOON, START + 32):
        inputs = mini.inputs(t, change)
        if START <= t < START + 8:
            hidden = (inputs.rows.subject % 12 == 7) & (inputs.rows.subject < 120)
            late.append(inputs.rows.take(hidden))
            inputs = _with(inputs, inputs.rows.take(~hidden))
        if t == START + 22:
            closed = final(results)
            inputs = _with(inputs, QualityRows.concat([*late, inputs.rows]))
        result, state = route.run(inputs, state, mini.parts)
        results.append(result)
    (before,), (after,) = closed, final(results)
    assert before.change == "cleared"
    assert after.problem_id == before.problem_id
    assert after.change == "revised by late records"
    assert after.end == before.end
    arrived = results[START + 22 - NOON]
    whose = arrived.row_problem[: sum(len(r) for r in late)]
    assert (whose >= 0).mean() > 0.8
    owed = arrived.attribution
    of_late = (owed.slot < (START + 8) * SLOT) & (owed.problem >= 0)
    assert owed.bad_minutes[of_late].sum() > 0
    assert np.isin(owed.subject[of_late], late[0].subject.tolist() + [s for r in late for s in r.subject]).all()


def _with(inputs: route.SlotInputs, rows: QualityRows) -> route.SlotInputs:
    return replace(inputs, rows=rows)
