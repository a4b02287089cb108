"""A town that lives on: after its history it delivers slot by slot, as its systems would."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from cemcore.errors import ConfigError
from cemcore.town import inventory
from cemcore.town.calendar import SLOT, iso
from cemcore.town.deliveries import Deliveries
from cemcore.town.faults import draw_live
from cemcore.town.files import put_json, put_text
from cemcore.town.quality import write_parquet

DELAY = 300
"""A slot is delivered so many seconds after its end: when its quality records and its PM are there."""

_HORIZON = 14
_LATEST = 2
_STATE = ".town.json"

Progress = Callable[[int, int, str], None]
"""Called with (days done, days in all, what comes next)."""


@dataclass(frozen=True)
class Delivery:
    """What one call delivered.

    The slot that has just ended, what the time then is, and the files, relative to the folder.
    """

    slot: datetime
    now: datetime
    files: tuple[str, ...]


class LiveTown:
    """A town's history below `directory`, and then its future, one slot a call.

    History ends at `hour` (local) of the day after the town's days. Planted troubles follow (`[live]` in the fault
    spec), the first a few slots later. A folder whose history is there already is continued where it stopped;
    ConfigError where it belongs to another town.
    """

    def __init__(self, deliveries: Deliveries, directory: Path, hour: float) -> None:
        self.source, self.root = deliveries, directory
        world = self.world = deliveries.world
        self.start = world.calendar.at(world.calendar.days, hour)
        self._identity = [world.seed, world.size.name, world.calendar.days, world.calendar.first.isoformat(), hour]
        end = self.start + _HORIZON * 86400
        world.faults += draw_live(world.seed, world.spec, world.targets, self.start, end, len(world.faults) + 1)
        self._table = lru_cache(maxsize=_LATEST + 2)(self.source.quality.table)
        self._next = self._resume()

    @property
    def next_slot(self) -> datetime | None:
        """Start of the slot that `deliver` gives next; None before the history is written."""
        return _time(self._next) if self._next else None

    def write_history(self, progress: Progress | None = None) -> None:
        """Lay down all that is known when the first live slot begins (plus the delay of delivery)."""
        calendar = self.world.calendar
        known = self.start + DELAY
        inventory.write(self.root / "inventory", self.world)
        last = calendar.day_of(self.start)
        for day in range(last + 1):
            if progress is not None:
                progress(day, last + 1, calendar.date(day).isoformat())
            table = _received(self._table(day), 0, known)
            if table.num_rows:
                name = f"date={calendar.date(day).isoformat()}"
                write_parquet(self.root / "quality" / name / "part-0.parquet", table)
            until = min(self.start, calendar.midnight(day + 1))
            if until > calendar.midnight(day):
                self.source.write_counters(self.root, day, calendar.midnight(day), until, self.start - 1)
            self.source.truth.add(day)
        self.source.finish(self.root, self.start, known)
        self._step_to(self.start)
        if progress is not None:
            progress(last + 1, last + 1, "done")

    def deliver(self) -> Delivery:
        """Deliver what became known by five minutes after the end of the next slot.

        Raises ConfigError without history.
        """
        if self._next is None:
            raise ConfigError(str(self.root), "", "no history there to go on from")
        slot = self._next
        first, last = slot + DELAY, slot + SLOT + DELAY
        files = [*self._quality(slot, first, last), *self._counters(slot), *self._alarms(slot, first, last)]
        files += self._works(first, last)
        if any(first <= f.end + SLOT < last for f in self.world.faults):
            files.append(self._truth(slot + SLOT))
        self._step_to(slot + SLOT)
        return Delivery(_time(slot), _time(last), tuple(files))

    def _quality(self, slot: int, first: int, last: int) -> list[str]:
        day = self.world.calendar.day_of(slot)
        parts = [_received(self._table(d), first, last) for d in range(max(0, day - _LATEST), day + 1)]
        table = pa.concat_tables(parts)
        if not table.num_rows:
            return []
        at = datetime.fromtimestamp(slot, self.world.calendar.tz)
        name = f"quality/date={at.date().isoformat()}/part-{at:%H%M}{'b' if at.fold else ''}.parquet"
        write_parquet(self.root / name, table)
        return [name]

    def _counters(self, slot: int) -> list[str]:
        day = self.world.calendar.day_of(slot)
        files = self.source.write_quarter(self.root, day, slot)
        hour = slot - 3600
        if hour % 3600 == 0:
            files += self.source.write_hour(self.root, self.world.calendar.day_of(hour), hour)
        stamp = f"{_time(slot):%Y-%m-%dT%H%M}Z"
        return files + self.source.write_indicators(self.root, day, slot, slot + SLOT, stamp)

    def _alarms(self, slot: int, first: int, last: int) -> list[str]:
        lines = self.source.alarms.lines(first, last)
        name = f"alarms/alarms-{_time(slot):%Y%m%dT%H%M}Z.jsonl"
        if lines:
            put_text(self.root / name, "".join(line + "\n" for line in lines))
        return [name] if lines else []

    def _works(self, first: int, last: int) -> list[str]:
        works = self.source.works(last)
        if works == self.source.works(first):
            return []
        put_json(self.root / "planned_work.json", works, indent=1)
        return ["planned_work.json"]

    def _truth(self, end: int) -> str:
        day = self.world.calendar.day_of(end - 1)
        for number in range(self.source.truth.counted, day + 1):
            self.source.truth.add(number)
        put_json(self.root / "truth.json", self.source.truth_document(end), indent=1)
        return "truth.json"

    def _step_to(self, slot: int) -> None:
        self._next = slot
        put_json(self.root / _STATE, {"town": self._identity, "next": iso(slot)})

    def _resume(self) -> int | None:
        path = self.root / _STATE
        if not path.exists():
            return None
        state = json.loads(path.read_text())
        if state["town"] != self._identity:
            raise ConfigError(str(path), "town", f"this folder belongs to the town {state['town']}")
        return int(datetime.fromisoformat(state["next"]).timestamp())


def _received(table: pa.Table, first: int, last: int) -> pa.Table:
    """Rows that arrived in [first, last) [s]."""
    kind = table["received_ts"].type
    low, high = (pa.scalar(t * 1000, pa.int64()).cast(kind) for t in (first, last))
    arrived = table["received_ts"]
    return table.filter(pc.and_(pc.greater_equal(arrived, low), pc.less(arrived, high)))


def _time(moment: int) -> datetime:
    return datetime.fromtimestamp(moment, UTC)
