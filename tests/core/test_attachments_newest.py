"""An attachment counts from its begin to its end; a later word about the same one corrects it."""

from __future__ import annotations

import pandas as pd

from cemcore.application.attachments import newest
from cemcore.domain import Feed
from cemcore.frames import conform

Line = tuple[str, str | None, str | None, int, int | None, int]


def frame(*lines: Line) -> pd.DataFrame:
    """Attachments from (subject, resource, service, from, to, recorded), times in s."""
    names = ["subject_id", "resource_id", "service", "valid_from", "valid_to", "recorded_at"]
    table = pd.DataFrame(lines, columns=names)
    for c in names[3:]:
        table[c] = pd.to_datetime(table[c].astype("float64"), unit="s", utc=True)
    return conform(Feed.ATTACHMENTS, table)[0]


def at(table: pd.DataFrame, valid: int) -> dict[tuple[str, str], tuple[str | None, bool, int]]:
    found = newest(table, valid)
    rows = found[["subject_id", "service", "resource_id", "ended", "since"]].itertuples(index=False)
    return {(r[0], r[1]): (r[2], r[3], r[4]) for r in rows}


MOVED = frame(("s", "a", None, 100, None, 105), ("s", "b", None, 200, 300, 305))


def test_who_moves_is_at_the_newest_place_that_has_begun() -> None:
    assert at(MOVED, 99) == {}
    assert at(MOVED, 100) == {("s", ""): ("a", False, 100)}
    assert at(MOVED, 250) == {("s", ""): ("b", False, 200)}


def test_after_its_end_nobody_is_attached() -> None:
    assert at(MOVED, 300) == {("s", ""): ("b", True, 300)}


def test_a_later_word_about_the_same_attachment_corrects_it() -> None:
    assert at(frame(("s", "b", None, 200, None, 206), ("s", "c", None, 200, None, 900)), 250)["s", ""][0] == "c"


def test_services_may_be_attached_apart() -> None:
    table = frame(("s", "a", None, 100, None, 105), ("s", "b", "voice", 150, None, 155))
    assert {k: v[0] for k, v in at(table, 200).items()} == {("s", ""): "a", ("s", "voice"): "b"}


def test_no_attachments_are_no_attachments() -> None:
    assert len(newest(pd.DataFrame(), 5)) == 0
