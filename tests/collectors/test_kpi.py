"""Indicators of nodes and links, from wide and from long tables."""

import pandas as pd
import pytest

from cemcore.domain import Feed
from cemcore.frames import conform
from collectors.kpi import KpiFiles

WIDE = "ts,resource_id,util_pct,drops_per_s\n2026-01-01T00:00:00Z,L-1,13.9,0.0\n2026-01-01T00:15:00Z,L-1,,2\n"
LONG = (
    "ts,resource_id,metric,value\n"
    "2026-01-01T00:00:00Z,L-1,util_pct,13.9\n2026-01-01T00:15:00Z,L-1,util_pct,\n"
    "2026-01-01T00:00:00Z,L-1,drops_per_s,0\n2026-01-01T00:15:00Z,L-1,drops_per_s,2.0\n"
)


def test_wide_and_long_say_the_same(drop, balance, at):
    one, other = drop.read(KpiFiles, WIDE, "w.csv"), drop.read(KpiFiles, LONG, "l.csv")
    pd.testing.assert_frame_equal(one.frame, other.frame)
    f = one.frame
    assert f[["object_id", "kpi", "value"]].to_numpy().tolist() == [
        ["L-1", "util_pct", 13.9],
        ["L-1", "drops_per_s", 0.0],
        ["L-1", "drops_per_s", 2.0],
    ]
    assert f["slot"].tolist() == [at("2026-01-01T00:00Z"), at("2026-01-01T00:00Z"), at("2026-01-01T00:15Z")]
    assert set(f["period_s"]) == {900.0}
    assert not f["suspect"].any()
    assert "recorded_at" not in f
    for content in (one, other):
        assert (content.counts["rows"], content.counts["nulls"]) == (4, 1)
        balance(content)
    pd.testing.assert_frame_equal(conform(Feed.MEASUREMENTS, f)[0], f)


def test_a_row_is_known_so_long_after_its_slot(drop, at):
    f = drop.read(KpiFiles, WIDE, "w.csv", arrival={"after_slot_s": 960}, period_s=60).frame
    assert f["recorded_at"][0] == at("2026-01-01T00:16:00Z")
    assert set(f["period_s"]) == {60.0}


def test_columns_go_by_configuration(drop):
    text = "time;node\n".replace(";", ",").strip() + ",cpu\n1767225600,N-1,7\n"
    f = drop.read(
        KpiFiles, text, "w.csv", columns={"time": "slot", "node": "object_id"}, units={"slot": "epoch_s"}
    ).frame
    assert f[["object_id", "kpi", "value"]].to_numpy().tolist() == [["N-1", "cpu", 7.0]]
    assert f["slot"].tolist() == [pd.Timestamp("2026-01-01T00:00:00Z")]


@pytest.mark.parametrize(
    ("row", "reason", "refused"),
    [
        ("noon,L-2,1,2", "slot is not a time", 2),
        ("2026-01-01T00:00:00Z,,1,2", "object_id is missing", 2),
        ("2026-01-01T00:00:00Z,L-2,high,2", "value is not a number", 1),
        ("2026-01-01T00:00:00Z,L-2,1", "3 values for 4 columns", 1),
        ("2026-01-01T00:00:00Z,L-2,1,2,3", "5 values for 4 columns", 1),
    ],
)
def test_a_broken_cell_or_row_has_its_reason_and_the_others_stay(drop, balance, row, reason, refused):
    content = drop.read(KpiFiles, WIDE + row + "\n", "w.csv")
    assert len(content.frame) == 3 + (refused == 1 and "high" in row)
    assert content.quarantine["reason"].tolist() == [reason] * refused
    assert content.quarantine["position"].str.startswith("line 4").all()
    balance(content)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty file"),
        ("ts,who\n", "no column for object_id; there are: ts, who"),
        ("ts,resource_id\n", "no column with values"),
        ("a\0b\n", "header holds null bytes"),
    ],
)
def test_a_file_that_gives_nothing_says_why(drop, text, reason):
    content = drop.read(KpiFiles, text, "w.csv")
    assert content.frame.empty
    assert content.quarantine["reason"].tolist() == [reason]


def test_a_repeated_row_is_one_and_counted(drop, balance):
    content = drop.read(KpiFiles, LONG + LONG.splitlines()[1] + "\n", "l.csv")
    assert (len(content.frame), content.counts["duplicates"]) == (3, 1)
    balance(content)


def test_a_long_value_without_its_indicator_is_refused(drop, reasons, balance):
    content = drop.read(KpiFiles, LONG + "2026-01-01T00:00:00Z,L-1,,5\n", "l.csv")
    assert reasons(content) == ["kpi is missing"]
    balance(content)
