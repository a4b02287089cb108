"""Valid time comes from comparing snapshots, or from the source; what was known then can be asked again."""

from __future__ import annotations

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from cemcore.topology.validity import ALWAYS, EVER, Snapshot, dated, spans

KEY = ("from_id", "to_id", "relation", "via")


def snapshot(recorded: int, *lines: tuple[str, str] | tuple[str, str, int | None, int | None]) -> Snapshot:
    rows = pd.DataFrame(
        [(a, b, "uplink", None, *(times or (None, None))) for a, b, *times in lines],
        columns=[*KEY, "valid_from", "valid_to"],
    )
    for column in ("valid_from", "valid_to"):
        rows[column] = pd.to_datetime(rows[column].astype("float64"), unit="s", utc=True).astype("datetime64[us, UTC]")
    return Snapshot(recorded, rows.astype(dict.fromkeys(KEY, "str")))


def at(snapshots: list[Snapshot], valid: int, known: int) -> set[tuple[str, str]]:
    rows = spans([s for s in snapshots if s.recorded <= known], KEY).at(valid)
    return set(zip(rows["from_id"], rows["to_id"], strict=True))


def test_a_row_is_valid_from_its_first_snapshot_until_the_first_that_lacks_it() -> None:
    history = [snapshot(100, ("g", "a")), snapshot(200, ("g", "a"), ("h", "a")), snapshot(300, ("h", "a"))]
    found = spans(history, KEY)
    lines = zip(found.rows["from_id"], found.begin.tolist(), found.end.tolist(), found.recorded.tolist(), strict=True)
    assert set(lines) == {("g", ALWAYS, 300, 100), ("h", 200, EVER, 200)}


def test_what_comes_back_is_valid_twice() -> None:
    history = [snapshot(100, ("g", "a")), snapshot(200), snapshot(300, ("g", "a"))]
    assert [at(history, t, 999) for t in (150, 250, 350)] == [{("g", "a")}, set(), {("g", "a")}]


def test_a_correction_changes_the_answer_of_today_and_not_the_answer_of_then() -> None:
    history = [snapshot(100, ("g", "a")), snapshot(300, ("g", "b", 150, None))]
    assert at(history, 200, 299) == {("g", "a")}
    assert at(history, 200, 300) == {("g", "b")}
    assert at(history, 149, 300) == {("g", "a")}


def test_a_row_that_says_when_it_ended_ends_then() -> None:
    history = [snapshot(100, ("g", "a")), snapshot(300, ("g", "a", None, 180), ("g", "b", 180, None))]
    assert [at(history, t, 300) for t in (179, 180)] == [{("g", "a")}, {("g", "b")}]
    assert at(history, 250, 200) == {("g", "a")}


def test_what_begins_in_the_future_is_not_yet_valid() -> None:
    history = [snapshot(100, ("g", "a", None, 500), ("g", "b", 500, None))]
    assert [at(history, t, 100) for t in (499, 500)] == [{("g", "a")}, {("g", "b")}]
    assert dated(history)


def test_with_two_that_came_it_is_not_guessed_which_one_replaced() -> None:
    history = [snapshot(100, ("g", "a")), snapshot(300, ("g", "b", 150, None), ("g", "c", 160, None))]
    assert at(history, 200, 300) == {("g", "a"), ("g", "b"), ("g", "c")}


LINES = st.sets(st.tuples(st.sampled_from("gh"), st.sampled_from("abc")), max_size=6)


@settings(deadline=None, max_examples=40)
@given(st.lists(LINES, min_size=1, max_size=6), st.integers(0, 700), st.integers(100, 700))
def test_without_own_times_the_newest_snapshot_at_that_time_holds(
    held: list[set[tuple[str, str]]], valid: int, known: int
) -> None:
    history = [snapshot(100 * (i + 1), *sorted(lines)) for i, lines in enumerate(held)]
    told = [s for s in history if s.recorded <= known]
    then = [s for s in told if s.recorded <= valid] or told[:1]
    expected = set(zip(then[-1].rows["from_id"], then[-1].rows["to_id"], strict=True))
    assert at(history, valid, known) == expected


@settings(deadline=None, max_examples=40)
@given(st.lists(LINES, min_size=2, max_size=5), st.integers(0, 700))
def test_what_is_learned_later_never_changes_what_was_known(held: list[set[tuple[str, str]]], valid: int) -> None:
    history = [snapshot(100 * (i + 1), *sorted(lines)) for i, lines in enumerate(held)]
    for i in range(1, len(history)):
        assert at(history[:i], valid, 10**6) == at(history, valid, 100 * i)
