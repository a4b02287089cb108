"""Commands to try out and judge: simulate, evaluate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from cemcore.cli import common as c


def register(app: typer.Typer) -> None:
    """Add the commands of this part."""
    for command in (simulate, evaluate):
        app.command(rich_help_panel=c.LAB)(command)


def simulate(
    directory: Annotated[Path, typer.Argument(help="Folder to write to; must be new or empty.")],
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same town.")] = 1,
    days: Annotated[int, typer.Option("--days", min=1, help="How many days of data.")] = 10,
    size: Annotated[str, typer.Option("--size", help="How large: tiny, small or medium.")] = "small",
    spec: Annotated[
        Path | None,
        typer.Option("--spec", help="Which faults to plant (TOML); else the town's own.", show_default=False),
    ] = None,
) -> None:
    """Simulate an operator: files as real systems deliver them, with planted faults and the truth about them.

    Example: `cem simulate town --seed 7 --days 10 --size small`, then `cem evaluate town`.
    """
    from cemcore.cli.towns import write_town

    with c.progress() as told:
        write_town(directory, seed, size, days, spec, told)
    typer.echo(f"wrote {directory}")


def evaluate(
    directory: Annotated[
        Path, typer.Argument(help="An operator's folder: inventory/, quality/, pm/, kpi/, alarms/ ...")
    ],
    predictions: Annotated[
        Path | None,
        typer.Option("--predictions", "-p", help="Where to write the incidents that were found.", show_default=False),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option("--state", help="Keep archive and ledger here; else they are temporary.", show_default=False),
    ] = None,
    json: c.JsonOption = False,
) -> None:
    """Run the whole route over an operator's folder, and judge it where the folder holds the truth.

    Nothing is looked at before it has arrived. Example: `cem evaluate town --predictions found.json`.
    """
    from cemcore import report
    from cemcore.application.evaluate import evaluate_folder
    from cemcore.evaluation import write_predictions
    from cemcore.report.accuracy_report import accuracy_report

    with c.progress() as told:
        found = evaluate_folder(directory, state, told)
    if predictions is not None:
        write_predictions(predictions, found.incidents)
        typer.echo(f"wrote {len(found.incidents)} incidents to {predictions}", err=True)
    if found.scores is None:
        typer.echo(
            f"{len(found.incidents)} incidents; no truth.json in {directory}, so nothing to judge them by", err=True
        )
        if json:
            typer.echo(report.to_json({"incidents": found.incidents}), nl=False)
        return
    document: dict[str, Any] = found.scores.document()
    form = c.chosen(json, c.Format.TABLE)
    c.say(form, lambda: document, lambda: None, lambda: accuracy_report(document))
