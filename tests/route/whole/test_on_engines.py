"""The whole corridor with rooms one and two on an engine: the same answers in process and on workers, one killed."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from cemcore import Cem
from cemcore.application.evaluate import folder_settings
from cemcore.application.spread import Spread
from cemcore.settings import Settings

SLOTS = 72
KEY = ["slot", "subject_id", "service"]


def worker(state: object) -> int:
    return os.getpid()


def walked(operator: Path, state: Path, kind: str, partitions: int, kill: bool = False) -> pd.DataFrame:
    """Score rows after some slots, assessed in three calls; with `kill`, a worker dies before the last."""
    shipped = folder_settings(operator, state)
    engine = shipped.engine.model_copy(update={"kind": kind, "partitions": partitions, "workers": 2})
    storage = shipped.storage.model_copy(update={"commit_slots": 16})
    settings: Settings = shipped.model_copy(update={"engine": engine, "storage": storage})
    with Cem.open(settings, clock=lambda: datetime(2100, 1, 1, tzinfo=UTC)) as cem:
        cem.collect()
        first = min(f.slot_min for f in cem.house.ledger.files("quality") if f.slot_min is not None)
        for part in (SLOTS // 2, SLOTS - 10, SLOTS):
            if kill and part == SLOTS:
                spread = cem._ticking._spread  # type: ignore[union-attr]
                assert isinstance(spread, Spread)
                os.kill(spread._engine.collect(worker)[0], signal.SIGKILL)
            cem.assess(datetime.fromtimestamp(first + part * settings.operator.slot_seconds, UTC))
        assert len(cem.house.ledger.ticks()) >= SLOTS - 2
        frame = cem.house.archive.read(cem.house.ledger.files("scores"))
    return frame.sort_values(KEY).reset_index(drop=True)


@pytest.fixture(scope="module")
def in_process(operator: Path, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    return walked(operator, tmp_path_factory.mktemp("inline"), "inline", 3)


def test_partitions_change_nothing(operator: Path, in_process: pd.DataFrame, tmp_path: Path) -> None:
    assert in_process["habit_surprise"].notna().sum() > 100
    pd.testing.assert_frame_equal(walked(operator, tmp_path, "inline", 1), in_process, check_exact=True)


def test_a_cluster_gives_the_same_bit_for_bit_though_a_worker_is_killed(
    operator: Path, in_process: pd.DataFrame, tmp_path: Path
) -> None:
    pytest.importorskip("distributed", reason="the extra 'dask' is not installed")
    pd.testing.assert_frame_equal(walked(operator, tmp_path, "dask", 3, kill=True), in_process, check_exact=True)
