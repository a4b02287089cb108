"""One write transaction of the ledger."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from cemcore.storage import tables as t
from cemcore.storage.cases import CaseWrites, micros
from cemcore.storage.flow import FlowWrites
from cemcore.storage.zooms import ZoomWrites


class Transaction(FlowWrites, CaseWrites, ZoomWrites):
    """Everything that one commit says; `Ledger.begin` gives it out, commits it, or takes it all back on an error."""

    def claim_lease(self, name: str, holder: str, now: datetime, ttl_s: float) -> bool:
        """Take a lease until `ttl_s` after `now`: True where it was free, ran out, or was the holder's already."""
        c = t.lease.c
        values = {"holder": holder, "expires_us": micros(now + timedelta(seconds=ttl_s))}
        mine_or_out = (c.holder == holder) | (c.expires_us <= micros(now))
        if self._connection.execute(update(t.lease).where(c.name == name, mine_or_out).values(**values)).rowcount == 1:
            return True
        if self._one(select(c.name).where(c.name == name)) is not None:
            return False
        self._add(t.lease, name=name, **values)
        return True

    def renew_lease(self, name: str, holder: str, now: datetime, ttl_s: float) -> bool:
        """Hold a lease for longer; False where it ran out or is somebody else's."""
        c = t.lease.c
        mine = update(t.lease).where(c.name == name, c.holder == holder, c.expires_us > micros(now))
        return self._connection.execute(mine.values(expires_us=micros(now + timedelta(seconds=ttl_s)))).rowcount == 1

    def release_lease(self, name: str, holder: str) -> bool:
        """Give a lease back; False where it was not the holder's."""
        return (
            self._connection.execute(delete(t.lease).where(t.lease.c.name == name, t.lease.c.holder == holder)).rowcount
            == 1
        )
