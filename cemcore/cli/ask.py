"""Commands that ask: problems, problem, health."""

from __future__ import annotations

import getpass
from enum import StrEnum
from typing import Annotated

import typer

from cemcore.cli import common as c

ProblemId = Annotated[
    str | None, typer.Argument(metavar="ID", help="One problem in full; else the list.", show_default=False)
]
OpenOption = Annotated[bool, typer.Option("--open", help="Only those that last and are not settled.")]


class Action(StrEnum):
    """What an operator may say of a problem."""

    ACK = "ack"
    NOTE = "note"
    RESOLVE = "resolve"
    REJECT = "reject"


def register(app: typer.Typer) -> None:
    """Add the commands of this part."""
    for command in (problems, problem, health):
        app.command(rich_help_panel=c.ASK)(command)


def problems(
    problem_id: ProblemId = None,
    as_of: c.AsOfOption = None,
    during: c.DuringOption = None,
    only_open: OpenOption = False,
    limit: c.LimitOption = None,
    config: c.ConfigOption = None,
    json: c.JsonOption = False,
    form: c.FormatOption = c.Format.TABLE,
) -> None:
    """List problems by what customers lost, or show one in full with its evidence and its life.

    Examples:

    - `cem problems --open`
    - `cem problems --during 2025-11-08..2025-11-09 --format csv`
    - `cem problems P-17 --as-of 2025-11-08T14:30`
    """
    from cemcore import report
    from cemcore.report.tables import problem_detail, problems_table

    with c.opened(config) as cem:
        known, period = c.asked(cem, as_of, during)
        how, now = c.chosen(json, form), known or cem.house.known_now()
        if problem_id is not None:
            view = cem.problem(problem_id, known)
            c.say(
                how,
                lambda: report.problem_document(view),
                lambda: report.impact_listing(view),
                lambda: problem_detail(view, now, c.zone(cem)),
            )
            return
        views = report.rank(cem.problems(known, period, only_open))[:limit]
        c.say(
            how,
            lambda: report.problems_document(views, known, period, only_open),
            lambda: report.problems_listing(views),
            lambda: problems_table(views, now, c.zone(cem)),
        )


def problem(
    problem_id: Annotated[str, typer.Argument(metavar="ID", help="Which problem.")],
    action: Annotated[Action, typer.Argument(help="What you say of it.")],
    cause: Annotated[str, typer.Option("--cause", help="What it was: a resource, or attribute=value.")] = "",
    note: Annotated[str, typer.Option("--note", help="In your words.")] = "",
    by: Annotated[str | None, typer.Option("--by", help="Who says it; else your login.", show_default=False)] = None,
    config: c.ConfigOption = None,
    json: c.JsonOption = False,
) -> None:
    """Say what you know of a problem: acknowledge it, note something, resolve it with its cause, reject it. Audited.

    Examples:

    - `cem problem P-17 ack`
    - `cem problem P-17 resolve --cause SR-KRAKOW-2 --note "line card changed"`
    """
    from cemcore import report
    from cemcore.report.tables import problem_detail

    if action is Action.NOTE and not note:
        raise typer.BadParameter("a note wants --note")
    with c.opened(config) as cem:
        cem.settle(problem_id, action.value, by or getpass.getuser(), note, cause)
        view = cem.problem(problem_id)
        form = c.chosen(json, c.Format.TABLE)
        c.say(
            form,
            lambda: report.problem_document(view),
            lambda: None,
            lambda: problem_detail(view, cem.house.known_now(), c.zone(cem)),
        )


def health(config: c.ConfigOption = None, json: c.JsonOption = False, form: c.FormatOption = c.Format.TABLE) -> None:
    """State of the feeds, of learning, and of the whole: what came, what could not be taken and why, how far we are.

    Example: `cem health`.
    """
    from cemcore import report
    from cemcore.report.health_report import health_report

    with c.opened(config) as cem:
        view = cem.health()
        c.say(
            c.chosen(json, form),
            lambda: report.health_document(view),
            lambda: report.health_listing(view),
            lambda: health_report(view, c.zone(cem)),
        )
