"""Planned work is known in its newest version, with all its resources, while its window is near."""

from datetime import UTC, datetime, timedelta

import pandas as pd

from cemcore.application.arrivals import WorkBook
from cemcore.domain import Feed
from cemcore.frames import conform

NIGHT = datetime(2026, 3, 3, 1, tzinfo=UTC)
START = int(NIGHT.timestamp())
HOUR = 3600


def at(hours: float) -> datetime:
    return NIGHT + timedelta(hours=hours)


def version(known: float, *resources: str, status: str = "scheduled", work_id: str = "W1", **more) -> pd.DataFrame:
    base = {
        "work_id": work_id, "status": status, "description": "swap a card", "planned_start": NIGHT,
        "planned_end": at(2), "recorded_at": at(known),
    }  # fmt: skip
    held, rejected = conform(
        Feed.WORK, pd.DataFrame([{**base, **more, "resource_id": r} for r in resources or (None,)])
    )
    assert rejected.empty
    return held


def book(*versions: pd.DataFrame) -> WorkBook:
    made = WorkBook()
    for v in versions:
        made.update(v)
    return made


def test_the_rows_of_one_work_are_one_work_with_several_resources():
    (work,) = book(version(-48, "S1", "S2")).around(START, START + 900)
    assert work.resources == ("S1", "S2")
    assert (work.planned_start, work.planned_end, work.actual_start) == (NIGHT, at(2), None)
    assert work.description == "swap a card"


def test_a_newer_version_replaces_the_older_one():
    made = book(version(-48, "S1"), version(0.1, "S1", status="inProgress", actual_start=at(0.1)))
    (work,) = made.around(START, START + 900)
    assert (work.status, work.actual_start, work.actual_end) == ("inProgress", at(0.1), None)


def test_a_resource_that_a_newer_version_no_longer_declares_is_gone():
    made = book(version(-48, "S1", "S2"), version(-24, "S2"))
    (work,) = made.around(START, START + 900)
    assert work.resources == ("S2",)


def test_both_versions_in_one_delivery_come_to_the_same():
    both = pd.concat([version(-48, "S1", "S2"), version(-24, "S2")], ignore_index=True)
    assert book(both).around(START, START + 900)[0].resources == ("S2",)


def test_a_version_of_one_work_leaves_the_others_alone():
    made = book(version(-48, "S1"), version(-48, "S9", work_id="W2"), version(-24, "S2"))
    assert [(w.work_id, w.resources) for w in made.around(START, START + 900)] == [("W1", ("S2",)), ("W2", ("S9",))]


def test_work_without_a_declared_resource_is_still_work():
    (work,) = book(version(-48)).around(START, START + 900)
    assert work.resources == ()


def test_work_is_handed_out_within_a_day_of_its_window():
    made = book(version(-72, "S1"))
    assert made.around(START - 25 * HOUR, START - 25 * HOUR + 900) == ()
    assert len(made.around(START - 23 * HOUR, START - 23 * HOUR + 900)) == 1
    assert len(made.around(START + 25 * HOUR, START + 25 * HOUR + 900)) == 1
    assert made.around(START + 27 * HOUR, START + 27 * HOUR + 900) == ()


def test_work_that_overran_stays_near_as_long_as_it_lasted():
    made = book(version(20, "S1", status="completed", actual_start=NIGHT, actual_end=at(20)))
    assert len(made.around(START + 43 * HOUR, START + 43 * HOUR + 900)) == 1


def test_no_lines_change_nothing():
    made = book(version(-48, "S1"))
    made.update(version(-24, "S2").iloc[:0])
    assert made.around(START, START + 900)[0].resources == ("S1",)
