"""Killed, restarted, cut in pieces, with a damaged file: the same archive and the same ledger."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from cemcore import Cem
from cemcore.application.watch_state import chains, outdated
from cemcore.storage import StoredFile
from cemcore.storage.parts import part
from tests.route import watching_operator as town

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return town.lay_down(tmp_path_factory.mktemp("operator"))


@pytest.fixture(scope="module")
def whole(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    return town.contents(folder, town.assessed(folder, tmp_path_factory.mktemp("whole")))


@pytest.mark.slow
def test_killed_at_several_instants_it_ends_as_if_it_never_was(
    folder: Path, whole: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "tests.route.watching_victim", str(folder), str(tmp_path)]
    kills, reached = 0, []
    for n in range(6):
        child = subprocess.Popen(command, cwd=ROOT)
        _wait_for_a_new_tick(tmp_path, reached[-1] if reached else 0, child)
        time.sleep(0.037 * (n % 5))  # anywhere between two acts of the next tick
        if child.poll() is None:
            os.kill(child.pid, signal.SIGKILL)
        if child.wait() == 0:
            break
        kills += 1
        reached.append(_ticks(tmp_path))
    town.assessed(folder, tmp_path)

    assert kills >= 3
    assert 0 < reached[0] < town.SLOTS
    assert town.differences(whole, town.contents(folder, tmp_path)) == []


def test_in_pieces_it_is_what_it_is_in_one(folder: Path, whole: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    for slots in (3, 9, 14, 27, town.SLOTS):
        town.assessed(folder, tmp_path, town.end(slots))

    assert town.differences(whole, town.contents(folder, tmp_path)) == []


def test_again_changes_nothing(folder: Path, whole: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    town.assessed(folder, tmp_path)
    with Cem.open(town.settings(folder, tmp_path), clock=town.end) as cem:
        assert cem.assess().slots == 0

    assert town.differences(whole, town.contents(folder, tmp_path)) == []


@pytest.mark.parametrize("damaged", ["change", "whole", "centre"])
def test_a_damaged_state_file_is_passed_over(
    folder: Path, whole: dict[str, pd.DataFrame], tmp_path: Path, damaged: str
) -> None:
    town.assessed(folder, tmp_path, town.end(31))
    newest = sorted((tmp_path / "archive" / "state").glob(f"*-{damaged}*"))[-1]
    newest.write_bytes(newest.read_bytes()[:100])

    town.assessed(folder, tmp_path)

    assert town.differences(whole, town.contents(folder, tmp_path)) == []


def test_two_whole_states_are_kept_with_the_changes_after_them(folder: Path, tmp_path: Path) -> None:
    town.assessed(folder, tmp_path)
    with Cem.open(town.settings(folder, tmp_path), clock=town.end) as cem:
        held = cem.house.ledger.files("state")
        slots = {f.slot_min for f in held if "-whole-" in f.path}
        changes = {f.slot_min for f in held if "-change-" in f.path}

        assert len(slots) == 2
        assert min(changes) > min(slots)
        assert all((tmp_path / "archive" / f.path).is_file() for f in held)
        assert {part(f.path) for f in held if "centre" not in f.path} == {(0, 2), (1, 2)}


def _file(slot: int, kind: str, number: int = -1) -> StoredFile:
    name = f"state/watch-{slot}-{kind}" + (f"-p{number:02d}of02" if number >= 0 else "")
    return StoredFile(f"{name}.npz", "state", 0, slot, slot, None, None, 1)


def test_ways_back_begin_with_a_whole_state_and_miss_no_change() -> None:
    kept = [_file(s, k, p) for s, k in ((1, "whole"), (2, "change"), (3, "whole"), (4, "change")) for p in (0, 1)]
    kept += [_file(s, "centre") for s in (1, 2, 3, 4)]
    lost = [f for f in kept if f.path != "state/watch-4-change-p01of02.npz"]

    assert [c.slot for c in chains(kept, 2)] == [4, 3, 2, 1]
    assert [len(c.parts[1]) for c in chains(kept, 2)] == [2, 1, 2, 1]
    assert [c.slot for c in chains(lost, 2)] == [3, 2, 1]
    assert list(chains(kept, 3)) == []
    assert outdated(kept) == []
    newer = [*kept, *(_file(5, "whole", p) for p in (0, 1)), _file(5, "centre")]
    assert set(outdated(newer)) == {f.path for f in kept if f.slot_min in (1, 2)}


def _ticks(state: Path) -> int:
    with Cem.open(town.settings(state, state), clock=town.end) as cem:
        return len(cem.house.ledger.ticks())


def _wait_for_a_new_tick(state: Path, before: int, child: subprocess.Popen[bytes]) -> None:
    limit = time.monotonic() + 60
    scores = state / "archive" / "scores"
    had = len(list(scores.rglob("*.parquet"))) if scores.exists() else 0
    while child.poll() is None and time.monotonic() < limit:
        if scores.exists() and len(list(scores.rglob("*.parquet"))) >= had + 6:
            return
        time.sleep(0.01)
