"""Commands to set up: init, check, plugins."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cemcore.cli import common as c


def register(app: typer.Typer) -> None:
    """Add the commands of this part."""
    for command in (init, check, plugins):
        app.command(rich_help_panel=c.SETUP)(command)


def init(
    directory: Annotated[
        Path, typer.Argument(help="Folder to write the configuration to; made where it is not there.")
    ],
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that are there already.")] = False,
) -> None:
    """Write a commented configuration folder to start from.

    Example: `cem init my-operator`, edit `my-operator/cem.toml`, then `cem check --config my-operator/cem.toml`.
    """
    from cemcore.errors import ConfigError
    from cemcore.settings import shipped

    templates = dict(_templates(shipped(""), Path()))
    there = sorted(str(directory / name) for name in templates if (directory / name).exists())
    if there and not force:
        raise ConfigError(there[0], "", "is there already (--force overwrites)")
    for name, text in templates.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        typer.echo(f"wrote {path}")
    typer.echo(f"next: edit {directory / 'cem.toml'}, then cem check --config {directory / 'cem.toml'}")


def _templates(folder: Path, below: Path) -> list[tuple[Path, str]]:
    out: list[tuple[Path, str]] = []
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.is_dir() and not entry.name.startswith(("_", ".")):
            out += _templates(entry, below / entry.name)
        elif entry.name.endswith(".toml"):
            out.append((below / entry.name, entry.read_text(encoding="utf-8")))
    return out


def check(config: c.ConfigOption = None, json: c.JsonOption = False) -> None:
    """Load everything, build every plug-in, try every source, and say what will run.

    Exits with 1 when something would not. Example: `cem check --config my-operator/cem.toml`.
    """
    from cemcore import report
    from cemcore.report.tables import check_table

    with c.opened(config) as cem:
        lines = cem.check()
    document = report.check_document(lines)
    c.say(c.chosen(json, c.Format.TABLE), lambda: document, lambda: None, lambda: check_table(lines))
    if not document["ok"]:
        raise typer.Exit(1)


def plugins(json: c.JsonOption = False) -> None:
    """List every plug-in that is installed, with its options.

    Your own join by entry point; `cem plugins` is how to see that they did. Example: `cem plugins --json`.
    """
    from cemcore import plugins as installed
    from cemcore import report
    from cemcore.report.tables import plugins_table

    infos = installed.describe()
    form = c.chosen(json, c.Format.TABLE)
    c.say(form, lambda: report.plugins_document(infos), lambda: None, lambda: plugins_table(infos))
