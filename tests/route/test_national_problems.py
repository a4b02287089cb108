"""National mode opens problems: a cell whose users have a bad time, the same in any cut and on any engine."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cemcore import Cem
from cemcore.settings import Settings
from tests.route import watching_operator as town

SICK_CELL, SLOTS, SICK_FROM = 3, 44, 36


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The handful of subjects, on seven cells of two sites; in the last hours pages are slow on one cell."""
    frame = town.records(slots=SLOTS)
    own = frame["subject_id"].isin(town.SICK) & (frame["slot"] >= town.START + timedelta(minutes=15 * town.SICK_FROM))
    frame.loc[own, "startup_s"] /= 3
    sick = (frame["resource_id"] == f"CELL-{SICK_CELL}") & (
        frame["slot"] >= town.START + timedelta(minutes=15 * SICK_FROM)
    )
    frame.loc[sick, "startup_s"] *= 6
    path = town.lay_down(tmp_path_factory.mktemp("operator"), frame)
    cells = [{"id": f"CELL-{i}", "type": "nr_cell"} for i in range(7)]
    nodes = [{"id": f"GNB-{i}", "type": "gnb"} for i in range(2)]
    pd.DataFrame([*cells, *nodes]).to_csv(path / "inventory" / "resources.csv", index=False)
    ways = [{"from_id": f"CELL-{i}", "to_id": f"GNB-{i % 2}", "relation": "containedIn"} for i in range(7)]
    pd.DataFrame(ways).to_csv(path / "inventory" / "connections.csv", index=False)
    return path


def settings(folder: Path, state: Path, **engine: Any) -> Settings:
    found = town.settings(folder, state, **{"problems": True, **engine})
    inventory = [
        {
            "name": feed, "collector": "inventory_files",
            "options": {"feed": feed, "path": str(folder / "inventory"), "pattern": f"{feed}.csv", "quiet_s": 0,
                        "columns": {"id": "resource_id"} if feed == "resources" else {},
                        "arrival": {"fixed": "1970-01-01T00:00:00Z"}},
        }
        for feed in ("resources", "connections")
    ]  # fmt: skip
    raw = found.model_dump()
    subjects, quality = raw["sources"]
    subjects["options"]["arrival"] = {"fixed": "1970-01-01T00:00:00Z"}
    raw["sources"] = [*inventory, subjects, quality]
    return Settings.model_validate({**raw, "file": found.file, "root": found.root})


def problems(folder: Path, state: Path, *until: int, **engine: Any) -> list[tuple[Any, ...]]:
    """What the ledger holds of problems after assessing up to each of some slots, each in a process of its own."""
    for slots in until:
        with Cem.open(settings(folder, state, **engine), clock=lambda: town.end(SLOTS)) as cem:
            cem.collect()
            cem.assess(until=town.end(slots))
    with Cem.open(settings(folder, state, **engine), clock=lambda: town.end(SLOTS)) as cem:
        views = [cem.problem(v.problem.problem_id) for v in cem.problems()]
        return sorted(
            (v.problem.problem_id, v.problem.revision, v.problem.begin, v.problem.causes[0].resource_id,
             v.problem.causes[0].confidence, sorted(v.affected["subject_id"]),
             repr(cem.impact(v.problem.problem_id).impact))
            for v in views
        )  # fmt: skip


@pytest.fixture(scope="module")
def plain(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Any, ...]]:
    return problems(folder, tmp_path_factory.mktemp("plain"), SLOTS, partitions=3)


def test_the_sick_cell_is_the_one_problem_with_its_users(plain: list[tuple[Any, ...]]) -> None:
    assert [p[3] for p in plain] == [f"CELL-{SICK_CELL}"]
    begin, affected = plain[0][2], plain[0][5]
    assert abs(begin - town.START - timedelta(minutes=15 * SICK_FROM)) <= timedelta(minutes=15)
    there = {f"SUB-{i:04d}" for i in range(town.SUBJECTS) if i % 7 == SICK_CELL}
    assert set(affected) <= there
    assert len(affected) >= len(there) - 2


@pytest.mark.parametrize("engine", [{"partitions": 1}, {"partitions": 3, "workers": 2}, {"partitions": 5}])
def test_cut_and_threads_change_nothing(
    folder: Path, plain: list[tuple[Any, ...]], tmp_path: Path, engine: dict[str, Any]
) -> None:
    assert problems(folder, tmp_path, SLOTS, **engine) == plain


def test_a_restart_in_between_changes_nothing(folder: Path, plain: list[tuple[Any, ...]], tmp_path: Path) -> None:
    assert problems(folder, tmp_path, SICK_FROM - 3, SICK_FROM + 3, SLOTS, partitions=3) == plain


@pytest.mark.slow
def test_processes_of_a_dask_cluster_change_nothing(folder: Path, plain: list[tuple[Any, ...]], tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="dask is not installed")

    assert problems(folder, tmp_path, SLOTS, partitions=3, kind="dask", workers=2) == plain


def test_without_the_setting_no_problem_is_opened(folder: Path, tmp_path: Path) -> None:
    assert problems(folder, tmp_path, SLOTS, partitions=2, problems=False) == []
