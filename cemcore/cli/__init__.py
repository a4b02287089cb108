"""The command line, `cem`: a thin door. Commands import what they need when they run, so that `cem --help` is quick."""

from cemcore.cli.app import app, main

__all__ = ["app", "main"]
