"""What people see of second looks and early warnings on the command line."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cemcore.application.cem import Cem
from cemcore.cli import app
from cemcore.report.asked import parse_span
from cemcore.zooming import DetailRequest, DetailState, Finding, Level, Look

T = datetime(2025, 11, 8, 14, 15, tzinfo=UTC)


def _run(folder: Path, *words: str, code: int = 0) -> str:
    done = CliRunner(env={"COLUMNS": "120"}).invoke(app, [*words, "--config", str(folder / "cem.toml")])
    assert done.exit_code == code, done.output
    return done.stdout + done.stderr


@pytest.fixture
def looked(cem: Cem) -> Cem:
    """P-1 with one request that was looked at (two examiners and all together), and one that expired."""
    window = (T, T + timedelta(hours=1), T + timedelta(hours=2), T + timedelta(hours=3))
    series = (("web", Level.SUBJECT, "S-12", "score", -1), ("voice", Level.RESOURCE, "CELL-3", "score", -1))
    first, second = (DetailRequest(f"Z-{i}", "P-1", *s, *window, 0.3, 70.0) for i, s in enumerate(series))
    said = ("expected 87.2 ± 3.10, saw 61.0; worse than that on 6 of 6 slots; by itself once in 5,000 such windows",)
    figures = (2e-4, 6.1, 87.2, 3.1, 61.0)
    with cem.house.ledger.begin() as tx:
        for r in (first, second):
            tx.put_request(r)
        for name in ("stl", "statespace", "all"):
            reason = ("2 of 2 examiners find it abnormal (level 0.01, chance together 0.0002)", *said)
            found = (T, T + timedelta(hours=1), T + timedelta(hours=2), *figures)
            text = reason if name == "all" else said
            tx.put_finding(Finding("Z-0", "P-1", name, Look.CONFIRMED, text, *found, 0.3, first.series))
        tx.end_request("Z-0", DetailState.REFUSED, T + timedelta(hours=2), note="no source serves detail")
        tx.end_request("Z-1", DetailState.EXPIRED, T + timedelta(hours=4), note="nobody served it in time")
    return cem


def test_findings_say_whose_series_what_was_expected_what_was_seen_and_why(looked: Cem, folder: Path) -> None:
    text = _run(folder, "findings")
    for word in ("P-1", "S-12 web score", "confirmed", "87.2 ± 3.1", "61", "0.0002", "2 of 2 examiners", "expired"):
        assert word in text, word


def test_a_problem_shows_its_second_looks(looked: Cem, folder: Path) -> None:
    text = _run(folder, "problems", "P-1")
    assert "Second looks" in text
    assert "S-12 web score" in text
    assert json.loads(_run(folder, "problems", "P-1", "--json"))["findings"][-1]["examiner"] == "all"


def test_as_of_an_earlier_time_there_was_no_finding(looked: Cem, folder: Path) -> None:
    shown = json.loads(_run(folder, "problems", "P-1", "--json", "--as-of", "2025-11-08T15:40"))
    assert shown["findings"] == []


def test_findings_as_csv_have_a_row_a_request_with_its_state(looked: Cem, folder: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(_run(folder, "findings", "P-1", "--format", "csv"), newline="")))
    assert [(r["key"], r["state"], r["verdict"]) for r in rows] == [
        ("S-12", "refused", "confirmed"),
        ("CELL-3", "expired", ""),
    ]


def test_an_unknown_problem_is_said(looked: Cem, folder: Path) -> None:
    assert "no problem P-99" in _run(folder, "findings", "P-99", code=3)


def test_where_nothing_is_known_yet_a_zoom_does_nothing_and_says_so(cem: Cem, folder: Path) -> None:
    assert "Nothing new to look at" in _run(folder, "zoom", "--dry-run")
    assert "nothing new to look at" in _run(folder, "zoom")
    assert cem.detail_requests() == []


def test_no_breach_is_an_answer_of_its_own(cem: Cem, folder: Path) -> None:
    assert "No breach within 7 days is foreseen" in _run(folder, "warnings", "--horizon", "7d")


@pytest.mark.parametrize("text", ["soon", "14", "-3d", "0h", "400d"])
def test_a_span_that_is_none_is_refused_with_an_example(cem: Cem, folder: Path, text: str) -> None:
    assert "14d or 36h" in _run(folder, "warnings", f"--horizon={text}", code=2).replace("\n", " ").replace("│", "")


def test_spans_are_days_or_hours() -> None:
    assert (parse_span("14d"), parse_span("36h")) == (timedelta(days=14), timedelta(hours=36))
