"""Who may write: one assessor at a time, by a lease in the ledger, claimed by compare-and-swap.

A lease is about processes, so its time is the wall's, whatever clock the data run on.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from cemcore.application.cem import Cem
from cemcore.errors import CemError

ASSESSOR = "assessor"
TTL_S = 30.0
"""A lease that is not renewed for so long is free: the holder is gone."""


class Lease:
    """One process' hold on the right to collect and assess."""

    def __init__(self, cem: Cem, holder: str | None = None, ttl_s: float = TTL_S) -> None:
        self.holder = holder or f"{socket.gethostname()}:{os.getpid()}"
        self.ttl_s = ttl_s
        self.held = False
        self._cem = cem

    def claim(self) -> bool:
        """Take it, or hold it for longer; False where somebody else has it."""
        with self._cem.house.ledger.begin() as tx:
            self.held = tx.claim_lease(ASSESSOR, self.holder, datetime.now(UTC), self.ttl_s)
        return self.held

    def release(self) -> None:
        """Give it back, if it is ours."""
        if self.held:
            self.held = False
            with self._cem.house.ledger.begin() as tx:
                tx.release_lease(ASSESSOR, self.holder)

    @property
    def other(self) -> str:
        """Who has it, as far as is known."""
        return self._cem.house.ledger.holder(ASSESSOR, datetime.now(UTC)) or "nobody"


@contextmanager
def working(cem: Cem) -> Iterator[Lease]:
    """Hold the lease for a piece of work by hand; CemError where a daemon is at it."""
    lease = Lease(cem)
    if not lease.claim():
        raise CemError(f"{lease.other} is collecting and assessing; ask it, or stop it first")
    done = threading.Event()

    def renew() -> None:
        while not done.wait(lease.ttl_s / 3):
            lease.claim()

    renewing = threading.Thread(target=renew, name="lease", daemon=True)
    renewing.start()
    try:
        yield lease
    finally:
        done.set()
        renewing.join()
        lease.release()
