"""One tick tells each minute once, and what a problem is credited with later leaves the rest where it was."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cemcore.panel import QualityRows
from cemcore.pipeline.impact import (
    NO_PROBLEM,
    Attribution,
    Tally,
    absorbed,
    came_after_all,
    joined,
    with_rest,
    withdrawn,
)

MINUTES = 15.0
_LINE = st.tuples(
    st.sampled_from([0, 900]), st.integers(0, 3), st.integers(0, 1), st.integers(-1, 3), st.integers(1, 29)
)


def attribution(lines: list[tuple[int, int, int, int, int]]) -> Attribution:
    """Lines (slot, subject, service, problem, half minutes)."""
    table = np.array(lines, np.int64).reshape(-1, 5)
    slot, subject, service, problem = (table[:, i] for i in range(4))
    depth = np.full(len(table), 0.5, np.float32)
    small = (problem.astype(np.int32), service.astype(np.int32), subject.astype(np.int32))
    return Attribution(slot, *small, (table[:, 4] / 2).astype(np.float32), depth)


def by_key(told: Attribution) -> dict[tuple[int, int, int], list[tuple[int, float]]]:
    out = defaultdict(list)
    for slot, who, what, problem, minutes in zip(
        told.slot, told.subject, told.service, told.problem, told.bad_minutes, strict=True
    ):
        out[int(slot), int(who), int(what)].append((int(problem), float(minutes)))
    return out


@settings(deadline=None)
@given(st.lists(st.lists(_LINE, max_size=12), min_size=1, max_size=4))
def test_each_minute_is_told_by_the_first_part_that_knows_it(parts: list[list[tuple[int, int, int, int, int]]]) -> None:
    given_parts = [attribution(p) for p in parts]
    told = by_key(joined(given_parts))
    expected: dict[tuple[int, int, int], list[tuple[int, float]]] = {}
    for part in given_parts:
        for key, lines in by_key(part).items():
            if key not in expected:
                expected[key] = lines
    for lines in given_parts[1:]:
        assert set(by_key(lines)) <= set(told)
    assert {k: sorted(v) for k, v in told.items()} == {k: sorted(v) for k, v in expected.items()}


@settings(deadline=None)
@given(st.lists(_LINE.map(lambda x: (*x[:3], abs(x[3]), x[4])), max_size=12, unique_by=lambda x: x[:3]))
def test_what_is_credited_later_and_its_rest_are_the_whole_slot(lines: list[tuple[int, int, int, int, int]]) -> None:
    told = by_key(with_rest(attribution(lines), MINUTES))
    for slot, who, what, problem, halves in lines:
        found = dict(told[slot, who, what])
        assert found[problem] == halves / 2
        assert found.get(NO_PROBLEM, 0.0) == MINUTES - halves / 2


def test_a_survivor_has_the_sums_of_all_that_were_merged_into_it() -> None:
    tally = Tally.none().plus(attribution([(0, 1, 0, 0, 30), (0, 2, 0, 1, 30), (0, 3, 0, 2, 30), (0, 3, 1, 3, 30)]))
    merged_into = [-1, 0, 1, -1]
    assert absorbed(0, merged_into) == (0, 1, 2)
    assert tally.of(*absorbed(0, merged_into)).bad_minutes.sum() == 45.0
    assert tally.of(3).bad_minutes.tolist() == [15.0]


def test_problems_that_were_merged_in_a_circle_end() -> None:
    assert absorbed(0, [1, 0]) == (0, 1)


def _rows(keys: list[tuple[int, int, int]]) -> QualityRows:
    table = np.array(keys, np.int64).reshape(-1, 3)
    n = len(table)
    small, none = table.astype(np.int32), np.zeros(n, np.float32)
    return QualityRows(
        table[:, 0], small[:, 1], small[:, 2], np.zeros(n, np.int32), none[:, None], none, none[:, None], table[:, 0]
    )  # type: ignore[arg-type]


_KEY = st.tuples(st.sampled_from([0, 900, 1800]), st.integers(0, 3), st.integers(0, 1))


@settings(deadline=None)
@given(st.dictionaries(_KEY, st.integers(0, 3), max_size=10), st.lists(_KEY, unique=True, max_size=10))
def test_what_was_charged_for_a_missing_record_is_taken_back_when_it_comes(
    charged: dict[tuple[int, int, int], int], came: list[tuple[int, int, int]]
) -> None:
    claims = attribution([(*key, problem, 20) for key, problem in charged.items()])
    back, held = came_after_all(claims, _rows(came))
    assert set(by_key(back)) == set(charged) & set(came)
    assert set(by_key(held)) == set(charged) - set(came)
    told = by_key(withdrawn(back))
    assert all(lines == [(NO_PROBLEM, 0.0)] for lines in told.values())
    assert set(told) == set(by_key(back))
    left = Tally.none().plus(claims).plus(back, -1)
    assert left.bad_minutes.sum() == 10.0 * len(held)
