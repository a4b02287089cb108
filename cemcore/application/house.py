"""What an opened cemcore holds: settings, storage, inventory, plug-ins. Built once, handed to whoever works with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cemcore import plugins
from cemcore.application.world import Worlds
from cemcore.catalogue import Catalogue, extra_columns
from cemcore.domain import Feed
from cemcore.pipeline import rollup, scoring
from cemcore.protocols import Collector, Detector, Examiner, ExperienceModel
from cemcore.settings import Settings
from cemcore.storage import Archive, Ledger, Registry

Clock = Callable[[], datetime]


def wall_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class House:
    """The opened parts. `clock` says what time it is; nothing below asks any other."""

    settings: Settings
    clock: Clock
    catalogue: Catalogue
    archive: Archive
    ledger: Ledger
    registry: Registry
    worlds: Worlds
    collectors: Mapping[str, Collector]
    models: Mapping[str, ExperienceModel]
    detector: Detector
    examiners: Mapping[str, Examiner]

    @classmethod
    def open(cls, settings: Settings, clock: Clock = wall_clock) -> House:
        """Everything that `settings` names. Plug-ins first: a wrong option is said before any file is made."""
        catalogue = Catalogue.load(settings.path(settings.assess.catalogue))
        collectors = build_collectors(settings, catalogue)
        models = build_models(catalogue)
        scoring.check(catalogue, models)
        rollup.check(catalogue, models)
        seconds = settings.operator.slot_seconds
        detector: Detector = plugins.build("detectors", settings.assess.detector, {"seconds": seconds})
        examiners = build_examiners(settings)
        archive = Archive(settings.path(settings.storage.archive))
        ledger = Ledger.open(settings.ledger_url)
        registry = Registry.load(ledger)
        worlds = Worlds(archive, ledger, registry, settings, catalogue)
        parts = (archive, ledger, registry, worlds, collectors, models, detector, examiners)
        return cls(settings, clock, catalogue, *parts)

    def known_now(self) -> datetime:
        """Up to when something is known: the end of the last assessed slot; the clock's time before the first."""
        last, now = self.ledger.watermark("slot"), self.clock()
        if last is None:
            return now
        return min(now, datetime.fromtimestamp(last + self.settings.operator.slot_seconds, UTC))

    @property
    def says_arrival(self) -> bool:
        """Whether every source of quality records says itself when each record became known (history laid down
        whole).
        """
        quality = [c for c in self.collectors.values() if c.feed is Feed.QUALITY]
        return bool(quality) and all(getattr(c, "arrival", None) for c in quality)


def build_collectors(settings: Settings, catalogue: Catalogue) -> dict[str, Collector]:
    """The configured sources as collectors, by name; relative paths start at the settings' root.

    A collector of quality records that has an option `more` is told which columns the catalogue adds.
    """
    out: dict[str, Collector] = {}
    more = extra_columns(catalogue)
    for source in settings.sources:
        options = dict(source.options)
        if "path" in options:
            options["path"] = str(settings.path(str(options["path"])))
        if "more" not in options and plugins.has_option("collectors", source.collector, "more"):
            options["more"] = more
        out[source.name] = plugins.build("collectors", source.collector, {"source": source.name, **options})
    return out


def build_models(catalogue: Catalogue) -> dict[str, ExperienceModel]:
    """The experience models that the catalogue's services use, by key."""
    return {
        wanted.key: plugins.build("experience_models", wanted.plugin, wanted.options) for wanted in catalogue.models
    }


def build_examiners(settings: Settings) -> dict[str, Examiner]:
    """The second lookers that `[zoom]` names, in its order, all at its level."""
    return {name: plugins.build("examiners", name, _level(name, settings)) for name in settings.zoom.examiners}


def _level(name: str, settings: Settings) -> dict[str, float]:
    return {"level": settings.zoom.level} if plugins.has_option("examiners", name, "level") else {}
