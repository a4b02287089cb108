"""Upkeep of the archive: what is done at night, and never changes what a read returns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from cemcore.application.house import House
from cemcore.storage import compact, retain

SETTLED_DAYS = 3
"""Days younger than this are left as they are: late records still join them."""

COMPACTED = {"quality", "measurements", "scores", "degradations", "attribution"}
"""Feeds of many rows, which come in many small files."""

SWEEP_AGE_S = 3600.0
"""Unregistered files are left alone so long: another process may be about to register them."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What upkeep did: files merged away, files let go of by retention, unregistered files removed."""

    compacted: int
    retired: int
    swept: int


def maintain(house: House) -> Kept:
    """Merge the small files of settled days, let go of what retention says, remove what was never registered."""
    archive, ledger = house.archive, house.ledger
    now = house.clock()
    settled = int((now - timedelta(days=SETTLED_DAYS)).timestamp())
    feeds = {f.feed for f in ledger.files()}
    merged = sum(len(compact(archive, ledger, feed, settled)) for feed in sorted(feeds & COMPACTED))
    kept = house.settings.storage.retention_days
    retired = sum(
        len(retain(archive, ledger, feed, int((now - timedelta(days=days)).timestamp())))
        for feed, days in sorted(kept.items())
    )
    swept = archive.sweep(ledger.paths(), older_than_s=SWEEP_AGE_S)
    return Kept(merged, retired, len(swept))
