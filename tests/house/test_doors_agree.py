"""`--json` prints byte for byte what REST returns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cemcore.api import create_app
from cemcore.application.cem import Cem
from cemcore.cli import app as cli

_SAME = [
    ("/problems", ["problems"]),
    ("/problems?open=true", ["problems", "--open"]),
    ("/problems?limit=1", ["problems", "--limit", "1"]),
    ("/problems?as_of=2025-11-08T15:40", ["problems", "--as-of", "2025-11-08T15:40"]),
    (
        "/problems?during=2025-11-08T15:00..2025-11-08T15:30",
        ["problems", "--during", "2025-11-08T15:00..2025-11-08T15:30"],
    ),
    ("/problems/P-1", ["problems", "P-1"]),
    ("/problems/P-1?as_of=2025-11-08T15:40", ["problems", "P-1", "--as-of", "2025-11-08T15:40"]),
    ("/problems/P-2", ["explain", "P-2"]),
    ("/findings", ["findings"]),
    ("/findings?problem=P-1", ["findings", "P-1"]),
    ("/evidence", ["evidence"]),
    ("/evidence?as_of=2025-11-08T15:40", ["evidence", "--as-of", "2025-11-08T15:40"]),
    ("/alarms?as_of=2025-11-08T18:00", ["alarms", "--as-of", "2025-11-08T18:00"]),
    (
        "/alarms?during=2025-11-07..2025-11-08&as_of=2025-11-08T18:00&without_pain=true&limit=2",
        [
            "alarms",
            "--during",
            "2025-11-07..2025-11-08",
            "--as-of",
            "2025-11-08T18:00",
            "--without-pain",
            "--limit",
            "2",
        ],
    ),
    ("/warnings", ["warnings"]),
    ("/warnings?horizon=36h", ["warnings", "--horizon", "36h"]),
    ("/impact", ["impact"]),
    ("/impact?open=true", ["impact", "--open"]),
    ("/impact?problem=P-1&at=2025-11-08T18:00", ["impact", "P-1", "--at", "2025-11-08T18:00"]),
    (
        "/impact?problem=P-1&at=2025-11-08T18:00&lens=area,spend&lens=kind",
        ["impact", "P-1", "--at", "2025-11-08T18:00", "--lens", "area,spend", "--lens", "kind"],
    ),
    (
        "/impact?during=2025-11-08T15:00..2025-11-08T18:00&lens=segment&as_of=2025-11-08T18:00",
        [
            "impact",
            "--during",
            "2025-11-08T15:00..2025-11-08T18:00",
            "--lens",
            "segment",
            "--as-of",
            "2025-11-08T18:00",
        ],
    ),
    (
        "/experience?by=segment&during=2025-11-07..2025-11-08&kind=user&as_of=2025-11-08T15:40",
        [
            "experience",
            "--by",
            "segment",
            "--during",
            "2025-11-07..2025-11-08",
            "--kind",
            "user",
            "--as-of",
            "2025-11-08T15:40",
        ],
    ),
    (
        "/experience?by=operator&from=2025-11-07&to=2025-11-08&service=web",
        ["experience", "--by", "operator", "--from", "2025-11-07", "--to", "2025-11-08", "--service", "web"],
    ),
]


@pytest.mark.parametrize(("path", "words"), _SAME, ids=[p for p, _ in _SAME])
def test_rest_and_command_line_say_the_same_to_the_byte(
    cem: Cem, folder: Path, served: Any, path: str, words: list[str]
) -> None:
    with served(create_app(cem)) as client:
        rest = client.get(path)
    done = CliRunner().invoke(cli, [*words, "--json", "--config", str(folder / "cem.toml")])
    assert rest.status_code == 200, rest.text
    assert done.exit_code == 0, done.output
    assert done.stdout_bytes == rest.content
    assert json.loads(rest.content)


def test_as_of_and_during_are_two_questions(cem: Cem, served: Any) -> None:
    with served(create_app(cem)) as client:
        early = client.get("/problems", params={"as_of": "2025-11-08T14:40Z"}).json()
        late = client.get("/problems", params={"during": "2025-11-08T18:30Z..2025-11-08T19:00Z"}).json()
    assert [(p["problem_id"], p["revision"]) for p in early["problems"]] == [("P-1", 1)]
    assert [(p["problem_id"], p["revision"]) for p in late["problems"]] == [("P-1", 2), ("P-3", 1)]


def test_the_documents_say_what_the_ledger_holds(cem: Cem, served: Any) -> None:
    with served(create_app(cem)) as client:
        first = client.get("/problems").json()["problems"][0]
        whole = client.get("/problems/P-1").json()
    assert first["rank"] == 1
    assert first["begin"] == "2025-11-08T14:15:00Z"
    assert first["impact"]["bad_minutes"] == 6172.5
    assert [e["log_odds"] for e in whole["causes"][0]["evidence"]] == [41.7, 3.2, -0.8]
    assert [r["revision"] for r in whole["revisions"]] == [1, 2]
    assert [x["group"] for x in whole["impact"]["by_segment"]] == ["business", "family", "(undeclared)"]
