"""Detail on request: finer records of one series, bounded, from files that are not collected."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from cemcore.domain import Feed, Window
from cemcore.errors import CollectError, ConfigError
from cemcore.zooming import DetailRequest, Level
from collectors.quality import QualityFiles

T = datetime(2026, 3, 2, 12, tzinfo=UTC)


def _request(level: Level = Level.SUBJECT, key: str = "S-1", rows: int = 1000) -> DetailRequest:
    window = (T, T + timedelta(hours=1), T + timedelta(hours=2), T + timedelta(hours=3))
    return DetailRequest("Z-1", "P-1", "web", level, key, "score", -1, *window, rows=rows)


@pytest.fixture
def source(tmp_path: Path) -> QualityFiles:
    """Quarter-hour records in `hourly/`, and a record a minute in `raw/`, a file a day, of three subjects."""
    (tmp_path / "hourly").mkdir()
    (tmp_path / "raw").mkdir()
    for day in range(-2, 2):
        date = T.replace(hour=0) + timedelta(days=day)
        minutes = [date + timedelta(minutes=m) for m in range(24 * 60)]
        part = [
            pd.DataFrame({"slot": minutes, "subject_id": s, "service": "web", "resource_id": r, "latency_ms": 20.0})
            for s, r in (("S-1", "CELL-1"), ("S-2", "CELL-1"), ("S-3", "CELL-2"))
        ]
        pd.concat(part).to_parquet(tmp_path / "raw" / f"raw-{date:%Y-%m-%d}.parquet")
    return QualityFiles("probe", str(tmp_path), pattern="hourly/*.parquet", finer="raw/*.parquet", quiet_s=0)


def test_the_rows_of_the_series_in_its_window_come_and_no_others(source: QualityFiles) -> None:
    batch = source.detail(_request())
    assert batch.feed is Feed.DETAIL
    frame = batch.read().frame
    assert len(frame) == 60
    assert set(frame["subject_id"]) == {"S-1"}
    assert frame["slot"].min() == pd.Timestamp(T)
    assert frame["slot"].max() < pd.Timestamp(T + timedelta(hours=1))


def test_a_resource_brings_everybody_there(source: QualityFiles) -> None:
    frame = source.detail(_request(Level.RESOURCE, "CELL-1")).read().frame
    assert set(frame["subject_id"]) == {"S-1", "S-2"}
    assert len(frame) == 120


def test_no_more_rows_come_than_were_asked_for(source: QualityFiles) -> None:
    assert len(source.detail(_request(rows=7)).read().frame) == 7


def test_finer_files_are_not_collected(source: QualityFiles) -> None:
    assert list(source.collect(Window.until(T + timedelta(days=5)))) == []


def test_only_files_of_the_windows_days_are_opened(source: QualityFiles) -> None:
    assert source.detail(_request()).read().counts["files"] == 3


def test_the_same_request_has_the_same_batch(source: QualityFiles) -> None:
    assert source.detail(_request()).batch_id == source.detail(_request()).batch_id


def test_a_source_without_finer_files_says_so(tmp_path: Path) -> None:
    plain = QualityFiles("probe", str(tmp_path))
    with pytest.raises(CollectError, match="keeps no finer records") as caught:
        plain.detail(_request())
    assert not caught.value.transient


def test_a_glob_outside_the_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="pattern"):
        QualityFiles("probe", str(tmp_path), finer="../elsewhere/*.parquet")
