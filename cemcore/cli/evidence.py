"""The command that shows what evidence weighs."""

from __future__ import annotations

import typer

from cemcore.cli import common as c


def register(app: typer.Typer) -> None:
    """Add the command of this part."""
    app.command(rich_help_panel=c.ASK)(evidence)


def evidence(
    as_of: c.AsOfOption = None,
    config: c.ConfigOption = None,
    json: c.JsonOption = False,
    form: c.FormatOption = c.Format.TABLE,
) -> None:
    """What each kind of evidence weighs in the choice of a cause: stated, and learned from verdicts, with intervals.

    Examples:

    - `cem evidence`
    - `cem evidence --as-of 2025-11-08`
    """
    from cemcore.report import evidence_report as shown

    with c.opened(config) as cem:
        view = cem.evidence(c.time_of(cem, as_of))
        c.say(
            c.chosen(json, form),
            lambda: shown.evidence_document(view),
            lambda: shown.evidence_listing(view),
            lambda: shown.evidence_table(view),
        )
