"""Quality records: mapped, converted, counted; the same from every format."""

import gzip
import io
import json

import numpy as np
import pandas as pd
import pytest

from cemcore.domain import Feed
from cemcore.frames import conform
from collectors.quality import QualityFiles

COLUMNS = {"ts": "slot", "serving_resource": "resource_id", "n_sessions": "sessions"}
ARRIVAL = {"column": "received_ts"}


def rows(n=20):
    times = pd.date_range("2026-01-01T10:00:00Z", periods=n, freq="15min")
    return pd.DataFrame(
        {
            "ts": times.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "received_ts": (times + pd.Timedelta(minutes=16)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "subject_id": [f"SUB-{i:04d}" for i in range(n)],
            "service": ["voice", "video"] * (n // 2),
            "serving_resource": ["0017", "C-2"] * (n // 2),
            "n_sessions": range(n),
            "latency_ms": np.linspace(5, 80, n),
            "mos": [4.0, np.nan] * (n // 2),
            "app": ["Dialer", ""] * (n // 2),
            "secret": range(n),
        }
    )


def encoded(frame, form):
    if form == "parquet":
        out = io.BytesIO()
        frame.assign(ts=pd.to_datetime(frame["ts"]), received_ts=pd.to_datetime(frame["received_ts"])).to_parquet(out)
        return out.getvalue()
    records = json.loads(frame.to_json(orient="records"))
    text = {
        "csv": lambda: frame.to_csv(index=False),
        "jsonl": lambda: "\n".join(map(json.dumps, records)) + "\n",
        "json": lambda: json.dumps(records),
    }
    plain = text[form.removesuffix(".gz")]().encode()
    return gzip.compress(plain) if form.endswith(".gz") else plain


@pytest.mark.parametrize("form", ["parquet", "csv", "csv.gz", "jsonl", "jsonl.gz", "json", "json.gz"])
def test_every_format_gives_the_same_frame(drop, balance, form):
    content = drop.read(QualityFiles, encoded(rows(), form), f"q.{form}", columns=COLUMNS, arrival=ARRIVAL)
    frame = content.frame
    assert len(frame) == 20
    assert content.quarantine.empty
    assert frame["slot"][1] == pd.Timestamp("2026-01-01T10:15:00Z")
    assert frame["recorded_at"][1] == pd.Timestamp("2026-01-01T10:31:00Z")
    assert frame["resource_id"].tolist()[:2] == ["0017", "C-2"]
    assert frame["latency_ms"].tolist() == pytest.approx(np.linspace(5, 80, 20).tolist())
    assert frame["mos"].isna().sum() == 10
    assert frame["app"].isna().sum() == 10
    balance(content)
    again, refused = conform(Feed.QUALITY, frame)
    pd.testing.assert_frame_equal(again, frame)
    assert refused.empty


def test_a_column_that_nobody_maps_is_left_out_and_listed(drop):
    content = drop.read(QualityFiles, encoded(rows(), "csv"), "q.csv", columns=COLUMNS)
    assert "secret" not in content.frame
    assert content.counts["ignored column secret"] == 1


def test_without_an_arrival_column_the_time_of_collection_is_left_to_the_application(drop):
    content = drop.read(QualityFiles, encoded(rows(), "csv"), "q.csv", columns=COLUMNS)
    assert "recorded_at" not in content.frame
    assert content.counts["ignored column received_ts"] == 1


@pytest.mark.parametrize(
    ("column", "unit", "wrote", "means"),
    [
        ("latency_ms", "s", "0.25", 250.0),
        ("latency_ms", "us", "1500", 1.5),
        ("startup_s", "ms", "1200", 1.2),
        ("throughput_mbps", "kbit/s", "2500", 2.5),
        ("throughput_mbps", "B/s", "125000", 1.0),
        ("loss_pct", "1", "0.02", 2.0),
        ("loss_pct", "ppm", "500", 0.05),
        ("stall_ratio", "%", "12", 0.12),
    ],
)
def test_units_are_converted_to_those_of_the_contract(drop, column, unit, wrote, means):
    text = f"slot,subject_id,service,{column}\n2026-01-01T00:00:00Z,s,web,{wrote}\n"
    content = drop.read(QualityFiles, text, "q.csv", units={column: unit})
    assert content.frame[column].tolist() == pytest.approx([means])


def test_limits_hold_after_conversion(drop, reasons):
    text = "slot,subject_id,service,stall_ratio\n2026-01-01T00:00:00Z,s,web,99\n2026-01-01T00:00:00Z,t,web,101\n"
    content = drop.read(QualityFiles, text, "q.csv", units={"stall_ratio": "%"})
    assert content.frame["stall_ratio"].tolist() == [0.99]
    assert reasons(content)[0].startswith("stall_ratio is above 1")


@pytest.mark.parametrize(("unit", "wrote"), [("epoch_s", "1767225600"), ("epoch_ms", "1767225600000")])
def test_times_may_be_counts_since_the_epoch(drop, unit, wrote):
    text = f"slot,subject_id,service\n{wrote},s,web\n"
    content = drop.read(QualityFiles, text, "q.csv", units={"slot": unit})
    assert content.frame["slot"].tolist() == [pd.Timestamp("2026-01-01T00:00:00Z")]
    line = json.dumps({"slot": int(wrote), "subject_id": "s", "service": "web"})
    content = drop.read(QualityFiles, line, "q.jsonl", units={"slot": unit})
    assert content.frame["slot"].tolist() == [pd.Timestamp("2026-01-01T00:00:00Z")]


def test_values_are_translated_and_others_stay(drop):
    text = "slot,subject_id,service\n2026-01-01T00:00:00Z,s,VoLTE\n2026-01-01T00:00:00Z,s,web\n"
    content = drop.read(QualityFiles, text, "q.csv", values={"service": {"VoLTE": "voice"}})
    assert content.frame["service"].tolist() == ["voice", "web"]


def test_a_repeat_is_dropped_and_counted_and_the_earliest_arrival_stays(drop, balance):
    text = (
        "slot,subject_id,service,latency_ms,got\n"
        "2026-01-01T00:00:00Z,s,web,5,2026-01-01T02:00:00Z\n"
        "2026-01-01T00:00:00Z,s,web,5,2026-01-01T00:16:00Z\n"
        "2026-01-01T00:00:00Z,t,web,5,2026-01-01T00:16:00Z\n"
    )
    content = drop.read(QualityFiles, text, "q.csv", arrival={"column": "got"})
    assert content.counts["duplicates"] == 1
    assert content.frame["recorded_at"].tolist() == [pd.Timestamp("2026-01-01T00:16:00Z")] * 2
    balance(content)


def test_the_same_key_with_other_content_is_a_correction_and_stays(drop):
    text = "slot,subject_id,service,mos\n2026-01-01T00:00:00Z,s,voice,4\n2026-01-01T00:00:00Z,s,voice,3\n"
    content = drop.read(QualityFiles, text, "q.csv")
    assert content.frame["mos"].tolist() == [4, 3]
    assert content.counts["duplicates"] == 0


def test_late_rows_and_rows_from_a_clock_ahead_are_counted_and_kept(drop):
    text = (
        "slot,subject_id,service,got\n"
        "2026-01-01T00:00:00Z,late,web,2026-01-01T00:20:01Z\n"
        "2026-01-01T00:00:00Z,in time,web,2026-01-01T00:20:00Z\n"
        "2026-01-01T00:00:00Z,ahead,web,2025-12-31T23:50:00Z\n"
    )
    content = drop.read(QualityFiles, text, "q.csv", arrival={"column": "got"})
    assert len(content.frame) == 3
    assert (content.counts["late"], content.counts["clock_skew"]) == (1, 1)


def test_a_row_from_a_far_future_and_one_without_arrival_are_refused(drop, reasons, balance):
    text = (
        "slot,subject_id,service,got\n"
        "2036-01-01T00:00:00Z,s,web,2026-01-01T00:20:00Z\n"
        "2026-01-01T00:00:00Z,s,web,\n"
        "2026-01-01T00:00:00Z,s,web,2026-01-01T00:20:00Z\n"
    )
    content = drop.read(QualityFiles, text, "q.csv", arrival={"column": "got"})
    assert len(content.frame) == 1
    assert sorted(reasons(content)) == ["recorded_at is missing", "slot is more than 86400 s after its arrival"]
    balance(content)


def test_a_time_without_offset_is_utc_and_an_offset_is_believed(drop, at):
    text = "slot,subject_id,service\n2026-01-01T00:00:00,s,web\n2026-01-01T02:00:00+02:00,t,web\n"
    assert drop.read(QualityFiles, text, "q.csv").frame["slot"].tolist() == [at("2026-01-01T00:00:00Z")] * 2


def test_every_format_of_a_whole_day_says_the_same(world, window):
    (day,) = {p.name.removeprefix("quality_")[:10] for p in (world / "quality_sample").iterdir()}
    frames = []
    for folder, pattern in (
        ("quality", f"date={day}/*.parquet"),
        ("quality_sample", "*.csv.gz"),
        ("quality_sample", "*.jsonl.gz"),
    ):
        options = {"columns": COLUMNS, "arrival": ARRIVAL}
        (batch,) = QualityFiles("q", str(world / folder), pattern, **options).collect(window)
        content = batch.read()
        assert len(content.quarantine) < 0.001 * content.counts["rows"]
        frames.append(content.frame)
    pd.testing.assert_frame_equal(frames[1], frames[2])
    pd.testing.assert_frame_equal(frames[0][: len(frames[1])], frames[1], rtol=1e-5)
