"""Which slots are due, and what was known at each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from cemcore.application.gather import settled_at
from cemcore.application.house import House
from cemcore.domain import Feed


def due(house: House, until: datetime, start: datetime | None = None) -> Iterator[tuple[int, int]]:
    """(slot, known-time) of each slot that has settled by `until` and has not been ticked; from `start` on."""
    ledger, settings = house.ledger, house.settings
    seconds = settings.operator.slot_seconds
    last = ledger.watermark("slot")
    first = last + seconds if last is not None else first_slot(house)
    if first is None:
        return
    if start is not None:
        first = max(first, int(start.timestamp()) // seconds * seconds)
    quality = [n for n, c in house.collectors.items() if c.feed is Feed.QUALITY]
    asked = min((ledger.watermark(f"asked:{n}") or 0 for n in quality), default=0)
    known = ledger.watermark("known_at") or 0
    slot = first
    while settled_at(slot, settings) <= until.timestamp():
        known_at = settled_at(slot, settings)
        if not house.says_arrival:
            if asked < slot + seconds:
                return
            known_at = max(known_at, asked)
        known = max(known, known_at)
        yield slot, known
        slot += seconds


def first_slot(house: House) -> int | None:
    """The first slot that any quality record is of."""
    seconds = house.settings.operator.slot_seconds
    starts = [f.slot_min for f in house.ledger.files("quality") if f.slot_min is not None]
    return min(starts) // seconds * seconds if starts else None
