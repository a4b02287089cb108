"""Local days in slots: daylight saving, weekends, public holidays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np

from cemcore.panel import Bool, Float64, Int64
from cemcore.town.seeds import stream

SLOT = 900
ZONES = (
    "Europe/Lisbon",
    "Europe/Prague",
    "Europe/Helsinki",
    "America/Chicago",
    "America/Bogota",
    "Africa/Nairobi",
    "Asia/Manila",
)


@dataclass(frozen=True)
class Calendar:
    """The town's local time: `days` local days from `first`, in the time zone `zone`."""

    zone: str
    first: date
    days: int
    holidays: tuple[date, ...]

    @classmethod
    def draw(cls, seed: int, days: int, first: date | None = None) -> Calendar:
        """A zone, a first day (a Monday of 2026 unless given) and one holiday late in the span."""
        rng = stream(seed, "calendar")
        zone = str(rng.choice(ZONES))
        monday = date(2026, 1, 5) + timedelta(weeks=int(rng.integers(0, 44)))
        first = first or monday
        holiday = first + timedelta(days=int(rng.integers(max(1, days - 3), max(2, days))))
        return cls(zone, first, days, (holiday,))

    @cached_property
    def tz(self) -> ZoneInfo:
        """The zone's rules."""
        return ZoneInfo(self.zone)

    def date(self, day: int) -> date:
        """The local date of day `day` (0 = the first)."""
        return self.first + timedelta(days=day)

    def midnight(self, day: int) -> int:
        """Epoch seconds at which day `day` begins; day `days` begins where the span ends."""
        d = self.date(day)
        return int(datetime(d.year, d.month, d.day, tzinfo=self.tz).timestamp())

    def at(self, day: int, hour: float) -> int:
        """Epoch seconds of the slot in which the local clock shows `hour` on day `day`."""
        d = self.date(day)
        wall = datetime(d.year, d.month, d.day, tzinfo=self.tz) + timedelta(hours=hour)
        return int(wall.timestamp()) // SLOT * SLOT

    def slots(self, day: int) -> Int64:
        """Starts [s] of the slots of a local day: 96, or 92 and 100 when clocks change."""
        return np.arange(self.midnight(day), self.midnight(day + 1), SLOT, dtype=np.int64)

    def day_of(self, moment: int) -> int:
        """The local day that an epoch second belongs to."""
        return (datetime.fromtimestamp(moment, self.tz).date() - self.first).days

    def hours(self, slots: Int64) -> Float64:
        """Local clock time of slots in hours, 0 to under 24."""
        local = [datetime.fromtimestamp(int(t), self.tz) for t in slots]
        return np.array([t.hour + t.minute / 60 for t in local])

    def rest(self, day: int) -> bool:
        """Weekend or public holiday."""
        d = self.date(day)
        return d.weekday() >= 5 or d in self.holidays

    def covers(self, slots: Int64) -> Bool:
        """Which slots lie inside the span."""
        return np.asarray((slots >= self.midnight(0)) & (slots < self.midnight(self.days)))


def iso(moment: float) -> str:
    """UTC, whole seconds, with Z."""
    return str(np.datetime64(int(moment), "s")) + "Z"


def iso_ms(moment: float) -> str:
    """UTC with milliseconds, with Z."""
    return str(np.datetime64(round(moment * 1000), "ms")) + "Z"
