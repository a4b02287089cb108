"""`cem explain score SERVICE --row ...`: a score tried by hand, with no archive and no settings."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cemcore.application.trial import trial
from cemcore.catalogue import Catalogue
from cemcore.cli import app
from cemcore.settings import shipped


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CEM_CONFIG", raising=False)


def run(*words):
    return CliRunner().invoke(app, ["explain", "score", *words], env={"COLUMNS": "140"})


def test_a_row_is_scored_and_each_kqi_says_what_it_cost():
    done = run("voice", "--row", "latency_ms=420,loss_pct=2,setup_success_ratio=0.75")
    assert done.exit_code == 0, done.output
    words = " ".join(done.output.split())
    assert "voice: 44.3 of 100 from 100 % of the indicators; 73 required (voice/user 2026.1" in words
    assert "latency_ms 420 24.5" in words
    assert "setup_success_ratio 0.75 16.5" in words
    assert "call_quality 41.5" in words
    assert "voice_g107" in words
    assert not list(Path.cwd().iterdir())


def test_json_holds_the_score_its_parts_and_its_versions():
    done = run("voice", "--json", "--row", "latency_ms=80,loss_pct=1.5", "--row", "setup_success_ratio=0,kind=thing")
    first, second = json.loads(done.stdout)["rows"]
    assert first["score"] == pytest.approx(100 - first["cost_latency_ms"] - first["cost_loss_pct"], abs=1e-3)
    assert first["coverage"] == pytest.approx(0.67)
    assert first["catalogue"].startswith("2026.1+")
    assert first["profile_version"] == "2026.1"
    assert (second["score"], second["coverage"], second["below"]) == (0, 1, True)


def test_another_catalogue_may_be_tried(tmp_path):
    text = shipped("services.toml").read_text().replace('version = "2026.1"', 'version = "tried"', 1)
    own = tmp_path / "own.toml"
    own.write_text(text.replace("requirement = 73", "requirement = 99"))
    done = run("voice", "--row", "latency_ms=80,loss_pct=0", "--catalogue", str(own), "--json")
    (row,) = json.loads(done.stdout)["rows"]
    assert row["requirement"] == 99
    assert row["below"]
    assert row["catalogue"].startswith("tried+")


REFUSED = {
    "an unknown service": (["fax", "--row", "latency_ms=1"], 3, "no service fax; there are voice, video"),
    "a column that the service lacks": (["voice", "--row", "startup_s=1"], 2, "no such column (there are: latency_ms"),
    "a value that is none": (["voice", "--row", "latency_ms=long"], 2, "'long' is no number"),
    "a value beyond the bounds": (["voice", "--row", "loss_pct=101"], 2, "101 % is not within 0 .. 100"),
    "a row that is none": (["voice", "--row", "latency_ms"], 2, "wants column=value"),
    "a column twice": (["voice", "--row", "mos=3,mos=4"], 2, "mos: is there twice"),
    "a kind that is none": (["voice", "--row", "mos=3,kind=pet"], 2, "'pet' is neither user nor thing"),
    "an empty row": (["voice", "--row", ","], 2, "is empty"),
    "a catalogue that is not there": (["voice", "--row", "mos=3", "--catalogue", "none.toml"], 2, "can't be read"),
    "a catalogue without a row": (["voice", "--catalogue", "none.toml"], 2, "a trial is"),
}  # fmt: skip


@pytest.mark.parametrize(("words", "code", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_what_can_not_be_tried_is_refused_with_the_reason(words, code, reason):
    done = run(*words)
    assert done.exit_code == code, done.output
    assert reason in " ".join(done.output.replace("│", " ").split())


def test_a_row_may_say_its_slice_plan_model_and_segment(tmp_path):
    profile = '\n[[profiles]]\nservice = "web"\nkind = "user"\nrequirement = 91\nsource = "t"\nversion = "7"\n'
    profile += 'segment = "gamer"\n'
    catalogue = Catalogue.parse(shipped("services.toml").read_text() + profile, "own.toml")
    got = trial(catalogue, "web", [{"startup_s": 1, "segment": "gamer"}, {"startup_s": 1, "segment": "family"}]).frame()
    assert got["requirement"].tolist() == [91, 70]
    assert got["profile"].tolist() == ["web/user/segment=gamer", "web/user"]
    assert got["profile_version"].tolist() == ["7", "2026.1"]
