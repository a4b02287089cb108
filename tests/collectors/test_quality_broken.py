"""Broken quality files and records: each has its reason, what is whole is taken."""

import gzip
import io
import json

import pandas as pd
import pytest

from collectors.quality import QualityFiles

HEADER = "slot,subject_id,service,latency_ms\n"
GOOD = "2026-01-01T00:00:00Z,s,web,5\n"


def parquet(n=1000):
    out = io.BytesIO()
    frame = pd.DataFrame(
        {"slot": pd.Timestamp("2026-01-01T00:00:00Z"), "subject_id": map(str, range(n)), "service": "web"}
    )
    frame.to_parquet(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"2026-01-01T00:00:00Z,s,web\n", "3 values for 4 columns"),
        (b"2026-01-01T00:00:00Z,s,web,5,6\n", "5 values for 4 columns"),
        (b"yesterday,s,web,5\n", "slot is not a time"),
        (b"1767225600,s,web,5\n", "slot is not a time"),
        (b"2026-13-01T00:00:00Z,s,web,5\n", "slot is not a time"),
        (b",s,web,5\n", "slot is missing"),
        (b"2026-01-01T00:00:00Z,,web,5\n", "subject_id is missing"),
        (b"2026-01-01T00:00:00Z,s,,5\n", "service is missing"),
        (b"2026-01-01T00:00:00Z,s,web,fast\n", "latency_ms is not a number"),
        (b'2026-01-01T00:00:00Z,s,web,"5,3"\n', "latency_ms is not a number"),
        (b"2026-01-01T00:00:00Z,s,web,inf\n", "latency_ms is not a number"),
        (b"2026-01-01T00:00:00Z,s,web,-1\n", "latency_ms is below 0 ms"),
        (b"2026-01-01T00:00:00Z,s,web,1e9\n", "latency_ms is above 600,000 ms"),
        (b"2026-01-01T00:00:00Z,\xff\xfe,web,5\n", "not UTF-8"),
        (b"2026-01-01T00:00:00Z,s\0,web,5\n", "holds null bytes"),
        (b"2026-01-01T00:00:00Z," + b"x" * 2_000_000 + b",web,5\n", "longer than 1048576 bytes"),
        (b'2026-01-01T00:00:00Z,"s,web,5\n', "a quote is not closed"),
    ],
)
def test_a_broken_csv_row_is_told_by_its_line_and_the_others_stay(drop, balance, bad, reason):
    data = HEADER.encode() + GOOD.encode() + bad + GOOD.replace(",s,", ",t,").encode()
    content = drop.read(QualityFiles, data, "q.csv")
    assert content.frame["subject_id"].tolist() == ["s", "t"]
    assert content.quarantine[["position", "reason"]].to_numpy().tolist() == [["line 3", reason]]
    assert len(content.quarantine["record"][0]) < 1000
    balance(content)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b'{"slot": "2026-01-01T00:00:00Z", "subject_id": "x"', "not JSON"),
        (b'{"slot": NaN}', "not JSON"),
        (b"[1, 2]", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (
            b'{"slot": "2026-01-01T00:00:00Z", "subject_id": {"a": 1}, "service": "web"}',
            "subject_id is not a plain value",
        ),
        (b'{"slot": 1767225600, "subject_id": "x", "service": "web"}', "slot is not a time"),
        (b'{"slot": "2026-01-01T00:00:00Z", "subject_id": "\xff", "service": "web"}', "not UTF-8"),
        (b'{"slot": "2026\0"}', "holds null bytes"),
        (b'{"a": "' + b"x" * 2_000_000 + b'"}', "longer than 1048576 bytes"),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_a_broken_json_line_is_told_by_its_line_and_the_others_stay(drop, balance, bad, reason):
    good = json.dumps({"slot": "2026-01-01T00:00:00Z", "subject_id": "s", "service": "web"}).encode()
    content = drop.read(QualityFiles, good + b"\n" + bad + b"\n\n" + good.replace(b'"s"', b'"t"') + b"\n", "q.jsonl")
    assert content.frame["subject_id"].tolist() == ["s", "t"]
    assert content.quarantine["position"].tolist() == ["line 2"]
    assert content.quarantine["reason"][0].startswith(reason)
    balance(content)


def test_a_last_json_line_without_its_end_is_cut_short(drop, reasons):
    good = json.dumps({"slot": "2026-01-01T00:00:00Z", "subject_id": "s", "service": "web"})
    content = drop.read(QualityFiles, good + "\n" + good[:30], "q.jsonl")
    assert (len(content.frame), reasons(content)) == (1, ["cut short"])


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("q.csv", b"", "empty file"),
        ("q.csv", b"\n\n", "empty file"),
        ("q.csv", b"a,b\0\n1,2\n", "header holds null bytes"),
        ("q.csv", b"\xff\xfea,b\n1,2\n", "header is not UTF-8 text"),
        ("q.csv", b"a,a\n1,2\n", "header names a column twice"),
        ("q.csv", b"time,who\n", "no column for slot, subject_id, service; there are: time, who"),
        ("q.jsonl", b"  \n", "empty file"),
        ("q.json", b"12", "neither a JSON array nor an object"),
        ("q.parquet", b"", "empty file"),
        ("q.parquet", b"no parquet at all", "not whole Parquet"),
        ("q.parquet", parquet()[:-100], "cut short: Parquet without its footer"),
        ("q.parquet", parquet()[:200] + b"\0" * 400 + parquet()[600:], "not whole Parquet"),
        ("q.csv.gz", gzip.compress(b"a", mtime=0)[:5], "cut short: gzip ends before its end"),
        ("q.dat", b"a", "unknown format"),
    ],
)
def test_a_file_that_gives_nothing_says_why_in_one_line(drop, name, data, reason):
    content = drop.read(QualityFiles, data, name)
    assert content.frame.empty
    assert content.quarantine["position"].tolist() == ["file"]
    assert content.quarantine["reason"][0].startswith(reason)


def test_a_header_without_rows_is_an_empty_delivery_and_no_fault(drop):
    content = drop.read(QualityFiles, HEADER, "q.csv")
    assert (len(content.frame), len(content.quarantine), content.counts["rows"]) == (0, 0, 0)


def test_rows_under_a_wrong_header_are_all_kept_in_quarantine(drop, balance):
    content = drop.read(QualityFiles, "time,who\n1,2\n3,4\n", "q.csv")
    assert content.frame.empty
    assert content.quarantine["position"].tolist() == ["line 2", "line 3"]
    assert content.quarantine["reason"].str.startswith("no column for slot, subject_id, service").all()
    balance(content)


def test_a_cut_csv_gz_gives_its_whole_rows(drop, balance):
    lines = [f"2026-01-01T00:00:00Z,s{i * 7919 % 9973},web,{i}\n" for i in range(9000)]
    packed = gzip.compress((HEADER + "".join(lines)).encode())
    content = drop.read(QualityFiles, packed[: len(packed) // 2], "q.csv.gz")
    n = len(content.frame)
    assert n > 1000
    assert content.frame["latency_ms"].tolist() == list(range(n))
    assert content.quarantine["reason"].tolist()[-1] == "cut short: gzip ends before its end"
    balance(content)


def test_a_cut_json_array_gives_its_whole_records(drop, balance):
    good = {"slot": "2026-01-01T00:00:00Z", "service": "web"}
    text = json.dumps([{**good, "subject_id": str(i)} for i in range(100)])
    content = drop.read(QualityFiles, text[: len(text) // 2], "q.json")
    assert content.frame["subject_id"].tolist() == [str(i) for i in range(len(content.frame))]
    assert len(content.frame) in (49, 50)
    assert content.quarantine["reason"].tolist() == ["cut short"]
    balance(content)


def test_what_a_csv_cell_says_is_not_guessed(drop):
    text = "slot,subject_id,service,app_version,slice\n2026-01-01T00:00:00Z,0012,web,5.0,NULL\n"
    frame = drop.read(QualityFiles, text, "q.csv").frame
    assert frame[["subject_id", "app_version", "slice"]].to_numpy().tolist() == [["0012", "5.0", "NULL"]]


def test_quoted_cells_may_hold_commas_quotes_and_line_ends(drop):
    text = 'slot,subject_id,service\r\n2026-01-01T00:00:00Z,"a,""b""\nc",web\r\n'
    assert drop.read(QualityFiles, text, "q.csv").frame["subject_id"].tolist() == ['a,"b"\nc']
