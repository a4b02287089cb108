from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from cemcore import Cem
from cemcore.application.evaluate import folder_settings
from cemcore.settings import Settings, Source
from tests.route.whole.conftest import ends


@pytest.fixture
def live(operator: Path, tmp_path: Path) -> Settings:
    """Settings under which what arrived is known by when it was collected, with a second source that can't be read."""
    settings = folder_settings(operator, tmp_path / "state")
    told = [
        s.model_copy(update={"options": {k: v for k, v in s.options.items() if k != "arrival" or s.name != "quality"}})
        for s in settings.sources
        if s.name in ("resources", "connections", "services", "subjects", "customers", "quality")
    ]
    lost = Source(name="probes", collector="quality_files", options={"path": "not/there", "pattern": "*.csv"})
    return settings.model_copy(update={"sources": (*told, lost)})


def test_a_source_that_fails_is_said_and_does_not_stop_the_slots(operator: Path, live: Settings) -> None:
    start = ends(operator) - timedelta(days=6)
    with Cem.open(live, clock=lambda: ends(operator)) as cem:
        taken = {t.source: t for t in cem.collect()}
        done = cem.assess(until=start + timedelta(hours=6))

        assert "no such folder" in taken["probes"].error
        assert done.slots >= 20
        assert sum(t.counts["rows"] for t in cem.house.ledger.ticks()) == _rows_until(cem, done.last_slot)
        assert {f.source: f.counts.get("failures") for f in cem.health().feeds}["probes"] == 1


def test_no_slot_is_assessed_before_its_sources_were_asked_after_its_end(operator: Path, live: Settings) -> None:
    end = ends(operator)
    with Cem.open(live, clock=lambda: end - timedelta(days=5)) as cem:
        cem.collect()
        last = cem.assess(until=end).last_slot

        assert last is not None
        assert last + timedelta(minutes=15) <= end - timedelta(days=5)
        assert min(t.known_at for t in cem.house.ledger.ticks()) == int((end - timedelta(days=5)).timestamp())


def _rows_until(cem: Cem, slot: object) -> int:
    frame = cem.house.archive.read(cem.house.ledger.files("quality"))
    return len(frame[frame["slot"] <= slot].drop_duplicates(["slot", "subject_id", "service"]))
