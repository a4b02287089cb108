"""The command that lists degradations."""

from __future__ import annotations

from typing import Annotated

import typer

from cemcore.cli import common as c


def register(app: typer.Typer) -> None:
    """Add the command of this part."""
    app.command(rich_help_panel=c.ASK)(degradations)


def degradations(
    during: c.DuringOption = None,
    level: Annotated[
        str | None, typer.Option("--level", help="Only this level: subject, series, access resource, service ...")
    ] = None,
    service: Annotated[str | None, typer.Option("--service", help="Only this service.")] = None,
    limit: c.LimitOption = None,
    config: c.ConfigOption = None,
    json: c.JsonOption = False,
    form: c.FormatOption = c.Format.TABLE,
) -> None:
    """What was worse than usual, missing or silent: groups and single series as episodes, the strongest first.

    Without `--during`, of the last 24 hours.

    Examples:

    - `cem degradations`
    - `cem degradations --during 2025-11-08..2025-11-09 --level "access resource"`
    """
    from cemcore.application.degradations import lately
    from cemcore.report import degradations_report as shown

    with c.opened(config) as cem:
        period = lately(cem.house, c.asked(cem, None, during)[1])
        rows = cem.degradations(period, level, service)
        rows = rows if limit is None else rows.head(limit)
        c.say(
            c.chosen(json, form),
            lambda: shown.degradations_document(rows, period, level, service),
            lambda: shown.degradations_listing(rows),
            lambda: shown.degradations_table(rows, period, c.zone(cem)),
        )
