"""Commands of the second look and of early warning: zoom, findings, warnings."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cemcore.cli import common as c

ProblemId = Annotated[str | None, typer.Argument(metavar="ID", help="Of one problem; else of all.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add the commands of this part."""
    app.command(rich_help_panel=c.WORK)(zoom)
    app.command(rich_help_panel=c.ASK)(findings)
    app.command(rich_help_panel=c.ASK)(warnings)


def zoom(
    problem_id: ProblemId = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be looked at; ask and write nothing.")
    ] = False,
    config: c.ConfigOption = None,
    json: c.JsonOption = False,
) -> None:
    """Take a second look at what open problems hurt most: confirm, correct or withdraw it, and say why.

    Examples:

    - `cem zoom`
    - `cem zoom P-17 --dry-run`
    """
    from contextlib import nullcontext

    from cemcore.daemon import working
    from cemcore.report.findings import zoom_document
    from cemcore.report.second_look import zoom_table

    with c.opened(config) as cem, nullcontext() if dry_run else working(cem):
        done = cem.zoom(problem_id, dry_run=dry_run)
        c.say(
            c.chosen(json, c.Format.TABLE),
            lambda: zoom_document(done),
            lambda: None,
            lambda: zoom_table(done, c.zone(cem)),
        )


def findings(
    problem_id: ProblemId = None,
    config: c.ConfigOption = None,
    json: c.JsonOption = False,
    form: c.FormatOption = c.Format.TABLE,
) -> None:
    """What second looks found: confirmed, corrected, withdrawn or unclear, with the reasons.

    Example: `cem findings P-17`.
    """
    from cemcore.report.findings import findings_document
    from cemcore.report.second_look import findings_listing, findings_table

    with c.opened(config) as cem:
        found, asked = cem.findings(problem_id), cem.detail_requests(problem_id)
        c.say(
            c.chosen(json, form),
            lambda: findings_document(found, asked),
            lambda: findings_listing(found, asked),
            lambda: findings_table(found, asked),
        )


def warnings(
    horizon: Annotated[
        str | None,
        typer.Option("--horizon", metavar="SPAN", help="Breaches within so long: 14d, 36h; else the settings'."),
    ] = None,
    config: c.ConfigOption = None,
    json: c.JsonOption = False,
    form: c.FormatOption = c.Format.TABLE,
) -> None:
    """Early warning: what drifts towards its requirement, and when it will miss it if it goes on like this.

    Example: `cem warnings --horizon 7d`.
    """
    from cemcore.report.findings import warnings_document
    from cemcore.report.second_look import warnings_listing, warnings_table

    within = _span(horizon)
    with c.opened(config) as cem:
        view = cem.warnings(within)
        c.say(
            c.chosen(json, form),
            lambda: warnings_document(view),
            lambda: warnings_listing(view),
            lambda: warnings_table(view, c.zone(cem)),
        )


def _span(text: str | None) -> Any:
    from cemcore.report.asked import parse_span

    try:
        return None if text is None else parse_span(text)
    except ValueError as e:
        raise typer.BadParameter(str(e)) from e
