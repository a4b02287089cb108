"""A seeded operator that lays down what its systems deliver, and the truth of what befell it."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

from cemcore.town import feedback, inventory, readme, work
from cemcore.town.alarms import Alarms
from cemcore.town.calendar import SLOT, iso
from cemcore.town.files import put_json, put_text
from cemcore.town.kpi import Indicators
from cemcore.town.layout import RAN_VENDORS
from cemcore.town.pm import PmFiles
from cemcore.town.quality import QualityRecords, write_parquet, write_sample
from cemcore.town.sizes import size_of
from cemcore.town.spec import Spec, load
from cemcore.town.truth import Truth
from cemcore.town.work import work_of
from cemcore.town.world import World

Progress = Callable[[int, int, str], None]
"""Called with (days done, days in all, what comes next)."""

AHEAD = 6
"""Days beyond the span for which planned work is known."""


class Town:
    """An operator of `size` (tiny, small, medium) over `days` local days; the same arguments give the same bytes.

    `spec` is a fault spec, a path to one, or None for the town's own; `first` the first local day (a Monday by seed unless given). Raises ConfigError
    for a size or a spec that does not hold.
    """

    def __init__(
        self,
        seed: int,
        size: str = "small",
        days: int = 10,
        spec: Spec | str | os.PathLike[str] | None = None,
        first: date | None = None,
    ) -> None:
        faults = spec if isinstance(spec, Spec) else load(spec)
        self.world = World(seed, size_of(size), days, faults, first)
        self.truth = Truth(self.world)
        self.alarms = Alarms(self.world)
        self.quality = QualityRecords(self.world)
        self.pm = PmFiles(self.world)
        self.indicators = Indicators(self.world)

    def write(self, directory: str | os.PathLike[str], progress: Progress | None = None) -> None:
        """Lay down everything below `directory`: inventory, every day's feeds, feedback, truth.json, operator.json, README.md."""
        root, days = Path(directory), self.world.calendar.days
        inventory.write(root / "inventory", self.world)
        for day in range(days):
            if progress is not None:
                progress(day, days, self.world.calendar.date(day).isoformat())
            self._day(root, day)
        end = self.world.calendar.midnight(days)
        self.finish(root, end)
        if progress is not None:
            progress(days, days, "done")

    def finish(self, root: Path, end: int) -> None:
        """What is written once all days before `end` [s] are: alarms, works, feedback, truth, operator.json, README.md."""
        start = self.world.calendar.midnight(0)
        put_text(root / "alarms" / "alarms.jsonl", "".join(line + "\n" for line in self.alarms.lines(start, end)))
        put_json(root / "planned_work.json", self.works(end), indent=1)
        feedback.write(root / "feedback", self.world, self.truth)
        sample = self.world.spec.quiet_days(self.world.calendar.days) % self.world.calendar.days
        name = f"quality_{self.world.calendar.date(sample).isoformat()}"
        write_sample(root / "quality_sample", name, self.quality.table(sample))
        put_text(root / "kpi" / "sample_openmetrics.txt", self.indicators.openmetrics(sample))
        put_json(root / "truth.json", self.truth_document(), indent=1)
        put_json(root / "operator.json", self.operator(end), indent=1)
        put_text(root / "README.md", readme.text(self.world, end))

    def works(self, known: float) -> list[dict[str, object]]:
        """The change requests as known at `known` [s]."""
        return work.document(work.works(self.world, self.world.calendar.days + AHEAD), known)

    def truth_document(self) -> dict[str, object]:
        """What truly happened on the days that were written."""
        return self.truth.document(self.alarms.ids, work_of) | {"record_noise": dict(self.quality.counts)}

    def operator(self, end: int) -> dict[str, object]:
        """What an operator would configure: time zone, holidays, slot, until when to learn, coverage domains."""
        calendar = self.world.calendar
        quiet = self.world.spec.quiet_days(calendar.days)
        return {
            "name": f"Town {self.world.seed}",
            "timezone": calendar.zone,
            "public_holidays": [d.isoformat() for d in calendar.holidays],
            "slot_minutes": SLOT // 60,
            "start": iso(calendar.midnight(0)),
            "end": iso(end),
            "learn_until": iso(calendar.midnight(quiet)),
            "coverage_domains": {
                "quality": {"by": "region of the serving resource", "values": sorted(self.world.net.regions)},
                "pm": {"by": "vendor of the network element", "values": list(RAN_VENDORS)},
                "kpi": {"by": "none"},
                "alarms": {"by": "sourceSystemId"},
            },
        }

    def _day(self, root: Path, day: int) -> None:
        calendar = self.world.calendar
        stamp = calendar.date(day).isoformat()
        write_parquet(root / "quality" / f"date={stamp}" / "part-0.parquet", self.quality.table(day))
        for slot in calendar.slots(day):
            self.pm.quarter(root / "pm", day, int(slot))
        for begin in self.pm.hours(day):
            self.pm.hour(root / "pm", day, begin)
        self.indicators.write(root / "kpi", day, calendar.midnight(day), calendar.midnight(day + 1), stamp)
        self.truth.add(day)
