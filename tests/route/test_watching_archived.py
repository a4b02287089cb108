"""Findings are archived a row a slot and read back as episodes: groups and single series beside subjects."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cemcore.application import degradations
from cemcore.codes import Codes
from cemcore.pipeline.watching import Finding, Findings
from cemcore.report.degradations_report import degradations_document, findings_line
from cemcore.report.serialise import to_json

START = 1_760_000_400
BEGIN = datetime.fromtimestamp(START, UTC)


def house(tmp_path: Path) -> Any:
    """Enough of a house: two services, names of codes, an archive that holds what was put in."""
    codes = {"resource": Codes(), "subject": Codes(), "attribute:firmware": Codes()}
    codes["resource"].add(pd.Series(["CELL-0", "CELL-1"]))
    codes["subject"].add(pd.Series(["S0", "S1", "S2"]))
    codes["attribute:firmware"].add(pd.Series(["F1"]))
    kept: list[pd.DataFrame] = []
    return SimpleNamespace(
        catalogue=SimpleNamespace(services=("voice", "web")),
        registry=SimpleNamespace(codes=lambda name: codes[name]),
        ledger=SimpleNamespace(files=lambda *a, **k: kept, watermark=lambda name: START),
        archive=SimpleNamespace(read=lambda files, **k: pd.concat(files, ignore_index=True)),
        settings=SimpleNamespace(operator=SimpleNamespace(slot_seconds=900)),
        kept=kept,
    )


def finding(what: list[int], level: list[int], key: list[int], service: list[int], end: list[int]) -> Findings:
    n = len(what)
    rows = Finding(
        np.array(what, np.int8), np.array(level, np.int16), np.array(key), np.array(service, np.int32),
        np.full(n, START), np.array(end), np.full(n, 0.5, np.float32), np.arange(5, 5 + n).astype(np.float32),
    )  # fmt: skip
    return Findings(("access resource", "service", "cohort", "firmware", "series"), rows)


@pytest.fixture
def told(tmp_path: Path) -> Any:
    h = house(tmp_path)
    first = finding([1, 0, 0, 3], [0, 2, 3, 4], [1, 3, 0, 2], [-1, 1, -1, 0], [0, 0, 0, 0])
    second = finding([2, 0], [0, 2], [1, 3], [-1, 1], [0, START + 1800])
    for i, f in enumerate((first, second)):
        h.kept.append(degradations.frame(h, f, START + 900 * i, START + 900 * i + 1200).pipe(_stored))
    return h


def _stored(frame: pd.DataFrame) -> pd.DataFrame:
    """As the archive gives it back: times as times."""
    return frame.assign(**{c: pd.to_datetime(frame[c], unit="s", utc=True) for c in ("slot", "recorded_at")})


def test_episodes_have_names_a_begin_and_an_end_where_they_ended(told: Any) -> None:
    found = degradations.degradations(told, (BEGIN, BEGIN + timedelta(hours=1)))
    assert list(found.columns) == degradations.COLUMNS
    said = {(r.level, r.what, r.key): r for r in found.itertuples()}
    assert set(said) == {
        ("access resource", "sleeping", "CELL-1"), ("cohort", "worse", "web / thing"), ("firmware", "worse", "F1"),
        ("series", "silent", "S2"),
    }  # fmt: skip
    cohort = said["cohort", "worse", "web / thing"]
    assert (cohort.begin, cohort.end, cohort.slots) == (BEGIN, BEGIN + timedelta(minutes=30), 2)
    assert pd.isna(said["access resource", "sleeping", "CELL-1"].end)
    assert said["series", "silent", "S2"].service == "voice"


def test_level_and_service_narrow_and_the_document_is_json(told: Any) -> None:
    period = (BEGIN, BEGIN + timedelta(hours=1))
    only = degradations.degradations(told, period, level="cohort")
    assert only["key"].tolist() == ["web / thing"]
    assert degradations.degradations(told, period, service="voice")["key"].tolist() == ["S2"]
    assert degradations.degradations(told, period, level="nothing").empty
    assert b'"web / thing"' in to_json(degradations_document(only, period, "cohort", None))


def test_subjects_in_slots_in_a_row_are_one_episode(told: Any) -> None:
    slots = [START, START + 900, START + 1800, START + 9000]
    told.kept.append(
        _stored(
            pd.DataFrame(
                {
                    "slot": slots, "recorded_at": slots, "service": "web", "level": "subject", "key": "S1",
                    "depth": 0.2, "surprise": [3.0, 4.0, 3.5, 2.0], "z": 1.0,
                }
            )
        )
    )  # fmt: skip
    found = degradations.degradations(told, (BEGIN, BEGIN + timedelta(hours=4)), level="subject")
    assert found["slots"].tolist() == [3, 1]
    assert found["surprise"].tolist() == [4.0, 2.0]
    assert found["end"].tolist()[0] == BEGIN + timedelta(minutes=45)


def test_health_counts_what_ended_a_day_beside_the_budget() -> None:
    ticks = [(t * 3600, {"finding:series": 2, "rows": 9}) for t in range(49)]
    a_day = degradations.a_day(ticks, "finding:")
    assert a_day == {"series": pytest.approx(49.0)}
    assert "series 49.0" in findings_line(a_day, 0.05)
    assert "5%" in findings_line(a_day, 0.05)
