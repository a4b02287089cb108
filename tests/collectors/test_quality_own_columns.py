"""Columns that the catalogue adds to quality records: mapped, converted, bounded; unknown ones are still ignored."""

from datetime import UTC, datetime

import pandas as pd
import pytest

from cemcore import plugins
from cemcore.domain import Feed, Window
from cemcore.errors import ConfigError
from cemcore.frames import Column, conform
from collectors.quality import QualityFiles

MORE = (
    Column("dns_ms", "number", "time to resolve a name", unit="ms", low=0, high=60_000),
    Column("bytes_down", "number", "received", unit="bytes", low=0),
)
HEAD = "slot,subject_id,service,latency_ms,lookup,down,colour\n"


def read(tmp_path, lines, **options):
    (tmp_path / "a.csv").write_text(HEAD + lines)
    told = {
        "columns": {"lookup": "dns_ms", "down": "bytes_down"},
        "units": {"dns_ms": "s", "bytes_down": "MB"},
        "more": MORE,
    }
    collector = QualityFiles("q", str(tmp_path), "*.csv", 0.0, **{**told, **options})
    (batch,) = collector.collect(Window.until(datetime.now(UTC)))
    return batch.read()


def test_own_columns_are_mapped_and_converted(tmp_path):
    got = read(tmp_path, "2026-03-02T12:00:00Z,u1,web,40,0.05,1.5,red\n").frame
    assert got[["dns_ms", "bytes_down", "latency_ms"]].to_dict("records") == [
        {"dns_ms": 50.0, "bytes_down": 1_500_000.0, "latency_ms": 40.0}
    ]
    assert "colour" not in got


def test_a_value_beyond_its_bounds_is_quarantined_with_the_reason(tmp_path):
    lines = "2026-03-02T12:00:00Z,u1,web,40,-1,1,red\n2026-03-02T12:00:00Z,u2,web,40,90,1,red\n"
    lines += "2026-03-02T12:00:00Z,u3,web,40,much,1,red\n2026-03-02T12:00:00Z,u4,web,40,,,red\n"
    content = read(tmp_path, lines)
    assert content.quarantine["reason"].tolist() == [
        "dns_ms is below 0 ms",
        "dns_ms is above 60,000 ms",
        "dns_ms is not a number",
    ]
    assert content.frame["subject_id"].tolist() == ["u4"]
    assert content.frame["dns_ms"].isna().all()


def test_without_being_told_the_columns_are_ignored_as_any_other(tmp_path):
    content = read(tmp_path, "2026-03-02T12:00:00Z,u1,web,40,0.05,1.5,red\n", more=(), columns={}, units={})
    assert {"dns_ms", "bytes_down", "lookup"}.isdisjoint(content.frame)
    assert {"ignored column lookup", "ignored column down", "ignored column colour"} <= set(content.counts)


def test_a_mapping_to_a_column_that_nobody_defined_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="quality has no column 'dns_ms'"):
        QualityFiles("q", str(tmp_path), columns={"lookup": "dns_ms"})
    with pytest.raises(ConfigError, match="unknown unit 'MB' for ms"):
        QualityFiles("q", str(tmp_path), units={"dns_ms": "MB"}, more=MORE)


def test_a_source_is_not_told_columns_by_hand(tmp_path):
    with pytest.raises(ConfigError, match=r"define the KQI in services\.toml"):
        plugins.build("collectors", "quality_files", {"source": "q", "path": str(tmp_path), "more": ["dns_ms"]})


def test_conform_takes_own_columns_only_where_they_are_there():
    frame = pd.DataFrame({"slot": ["2026-03-02T12:00:00Z"], "subject_id": ["u"], "service": ["web"], "dns_ms": [5]})
    held, _ = conform(Feed.QUALITY, frame, more=MORE)
    assert held["dns_ms"].tolist() == [5.0]
    assert "bytes_down" not in held
