"""Planned work (TMF655): what is planned, and what was known when."""

import json

import pandas as pd
import pytest

from cemcore.domain import Feed
from cemcore.frames import conform
from collectors.work import WorkFiles

CHANGE = {
    "id": "CHG-1",
    "status": "completed",
    "description": "swap a card",
    "impact": "none expected",
    "requestDate": "2026-01-01T09:00:00Z",
    "plannedStartTime": "2026-01-10T01:00:00Z",
    "plannedEndTime": "2026-01-10T03:00:00Z",
    "actualStartTime": "2026-01-10T01:05:00Z",
    "actualEndTime": "2026-01-10T02:40:00Z",
    "targetEntity": [{"id": "R-1", "@referredType": "Resource"}],
}
ARRIVAL = {"column": "requestDate"}


def without(*keys, **changes):
    return {k: v for k, v in {**CHANGE, **changes}.items() if k not in keys}


def read(drop, *changes, **options):
    return drop.read(WorkFiles, json.dumps(list(changes)), "w.json", **options)


def test_live_a_change_is_one_row_as_it_stands(drop, balance, at):
    content = read(drop, CHANGE)
    f = content.frame
    assert f[["work_id", "resource_id", "status", "declared_impact"]].to_numpy().tolist() == [
        ["CHG-1", "R-1", "completed", "none expected"]
    ]
    assert f["actual_end"].tolist() == [at("2026-01-10T02:40:00Z")]
    assert "recorded_at" not in f
    pd.testing.assert_frame_equal(conform(Feed.WORK, f)[0], f)
    balance(content)


def test_history_says_only_what_was_known_at_each_time(drop, balance, at):
    content = read(drop, CHANGE, arrival=ARRIVAL)
    f = content.frame
    assert f["status"].tolist() == ["scheduled", "inProgress", "completed"]
    assert f["recorded_at"].tolist() == [at(CHANGE[k]) for k in ("requestDate", "actualStartTime", "actualEndTime")]
    assert f["actual_start"].isna().tolist() == [True, False, False]
    assert f["actual_end"].isna().tolist() == [True, True, False]
    assert f["planned_end"].tolist() == [at("2026-01-10T03:00:00Z")] * 3
    balance(content)


@pytest.mark.parametrize("column", ["actual_start", "actual_end"])
def test_no_version_knows_a_time_that_lies_after_it(drop, column):
    f = read(
        drop, CHANGE, without("actualStartTime"), without("actualEndTime", status="inProgress"), arrival=ARRIVAL
    ).frame
    known = f[f[column].notna()]
    assert (known[column] <= known["recorded_at"]).all()


@pytest.mark.parametrize(
    ("change", "versions"),
    [
        (without("actualStartTime", "actualEndTime", status="approved"), [("approved", "requestDate")]),
        (
            without("actualEndTime", status="inProgress"),
            [("scheduled", "requestDate"), ("inProgress", "actualStartTime")],
        ),
        (
            without("actualStartTime", "actualEndTime", status="cancelled", statusChangeDate="2026-01-05T00:00:00Z"),
            [("scheduled", "requestDate"), ("cancelled", "statusChangeDate")],
        ),
        (
            without("actualStartTime", "actualEndTime", status="cancelled"),
            [("scheduled", "requestDate"), ("cancelled", "plannedEndTime")],
        ),
    ],
)
def test_work_that_has_not_run_its_course(drop, at, change, versions):
    f = read(drop, change, arrival=ARRIVAL).frame
    assert list(zip(f["status"], f["recorded_at"], strict=True)) == [(s, at(change[k])) for s, k in versions]


def test_work_on_several_resources_has_a_row_for_each(drop, balance):
    content = read(drop, {**CHANGE, "targetEntity": [{"id": "R-1"}, {"id": "R-2"}, {"id": "R-1"}]}, arrival=ARRIVAL)
    assert content.frame["resource_id"].tolist() == ["R-1", "R-2"] * 3
    balance(content)


def test_work_without_declared_resources_is_kept(drop):
    assert read(drop, without("targetEntity")).frame["resource_id"].isna().tolist() == [True]


@pytest.mark.parametrize(
    "data", [json.dumps(CHANGE), json.dumps({"event": {"changeRequest": CHANGE}}), json.dumps([CHANGE, CHANGE])]
)
def test_one_object_an_event_and_a_repeat_are_one_work(drop, data, balance):
    content = drop.read(WorkFiles, data, "w.json")
    assert content.frame["work_id"].tolist() == ["CHG-1"]
    balance(content)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": "dreaming"}, "unknown status 'dreaming'"),
        ({"status": None}, "status is missing"),
        ({"id": None}, "work_id is missing"),
        ({"plannedStartTime": None}, "planned_start is missing"),
        ({"plannedStartTime": "Tuesday"}, "plannedStartTime is not a time"),
        ({"plannedStartTime": 5}, "plannedStartTime is not a time"),
        ({"plannedEndTime": "2026-01-09T00:00:00Z"}, "planned end lies before its start"),
        ({"actualEndTime": "2026-01-10T00:00:00Z"}, "actual end lies before its start"),
        ({"targetEntity": "R-1"}, "targetEntity is not a list of references"),
        ({"targetEntity": [{"name": "R-1"}]}, "targetEntity is not a list of references"),
    ],
)
def test_a_broken_change_has_its_reason_and_the_others_stay(drop, balance, change, reason):
    content = read(drop, {**CHANGE, **change}, {**CHANGE, "id": "CHG-2"})
    assert content.frame["work_id"].tolist() == ["CHG-2"]
    assert content.quarantine["reason"].tolist() == [reason]
    balance(content)


def test_history_without_its_date_of_request_is_refused(drop, reasons):
    assert reasons(read(drop, without("requestDate"), arrival=ARRIVAL)) == ["requestDate is not a time"]
