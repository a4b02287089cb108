"""The ledger: the few, in one database, every change in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from cemcore.storage import engine
from cemcore.storage.cases import CaseReads
from cemcore.storage.flow import FlowReads
from cemcore.storage.transaction import Transaction
from cemcore.storage.zooms import ZoomReads


class Ledger(FlowReads, CaseReads, ZoomReads):
    """What is registered, finished, found and said.

    Reads are methods of the ledger, each one short read transaction that never waits for a writer. Writes go
    through `begin`. Any number of processes and threads may hold a ledger of the same database.
    """

    @classmethod
    def open(cls, url: str) -> Ledger:
        """The ledger at `sqlite:///path` or `postgresql://...`, made or brought to the newest schema where needed.

        Raises StorageError where it can't be reached.
        """
        return cls(engine.connect(url))

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        """One write transaction: committed at the end of the block, taken back whole on any error.

        The database's own errors come out as StorageError. Writers take turns: a second one waits here.
        """
        with engine.writing(self._engine) as connection:
            yield Transaction(connection)

    def close(self) -> None:
        """Let go of the database's connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
