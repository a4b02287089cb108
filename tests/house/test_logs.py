"""Logs: one JSON object a line, and no secret in any of them."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from cemcore import logs


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    out = io.StringIO()
    logs.configure(out, secrets=('s3cr"et', ""))
    yield out
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_record_is_one_line_of_json_with_what_the_call_adds(stream: io.StringIO) -> None:
    logging.getLogger("cemcore.x").info("took %d", 3, extra={"source": "pm", "text": "two\nlines"})
    (line,) = stream.getvalue().splitlines()
    said = json.loads(line)
    assert said | {"time": ""} == {
        "time": "",
        "level": "info",
        "logger": "cemcore.x",
        "message": "took 3",
        "source": "pm",
        "text": "two\nlines",
    }
    assert said["time"].endswith("Z")


def test_an_error_brings_its_traceback_in_the_same_line(stream: io.StringIO) -> None:
    try:
        raise KeyError("k")
    except KeyError:
        logging.getLogger("cemcore.x").exception("failed")
    (line,) = stream.getvalue().splitlines()
    assert json.loads(line)["error"] == "KeyError"
    assert "KeyError: 'k'" in json.loads(line)["traceback"]


def test_a_secret_never_leaves_wherever_it_stands(stream: io.StringIO) -> None:
    log = logging.getLogger("cemcore.x")
    log.warning('token s3cr"et', extra={"header": {"Authorization": 'Bearer s3cr"et'}})
    try:
        raise ValueError('s3cr"et')
    except ValueError:
        log.exception("no")
    assert "s3cr" not in stream.getvalue()
    assert stream.getvalue().count(logs.HIDDEN) >= 3
    assert all(json.loads(line) for line in stream.getvalue().splitlines())


def test_libraries_speak_only_from_warnings_on(stream: io.StringIO) -> None:
    logging.getLogger("apscheduler.executors.default").info("chatter")
    logging.getLogger("apscheduler.executors.default").warning("matters")
    assert [json.loads(x)["message"] for x in stream.getvalue().splitlines()] == ["matters"]
