"""From record to degradation: live, a slot is committed as it settles, and what its records show with it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from cemcore import Cem
from cemcore.application.evaluate import folder_settings
from cemcore.application.gather import settled_at
from cemcore.application.stages import STAGES

HOURS = 12


def test_a_degradation_is_committed_within_the_settle_time_of_its_slot(operator: Path, tmp_path: Path) -> None:
    settings = folder_settings(operator, tmp_path / "state")
    seconds, settle = settings.operator.slot_seconds, settings.assess.settle_minutes * 60
    now = [datetime(2000, 1, 1, tzinfo=UTC)]
    ends, waits = [], []
    with Cem.open(settings, clock=lambda: now[0]) as cem:
        now[0] = datetime(2100, 1, 1, tzinfo=UTC)
        cem.collect()
        newest = max(f.slot_max or 0 for f in cem.house.ledger.files("quality"))
        for slot in range((newest // seconds - HOURS * 4) * seconds, newest, seconds):
            now[0] = datetime.fromtimestamp(settled_at(slot, settings), UTC)
            timing = cem.assess().timing
            assert sorted(timing.stages) == sorted(STAGES)
            ends.append(timing.slots[-1])
            waits.append(timing.records)
        assert cem.assess().slots == 0
    late = np.concatenate(waits[1:])  # the first call walks all slots before, too
    assert len(late) > 50
    assert max(ends) <= settle
    assert late.min() >= 0
    assert late.max() <= seconds + settle  # known at once when its slot began at the earliest
