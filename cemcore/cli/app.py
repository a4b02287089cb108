"""The command tree, and how errors leave it."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cemcore import __version__
from cemcore.cli import alarms, ask, degradations, demo, evidence, experience, impact, inventory, lab, setup, work, zoom
from cemcore.errors import CemError, ConfigError, NotFoundError, PluginError, TopologyError

EXIT_FAILED, EXIT_USAGE, EXIT_NOT_FOUND, EXIT_INTERRUPTED = 1, 2, 3, 130


class Guarded(TyperGroup):
    """Turns the errors that we raise on purpose into one clear line and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; a traceback only with `--debug`."""
        try:
            return super().invoke(ctx)
        except CemError as e:
            if ctx.params.get("debug"):
                raise
            typer.echo(f"cem: {e}", err=True)
            raise typer.Exit(exit_code(e)) from e
        except KeyboardInterrupt:
            typer.echo("cem: interrupted", err=True)
            raise typer.Exit(EXIT_INTERRUPTED) from None


def exit_code(error: CemError) -> int:
    """2 for what the caller or the configuration got wrong, 3 for what does not exist, else 1."""
    if isinstance(error, (ConfigError, PluginError)):
        return EXIT_USAGE
    return EXIT_NOT_FOUND if isinstance(error, (NotFoundError, TopologyError)) else EXIT_FAILED


app = typer.Typer(
    name="cem",
    cls=Guarded,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cem {__version__}")
        raise typer.Exit


@app.callback(epilog="Start with `cem demo`, or with `cem init my-operator` and `cem check`.")
def cem(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Show the version, and end.")
    ] = False,
) -> None:
    """Which customers have a bad time, on which service, why, since when: network data joined with experience."""


for part in (setup, work, ask, impact, alarms, degradations, evidence, experience, inventory, zoom, lab, demo):
    part.register(app)


def main() -> None:
    """The console script."""
    app()
