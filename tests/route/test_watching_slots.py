"""National mode: what rooms one and two say over partitions, next to the whole corridor and to plain arithmetic."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from cemcore import Cem
from cemcore.storage.parts import part
from tests.route import watching_operator as town

KEY = ["slot", "subject_id", "service"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return town.lay_down(tmp_path_factory.mktemp("operator"))


@pytest.fixture(scope="module")
def state(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return town.assessed(folder, tmp_path_factory.mktemp("two"))


@pytest.fixture(scope="module")
def found(folder: Path, state: Path) -> dict[str, pd.DataFrame]:
    return town.contents(folder, state)


def test_every_record_is_scored_once_in_the_first_tick_that_knows_it(found: dict[str, pd.DataFrame]) -> None:
    records = town.records().sort_values("received_ts", kind="stable").drop_duplicates(KEY)
    first, last = found["ticks"][0], found["ticks"][-1]
    known = records[records["received_ts"] <= town.end()]

    assert len(found["scores"]) == len(known)
    assert not found["scores"].duplicated(KEY).any()
    assert sum(t[3]["repeated_rows"] for t in found["ticks"]) > 0
    assert sum(t[3]["late_rows"] for t in found["ticks"]) > 0
    assert last[0] - first[0] == (town.SLOTS - 1) * 900
    merged = found["scores"].merge(known, on=KEY)
    tick = merged["recorded_at"]
    assert (merged["received_ts"] <= tick).all()
    due = (merged["slot"] + timedelta(minutes=20)).clip(lower=merged["received_ts"])
    assert (tick - due < timedelta(minutes=15)).all()


def test_scores_are_those_of_the_whole_corridor(folder: Path, found: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    town.assessed(folder, tmp_path, until=town.end(8), rooms="all", partitions=1)
    whole = town.contents(folder, tmp_path, rooms="all", partitions=1)["scores"]

    columns = [*KEY, "resource_id", "sessions", "score", "requirement", "coverage", "profile", "recorded_at"]
    mine = found["scores"][found["scores"]["recorded_at"] <= whole["recorded_at"].max()]
    plain = [f[columns].astype(dict.fromkeys(("profile", "resource_id", "service", "subject_id"), "str"))
             for f in (mine, whole.assign(resource_id=mine["resource_id"].to_numpy()))]  # fmt: skip
    pd.testing.assert_frame_equal(
        *(f.sort_values(KEY).reset_index(drop=True) for f in plain), check_dtype=False, rtol=1e-6
    )


def test_who_suddenly_waits_three_times_as_long_is_degraded(found: dict[str, pd.DataFrame]) -> None:
    told = found["degradations"]
    from_then = told[told["slot"] >= town.START + timedelta(minutes=15 * (town.SICK_FROM + 1))]

    assert set(town.SICK) <= set(from_then["key"])
    assert from_then["key"].isin(town.SICK).mean() > 0.5  # tails of so few series are rough
    assert (told["service"] == "web").mean() > 0.8
    mine = from_then[from_then["key"] == town.SICK[0]]
    assert (mine["z"] > 0).all()
    assert mine["begin"].nunique() == 1
    assert mine["begin"].iloc[0] <= mine["slot"].min()


def test_while_learning_nothing_is_called_degraded(found: dict[str, pd.DataFrame]) -> None:
    assert all(t[3]["degraded"] == 0 for t in found["ticks"] if t[2])
    assert found["degradations"]["slot"].min() >= town.START + timedelta(hours=6)


def test_costs_stand_with_bad_rows_only_and_explain_the_whole_score(
    folder: Path, state: Path, found: dict[str, pd.DataFrame]
) -> None:
    costs = found["scores"].filter(like="cost_")
    bad = found["scores"]["state"] == "degraded"

    assert costs[~bad].isna().all(axis=None)
    assert (costs[bad].sum(axis=1) + found["scores"]["score"][bad]).to_numpy() == pytest.approx(100, abs=1e-2)
    with Cem.open(town.settings(folder, state), clock=town.end) as cem:
        row = found["scores"][~bad].iloc[5]
        said = cem.explain(row["subject_id"], row["service"], row["slot"])
        assert any(f"{row['score']:.1f} of 100" in line for line in said)
        mine = cem.scores(town.START, town.end(), subject=row["subject_id"], service=row["service"])
        assert len(mine) == town.SLOTS - _unknown(row["subject_id"], row["service"])


def test_quality_records_lie_in_files_of_one_partition_each(folder: Path, state: Path) -> None:
    with Cem.open(town.settings(folder, state), clock=town.end) as cem:
        files = cem.house.ledger.files("quality")
        assert {part(f.path) for f in files} == {(0, 2), (1, 2)}
        held = {
            p: set(cem.house.archive.read([f for f in files if part(f.path) == (p, 2)])["subject_id"]) for p in (0, 1)
        }
        assert held[0].isdisjoint(held[1])
        assert len(held[0] | held[1]) == town.SUBJECTS


def _unknown(subject: str, service: str) -> int:
    """Slots whose record of a series had not come at the end."""
    frame = town.records()
    mine = frame[(frame["subject_id"] == subject) & (frame["service"] == service)]
    return town.SLOTS - mine[mine["received_ts"] <= town.end()]["slot"].nunique()
