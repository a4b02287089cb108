"""Gathers what one tick needs, from the archive, as known at its time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cemcore.application.arrivals import DAY, AlarmBook, Arrivals, Measured, Qualities, WorkBook, lines
from cemcore.application.weighing import Weigher
from cemcore.application.world import Worlds
from cemcore.catalogue import Catalogue
from cemcore.domain import Alarm, Feed
from cemcore.panel import QualityRows
from cemcore.pipeline.route import SlotInputs
from cemcore.settings import Operator, Settings
from cemcore.storage import Archive, Ledger, Registry
from cemcore.topology import Facts, grown

NEVER = -(1 << 40)
"""Before all time [s]; in microseconds it still fits 64 bits."""


class Gatherer:
    """Hands out slot after slot, in order: every record exactly once, in the first tick that knows it and whose slot
    it has reached.
    """

    def __init__(
        self,
        archive: Archive,
        ledger: Ledger,
        registry: Registry,
        worlds: Worlds,
        settings: Settings,
        catalogue: Catalogue,
    ) -> None:
        self._archive, self._ledger, self._worlds, self._settings = archive, ledger, worlds, settings
        self._registry = registry
        self._horizon = int(settings.assess.horizon_hours * 3600)
        resources = registry.codes("resource").find
        self._qualities = Qualities(catalogue, registry, resources, self._horizon)
        limits = settings.assess
        self._measured = Measured(limits.load_kpis, resources, catalogue, registry.codes("kpi"), limits.vital_kpis)
        self._alarms, self._work = AlarmBook(), WorkBook()
        self._facts = Facts(registry.codes, catalogue.services)
        self._weigher = Weigher(ledger)
        self._known_at = NEVER
        self._pending: QualityRows | None = None

    def resume(self, slot: int, known_at: int) -> None:
        """Go on after the tick of `slot` that knew what was recorded until `known_at`."""
        self._known_at = known_at
        past = (None, known_at)
        recent = (slot - self._horizon, slot + 30 * DAY)
        frame = self._archive.read(
            self._ledger.files("quality", slots=recent, recorded=past), slots=recent, recorded=past
        )
        rows, _ = self._qualities.rows(frame)
        self._pending = rows.take(rows.slot > slot)
        for feed, book in ((Feed.ALARMS, self._alarms), (Feed.WORK, self._work)):
            book.update(self._archive.read(self._ledger.files(str(feed), recorded=past), recorded=past))
        self._alarms.drain()

    def open(self, limit: int) -> None:
        """Start a run of ticks that will know no more than what was recorded until `limit` [s]."""
        self._worlds.refresh()
        self._weigher.refresh()
        store = (self._archive, self._ledger)
        self._new_quality = Arrivals(*store, Feed.QUALITY, self._qualities.rows, limit=limit)
        self._new_measurements = Arrivals(*store, Feed.MEASUREMENTS, self._measured.rows, limit=limit)
        self._new_alarms = Arrivals(*store, Feed.ALARMS, lines, limit=limit)
        self._new_work = Arrivals(*store, Feed.WORK, lines, limit=limit)

    def gather(self, slot: int, known_at: int, learning: bool) -> SlotInputs:
        """All that is newly known at the tick of `slot`."""
        world = self._worlds.at(known_at)
        seconds = self._settings.operator.slot_seconds
        self._alarms.update(self._new_alarms.between(self._known_at, known_at))
        self._work.update(self._new_work.between(self._known_at, known_at))
        measurements = self._new_measurements.between(self._known_at, known_at)
        rows = self._due(self._new_quality.between(self._known_at, known_at), slot)
        self._known_at = known_at
        hour, day = local(slot, self._settings.operator)
        return SlotInputs(
            slot=slot,
            known_at=known_at,
            seconds=seconds,
            hour=hour,
            day=day,
            learning=learning,
            rows=rows,
            measurements=measurements,
            kpis=tuple(self._registry.codes("kpi").texts),
            alarms=self._alarms.standing(known_at),
            work=self._work.around(slot, slot + seconds),
            topology=world.topology,
            population=grown(world.population, len(self._registry.codes("subject"))),
            domain_of=world.domain_of,
            facts=self._facts,
            weights=self._weigher.at(known_at),
        )

    def drain_alarms(self) -> list[Alarm]:
        """Alarms that changed since the last call, for the ledger."""
        return self._alarms.drain()

    def _due(self, arrived: QualityRows, slot: int) -> QualityRows:
        """Rows whose slot has come; those of later slots wait, those beyond the horizon are left to the archive."""
        rows = (
            arrived if self._pending is None or not len(self._pending) else QualityRows.concat([self._pending, arrived])
        )
        self._pending = rows.take(rows.slot > slot)
        return rows.take((rows.slot <= slot) & (rows.slot > slot - self._horizon))


def local(slot: int, operator: Operator) -> tuple[int, int]:
    """(hour 0-23, day of week 0-6) of a slot by the operator's clock; a public holiday counts as a Sunday."""
    moment = datetime.fromtimestamp(slot, UTC).astimezone(ZoneInfo(operator.timezone))
    return moment.hour, 6 if moment.date() in operator.holidays else moment.weekday()


def settled_at(slot: int, settings: Settings) -> int:
    """When a slot has settled at the latest."""
    return (
        slot + settings.operator.slot_seconds + int(timedelta(minutes=settings.assess.settle_minutes).total_seconds())
    )
