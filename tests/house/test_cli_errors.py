"""The command line refuses in one clear line, with a code that scripts can read."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cemcore.application.cem import Cem
from cemcore.cli import app
from cemcore.daemon import listen


def _run(*words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, list(words))
    return done.exit_code, done.stdout, done.stderr


def test_a_missing_settings_file_is_2_and_says_what_to_do(tmp_path: Path) -> None:
    code, out, err = _run("problems", "--config", str(tmp_path / "none.toml"))
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert "none.toml" in err
    assert "cem init" in err


def test_an_unknown_key_is_2_and_names_file_and_key(folder: Path) -> None:
    (folder / "cem.toml").write_text("[operator]\nslotminutes = 15\n")
    code, _, err = _run("health", "--config", str(folder / "cem.toml"))
    assert code == 2
    assert "operator.slotminutes" in err


def test_an_unknown_plugin_is_2_and_says_which_there_are(folder: Path) -> None:
    (folder / "cem.toml").write_text('[[sources]]\nname = "x"\ncollector = "telepathy"\n')
    code, _, err = _run("check", "--config", str(folder / "cem.toml"))
    assert code == 2
    assert "telepathy" in err
    assert "pm_xml" in err


@pytest.mark.parametrize(
    "words", [("problems", "P-99"), ("impact", "P-99"), ("impact", "-r", "NO-SUCH"), ("explain", "P-99")]
)
def test_what_does_not_exist_is_3(cem: Cem, folder: Path, words: tuple[str, ...]) -> None:
    code, out, err = _run(*words, "--config", str(folder / "cem.toml"))
    assert (code, out) == (3, "")
    assert words[-1] in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "words",
    [
        ("problems", "--as-of", "yesterday"),
        ("problems", "--during", "2025-11-08"),
        ("problem", "P-1", "explode"),
        ("problem", "P-1", "note"),
        ("impact", "P-1", "-r", "A"),
        ("impact", "--lens", "hats"),
        ("impact", "P-1", "--protected"),
        ("experience",),
        ("explain", "score", "U1"),
        ("problems", "--format", "xml"),
    ],
)
def test_a_question_that_makes_no_sense_is_2(cem: Cem, folder: Path, words: tuple[str, ...]) -> None:
    code, out, err = _run(*words, "--config", str(folder / "cem.toml"))
    assert (code, out) == (2, "")
    assert "Traceback" not in err


def test_debug_shows_the_error_itself(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["--debug", "problems", "--config", str(tmp_path / "none.toml")])
    assert type(done.exception).__name__ == "ConfigError"


def test_a_daemon_whose_port_is_taken_refuses_to_start(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with listen("127.0.0.1", 0) as taken:
        monkeypatch.setenv("CEM__API__PORT", str(taken.getsockname()[1]))
        code, _, err = _run("run", "--config", str(folder / "cem.toml"))
    assert code == 2
    assert "api.port" in err
