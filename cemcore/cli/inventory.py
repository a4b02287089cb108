"""The command that says what is wrong with the inventory."""

from __future__ import annotations

from typing import Annotated

import typer

from cemcore.cli import common as c


def register(app: typer.Typer) -> None:
    """Add the command of this part."""
    app.command(rich_help_panel=c.ASK)(inventory)


def inventory(
    kind: Annotated[list[str] | None, typer.Option("--kind", "-k", help="Only this kind; may be repeated.")] = None,
    resource: Annotated[str | None, typer.Option("--resource", "-r", help="Only what is about this one.")] = None,
    at: Annotated[str | None, typer.Option("--at", metavar="TIME", help="As valid at this time; else now.")] = None,
    as_of: c.AsOfOption = None,
    limit: c.LimitOption = None,
    config: c.ConfigOption = None,
    json: c.JsonOption = False,
    csv: Annotated[bool, typer.Option("--csv", help="Short for --format csv.")] = False,
    form: c.FormatOption = c.Format.TABLE,
) -> None:
    """What is wrong with the inventory: links that are wrong or missing (with what they should be, and why), names that
    can't be joined, paths that lead nowhere, what alarms and experience contradict. Nothing is changed.

    Examples:

    - `cem inventory`
    - `cem inventory --kind wrong_link --kind missing_link --csv`
    - `cem inventory --resource GNB-0003 --at 2025-11-08T14:00 --as-of 2025-11-08T14:00`
    """
    from dataclasses import replace

    from cemcore.report import inventory_report as shown

    with c.opened(config) as cem:
        try:
            view = cem.inventory(tuple(kind or ()), resource, c.time_of(cem, at), c.time_of(cem, as_of))
        except ValueError as e:
            raise typer.BadParameter(str(e)) from e
        view = replace(view, faults=view.faults[:limit])
        c.say(
            c.Format.CSV if csv else c.chosen(json, form),
            lambda: shown.inventory_document(view),
            lambda: shown.inventory_listing(view),
            lambda: shown.inventory_table(view, c.zone(cem)),
        )
