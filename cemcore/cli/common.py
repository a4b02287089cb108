"""What commands share: where the settings are, opening, times, ways to print, progress."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console, RenderableType

DEFAULTS = ("config/cem.toml", "cem.toml")
SETUP, WORK, ASK, LAB = "Set up", "Work", "Ask", "Try out and judge"

Progress = Callable[[str, int, int | None], None]
"""(what, done, of how many or None)"""


class Format(StrEnum):
    """How an answer is printed."""

    TABLE = "table"
    CSV = "csv"
    MD = "md"
    JSON = "json"


ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        envvar="CEM_CONFIG",
        help="Settings file; else config/cem.toml, else cem.toml.",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, byte for byte as REST returns it.")]
FormatOption = Annotated[Format, typer.Option("--format", "-f", help="How to print the answer.", case_sensitive=False)]
AsOfOption = Annotated[str | None, typer.Option("--as-of", metavar="TIME", help="As it was known at TIME.")]
DuringOption = Annotated[
    str | None, typer.Option("--during", metavar="A..B", help="What lasted at some time from A to B.")
]
LimitOption = Annotated[int | None, typer.Option("--limit", "-n", min=1, help="At most so many.")]


def config_file(given: Path | None) -> Path:
    """The settings file: as given, else the first default that exists, else the first (its error says what to do)."""
    return given or next((Path(d) for d in DEFAULTS if Path(d).exists()), Path(DEFAULTS[0]))


@contextmanager
def opened(config: Path | None, clock: Callable[[], Any] | None = None) -> Iterator[Any]:
    """An open `Cem` of the settings file."""
    from cemcore.application.cem import Cem
    from cemcore.settings import Settings

    settings = Settings.load(config_file(config))
    with Cem.open(settings, clock) if clock is not None else Cem.open(settings) as cem:
        yield cem


def zone(cem: Any) -> Any:
    """The operator's own time zone."""
    from zoneinfo import ZoneInfo

    return ZoneInfo(cem.house.settings.operator.timezone)


def asked(cem: Any, as_of: str | None, during: str | None) -> tuple[Any, Any]:
    """`--as-of` and `--during` as times; a wrong one ends with usage help."""
    from cemcore.report.asked import parse_period, parse_time

    try:
        known = None if as_of is None else parse_time(as_of, zone(cem))
        period = None if during is None else parse_period(during, zone(cem))
    except ValueError as e:
        raise typer.BadParameter(str(e)) from e
    return known, period


def time_of(cem: Any, text: str | None) -> Any:
    """One time as a person wrote it; None stays None."""
    return asked(cem, text, None)[0]


def chosen(json: bool, form: Format) -> Format:
    """`--json` is short for `--format json`."""
    return Format.JSON if json else form


def say(
    form: Format, document: Callable[[], Mapping[str, Any]], listing: Callable[[], Any], shown: Callable[[], Any]
) -> None:
    """Print an answer the way that was asked for; only that way is worked out."""
    from cemcore import report

    if form is Format.JSON:
        typer.echo(report.to_json(document()), nl=False)
    elif form is Format.CSV:
        typer.echo(listing().to_csv().encode(), nl=False)
    elif form is Format.MD:
        typer.echo(listing().to_markdown(), nl=False)
    else:
        show(shown())


def width() -> int:
    """Columns to print in: the terminal's, or 120 into a file or a pipe."""
    return Console().width if sys.stdout.isatty() or "COLUMNS" in os.environ else 120


def show(what: RenderableType) -> None:
    """Print for people."""
    Console(width=width(), highlight=False, soft_wrap=False).print(what)


@contextmanager
def progress() -> Iterator[Progress]:
    """Bars on stderr while long work lasts; into a file or a pipe, a line now and then."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    from rich import progress as bars

    columns = (
        bars.TextColumn("{task.description:<24}"),
        bars.BarColumn(bar_width=40),
        bars.MofNCompleteColumn(),
        bars.TimeElapsedColumn(),
    )
    with bars.Progress(*columns, console=Console(stderr=True)) as shown:
        tasks: dict[str, Any] = {}

        def tell(what: str, done: int, total: int | None) -> None:
            if what not in tasks:
                tasks[what] = shown.add_task(what, total=total)
            shown.update(tasks[what], completed=done, total=total)

        yield tell


class Lines:
    """Progress as lines of text: at most one in `every` seconds, and one at the end of each thing."""

    def __init__(self, every: float = 10.0) -> None:
        self._every, self._last = every, time.monotonic()

    def __call__(self, what: str, done: int, total: int | None) -> None:
        """Tell that `done` of `total` are done."""
        now = time.monotonic()
        if done == total or now - self._last >= self._every:
            self._last = now
            typer.echo(f"{what}: {done:,}" + (f" of {total:,}" if total else ""), err=True)
