from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cemcore import Cem
from cemcore.application.evaluate import folder_settings
from tests.route.whole.conftest import ends
from tests.route.whole.contents import contents, differences


@pytest.mark.slow
@pytest.mark.parametrize("ledger_url", ["postgresql"], indirect=True)
def test_a_ledger_on_postgresql_ends_up_the_same_as_one_on_sqlite(
    operator: Path, assessed: Path, tmp_path: Path, ledger_url: str, opened: Callable[[Path], Cem]
) -> None:
    settings = folder_settings(operator, tmp_path / "state")
    elsewhere = settings.model_copy(update={"storage": settings.storage.model_copy(update={"ledger": ledger_url})})

    with Cem.open(elsewhere, clock=lambda: ends(operator)) as cem:
        cem.collect()
        cem.assess()

        assert differences(contents(opened(assessed)), contents(cem)) == []
