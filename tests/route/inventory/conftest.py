"""The small operator, opened."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.route.inventory.small_operator import Operator


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Operator]:
    """With its first snapshots taken in two hours before T, and records since."""
    made = Operator(tmp_path)
    made.snapshot(-120)
    made.serve()
    yield made
    made.cem.close()
