"""Every bad minute belongs to exactly one problem or to none: no minute twice, none lost."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cemcore.panel import QualityRows, ScoredRows
from cemcore.pipeline.impact import NO_PROBLEM, Attribution, Missing, Tally, attribute

MINUTES = 15.0


def panels(
    keys: list[tuple[int, int, int]], scores: list[float], requirement: float = 60.0
) -> tuple[QualityRows, ScoredRows]:
    n = len(keys)
    slot, subject, service = (np.array([k[i] for k in keys], np.int64 if i == 0 else np.int32) for i in range(3))
    zeros, text = np.zeros(n, np.float32), np.zeros((n, 0), np.int32)
    rows = QualityRows(slot, subject, service, np.zeros(n, np.int32), np.zeros((n, 1), np.float32), zeros, text, slot)  # type: ignore[arg-type]
    score = np.array(scores, np.float32)
    return rows, ScoredRows(
        score, zeros, np.full(n, requirement, np.float32), np.zeros((n, 1), np.float32), np.zeros(n, np.int16)
    )


def missing(keys: list[tuple[int, int, int]], explained: list[int], expected: list[float]) -> Missing:
    slot, subject, service = (np.array([k[i] for k in keys], np.int64 if i == 0 else np.int32) for i in range(3))
    return Missing(slot, subject, service, np.array(explained, np.int32), np.array(expected, np.float32))  # type: ignore[arg-type]


def lines(found: Attribution) -> list[tuple[int, int, int, int, float, float]]:
    columns = (found.slot, found.subject, found.service, found.problem, found.bad_minutes, found.depth)
    return sorted(tuple(round(float(x), 4) for x in line) for line in zip(*columns, strict=True))  # type: ignore[misc]


def test_a_problem_is_credited_with_the_excess_and_the_rest_is_chronic() -> None:
    rows, scored = panels([(0, 1, 0), (0, 2, 0), (0, 3, 0)], [30.0, 59.0, 61.0])
    found = attribute(rows, scored, np.array([4, -1, 4], np.int32), np.array([6, 6, 6], np.float32), MINUTES)
    depth = round(1 / 60, 4)
    assert lines(found) == [(0, 1, 0, -1, 6, 0.5), (0, 1, 0, 4, 9, 0.5), (0, 2, 0, -1, 15, depth)]


def test_a_score_that_is_not_known_is_no_bad_minute() -> None:
    rows, scored = panels([(0, 1, 0)], [np.nan])
    assert len(attribute(rows, scored, np.array([0], np.int32), np.zeros(1, np.float32), MINUTES)) == 0


def test_rows_that_an_outage_kept_from_coming_count_in_full_unless_they_came_after_all() -> None:
    rows, scored = panels([(0, 1, 0)], [90.0])
    gone = missing([(0, 1, 0), (0, 2, 0), (0, 2, 0)], [3, 3, 3], [0.0, 5.0, 5.0])
    found = attribute(rows, scored, np.array([-1], np.int32), np.zeros(1, np.float32), MINUTES, gone)
    assert lines(found) == [(0, 2, 0, -1, 5, 1), (0, 2, 0, 3, 10, 1)]


_KEYS = st.lists(st.tuples(st.sampled_from([0, 900]), st.integers(0, 5), st.integers(0, 2)), unique=True, max_size=20)


@settings(deadline=None)
@given(_KEYS, _KEYS, st.data())
def test_no_bad_minute_is_counted_twice_and_none_is_lost(
    came: list[tuple[int, int, int]], away: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    scores = data.draw(
        st.lists(st.floats(0, 100, width=16) | st.just(float("nan")), min_size=len(came), max_size=len(came))
    )
    problems = st.integers(-1, 3)
    expected = st.integers(-4, 40).map(lambda half: half / 2) | st.just(float("nan"))
    explained = data.draw(st.lists(problems, min_size=len(came), max_size=len(came)))
    usual = data.draw(st.lists(expected, min_size=len(came), max_size=len(came)))
    gone = missing(away, [data.draw(problems) for _ in away], [data.draw(expected) for _ in away])
    rows, scored = panels(came, scores)
    found = attribute(rows, scored, np.array(explained, np.int32), np.array(usual, np.float32), MINUTES, gone)

    per_row: dict[tuple[int, int, int], list[tuple[int, float]]] = defaultdict(list)
    for slot, subject, service, problem, minutes, depth in lines(found):
        per_row[slot, subject, service].append((problem, minutes))
        assert 0 < minutes <= MINUTES
        assert 0 <= depth <= 1
    bad = {k for k, s in zip(came, scores, strict=True) if s < 60} | (set(away) - set(came))
    assert set(per_row) == bad
    whose = dict(zip(came, explained, strict=True)) | {
        k: int(p) for k, p in zip(away, gone.explained, strict=True) if k not in came
    }
    for key, shares in per_row.items():
        assert sum(m for _, m in shares) == pytest.approx(MINUTES, abs=1e-3)
        owners = [p for p, _ in shares if p != NO_PROBLEM]
        assert len(owners) <= 1
        assert set(owners) <= {whose[key]}


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(-1, 2), st.integers(0, 3), st.integers(0, 1), st.integers(1, 15)), max_size=30),
    st.integers(0, 30),
)
def test_sums_over_slots_are_the_sums_of_their_minutes_however_they_are_cut(
    lost: list[tuple[int, int, int, int]], cut: int
) -> None:
    def some(part: list[tuple[int, int, int, int]]) -> Attribution:
        problem, subject, service, minutes = (np.array([x[i] for x in part], np.int32) for i in range(4))
        return Attribution(
            np.zeros(len(part), np.int64),
            problem,
            service,
            subject,
            minutes.astype(np.float32),
            np.full(len(part), 0.5, np.float32),
        )

    tally = Tally.none().plus(some(lost[:cut])).plus(some(lost[cut:]))
    expected: dict[tuple[int, int, int], int] = defaultdict(int)
    for problem, subject, service, minutes in lost:
        if problem != NO_PROBLEM:
            expected[problem, subject, service] += minutes
    got = dict(
        zip(
            zip(tally.problem.tolist(), tally.subject.tolist(), tally.service.tolist(), strict=True),
            tally.bad_minutes.tolist(),
            strict=True,
        )
    )
    assert got == expected
    assert np.allclose(tally.depth_minutes, tally.bad_minutes / 2)
    taken_back = tally.plus(some(lost), sign=-1)
    assert not taken_back.bad_minutes.any()
