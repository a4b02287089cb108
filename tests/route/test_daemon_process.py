"""The real daemon, as a process of its own, on a tiny town: it catches up, serves, stops cleanly, and is only one."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from cemcore.application.stages import STAGES
from cemcore.cli.towns import write_settings
from cemcore.daemon import listen
from cemcore.storage import Ledger
from cemcore.town import Town

pytestmark = pytest.mark.slow

DAYS = 2
PATIENCE_S = 180


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A town, laid down once."""
    town = tmp_path_factory.mktemp("laid") / "town"
    Town(3, "tiny", DAYS).write(town)
    return town


@pytest.fixture
def settings(laid: Path, tmp_path: Path) -> Path:
    """Settings of a copy of the town, with a state of its own."""
    shutil.copytree(laid, tmp_path / "town")
    return write_settings(tmp_path / "town", 0)[0]


class Process:
    """One `cem run`, its log, and its API."""

    def __init__(self, settings: Path, log: Path) -> None:
        with listen("127.0.0.1", 0) as free:
            port = free.getsockname()[1]
        self.log, self.api = log, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)
        command = [sys.executable, "-m", "cemcore.cli", "run", "--config", str(settings)]
        with log.open("w") as out:
            self.handle = subprocess.Popen(command, stderr=out, env={**os.environ, "CEM__API__PORT": str(port)})

    def said(self) -> list[dict[str, Any]]:
        """Its log so far."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.endswith("}")]

    def wait(self, what: Callable[[], bool]) -> None:
        """Wait until `what` holds; fail with the log where it does not."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            assert self.handle.poll() is None, self.log.read_text()[-4000:]
            if what():
                return
            time.sleep(0.2)
        pytest.fail(f"nothing came of it:\n{self.log.read_text()[-4000:]}")

    def stop(self) -> tuple[int, float]:
        """SIGTERM: (exit code, seconds that it took)."""
        begun = time.monotonic()
        self.handle.send_signal(signal.SIGTERM)
        return self.handle.wait(PATIENCE_S), time.monotonic() - begun


@contextmanager
def running(settings: Path, log: Path) -> Iterator[Process]:
    process = Process(settings, log)
    try:
        yield process
    finally:
        process.api.close()
        if process.handle.poll() is None:
            process.handle.kill()
            process.handle.wait()


def _messages(process: Process) -> list[str]:
    return [line["message"] for line in process.said()]


def _ticks(settings: Path) -> list[int]:
    with Ledger.open(f"sqlite:///{settings.parent.parent / 'state' / 'ledger.db'}") as ledger:
        return [t.slot for t in ledger.ticks()]


def test_stopped_in_the_middle_it_ends_cleanly_and_goes_on_where_it_was(settings: Path, tmp_path: Path) -> None:
    with running(settings, tmp_path / "first.log") as first:
        first.wait(lambda: "assessed" in _messages(first))
        code, seconds = first.stop()
        assert code == 0, first.log.read_text()[-4000:]
        assert seconds < 20
        assert _messages(first)[-1] == "stopped"
    before = _ticks(settings)
    assert 0 < len(before) < DAYS * 96
    with running(settings, tmp_path / "second.log") as second:
        second.wait(lambda: "started" in _messages(second))
        second.wait(lambda: second.api.get("/health").json()["ticks"] >= DAYS * 96)
        assert second.api.get("/problems").status_code == 200
        metrics = second.api.get("/metrics").text
        assert second.stop()[0] == 0
    after = _ticks(settings)
    assert after[: len(before)] == before
    assert after == list(range(after[0], after[0] + 900 * len(after), 900))
    assert len(after) >= DAYS * 96
    figures = dict(line.rsplit(" ", 1) for line in metrics.splitlines() if not line.startswith("#"))
    mine = float(figures["cem_daemon_ticks_total"])
    assert DAYS * 96 - len(before) <= mine <= len(after) - len(before)
    assert mine == float(figures["cem_daemon_tick_seconds_count"])
    assert float(figures["cem_slots_assessed_total"]) >= DAYS * 96
    for stage in STAGES:
        assert float(figures[f'cem_daemon_stage_seconds_count{{stage="{stage}"}}']) == mine
    assert float(figures["cem_daemon_slot_wait_seconds_count"]) == mine
    assert float(figures["cem_daemon_assessor"]) == 1


def test_a_second_daemon_says_so_and_serves_and_a_failing_source_stops_nobody(settings: Path, tmp_path: Path) -> None:
    shutil.rmtree(settings.parent / "alarms")
    with running(settings, tmp_path / "first.log") as first:
        first.wait(lambda: "assessed" in _messages(first))
        with running(settings, tmp_path / "second.log") as second:
            second.wait(lambda: any(m.startswith("another process is the assessor") for m in _messages(second)))
            held = second.api.get("/health").json()["assessor"]
            assert held.endswith(f":{first.handle.pid}")
            assert second.stop()[0] == 0
        assert "collected" not in _messages(second)
        failed = [line for line in first.said() if line["message"] == "collect:alarms failed"]
        assert failed
        assert "no such folder" in failed[0]["reason"]
        assert 'cem_daemon_failures_total{what="collect:alarms"}' in first.api.get("/metrics").text
        assert first.stop()[0] == 0
