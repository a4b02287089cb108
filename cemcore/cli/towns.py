"""Simulated operators, as the commands want them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from cemcore.cli.common import Progress

SLOT_S = 900
"""A town's slots are so long [s]."""

_ARRIVAL = re.compile(r"^arrival\s*=.*\n", re.MULTILINE)


def write_town(directory: Path, seed: int, size: str, days: int, spec: Path | None, progress: Progress) -> None:
    """Simulate a town into `directory`; ConfigError where it is neither new nor empty."""
    from cemcore.errors import ConfigError
    from cemcore.town import Town

    if directory.exists() and any(directory.iterdir()):
        raise ConfigError(str(directory), "", "is not empty")
    town = Town(seed, size, days, spec)
    town.write(directory, lambda done, total, _: progress("simulate", done, total))


def write_settings(town: Path, port: int) -> tuple[Path, Path]:
    """Settings for a town's folder, written into it: (of its history, of its life).

    History says itself when things came; of what comes later, that is seen. Archive and ledger stand beside the
    folder, in `state`.
    """
    from cemcore.settings import shipped

    mapping = shipped("operator-files/cem.toml").read_text(encoding="utf-8")
    (town / "services.toml").write_text(shipped("services.toml").read_text(encoding="utf-8"), encoding="utf-8")
    ours = {
        "storage": 'archive = "../state/archive"\nledger = "sqlite:///../state/ledger.db"\n',
        "api": f"port = {port}\n",
    }
    for table, lines in ours.items():
        mapping = _with_table(mapping, table, lines)
    history, life = town / "history.toml", town / "cem.toml"
    history.write_text(mapping, encoding="utf-8")
    life.write_text(_ARRIVAL.sub("", mapping), encoding="utf-8")
    return history, life


def _with_table(text: str, table: str, lines: str) -> str:
    """`text` with `lines` in its table `table`, which is added in front of the sources where it is not there."""
    head = f"[{table}]\n"
    if head in text:
        return text.replace(head, head + lines, 1)
    return text.replace("[[sources]]", f"{head}{lines}\n[[sources]]", 1)


def planted(town: Any, start: int, end: int) -> list[str]:
    """What the town breaks in [start, end) [s], in words."""
    return [f"{f.kind.name.replace('_', ' ')} at {f.target.id}" for f in town.world.faults if start <= f.start < end]
