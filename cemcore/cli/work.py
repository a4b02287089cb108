"""Commands that do the work: collect, assess, backfill, replay, run."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cemcore.cli import common as c

FromOption = Annotated[str, typer.Option("--from", metavar="TIME", help="From this time on.")]
ToOption = Annotated[str, typer.Option("--to", metavar="TIME", help="Up to this time.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this part."""
    for command in (collect, assess, run, backfill, replay):
        app.command(rich_help_panel=c.WORK)(command)


def collect(
    sources: Annotated[list[str] | None, typer.Argument(help="Only these sources, by name; else all.")] = None,
    config: c.ConfigOption = None,
    json: c.JsonOption = False,
) -> None:
    """Fetch once what the sources have; each delivery is taken exactly once, however often this runs.

    Exits with 1 when a source failed (the others are taken). Example: `cem collect alarms pm`.
    """
    from cemcore import report
    from cemcore.daemon import working
    from cemcore.report.tables import taken_table

    with c.opened(config) as cem, working(cem), c.progress() as told:
        taken = cem.collect(tuple(sources or ()), told)
    form = c.chosen(json, c.Format.TABLE)
    c.say(form, lambda: report.taken_document(taken), lambda: None, lambda: taken_table(taken))
    if any(t.error for t in taken):
        raise typer.Exit(1)


def assess(
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="Slots settled by TIME; else by now.")
    ] = None,
    config: c.ConfigOption = None,
) -> None:
    """Walk every slot that has settled through the route: score, detect, localise, assess.

    Example: `cem collect && cem assess && cem impact`.
    """
    from cemcore.daemon import working

    with c.opened(config) as cem:
        end = c.time_of(cem, until)
        with working(cem), c.progress() as told:
            done = cem.assess(end, told)
        typer.echo(_said(cem, done))


def run(config: c.ConfigOption = None) -> None:
    """Run as daemon: collect at each source's cadence, assess as slots settle, serve the REST API.

    Ends cleanly on SIGTERM or Ctrl-C. A second daemon on the same ledger serves the API and waits to take over.
    Example: `cem run --config /etc/cem/cem.toml`.
    """
    import sys

    from cemcore import logs
    from cemcore.api import create_app
    from cemcore.daemon import Daemon, serve

    with c.opened(config) as cem:
        logs.configure(sys.stderr, secrets=(cem.house.settings.api.token,))
        daemon = Daemon(cem)
        serve(daemon, create_app(cem, daemon.metrics.registry))


def backfill(start: FromOption, end: ToOption, config: c.ConfigOption = None) -> None:
    """Learn from history what is normal, without opening problems.

    Example: `cem backfill --from 2025-10-01 --to 2025-11-01`.
    """
    from cemcore.daemon import working

    with c.opened(config) as cem:
        window = _window(cem, start, end)
        with working(cem), c.progress() as told:
            done = cem.backfill(window, told)
        typer.echo(_said(cem, done))


def replay(
    start: FromOption,
    end: ToOption,
    config: c.ConfigOption = None,
    json: c.JsonOption = False,
    form: c.FormatOption = c.Format.TABLE,
) -> None:
    """Run the route over the past once more, writing nothing; print the revisions that it makes.

    Example: `cem replay --from 2025-11-08 --to 2025-11-09`.
    """
    from cemcore import report
    from cemcore.report.tables import listing_table

    with c.opened(config) as cem, c.progress() as told:
        frame = cem.replay(_window(cem, start, end), told)
    listing = report.frame_listing(frame, "Revisions")
    c.say(
        c.chosen(json, form),
        lambda: report.frame_document("revisions", frame),
        lambda: listing,
        lambda: listing_table(listing),
    )


def _window(cem: Any, start: str, end: str) -> Any:
    from cemcore.domain import Window

    try:
        return Window(c.time_of(cem, start), c.time_of(cem, end))
    except ValueError as e:
        raise typer.BadParameter(str(e)) from e


def _said(cem: Any, done: Any) -> str:
    from cemcore.report import words

    if not done.slots:
        return "no slot has settled since the last time"
    changed = f"; {len(done.problems)} problems with news: {', '.join(done.problems[:8])}" if done.problems else ""
    return f"{done.slots:,} slots, the last {words.moment(done.last_slot, c.zone(cem))}{changed}"
