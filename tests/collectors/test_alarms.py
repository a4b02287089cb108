"""Alarms: raise, change, clear, late and repeated, from TMF642 records in lines, arrays and events."""

import gzip
import json

import pandas as pd
import pytest

from cemcore.domain import Feed
from cemcore.frames import conform
from collectors.alarms import AlarmFiles

RAISED = {
    "id": "A-1",
    "alarmType": "communicationsAlarm",
    "perceivedSeverity": "major",
    "probableCause": "lossOfSignal",
    "specificProblem": "LOS",
    "alarmedObject": {"id": "LINK-7", "href": "/resource/LINK-7"},
    "sourceSystemId": "EMS-1",
    "state": "raised",
    "alarmRaisedTime": "2026-01-01T10:00:00Z",
    "alarmReportingTime": "2026-01-01T10:00:04Z",
    "alarmChangedTime": "2026-01-01T10:00:05Z",
}
UPDATED = {**RAISED, "state": "updated", "perceivedSeverity": "critical", "alarmChangedTime": "2026-01-01T10:05:00Z"}
CLEARED = {
    **RAISED,
    "state": "cleared",
    "perceivedSeverity": "cleared",
    "alarmClearedTime": "2026-01-01T10:30:00Z",
    "alarmChangedTime": "2026-01-01T10:30:03Z",
}
ARRIVAL = {"column": "alarmChangedTime"}


def lines(*records):
    return "".join(json.dumps(r) + "\n" for r in records)


def test_raise_change_and_clear_are_three_rows_of_one_alarm(drop, balance, at):
    content = drop.read(AlarmFiles, lines(RAISED, UPDATED, CLEARED), "a.jsonl", arrival=ARRIVAL)
    f = content.frame
    assert f["alarm_id"].tolist() == ["A-1"] * 3
    assert f["state"].tolist() == ["raised", "updated", "cleared"]
    assert f["severity"].tolist() == ["major", "critical", "cleared"]
    assert set(f["alarmed_object"]) == {"LINK-7"}
    assert f["raised_at"].tolist() == [at("2026-01-01T10:00:00Z")] * 3
    assert f["cleared_at"].isna().tolist() == [True, True, False]
    assert f["recorded_at"].tolist() == f["changed_at"].tolist()
    pd.testing.assert_frame_equal(conform(Feed.ALARMS, f)[0], f)
    balance(content)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.jsonl", lines(RAISED, CLEARED)),
        ("a.json", json.dumps([RAISED, CLEARED], indent=1)),
        ("a.jsonl", json.dumps([RAISED, CLEARED])),
        ("a.json.gz", gzip.compress(json.dumps([RAISED, CLEARED]).encode(), mtime=0)),
        ("a.jsonl.gz", gzip.compress(lines(RAISED, CLEARED).encode(), mtime=0)),
        (
            "a.jsonl",
            lines({"eventType": "AlarmCreateEvent", "event": {"alarm": RAISED}}, {"event": {"alarm": CLEARED}}),
        ),
    ],
)
def test_every_packing_gives_the_same_alarms(drop, name, data):
    plain = drop.read(AlarmFiles, lines(RAISED, CLEARED), "plain.jsonl").frame
    pd.testing.assert_frame_equal(drop.read(AlarmFiles, data, name).frame, plain)


def test_an_event_says_the_state_that_its_alarm_leaves_out(drop):
    bare = {k: v for k, v in RAISED.items() if k not in ("state", "alarmChangedTime")}
    events = [
        {"eventType": t, "event": {"alarm": bare}} for t in ("AlarmCreateEvent", "AlarmAttributeValueChangeEvent")
    ]
    f = drop.read(AlarmFiles, lines(*events), "a.jsonl").frame
    assert f["state"].tolist() == ["raised", "updated"]
    assert f["changed_at"].tolist() == f["reported_at"].tolist()


def test_an_integer_id_and_upper_case_words_are_understood(drop):
    record = {**RAISED, "id": 17, "perceivedSeverity": "CRITICAL", "state": "RAISED"}
    f = drop.read(AlarmFiles, lines(record), "a.jsonl").frame
    assert f[["alarm_id", "severity", "state"]].to_numpy().tolist() == [["17", "critical", "raised"]]


def test_a_3gpp_object_instance_names_the_object(drop):
    record = {k: v for k, v in RAISED.items() if k != "alarmedObject"} | {"objectInstance": "ME=1,Cell=2"}
    assert drop.read(AlarmFiles, lines(record), "a.jsonl").frame["alarmed_object"].tolist() == ["ME=1,Cell=2"]


def test_a_repeated_line_is_one_and_counted(drop, balance):
    content = drop.read(AlarmFiles, lines(RAISED, RAISED, CLEARED, RAISED), "a.jsonl")
    assert (len(content.frame), content.counts["duplicates"]) == (2, 2)
    balance(content)


def test_late_lines_and_clocks_ahead_are_counted_and_kept(drop):
    late = {**RAISED, "id": "L", "alarmChangedTime": "2026-01-01T10:15:01Z"}
    ahead = {**RAISED, "id": "C", "alarmRaisedTime": "2026-01-01T10:05:06Z"}
    backwards = {
        **CLEARED,
        "id": "B",
        "alarmClearedTime": "2026-01-01T09:59:00Z",
        "alarmChangedTime": "2026-01-01T10:00:06Z",
    }
    content = drop.read(AlarmFiles, lines(RAISED, late, ahead, backwards), "a.jsonl", arrival=ARRIVAL)
    assert len(content.frame) == 4
    assert (content.counts["late"], content.counts["clock_skew"]) == (1, 2)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"perceivedSeverity": "awful"}, "unknown severity 'awful'"),
        ({"perceivedSeverity": None}, "perceivedSeverity is missing"),
        ({"state": "sleeping"}, "unknown state 'sleeping'"),
        ({"state": None}, "state is missing"),
        ({"id": None}, "alarm_id is missing"),
        ({"alarmedObject": None}, "alarmed_object is missing"),
        ({"alarmedObject": {"href": "/x"}}, "alarmed_object is missing"),
        ({"alarmRaisedTime": None}, "raised_at is missing"),
        ({"alarmRaisedTime": "noon"}, "raised_at is not a time"),
        ({"alarmRaisedTime": 1767261600}, "raised_at is not a time"),
        ({"alarmChangedTime": "2026-02-30T00:00:00Z"}, "changed_at is not a time"),
        ({"event": "text"}, ""),
        ({"event": {"alarm": 3}}, "event without an alarm"),
    ],
)
def test_a_broken_alarm_has_its_reason_and_the_others_stay(drop, balance, change, reason):
    other = {**RAISED, "id": "A-2"}
    content = drop.read(AlarmFiles, lines({**RAISED, **change}, other), "a.jsonl")
    assert "A-2" in content.frame["alarm_id"].tolist()
    assert content.quarantine["reason"].tolist() == ([reason] if reason else [])
    balance(content)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("", "empty file"),
        ("17", "not a JSON object"),
        ("<alarm/>", "not JSON"),
        ('{"id": "A', "cut short"),
        ("[{", "cut short"),
    ],
)
def test_a_file_that_is_none_says_why(drop, data, reason):
    content = drop.read(AlarmFiles, data, "a.jsonl")
    assert content.frame.empty
    assert content.quarantine["reason"].str.startswith(reason).tolist() == [True]
