"""SIGKILL at random instants, restart, and again: the same ledger and the same archive as without."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cemcore import Cem
from tests.route.whole.conftest import ends
from tests.route.whole.contents import contents, differences

KILLS = 50
LIVES = 0.05, 2.5
"""A child lives so long [s], at random, before it is killed."""


class Victims:
    """Starts children that collect and assess, and kills them."""

    def __init__(self, folder: Path, warm: Path) -> None:
        command = [
            sys.executable,
            str(Path(__file__).with_name("victim.py")),
            str(folder),
            ends(folder).isoformat(),
            str(warm),
        ]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._line() == "ready"

    def run(self, state: Path, life: float | None) -> int:
        """Exit code of a child that was killed after `life` seconds (None: never); -9 where the kill came in time."""
        assert self._process.stdin is not None
        print(state, file=self._process.stdin, flush=True)
        child = int(self._line())
        if life is not None:
            time.sleep(life)
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        return int(self._line())

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)
        assert self._process.stdout is not None
        self._process.stdout.close()


@pytest.fixture
def victims(operator: Path, tmp_path: Path) -> Iterator[Victims]:
    victims = Victims(operator, tmp_path / "warm")
    yield victims
    victims.close()


@pytest.mark.slow
def test_killed_at_fifty_instants_nothing_is_lost_and_nothing_doubled(
    operator: Path, assessed: Path, tmp_path: Path, victims: Victims, opened: Callable[[Path], Cem]
) -> None:
    chance, kills, chain = random.Random(50), 0, 0
    expected = contents(opened(assessed))
    while kills < KILLS:
        state = tmp_path / f"chain-{chain}"
        while kills < KILLS:
            code = victims.run(state, chance.uniform(*LIVES))
            if code == 0:
                break
            assert code == -signal.SIGKILL
            kills += 1
        assert victims.run(state, None) == 0

        survivor = opened(state)
        survivor.house.archive.sweep(survivor.house.ledger.paths())
        assert differences(expected, contents(survivor)) == []
        chain += 1
