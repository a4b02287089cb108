"""An empty ledger on each kind of database, and other processes that write."""

import multiprocessing
import runpy
from collections.abc import Iterator
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest

from cemcore.storage import Ledger


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    """An empty ledger."""
    with Ledger.open(ledger_url) as opened:
        yield opened


class Workers:
    """Starts `storage_workers.py` in processes of their own, from a server that has the imports done."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["runpy", "cemcore.storage"])

    def start(self, task: str, **options: object) -> ForkServerProcess:
        """A running process; it may be killed at any time."""
        script = str(Path(__file__).with_name("storage_workers.py"))
        process = self._context.Process(target=runpy.run_path, args=(script, {"task": task, **options}, "__main__"))
        process.start()
        return process


@pytest.fixture(scope="session")
def workers() -> Workers:
    """Other processes that write."""
    return Workers()
