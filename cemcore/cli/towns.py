"""Simulated operators, as the commands want them."""

from __future__ import annotations

from pathlib import Path

from cemcore.cli.common import Progress


def write_town(directory: Path, seed: int, size: str, days: int, progress: Progress) -> None:
    """Simulate a town into `directory`; ConfigError where it is neither new nor empty."""
    from cemcore.errors import ConfigError
    from cemcore.town import Town

    if directory.exists() and any(directory.iterdir()):
        raise ConfigError(str(directory), "", "is not empty")
    Town(seed, size, days).write(directory, progress)
