"""A real, opened Cem whose ledger holds three problems, written the way a tick writes them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from cemcore.application.cem import Cem
from cemcore.daemon import listen
from cemcore.domain import Cause, Evidence, Impact, ImpactLine, ServiceProblem
from cemcore.settings import Settings, shipped

T = datetime(2025, 11, 8, 13, 15, tzinfo=UTC)
NOW = T + timedelta(hours=10)


def _problem(number: int, cause: Cause, end: datetime | None, revision: int = 1) -> ServiceProblem:
    begin = T + timedelta(hours=number)
    known = begin + timedelta(minutes=20 * revision)
    return ServiceProblem(
        problem_id=f"P-{number}",
        revision=revision,
        known_at=known,
        begin=begin,
        detected_at=begin + timedelta(minutes=20),
        end=end,
        causes=(cause, Cause("resource", "GW-1", confidence=0.04)),
        services=("voice", "web"),
        confidence=0.97,
        change="opened" if revision == 1 else "grew",
        alarms=("AL-1",),
    )


def _impact(scale: float) -> Impact:
    def line(group: str, part: float) -> ImpactLine:
        n = scale * part
        return ImpactLine(group, int(80 * n), int(12 * n), int(30 * n), 1, int(50 * n), 1234.5 * n, 800.25 * n)

    segments = (line("family", 0.4), line("business", 0.5), ImpactLine("(undeclared)", 3))
    return Impact(line("total", 1), segments, (line("voice", 0.7), line("web", 0.3)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration folder without sources."""
    (tmp_path / "services.toml").write_text(shipped("services.toml").read_text())
    (tmp_path / "cem.toml").write_text('[operator]\nname = "Lechistan"\ntimezone = "Europe/Warsaw"\n')
    return tmp_path


@pytest.fixture
def cem(folder: Path) -> Iterator[Cem]:
    """An open Cem with problems P-1 (open, worst, two revisions), P-2 (a firmware, ended), P-3 (planned work)."""
    evidence = (
        Evidence("alarm", "alarm LOS on LNK-3 raised 14:14", 3.2, "AL-1"),
        Evidence("scan", "142 of 151 dependent rows degraded, 2.1 expected", 41.7),
        Evidence("kpi", "util_pct of LNK-3 is as usual", -0.8),
    )
    link = Cause("resource", "LNK-3", domain="transport", confidence=0.94, tied_with=("LNK-4",), evidence=evidence)
    firmware = Cause("attribute", attributes=(("firmware", "P10-12.1.1"),), confidence=0.8)
    work = Cause("resource", "SR-1", label="planned_work", work_id="CHG-12", confidence=0.7)
    with Cem.open(Settings.load(folder / "cem.toml"), clock=lambda: NOW) as opened:
        with opened.house.ledger.begin() as tx:
            tx.put_problem(_problem(1, link, None), _impact(2))
            tx.put_problem(_problem(1, link, None, revision=2), _impact(5))
            tx.put_problem(_problem(2, firmware, T + timedelta(hours=5)), _impact(3))
            tx.put_problem(_problem(3, work, T + timedelta(hours=6)), _impact(0.1))
        yield opened


Client = Callable[[FastAPI], AbstractContextManager[httpx.Client]]


@pytest.fixture
def served() -> Client:
    """Serves an application on a free loopback port for the length of a `with`, and gives a client for it."""

    @contextmanager
    def serve(app: FastAPI) -> Iterator[httpx.Client]:
        sock = listen("127.0.0.1", 0)
        server = uvicorn.Server(uvicorn.Config(app, log_config=None))
        thread = threading.Thread(target=server.run, args=([sock],))
        thread.start()
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{sock.getsockname()[1]}") as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()
            sock.close()

    return serve
