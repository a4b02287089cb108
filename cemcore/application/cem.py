"""One object behind all doors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import pandas as pd

from cemcore import plugins
from cemcore.application import queries
from cemcore.application.ingest import Ingest, Progress, Taken
from cemcore.application.ticking import Assessed, Ticking
from cemcore.application.world import Worlds
from cemcore.catalogue import Catalogue
from cemcore.domain import INVENTORY, ServiceProblem, Window
from cemcore.errors import ConfigError
from cemcore.protocols import Collector, ExperienceModel
from cemcore.settings import Settings
from cemcore.storage import Archive, Ledger, Registry
from cemcore.views import CheckLine, HealthView, ImpactView, ProblemView

Clock = Callable[[], datetime]


def wall_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


class Cem:
    """An opened cemcore: `with Cem.open("config/cem.toml") as cem: ...`."""

    def __init__(self, settings: Settings, clock: Clock = wall_clock) -> None:
        self.settings, self.clock = settings, clock
        self.catalogue = Catalogue.load(settings.path(settings.assess.catalogue))
        self.archive = Archive(settings.path(settings.storage.archive))
        self.ledger = Ledger.open(settings.ledger_url)
        self.registry = Registry.load(self.ledger)
        self.worlds = Worlds(self.archive, self.ledger, self.registry, settings, self.catalogue)
        self.collectors = _collectors(settings)
        self.models = _models(self.catalogue)
        self._ticking: Ticking | None = None

    @classmethod
    def open(cls, settings: Settings | str | Path, clock: Clock = wall_clock) -> Self:
        """Open with a settings file (or loaded `Settings`); `clock` says what time it is (replays and simulations bring their own)."""
        return cls(settings if isinstance(settings, Settings) else Settings.load(settings), clock)

    def close(self) -> None:
        """Let go of the ledger."""
        self.ledger.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def collect(self, sources: Sequence[str] = (), progress: Progress | None = None) -> list[Taken]:
        """Take in what the sources have (all of them, inventory first); a failing source is said in its line, and others go on."""
        unknown = set(sources) - set(self.collectors)
        if unknown:
            raise ConfigError(str(self.settings.file), "sources", f"no source called {', '.join(sorted(unknown))}")
        ingest, now = Ingest(self.archive, self.ledger), self.clock()
        taken = []
        for name, collector in sorted(self.collectors.items(), key=lambda item: item[1].feed not in INVENTORY):
            if not sources or name in sources:
                joiner = None if collector.feed in INVENTORY else self.worlds.newest().joiner
                taken.append(ingest.take(name, collector, now, joiner, progress))
        return taken

    def assess(self, until: datetime | None = None, progress: Progress | None = None) -> Assessed:
        """Walk every slot that has settled by `until` (default: now) down the corridor, and commit."""
        return self._ticks().advance(until or self.clock(), progress)

    def backfill(self, window: Window, progress: Progress | None = None) -> Assessed:
        """Learn from history in `window`, opening no problem."""
        return self._ticks().advance(window.end, progress, learn_only=True, start=window.start)

    def replay(self, window: Window, progress: Progress | None = None) -> pd.DataFrame:
        """Run the route over the past once more, writing nothing; the revisions that it makes, as a frame."""
        return Ticking(self).replay(window, progress)

    def problems(
        self,
        as_of: datetime | None = None,
        during: tuple[datetime, datetime] | None = None,
        open_only: bool = False,
    ) -> list[ProblemView]:
        """Problems ranked by what customers lost; `as_of` = as known then, `during` = those that touch the period."""
        return queries.problems(self, as_of, during, open_only)

    def problem(self, problem_id: str, as_of: datetime | None = None) -> ProblemView:
        """One problem with revisions, verdicts and members; NotFoundError when there is none."""
        return queries.problem(self, problem_id, as_of)

    def settle(self, problem_id: str, action: str, by: str, note: str = "", cause: str = "") -> ServiceProblem:
        """An operator's verdict: ack, note, resolve (with the cause it was) or reject; audited."""
        return queries.settle(self, problem_id, action, by, note, cause)

    def impact(
        self,
        problem_id: str | None = None,
        resources: Sequence[str] = (),
        at: datetime | None = None,
        during: tuple[datetime, datetime] | None = None,
    ) -> ImpactView:
        """Impact of a problem (as recorded) or of any set of resources if all of them failed `at` a time (default: now)."""
        return queries.impact(self, problem_id, tuple(resources), at, during)

    def scores(self, start: datetime, end: datetime, **who: Any) -> pd.DataFrame:
        """Experience rows with slots in [start, end), of a `subject`, `customer`, `segment` and/or `service`."""
        return queries.scores(self, start, end, **who)

    def health(self) -> HealthView:
        """State of feeds, learning and the whole."""
        return queries.health(self)

    def check(self) -> list[CheckLine]:
        """Try everything that would run: plug-ins, sources, storage, catalogue."""
        return queries.check(self)

    def _ticks(self) -> Ticking:
        if self._ticking is None:
            self._ticking = Ticking(self)
        return self._ticking


def _collectors(settings: Settings) -> dict[str, Collector]:
    out: dict[str, Collector] = {}
    for source in settings.sources:
        options = dict(source.options)
        if "path" in options:
            options["path"] = str(settings.path(str(options["path"])))
        out[source.name] = plugins.build("collectors", source.collector, {"source": source.name, **options})
    return out


def _models(catalogue: Catalogue) -> dict[str, ExperienceModel]:
    return {name: plugins.build("experience_models", spec.plugin, spec.options) for name, spec in catalogue.models.items()}
