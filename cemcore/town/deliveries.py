"""What each system of a town delivers, as files of any stretch of time."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cemcore.town import feedback, readme, work
from cemcore.town.alarms import Alarms
from cemcore.town.calendar import SLOT, iso
from cemcore.town.files import put_json, put_text
from cemcore.town.kpi import FORMS, Indicators
from cemcore.town.layout import RAN_VENDORS
from cemcore.town.pm import PmFiles
from cemcore.town.quality import QualityRecords, write_parquet, write_sample
from cemcore.town.truth import Truth
from cemcore.town.work import work_of
from cemcore.town.world import World

AHEAD = 6
"""Days beyond the span for which planned work is known."""


class Deliveries:
    """Writes the files of a world; times are epoch seconds, days local days by number."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.truth = Truth(world)
        self.alarms = Alarms(world)
        self.quality = QualityRecords(world)
        self.pm = PmFiles(world)
        self.indicators = Indicators(world)

    def write_day(self, root: Path, day: int) -> None:
        """One whole local day of quality records, PM and indicators; counts it for the truth."""
        first, last = self.world.calendar.midnight(day), self.world.calendar.midnight(day + 1)
        stamp = self.world.calendar.date(day).isoformat()
        write_parquet(root / "quality" / f"date={stamp}" / "part-0.parquet", self.quality.table(day))
        self.write_counters(root, day, first, last, last)
        self.truth.add(day)

    def write_counters(self, root: Path, day: int, first: int, last: int, hours_until: int) -> None:
        """PM files of the slots in [first, last), of the hours that end by `hours_until`.

        And indicators of [first, last).
        """
        for slot in self.world.calendar.slots(day):
            if first <= slot < last:
                self.write_quarter(root, day, int(slot))
        for begin in self.pm.hours(day):
            if begin >= first and begin + 3600 <= hours_until:
                self.write_hour(root, day, begin)
        self.write_indicators(root, day, first, last, self.world.calendar.date(day).isoformat())

    def write_quarter(self, root: Path, day: int, slot: int) -> list[str]:
        """PM of a slot, of the vendor that delivers it at once; names of the files."""
        return _relative(root, self.pm.quarter(root / "pm", day, slot))

    def write_hour(self, root: Path, day: int, begin: int) -> list[str]:
        """PM of an hour, of the other vendor; names of the files."""
        return _relative(root, self.pm.hour(root / "pm", day, begin))

    def write_indicators(self, root: Path, day: int, first: int, last: int, stamp: str) -> list[str]:
        """Indicators with first <= ts < last; names of the files."""
        self.indicators.write(root / "kpi", day, first, last, stamp)
        return [f"kpi/{name}_{stamp}.csv" for name in FORMS]

    def finish(self, root: Path, end: int, known: int) -> None:
        """What is written once all before `end` is.

        Alarms and works as known at `known`, feedback, truth, operator.json, README.md.
        """
        calendar = self.world.calendar
        lines = self.alarms.lines(calendar.midnight(0), known)
        put_text(root / "alarms" / "alarms.jsonl", "".join(line + "\n" for line in lines))
        put_json(root / "planned_work.json", self.works(known), indent=1)
        feedback.write(root / "feedback", self.world, self.truth)
        sample = self.world.spec.quiet_days(calendar.days) % calendar.days
        write_sample(
            root / "quality_sample", f"quality_{calendar.date(sample).isoformat()}", self.quality.table(sample)
        )
        put_text(root / "kpi" / "sample_openmetrics.txt", self.indicators.openmetrics(sample))
        put_json(root / "truth.json", self.truth_document(end), indent=1)
        put_json(root / "operator.json", self.operator(end), indent=1)
        put_text(root / "README.md", readme.text(self.world, end))

    def works(self, known: float) -> list[dict[str, object]]:
        """The change requests as known at `known`."""
        return work.document(work.works(self.world, self.world.calendar.days + AHEAD), known)

    def truth_document(self, end: int) -> dict[str, object]:
        """What truly happened up to `end`, on the days that were counted: the troubles that are over by then."""
        return self.truth.document(end, self.alarms.ids, work_of) | {"record_noise": dict(self.quality.counts)}

    def operator(self, end: int) -> dict[str, object]:
        """What an operator would configure: time zone, holidays, slot, until when to learn, coverage domains."""
        calendar = self.world.calendar
        return {
            "name": f"Town {self.world.seed}",
            "timezone": calendar.zone,
            "public_holidays": [d.isoformat() for d in calendar.holidays],
            "slot_minutes": SLOT // 60,
            "start": iso(calendar.midnight(0)),
            "end": iso(end),
            "learn_until": iso(calendar.midnight(self.world.spec.quiet_days(calendar.days))),
            "coverage_domains": {
                "quality": {"by": "region of the serving resource", "values": sorted(self.world.net.regions)},
                "pm": {"by": "vendor of the network element", "values": list(RAN_VENDORS)},
                "kpi": {"by": "none"},
                "alarms": {"by": "sourceSystemId"},
            },
        }


def _relative(root: Path, paths: Iterable[Path]) -> list[str]:
    return [p.relative_to(root).as_posix() for p in paths]
