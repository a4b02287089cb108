"""Conforming a frame to its contract: what can be is cast, the rest is parted with its reason."""

import json

import numpy as np
import pandas as pd
import pytest

from cemcore.domain import Feed
from cemcore.errors import ContractError
from cemcore.frames import CONTRACTS, conform, contract, empty, quarantined


def measurements(**columns) -> pd.DataFrame:
    base = {"slot": "2026-03-02T12:00:00Z", "period_s": 900, "object_id": "C1", "kpi": "RRU.PrbTotDl", "value": 1.5}
    n = max(len(v) for v in columns.values()) if columns else 1
    full = {k: [v] * n for k, v in base.items() if k not in columns} | columns
    return pd.DataFrame({k: pd.Series(v, dtype=object) for k, v in full.items()})


def reasons(frame: pd.DataFrame, feed: Feed = Feed.MEASUREMENTS) -> list[str]:
    return conform(feed, frame)[1]["reason"].tolist()


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"slot": ["yesterday"]}, "slot is not a time"),
        ({"slot": [1772452800]}, "slot is not a time"),
        ({"slot": [""]}, "slot is missing"),
        ({"slot": [None]}, "slot is missing"),
        ({"period_s": ["15 min"]}, "period_s is not a number"),
        ({"period_s": [0]}, "period_s is below 1 s"),
        ({"value": ["1,5"]}, "value is not a number"),
        ({"value": [float("inf")]}, "value is not a number"),
        ({"value": [[1.5]]}, "value is not a number"),
        ({"object_id": [None]}, "object_id is missing"),
        ({"object_id": [b"\xff\xfe"]}, "object_id is not text"),
        ({"object_id": [{"id": "C1"}]}, "object_id is not text"),
        ({"suspect": ["maybe"]}, "suspect is not true or false"),
        ({"recorded_at": ["soon"]}, "recorded_at is not a time"),
    ],
)
def test_a_row_that_cannot_be_taken_says_why(columns, reason):
    held, rejected = conform(Feed.MEASUREMENTS, measurements(**columns))
    assert held.empty
    assert rejected["reason"].tolist() == [reason]


def test_a_value_outside_the_physical_range_says_the_bound_and_the_unit():
    base = {"slot": ["2026-03-02T12:00:00Z"], "subject_id": ["s"], "service": ["voice"]}
    for column, value, reason in (
        ("loss_pct", 101, "loss_pct is above 100 %"),
        ("latency_ms", -1, "latency_ms is below 0 ms"),
        ("mos", 0.5, "mos is below 1 MOS"),
        ("delivery_ratio", 1.01, "delivery_ratio is above 1"),
        ("sessions", -2, "sessions is below 0"),
    ):
        assert reasons(pd.DataFrame({**base, column: [value]}), Feed.QUALITY) == [reason]


def test_the_first_fault_of_a_row_is_the_one_that_is_told():
    assert reasons(measurements(slot=["x"], period_s=["y"])) == ["slot is not a time"]


def test_a_missing_optional_column_becomes_missing_values_of_its_kind():
    held, _ = conform(Feed.MEASUREMENTS, measurements().drop(columns="value"))
    assert held["value"].isna().all()
    assert held["suspect"].tolist() == [False]


def test_a_column_that_the_contract_does_not_know_is_left_out():
    held, _ = conform(Feed.MEASUREMENTS, measurements().assign(colour="red"))
    assert tuple(held.columns) == contract(Feed.MEASUREMENTS).names


def test_an_absent_required_column_is_a_fault_of_the_whole_frame():
    with pytest.raises(ContractError, match=r"measurements\.kpi: a required column is absent"):
        conform(Feed.MEASUREMENTS, measurements().drop(columns="kpi"))


def test_a_column_that_is_there_twice_is_a_fault_of_the_whole_frame():
    frame = measurements()
    twice = pd.concat([frame, frame[["value"]]], axis=1)
    with pytest.raises(ContractError, match=r"measurements\.value: the column is there twice"):
        conform(Feed.MEASUREMENTS, twice)


def test_a_feed_without_a_contract_says_so():
    with pytest.raises(ContractError, match=r"feedback.*no contract for this feed yet"):
        contract(Feed.FEEDBACK)


def test_times_of_every_zone_become_utc_and_a_time_without_zone_is_utc():
    texts = ["2026-03-29T02:30:00+02:00", "2026-03-29T00:30:00Z", "2026-03-29T00:30"]
    held, rejected = conform(Feed.MEASUREMENTS, measurements(slot=texts))
    assert rejected.empty
    assert held["slot"].nunique() == 1
    assert str(held["slot"].dtype) == "datetime64[us, UTC]"


@pytest.mark.parametrize(("word", "value"), [("true", True), ("YES", True), ("1", True), (0, False), ("no", False)])
def test_flags_are_read_in_their_usual_spellings(word, value):
    assert conform(Feed.MEASUREMENTS, measurements(suspect=[word]))[0]["suspect"].tolist() == [value]


def test_the_position_says_where_in_its_origin_a_rejected_row_stood():
    frame = measurements(value=[1, "x", 2, "y"])
    where = pd.Series([f"line {n}" for n in (2, 3, 4, 5)])
    assert conform(Feed.MEASUREMENTS, frame, where)[1]["position"].tolist() == ["line 3", "line 5"]


def test_rows_are_told_apart_by_place_even_where_the_index_repeats():
    frame = measurements(object_id=["a", None, "c"]).set_axis([7, 7, 7])
    held, rejected = conform(Feed.MEASUREMENTS, frame)
    assert held["object_id"].tolist() == ["a", "c"]
    assert rejected["position"].tolist() == ["7"]


def test_the_rejected_record_is_kept_as_text_whatever_it_holds():
    frame = measurements(slot=["x"] * 4, value=[b"\xff", 10**40, [1, {"a": b"\xfe"}], "line\nbreak\u2028 end"])
    records = conform(Feed.MEASUREMENTS, frame)[1]["record"].tolist()
    assert len(records) == 4
    assert [json.loads(r)["value"] for r in records][1] == str(10**40)
    assert json.loads(records[3])["value"] == "line\nbreak\u2028 end"


@pytest.mark.parametrize("feed", list(CONTRACTS))
def test_an_empty_frame_of_every_feed_conforms_to_itself(feed):
    frame = empty(feed)
    held, rejected = conform(feed, frame)
    assert (len(held), len(rejected)) == (0, 0)
    assert held.dtypes.equals(frame.dtypes)


@pytest.mark.parametrize("feed", list(CONTRACTS))
def test_the_key_of_every_contract_names_columns_that_it_has(feed):
    assert set(CONTRACTS[feed].key) <= set(CONTRACTS[feed].names)
    assert len(set(CONTRACTS[feed].names)) == len(CONTRACTS[feed].names)


def test_quarantine_has_its_three_text_columns_even_when_empty():
    assert {c: str(t) for c, t in quarantined().dtypes.items()} == {"position": "str", "reason": "str", "record": "str"}


def test_conforming_twice_changes_nothing():
    once, _ = conform(Feed.MEASUREMENTS, measurements(value=[1, "2", np.nan, None]))
    again, rejected = conform(Feed.MEASUREMENTS, once)
    assert rejected.empty
    pd.testing.assert_frame_equal(once, again)
