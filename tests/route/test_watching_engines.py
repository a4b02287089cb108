"""The same partitions give the same archive and ledger on every engine; the cut changes no score."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pandas as pd
import pytest

from cemcore import Cem
from tests.route import watching_operator as town

SHORT = 30


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return town.lay_down(tmp_path_factory.mktemp("operator"))


@pytest.fixture(scope="module")
def plain(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    state = town.assessed(folder, tmp_path_factory.mktemp("plain"), town.end(SHORT), partitions=3)
    return town.contents(folder, state, partitions=3)


def test_threads_change_nothing(folder: Path, plain: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    town.assessed(folder, tmp_path, town.end(SHORT), partitions=3, workers=2)

    assert town.differences(plain, town.contents(folder, tmp_path, partitions=3)) == []


@pytest.mark.slow
def test_processes_of_a_dask_cluster_change_nothing(
    folder: Path, plain: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    pytest.importorskip("distributed", reason="dask is not installed")
    town.assessed(folder, tmp_path, town.end(SHORT), partitions=3, kind="dask", workers=2)

    assert town.differences(plain, town.contents(folder, tmp_path, partitions=3)) == []


@pytest.mark.slow
def test_a_killed_worker_changes_nothing(folder: Path, plain: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="dask is not installed")
    wanted = town.settings(folder, tmp_path, partitions=3, kind="dask", workers=2)
    with Cem.open(wanted, clock=town.end) as cem:
        cem.collect()
        cem.assess(until=town.end(SHORT - 5))
        os.kill(cem._ticking._engine.collect(process_of)[0], signal.SIGKILL)  # type: ignore[union-attr]
        cem.assess(until=town.end(SHORT))

    assert town.differences(plain, town.contents(folder, tmp_path, partitions=3)) == []


def process_of(resident: object) -> int:
    return os.getpid()


def test_another_number_of_partitions_changes_no_score(
    folder: Path, plain: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    town.assessed(folder, tmp_path, town.end(SHORT), partitions=1)
    one = town.contents(folder, tmp_path, partitions=1)

    columns = ["slot", "subject_id", "service", "recorded_at", "score", "requirement", "coverage", "profile"]
    pd.testing.assert_frame_equal(one["scores"][columns], plain["scores"][columns], rtol=1e-6)
    assert [t[3]["rows"] for t in one["ticks"]] == [t[3]["rows"] for t in plain["ticks"]]


def test_files_of_before_there_were_partitions_are_read_too(folder: Path, tmp_path: Path) -> None:
    with Cem.open(town.settings(folder, tmp_path, partitions=1), clock=town.end) as cem:
        cem.collect()
    town.assessed(folder, tmp_path, town.end(4), partitions=3)
    split = town.contents(folder, tmp_path, partitions=3)
    town.assessed(folder, tmp_path / "other", town.end(4), partitions=3)

    others = town.contents(folder, tmp_path / "other", partitions=3)
    pd.testing.assert_frame_equal(split["scores"], others["scores"], rtol=1e-6)
