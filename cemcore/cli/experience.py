"""Commands about scores: experience (over time, or rolled up) and explain."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from cemcore.cli import ask
from cemcore.cli import common as c


class Level(StrEnum):
    """What experience can be rolled up by."""

    SUBJECT = "subject"
    CUSTOMER = "customer"
    SEGMENT = "segment"
    AREA = "area"
    ACCESS = "access"
    SERVICE = "service"
    OPERATOR = "operator"


class Kind(StrEnum):
    """Users and things are never in one line."""

    USER = "user"
    THING = "thing"


def register(app: typer.Typer) -> None:
    """Add the commands of this part."""
    for command in (experience, explain):
        app.command(rich_help_panel=c.ASK)(command)


def experience(
    subject: Annotated[str | None, typer.Option("--subject", help="Of one user or thing.")] = None,
    customer: Annotated[str | None, typer.Option("--customer", help="Of all that one customer pays for.")] = None,
    segment: Annotated[str | None, typer.Option("--segment", help="Of one segment.")] = None,
    service: Annotated[str | None, typer.Option("--service", help="Only this service.")] = None,
    by: Annotated[Level | None, typer.Option("--by", help="Rolled up, worst first.", case_sensitive=False)] = None,
    kind: Annotated[Kind | None, typer.Option("--kind", help="With --by: only users, or only things.")] = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="From; else 24 hours before the end.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Up to; else now.")] = None,
    as_of: c.AsOfOption = None,
    during: Annotated[str | None, typer.Option("--during", metavar="A..B", help="The same as --from A --to B.")] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=1, help="With --by: at most so many groups.")
    ] = None,
    config: c.ConfigOption = None,
    json: c.JsonOption = False,
    form: c.FormatOption = c.Format.TABLE,
) -> None:
    """Experience over time, of a subject, a customer, a segment or a service; or rolled up by one of these.

    Examples:

    - `cem experience --subject U000012 --service voice`
    - `cem experience --customer C0042 --from 2025-11-08 --to 2025-11-09 --format csv`
    - `cem experience --by segment --during 2025-11-08..2025-11-09 --kind user`
    """
    who = {
        k: v for k, v in (("subject", subject), ("customer", customer), ("segment", segment), ("service", service)) if v
    }
    if during is not None:
        if start is not None or end is not None:
            raise typer.BadParameter("either --during or --from and --to")
        start, _, end = during.partition("..")
        if not start or not end:
            raise typer.BadParameter(f"{during!r} is no period (such as 2025-11-08..2025-11-09)")
    how = c.chosen(json, form)
    if by is not None:
        if set(who) - {"service"}:
            raise typer.BadParameter("--by is of everybody: with it goes --service and --kind only")
        _rolled_up(by, service, kind, (start, end), as_of, limit, config, how)
        return
    if not who:
        raise typer.BadParameter("of whom? --subject, --customer, --segment or --service; or --by")
    if kind is not None or limit is not None:
        raise typer.BadParameter("--kind and --limit go with --by")
    _over_time(who, (start, end), as_of, config, how)


def _over_time(who: dict[str, str], when: tuple[Any, Any], as_of: str | None, config: Any, how: c.Format) -> None:
    from cemcore import report
    from cemcore.report.experience_report import experience_report

    with c.opened(config) as cem:
        first, last = _span(cem, *when)
        known = c.time_of(cem, as_of)
        rows = cem.scores(first, last, **who, **({} if known is None else {"as_of": known}))
        title = "Experience of " + ", ".join(f"{k} {v}" for k, v in who.items())
        c.say(
            how,
            lambda: report.experience_document(rows, who, first, last),
            lambda: report.experience_listing(rows, title),
            lambda: experience_report(rows, title, c.zone(cem)),
        )


def _rolled_up(
    by: Level,
    service: str | None,
    kind: Kind | None,
    when: tuple[Any, Any],
    as_of: str | None,
    limit: int | None,
    config: Any,
    how: c.Format,
) -> None:
    from cemcore.report import rollup_report as out

    with c.opened(config) as cem:
        first, last = _span(cem, *when)
        asked = {"kind": kind and kind.value, "service": service, "as_of": c.time_of(cem, as_of)}
        which = {k: v for k, v in asked.items() if v is not None}
        rows = out.first_groups(cem.rollup(by.value, first, last, **which), limit)
        c.say(
            how,
            lambda: out.rollup_document(rows, by.value, which, first, last),
            lambda: out.rollup_listing(rows, f"Experience by {by.value}"),
            lambda: out.rollup_report(rows, by.value, first, last, c.zone(cem)),
        )


def _span(cem: Any, start: str | None, end: str | None) -> tuple[Any, Any]:
    from cemcore.report.asked import span

    try:
        return span(start, end, cem.house.known_now(), c.zone(cem))
    except ValueError as e:
        raise typer.BadParameter(str(e)) from e


def explain(
    words: Annotated[
        list[str], typer.Argument(metavar="ID | score SUBJECT SERVICE TIME | score SERVICE", help="What to explain.")
    ],
    row: Annotated[
        list[str] | None,
        typer.Option("--row", metavar="KQI=VALUE,...", help="With score SERVICE: what such a record would score."),
    ] = None,
    catalogue: Annotated[
        Path | None, typer.Option("--catalogue", metavar="FILE", help="With --row: by this services.toml.")
    ] = None,
    config: c.ConfigOption = None,
    json: c.JsonOption = False,
) -> None:
    """Why: the evidence for a problem's causes, or what went into one score, on record or tried by hand.

    Examples:

    - `cem explain P-17`
    - `cem explain score U000012 voice 2025-11-08T14:15`
    - `cem explain score voice --row latency_ms=80,loss_pct=1.5 --catalogue services.toml`
    """
    if row is not None or catalogue is not None:
        if words[0] != "score" or len(words) != 2 or not row:
            raise typer.BadParameter("a trial is: score SERVICE --row KQI=VALUE,... [--catalogue FILE]")
        _tried(words[1], row, catalogue, config, json)
    elif words[0] == "score" and len(words) == 4:
        _explain_score(words[1], words[2], words[3], config, c.chosen(json, c.Format.TABLE))
    elif len(words) == 1:
        ask.problems(problem_id=words[0], config=config, json=json)
    else:
        raise typer.BadParameter("either a problem's ID, or: score SUBJECT SERVICE TIME, or: score SERVICE --row ...")


def _explain_score(subject: str, service: str, at: str, config: Any, form: c.Format) -> None:
    from rich.text import Text

    from cemcore import report

    with c.opened(config) as cem:
        slot = c.time_of(cem, at)
        lines = cem.explain(subject, service, slot)
        document = report.explanation_document(subject, service, slot, lines)
        c.say(form, lambda: document, lambda: None, lambda: Text("\n  ".join(lines)))


def _tried(service: str, rows: list[str], catalogue: Path | None, config: Any, json: bool) -> None:
    from cemcore.application.trial import row_of, trial
    from cemcore.catalogue import Catalogue
    from cemcore.report.rollup_report import trial_document, trial_report

    tried = trial(Catalogue.load(catalogue or _catalogue_file(config)), service, [row_of(r) for r in rows])
    frame = tried.frame()
    lines = tuple(tried.lines(n) for n in range(len(frame)))
    about = f"{tried.catalogue.file}, {frame['catalogue'].iloc[0]}; {frame['models'].iloc[0]}"
    c.say(
        c.chosen(json, c.Format.TABLE),
        lambda: trial_document(service, frame),
        lambda: None,
        lambda: trial_report(service, frame, lines, about),
    )


def _catalogue_file(config: Any) -> Path:
    """The catalogue of the settings; without any settings the one that comes with cemcore."""
    from cemcore.settings import Settings, shipped

    file = c.config_file(config)
    if config is None and not file.exists():
        return shipped("services.toml")
    settings = Settings.load(file)
    return settings.path(settings.assess.catalogue)
