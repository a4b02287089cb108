from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cemcore import Cem
from tests.route.whole.contents import contents, differences


def test_upkeep_merges_files_and_changes_nothing_that_is_read(copy_of: Path, opened: Callable[[Path], Cem]) -> None:
    cem = opened(copy_of)
    before, files = contents(cem), len(cem.house.ledger.files())

    kept = cem.maintain()

    assert kept.compacted > 0
    assert len(cem.house.ledger.files()) < files
    assert differences(before, contents(cem)) == []
