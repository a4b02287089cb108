"""One small town with troubles, assessed once for all tests of this folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from cemcore import Cem
from cemcore.application.evaluate import evaluate_folder, folder_settings
from cemcore.town import Town

SEED, DAYS = 5, 6


@pytest.fixture(scope="session")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An operator's folder; read only."""
    folder = tmp_path_factory.mktemp("town") / "operator"
    Town(seed=SEED, size="small", days=DAYS).write(folder)
    return folder


@pytest.fixture(scope="session")
def assessed(operator: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Archive and ledger after the whole folder was evaluated; read only."""
    state = tmp_path_factory.mktemp("state")
    evaluate_folder(operator, state)
    return state


def ends(folder: Path) -> datetime:
    """When the history of a folder ends."""
    return datetime.fromisoformat(json.loads((folder / "operator.json").read_text())["end"])


@pytest.fixture
def opened(operator: Path) -> Iterator[Callable[[Path], Cem]]:
    """Opens a state of the operator's folder, and closes it after the test."""
    held: list[Cem] = []

    def open_state(state: Path) -> Cem:
        cem = Cem.open(folder_settings(operator, state), clock=lambda: ends(operator))
        held.append(cem)
        return cem

    yield open_state
    for cem in held:
        cem.close()


@pytest.fixture
def copy_of(assessed: Path, tmp_path: Path) -> Path:
    """A state of one's own to change."""
    return Path(shutil.copytree(assessed, tmp_path / "state"))
