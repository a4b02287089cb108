"""The demo: a simulated operator, its history assessed, and then its life, watched."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from cemcore.cli import common as c
from cemcore.cli.towns import SLOT_S, planted, write_settings

_HOUR = 17.0
"""Local hour at which the history ends and the life begins: the evening is when people are online."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel=c.LAB)(demo)


def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the report.")] = False,
    directory: Annotated[Path, typer.Option("--dir", help="Where to lay everything down.")] = Path("var/demo"),
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same town.")] = 1,
    size: Annotated[str, typer.Option("--size", help="How large a town: tiny, small or medium.")] = "small",
    days: Annotated[int, typer.Option("--days", min=3, help="How many days of history.")] = 10,
    port: Annotated[int, typer.Option("--port", help="Port of the REST API; another one where it is taken.")] = 8377,
    slot_seconds: Annotated[float, typer.Option("--slot-seconds", min=1, help="A simulated slot takes so long.")] = 10,
) -> None:
    """Simulate a small operator, find what its customers suffered from, and watch it live until Ctrl-C.

    Everything is laid down in one folder; run it again, and it goes on from there. Example: `cem demo --once`.
    """
    from cemcore.town import Town

    begun = time.monotonic()
    town = Town(seed, size, days).live(directory / "town", _HOUR)
    with c.progress() as told:
        if town.next_slot is None:
            typer.echo(f"simulating {days} days of a {size} operator in {directory / 'town'}", err=True)
            town.write_history(lambda done, total, _: told("simulate", done, total))
        history, life = write_settings(directory / "town", port)
        _catch_up(history, life, town, told)
    _print_report(life, town)
    typer.echo(f"from files to report in {time.monotonic() - begun:.0f} s; settings: {life}", err=True)
    if not once:
        _live(directory, life, town, port, slot_seconds)


def _catch_up(history: Path, life: Path, town: Any, told: c.Progress) -> None:
    """Collect and assess all that is there: the history by when its records say they came, the rest as it is found."""
    from datetime import UTC

    from cemcore.application.cem import Cem
    from cemcore.daemon import working

    began = datetime.fromtimestamp(town.start, UTC)
    phases = [(history, began + timedelta(seconds=300))]
    if town.next_slot > began:
        phases.append((life, town.next_slot + timedelta(seconds=300)))
    for settings, now in phases:
        with Cem.open(settings, clock=lambda now=now: now) as cem:  # type: ignore[misc]
            last = cem.house.ledger.watermark("slot") or 0
            if last + 2 * SLOT_S + 300 <= now.timestamp():
                with working(cem):
                    cem.collect(progress=told)
                    cem.assess(progress=told)


def _print_report(life: Path, town: Any) -> None:
    from cemcore.application.cem import Cem
    from cemcore.report.impact_report import impact_report

    with Cem.open(life, clock=lambda: town.next_slot) as cem:
        views = cem.problems()
        c.show(
            impact_report(
                views, cem.house.known_now(), c.zone(cem), cem.house.settings.operator.name, limit=10, width=c.width()
            )
        )


def _live(directory: Path, life: Path, town: Any, port: int, slot_seconds: float) -> None:
    """The scheduled daemon and its API over a town that goes on delivering."""
    from cemcore import logs
    from cemcore.api import create_app
    from cemcore.application.cem import Cem
    from cemcore.daemon import Daemon, SimulatedClock, serve

    sock = _socket(port)
    clock = SimulatedClock(town.next_slot + timedelta(seconds=300), SLOT_S / slot_seconds)
    url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    with Cem.open(life, clock=clock) as cem, (directory / "daemon.log").open("a", encoding="utf-8") as log:
        logs.configure(log)
        teller = Teller(cem, url)
        teller.daemon = daemon = Daemon(cem, speed=clock.speed, on_news=teller.news, on_failure=teller.failure)
        deliverer = threading.Thread(target=_deliver, args=(town, clock, daemon, teller), name="town", daemon=True)
        clock.limit = _ready(town)
        clock.run()
        deliverer.start()
        teller.hello(slot_seconds, directory / "daemon.log")
        with teller.line():
            serve(daemon, create_app(cem, daemon.metrics.registry), sock)
        deliverer.join(5)
        typer.echo("ended; run it again, and it goes on from here")


def _ready(town: Any) -> datetime:
    """Time up to which all that can be known is there: just before the end of the slot that comes next."""
    until: datetime = town.next_slot + timedelta(seconds=SLOT_S - 1)
    return until


def _deliver(town: Any, clock: Any, daemon: Any, teller: Teller) -> None:
    """Let the town deliver each slot as it ends; time waits until it has."""
    while not daemon.stopping:
        if clock() < clock.limit:
            time.sleep(0.1)
            continue
        start = int(town.next_slot.timestamp())
        for what in planted(town, start, start + SLOT_S):
            teller.planted(town.next_slot, what)
        town.deliver()
        clock.limit = _ready(town)


def _socket(port: int) -> Any:
    from cemcore.daemon import listen

    try:
        return listen("127.0.0.1", port)
    except OSError:
        sock = listen("127.0.0.1", 0)
        typer.echo(f"port {port} is taken; the API takes {sock.getsockname()[1]}", err=True)
        return sock


class Teller:
    """Tells what happens, a line each, on the terminal; below them one line that says where we are."""

    daemon: Any = None

    def __init__(self, cem: Any, url: str) -> None:
        from rich.console import Console

        self._cem, self._url, self._zone = cem, url, c.zone(cem)
        self._console = Console(width=c.width(), highlight=False)
        self._ended = threading.Event()

    def hello(self, slot_seconds: float, log: Path) -> None:
        """What is going on, and how to ask."""
        say = self._console.print
        say(
            f"\n[bold]The operator lives on[/]: a quarter of an hour every {slot_seconds:g} s, until Ctrl-C. Log: {log}"
        )
        say(f"[dim]ask it:[/] curl {self._url}/problems   {self._url}/health   {self._url}/openapi.json\n")

    def planted(self, at: datetime, what: str) -> None:
        """The town breaks something."""
        self._tell(at, f"[dim]the town plants: {what}[/]")

    def news(self, problem_ids: tuple[str, ...]) -> None:
        """Problems that changed, in one line each."""
        from cemcore.report.news import news_line

        now = self._cem.house.clock()
        for problem_id in problem_ids:
            self._tell(now, news_line(self._cem.problem(problem_id), self._zone))

    def failure(self, what: str, why: str) -> None:
        """Something fails that worked before."""
        from rich.markup import escape

        self._tell(self._cem.house.clock(), f"[red]{escape(what)} fails:[/] {escape(why)} [dim](tried again later)[/]")

    @contextmanager
    def line(self) -> Iterator[None]:
        """The line that says where we are, on a terminal only."""
        if not self._console.is_terminal:
            yield
            return
        with self._console.status(self._where(), spinner="dots") as status:
            keeping = threading.Thread(target=self._keep, args=(status,), daemon=True)
            keeping.start()
            try:
                yield
            finally:
                self._ended.set()
                keeping.join()

    def _keep(self, status: Any) -> None:
        while not self._ended.wait(1.0):
            status.update(self._where())

    def _where(self) -> str:
        from cemcore.report.words import moment

        still = len(self._cem.problems(open_only=True))
        failing = (
            f" · [red]fails: {', '.join(self.daemon.failing)} (the log says why)[/]" if self.daemon.failing else ""
        )
        here = moment(self._cem.house.clock(), self._zone)
        return f"[dim]{here} · {still or 'no'} open problem{'s' * (still != 1)}[/]{failing}"

    def _tell(self, at: datetime, text: str) -> None:
        self._console.print(f"[dim]{at.astimezone(self._zone):%a %H:%M}[/]  {text}")
