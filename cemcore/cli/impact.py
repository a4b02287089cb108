"""`cem impact`: the impact report, the impact of one problem, and of any resources, by any lens."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from cemcore.cli import common as c


class ReportFormat(StrEnum):
    """How an impact is printed."""

    TABLE = "table"
    CSV = "csv"
    MD = "md"
    JSON = "json"
    HTML = "html"


LensOption = Annotated[
    list[str] | None,
    typer.Option(
        "--lens",
        "-l",
        metavar="LENS,...",
        help="Parted by: segment, service, area, access, customer, account, spend, contract, plan, slice, kind, type, "
        "device, vendor, firmware, customer_type, vertical, gateway, endpoint; several with commas, or repeated.",
    ),
]
OutOption = Annotated[
    Path | None, typer.Option("--out", "-o", help="Write the page (HTML) into this file.", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel=c.ASK)(impact)


def impact(
    problem_id: Annotated[
        str | None, typer.Argument(metavar="ID", help="Of one problem; else the report.", show_default=False)
    ] = None,
    resource: Annotated[
        list[str] | None, typer.Option("--resource", "-r", help="Of these resources, if all of them failed.")
    ] = None,
    lens: LensOption = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="TIME", help="With --resource: at this time; else now.")
    ] = None,
    as_of: c.AsOfOption = None,
    during: Annotated[
        str | None,
        typer.Option("--during", metavar="A..B", help="Bad minutes from A to B only; of resources: all served then."),
    ] = None,
    protected: Annotated[
        bool, typer.Option("--protected", help="With --resource: who is saved by redundancy, and by what.")
    ] = False,
    only_open: Annotated[bool, typer.Option("--open", help="Only those that last and are not settled.")] = False,
    limit: c.LimitOption = None,
    config: c.ConfigOption = None,
    json: c.JsonOption = False,
    form: Annotated[
        ReportFormat, typer.Option("--format", "-f", help="How to print the answer.", case_sensitive=False)
    ] = ReportFormat.TABLE,
    out: OutOption = None,
) -> None:
    """The impact report; or the impact of one problem; or of any resources if they failed.

    Two questions about time: --as-of T is what was known at T, --during A..B what happened from A to B. Groups of fewer
    than `assess.small_group` subjects share the line `(small groups)`; who has no group is `(undeclared)`.

    Examples:

    - `cem impact --open`
    - `cem impact --during 2025-11-08..2025-11-09 --lens area,segment`
    - `cem impact P-17 --lens spend --lens device --format md`
    - `cem impact -r SR-KRAKOW-1 -r SR-KRAKOW-2 --at 2025-11-08T20:00 --protected --lens area`
    - `cem impact --open --out report.html`
    """
    if problem_id is not None and resource:
        raise typer.BadParameter("either a problem or --resource")
    if protected and not resource:
        raise typer.BadParameter("--protected goes with --resource")
    how = ReportFormat.JSON if json else ReportFormat.HTML if out is not None else form
    asked = {"lenses": tuple(lens or ())}
    with c.opened(config) as cem:
        known, period = c.asked(cem, as_of, during)
        try:
            if problem_id is not None or resource:
                moment = c.time_of(cem, at) or known
                view = cem.impact(
                    problem_id, tuple(resource or ()), moment, period, protected=protected, as_of=known, **asked
                )
                _one(cem, view, how, out)
            else:
                _all(cem, cem.report(known, period, only_open, **asked), limit, how, out)
        except ValueError as e:
            raise typer.BadParameter(str(e)) from e


def _one(cem: Any, view: Any, how: ReportFormat, out: Path | None) -> None:
    from cemcore import report
    from cemcore.report.impact_tables import impact_answer

    if how is ReportFormat.HTML:
        _page(cem.page(view), out)
        return
    c.say(
        c.Format(how.value),
        lambda: report.impact_document(view),
        lambda: report.impact_listing(view),
        lambda: impact_answer(view, c.zone(cem)),
    )


def _all(cem: Any, found: Any, limit: int | None, how: ReportFormat, out: Path | None) -> None:
    from cemcore import report
    from cemcore.report.impact_report import impact_report
    from cemcore.report.impact_tables import report_tables

    if how is ReportFormat.HTML:
        _page(cem.page(found, limit), out)
        return
    views, name = report.rank(found.problems), cem.house.settings.operator.name
    now, zone = found.as_of or cem.house.known_now(), c.zone(cem)
    c.say(
        c.Format(how.value),
        lambda: report.impact_report_document(found, limit),
        lambda: report.problems_listing(views[:limit], "Impact report"),
        lambda: report_tables(impact_report(views, now, zone, name, limit=limit, width=c.width()), found, zone),
    )


def _page(page: str, out: Path | None) -> None:
    if out is None:
        typer.echo(page.encode(), nl=False)
    else:
        out.write_text(page, encoding="utf-8")
        typer.echo(f"{out}: {len(page.encode()):,} bytes", err=True)
