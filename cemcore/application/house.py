"""What an opened cemcore holds: settings, storage, inventory, plug-ins. Built once, handed to whoever works with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cemcore import plugins
from cemcore.application.world import Worlds
from cemcore.catalogue import Catalogue
from cemcore.domain import Feed
from cemcore.pipeline import scoring
from cemcore.protocols import Collector, Detector, ExperienceModel
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

    @classmethod
    def open(cls, settings: Settings, clock: Clock = wall_clock) -> House:
        """Everything that `settings` names. Plug-ins first: a wrong option is said before any file is made."""
        catalogue = Catalogue.load(settings.path(settings.assess.catalogue))
        collectors = build_collectors(settings)
        models = build_models(catalogue)
        scoring.check(catalogue, models)
        seconds = settings.operator.slot_seconds
        detector: Detector = plugins.build("detectors", settings.assess.detector, {"seconds": seconds})
        archive = Archive(settings.path(settings.storage.archive))
        ledger = Ledger.open(settings.ledger_url)
        registry = Registry.load(ledger)
        worlds = Worlds(archive, ledger, registry, settings, catalogue)
        return cls(settings, clock, catalogue, archive, ledger, registry, worlds, collectors, models, detector)

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


def build_collectors(settings: Settings) -> dict[str, Collector]:
    """The configured sources as collectors, by name; relative paths start at the settings' root."""
    out: dict[str, Collector] = {}
    for source in settings.sources:
        options = dict(source.options)
        if "path" in options:
            options["path"] = str(settings.path(str(options["path"])))
        out[source.name] = plugins.build("collectors", source.collector, {"source": source.name, **options})
    return out


def build_models(catalogue: Catalogue) -> dict[str, ExperienceModel]:
    """The experience models that the catalogue's services use, by key."""
    return {
        wanted.key: plugins.build("experience_models", wanted.plugin, wanted.options) for wanted in catalogue.models
    }
