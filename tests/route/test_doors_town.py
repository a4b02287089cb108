"""The doors over a whole route: a tiny town is simulated, evaluated, and then asked about."""

from __future__ import annotations

import csv
import io
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pandas as pd
import pytest
import uvicorn
from typer.testing import CliRunner, Result

from cemcore.api import create_app
from cemcore.application.cem import Cem
from cemcore.cli import app as cli
from cemcore.cli.towns import write_settings
from cemcore.daemon import listen
from cemcore.evaluation import evaluate, load_predictions

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Asked:
    """A town that was evaluated, its settings, and what the evaluation printed."""

    town: Path
    settings: Path
    predictions: Path
    printed: dict[str, object]


def _run(*words: str) -> Result:
    done = CliRunner(env={"COLUMNS": "120"}).invoke(cli, list(words))
    assert done.exit_code == 0, done.output
    return done


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    root = tmp_path_factory.mktemp("doors")
    town, found = root / "town", root / "found.json"
    _run("simulate", str(town), "--seed", "3", "--days", "4", "--size", "tiny")
    done = _run("evaluate", str(town), "--state", str(root / "state"), "--predictions", str(found), "--json")
    return Asked(town, write_settings(town, 0)[0], found, json.loads(done.stdout))


@pytest.fixture(scope="module")
def rest(asked: Asked) -> Iterator[httpx.Client]:
    with Cem.open(asked.settings) as cem, listen("127.0.0.1", 0) as sock:
        server = uvicorn.Server(uvicorn.Config(create_app(cem), log_config=None))
        thread = threading.Thread(target=server.run, args=([sock],))
        thread.start()
        port = sock.getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            yield client
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def busiest(asked: Asked) -> pd.Series:
    """The subject with most records on the last day: subject_id, customer_id."""
    records = pd.read_parquet(max((asked.town / "quality").rglob("*.parquet")))
    name = records["subject_id"].value_counts().index[0]
    subjects = pd.read_csv(asked.town / "inventory" / "subjects.csv").set_index("subject_id")
    return pd.Series({"subject_id": name, "customer_id": subjects.loc[name, "customer_id"]})


def _day(asked: Asked) -> tuple[str, str]:
    end = json.loads((asked.town / "operator.json").read_text())["end"]
    last = pd.Timestamp(end)
    return (last - pd.Timedelta("1D")).isoformat().replace("+00:00", "Z"), end


def test_evaluate_prints_what_the_scorer_says_of_the_incidents_it_wrote(asked: Asked) -> None:
    truth = json.loads((asked.town / "truth.json").read_text())
    tables = {
        n: pd.read_csv(asked.town / "inventory" / f"{n}.csv", dtype="str", keep_default_na=False)
        for n in ("connections", "subjects")
    }
    scores = evaluate(truth, load_predictions(asked.predictions), **tables)
    assert asked.printed == json.loads(json.dumps(scores.document()))


def test_rest_and_command_line_say_the_same_of_experience_and_impact(
    asked: Asked, rest: httpx.Client, busiest: pd.Series
) -> None:
    first, last = _day(asked)
    span = ["--from", first, "--to", last]
    element = json.loads((asked.town / "truth.json").read_text())["incidents"]
    resource = next(c["id"] for i in element for c in i["causes"] if c.get("type") == "resource")
    same: list[tuple[str, dict[str, str], list[str]]] = [
        (
            f"/subjects/{busiest['subject_id']}/experience",
            {"from": first, "to": last},
            ["experience", "--subject", str(busiest["subject_id"]), *span],
        ),
        (
            f"/customers/{busiest['customer_id']}/experience",
            {"from": first, "to": last, "service": "web"},
            ["experience", "--customer", str(busiest["customer_id"]), "--service", "web", *span],
        ),
        ("/impact", {"resource": resource, "at": last}, ["impact", "-r", resource, "--at", last]),
        ("/problems", {}, ["problems"]),
    ]
    for path, query, words in same:
        answer = rest.get(path, params=query)
        assert answer.status_code == 200, answer.text
        assert _run(*words, "--json", "-c", str(asked.settings)).stdout_bytes == answer.content


def test_experience_has_a_row_for_each_record_that_was_taken(asked: Asked, busiest: pd.Series) -> None:
    first, last = _day(asked)
    who = ["--subject", str(busiest["subject_id"]), "--from", first, "--to", last]
    done = _run("experience", *who, "--format", "csv", "-c", str(asked.settings))
    rows = list(csv.DictReader(io.StringIO(done.stdout, newline="")))
    records = pd.concat(pd.read_parquet(p) for p in (asked.town / "quality").rglob("*.parquet"))
    mine = records[(records["subject_id"] == busiest["subject_id"]) & (records["received_ts"] < pd.Timestamp(last))]
    mine = mine[(mine["ts"] >= pd.Timestamp(first)) & (mine["ts"] < pd.Timestamp(last))]
    keys = set(zip(mine["ts"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"), mine["service"], strict=True))
    got = {(r["slot"], r["service"]) for r in rows}
    assert len(got) == len(rows)
    assert got <= keys
    assert len(got) >= 0.95 * len(keys)
    assert all(r["score"] == "" or 0 <= float(r["score"]) <= 100 for r in rows)


def test_a_score_is_explained(asked: Asked, busiest: pd.Series) -> None:
    first, last = _day(asked)
    settings = ["-c", str(asked.settings)]
    done = _run(
        "experience", "--subject", str(busiest["subject_id"]), "--from", first, "--to", last, "--json", *settings
    )
    row = min(json.loads(done.stdout)["rows"], key=lambda r: r["score"])
    assert row["score"] < 99, "the test wants a record that lost something"
    said = _run("explain", "score", row["subject_id"], row["service"], row["slot"], *settings).stdout
    assert f"{row['score']:.1f} of 100" in said
    assert "cost" in said


def test_health_shows_every_source_and_why_records_were_refused(asked: Asked) -> None:
    said = _run("health", "-c", str(asked.settings), "--json")
    health = json.loads(said.stdout)
    assert {f["source"] for f in health["feeds"]} >= {"quality", "pm", "alarms", "planned-work", "subjects"}
    quality = next(f for f in health["feeds"] if f["source"] == "quality")
    assert sum(quality["reasons"].values()) == quality["counts"].get("quarantined", 0)
    shown = _run("health", "-c", str(asked.settings)).stdout
    assert all(reason in shown for reason in list(quality["reasons"])[:3])


def test_collecting_and_assessing_again_changes_nothing(asked: Asked, unchanged: Callable[[], object]) -> None:
    before = unchanged()
    taken = json.loads(_run("collect", "--json", "-c", str(asked.settings)).stdout)
    assert [s["batches"] for s in taken["sources"]] == [0] * len(taken["sources"])
    assert unchanged() == before


def test_replay_writes_nothing_and_says_what_live_said(asked: Asked, unchanged: Callable[[], object]) -> None:
    before = unchanged()
    first, last = _day(asked)
    done = _run("replay", "--from", first, "--to", last, "--json", "-c", str(asked.settings))
    replayed = {(r["problem_id"], r["revision"]) for r in json.loads(done.stdout)["revisions"]}
    with Cem.open(asked.settings) as cem:
        live = {
            (r.problem_id, r.revision)
            for p in cem.problems()
            for r in cem.problem(p.problem.problem_id).revisions
            if r.known_at > pd.Timestamp(first)
        }
    assert replayed == live
    assert live
    assert unchanged() == before


@pytest.fixture
def unchanged(asked: Asked) -> Callable[[], object]:
    """What the ledger holds, to be compared."""

    def look() -> object:
        with Cem.open(asked.settings) as cem:
            ledger = cem.house.ledger
            revisions = [ledger.revisions(p.problem.problem_id) for p in cem.problems()]
            return ledger.ticks(), ledger.paths(), revisions, len(ledger.batches())

    return look
