"""Answers of the command line for people, and what operators can say."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cemcore.application.cem import Cem
from cemcore.cli import app


def _run(folder: Path, *words: str, columns: int = 100) -> str:
    done = CliRunner(env={"COLUMNS": str(columns)}).invoke(app, [*words, "--config", str(folder / "cem.toml")])
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.parametrize("columns", [100, 140])
def test_the_impact_report_fits_its_terminal_and_cuts_nothing(cem: Cem, folder: Path, columns: int) -> None:
    text = _run(folder, "impact", columns=columns)
    assert max(len(line) for line in text.splitlines()) <= columns
    assert "…" not in text
    for word in ("P-1", "LNK-3", "94 %", "LNK-4", "142 of 151", "voice", "business", "6,172", "15:15", "Lechistan"):
        assert word in text, word
    assert text.index("P-1 ") < text.index("P-2 ") < text.index("P-3 ")


def test_evidence_against_a_cause_is_shown_as_such(cem: Cem, folder: Path) -> None:
    lines = _run(folder, "problems", "P-1").splitlines()
    (against,) = [line for line in lines if "util_pct" in line]
    assert "against" in against
    assert "(-0.8)" in against


def test_csv_has_a_row_a_problem_and_a_row_a_segment(cem: Cem, folder: Path) -> None:
    listed = list(csv.DictReader(io.StringIO(_run(folder, "problems", "--format", "csv"), newline="")))
    assert [r["problem_id"] for r in listed] == ["P-1", "P-2", "P-3"]
    split = list(csv.DictReader(io.StringIO(_run(folder, "impact", "P-1", "--format", "csv"), newline="")))
    assert [(r["by"], r["group"]) for r in split][:2] == [("total", "total"), ("segment", "business")]
    assert sum(float(r["bad_minutes"]) for r in split if r["by"] == "service") == pytest.approx(6172.5)


def test_markdown_is_a_table_below_a_heading(cem: Cem, folder: Path) -> None:
    lines = _run(folder, "impact", "--format", "md").splitlines()
    assert lines[0] == "## Impact report"
    assert sum(line.startswith("| ") for line in lines) == 5


def test_a_verdict_is_kept_and_audited_and_changes_the_status(cem: Cem, folder: Path) -> None:
    words = [
        "problem",
        "P-2",
        "resolve",
        "--cause",
        "firmware=P10-12.1.1",
        "--note",
        "rolled back",
        "--by",
        "anna",
        "--json",
    ]
    said = json.loads(_run(folder, *words))
    assert said["status"] == "resolved"
    assert [(v["by"], v["action"], v["cause"], v["note"]) for v in said["verdicts"]] == [
        ("anna", "resolve", "firmware=P10-12.1.1", "rolled back")
    ]
    trail = cem.house.ledger.audit()
    assert trail[["actor", "action", "subject"]].to_dict("records") == [
        {"actor": "anna", "action": "resolve", "subject": "P-2"}
    ]


def test_init_writes_a_folder_that_loads(tmp_path: Path) -> None:
    from cemcore.settings import Settings

    target = tmp_path / "mine"
    first = CliRunner().invoke(app, ["init", str(target)])
    assert first.exit_code == 0, first.output
    assert Settings.load(target / "cem.toml").sources
    assert "#" in (target / "cem.toml").read_text()
    assert (target / "operator-files" / "cem.toml").exists()
    again = CliRunner().invoke(app, ["init", str(target)])
    assert again.exit_code == 2
    assert "--force" in again.stderr


def test_plugins_lists_our_own_with_their_options() -> None:
    done = CliRunner().invoke(app, ["plugins", "--json"])
    listed = {p["name"]: p for p in json.loads(done.stdout)["plugins"]}
    assert {"pm_xml", "quality_files", "voice_g107", "seasonal"} <= set(listed)
    assert "path" in {o["name"] for o in listed["pm_xml"]["options"]}
