"""The demo, as a process: it lays a town down, reports, lives on, ends on Ctrl-C, and goes on where it was."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from cemcore.daemon import listen

pytestmark = pytest.mark.slow

PATIENCE_S = 180


def _demo(folder: Path, *more: str) -> list[str]:
    small = ["--dir", str(folder), "--size", "tiny", "--days", "3"]
    return [sys.executable, "-u", "-m", "cemcore.cli", "demo", *small, *more]


def _wait(process: subprocess.Popen[str], out: Path, pattern: str) -> str:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        found = re.search(pattern, out.read_text())
        if found:
            return found.group(0)
        assert process.poll() is None, out.read_text()
        time.sleep(0.2)
    pytest.fail(f"no {pattern!r} in:\n{out.read_text()}")


def _ticks(url: str) -> int:
    return int(httpx.get(f"{url}/health", timeout=60).json()["ticks"])


def test_it_reports_lives_on_and_goes_on_where_it_was(tmp_path: Path) -> None:
    out, folder = tmp_path / "out", tmp_path / "demo"
    with listen("127.0.0.1", 0) as taken, out.open("w") as stream:
        port = str(taken.getsockname()[1])
        command = _demo(folder, "--slot-seconds", "2", "--port", port)
        process = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT, text=True)
        try:
            assert _wait(process, out, r"port \d+ is taken").split()[1] == port
            url = _wait(process, out, r"http://127\.0\.0\.1:\d+")
            first = _ticks(url)
            end = time.monotonic() + PATIENCE_S
            while _ticks(url) < first + 2 and time.monotonic() < end:
                time.sleep(0.5)
            reached = _ticks(url)
            assert reached >= first + 2, (folder / "daemon.log").read_text()[-3000:]
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0
        finally:
            process.kill()
    said = out.read_text()
    assert "Impact report" in said
    assert "Traceback" not in said
    assert " fails:" not in said
    again = subprocess.run(_demo(folder, "--once"), capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    assert "Impact report" in again.stdout
    assert "simulating" not in again.stderr
    settings = str(folder / "town" / "cem.toml")
    health = [sys.executable, "-m", "cemcore.cli", "health", "-c", settings]
    shown = subprocess.run(health, capture_output=True, text=True, timeout=PATIENCE_S, check=True).stdout
    (ticks,) = re.findall(r"in ([\d,]+) ticks", shown)
    assert int(ticks.replace(",", "")) >= reached
