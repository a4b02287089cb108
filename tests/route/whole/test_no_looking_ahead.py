from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cemcore import Cem
from cemcore.application.evaluate import evaluate_folder, folder_settings
from tests.route.whole.conftest import ends
from tests.route.whole.cutting import cut


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.82, 0.93])
def test_cutting_all_inputs_at_a_time_leaves_every_revision_up_to_then_unchanged(
    operator: Path, assessed: Path, tmp_path: Path, share: float
) -> None:
    end = ends(operator)
    start = end - timedelta(days=6)
    at = datetime.fromtimestamp((start + (end - start) * share).timestamp() // 900 * 900 + 300, UTC)
    shorter = cut(operator, at, tmp_path / "cut")

    evaluate_folder(shorter, tmp_path / "state")

    whole = _revisions(operator, assessed, at)
    assert whole, "the test wants a town that has problems by then"
    assert _revisions(shorter, tmp_path / "state", at) == whole


def _revisions(folder: Path, state: Path, until: datetime) -> list[object]:
    with Cem.open(folder_settings(folder, state), clock=lambda: until) as cem:
        ledger = cem.house.ledger
        return [
            (r, ledger.impact(r.problem_id, r.known_at))
            for p in ledger.problems()
            for r in ledger.revisions(p.problem_id)
            if r.known_at <= until
        ]
