"""The command that holds alarms against what customers felt."""

from __future__ import annotations

from typing import Annotated

import typer

from cemcore.cli import common as c


def register(app: typer.Typer) -> None:
    """Add the command of this part."""
    app.command(rich_help_panel=c.ASK)(alarms)


def alarms(
    during: c.DuringOption = None,
    without_pain: Annotated[
        bool, typer.Option("--without-pain", help="Only alarms that nobody felt, one a line.")
    ] = False,
    each: Annotated[bool, typer.Option("--each", help="One line an alarm, not one a type.")] = False,
    as_of: c.AsOfOption = None,
    limit: c.LimitOption = None,
    config: c.ConfigOption = None,
    json: c.JsonOption = False,
    csv: Annotated[bool, typer.Option("--csv", help="Short for --format csv.")] = False,
    form: c.FormatOption = c.Format.TABLE,
) -> None:
    """Which alarms customers felt: by problem and type of resource how many had pain below them, how many had none,
    with an interval; and which problems no alarm told of. Without `--during`, of the last seven days.

    Examples:

    - `cem alarms`
    - `cem alarms --without-pain --during 2025-11-08..2025-11-09`
    - `cem alarms --csv --as-of 2025-11-08T14:00`
    """
    from cemcore.report import alarms_report as shown

    with c.opened(config) as cem:
        known, period = c.asked(cem, as_of, during)
        view = cem.alarms(period, known, without_pain=without_pain, limit=limit)
        c.say(
            c.Format.CSV if csv else c.chosen(json, form),
            lambda: shown.alarms_document(view),
            lambda: shown.alarms_listing(view, each or without_pain),
            lambda: shown.alarms_table(view, each or without_pain, c.zone(cem)),
        )
