"""One object behind all doors."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import pandas as pd

from cemcore.application import experience, health, impacts, queries, upkeep
from cemcore.application.house import Clock, House, wall_clock
from cemcore.application.ingest import JOINED, Ingest, Progress, Taken
from cemcore.application.ticking import Assessed, Ticking
from cemcore.application.upkeep import Kept
from cemcore.domain import INVENTORY, ServiceProblem, Window
from cemcore.errors import ConfigError
from cemcore.settings import Settings
from cemcore.views import CheckLine, HealthView, ImpactView, Problems, ProblemView


class Cem:
    """An opened cemcore: `with Cem.open("config/cem.toml") as cem: ...`."""

    def __init__(self, house: House) -> None:
        self.house = house
        self._ticking: Ticking | None = None

    @classmethod
    def open(cls, settings: Settings | str | Path, clock: Clock = wall_clock) -> Self:
        """Open with a settings file (or loaded `Settings`); `clock` says what time it is: replays and simulations
        bring their own.

        Raises ConfigError, PluginError or StorageError where it can't run as told.

        """
        return cls(House.open(settings if isinstance(settings, Settings) else Settings.load(settings), clock))

    def close(self) -> None:
        """Let go of the ledger."""
        self.house.ledger.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def collect(self, sources: Sequence[str] = (), progress: Progress | None = None) -> list[Taken]:
        """Take in what the sources have (all of them, inventory first); a failing source is said in its line, and
        others go on.
        """
        house = self.house
        unknown = set(sources) - set(house.collectors)
        if unknown:
            raise ConfigError(str(house.settings.file), "sources", f"no source called {', '.join(sorted(unknown))}")
        ingest, now = Ingest(house.archive, house.ledger), house.clock()
        taken = []
        for name, collector in sorted(house.collectors.items(), key=lambda item: item[1].feed not in INVENTORY):
            if not sources or name in sources:
                joiner = house.worlds.newest().joiner if collector.feed in JOINED else None
                taken.append(ingest.take(name, collector, now, joiner, progress))
        return taken

    def assess(self, until: datetime | None = None, progress: Progress | None = None) -> Assessed:
        """Walk every slot that has settled by `until` (default: now) down the corridor, and commit."""
        return self._advance(until or self.house.clock(), progress)

    def backfill(self, window: Window, progress: Progress | None = None) -> Assessed:
        """Learn from history in `window`, opening no problem."""
        return self._advance(window.end, progress, learn_only=True, start=window.start)

    def replay(self, window: Window, progress: Progress | None = None) -> pd.DataFrame:
        """Run the route over the past once more, writing nothing; the revisions that it makes, as a frame."""
        return Ticking(self.house).replay(window, progress)

    def problems(
        self,
        as_of: datetime | None = None,
        during: tuple[datetime, datetime] | None = None,
        open_only: bool = False,
    ) -> Problems:
        """Problems ranked by what customers lost, a list with `.frame()`; `as_of` = as known then, `during` = those
        that touch the period.
        """
        return queries.problems(self.house, as_of, during, open_only)

    def problem(self, problem_id: str, as_of: datetime | None = None) -> ProblemView:
        """One problem with revisions, verdicts and members; NotFoundError when there is none."""
        return queries.problem(self.house, problem_id, as_of)

    def settle(self, problem_id: str, action: str, by: str, note: str = "", cause: str = "") -> ServiceProblem:
        """An operator's verdict: ack, note, resolve (with the cause it was) or reject; audited."""
        return queries.settle(self.house, problem_id, action, by, note, cause)

    def impact(
        self,
        problem_id: str | None = None,
        resources: Sequence[str] = (),
        at: datetime | None = None,
        during: tuple[datetime, datetime] | None = None,
    ) -> ImpactView:
        """Impact of a problem (as recorded) or of any set of resources if all of them failed `at` a time (default:
        now).
        """
        return impacts.impact(self.house, problem_id, tuple(resources), at, during)

    def scores(self, start: datetime, end: datetime, **who: Any) -> pd.DataFrame:
        """Experience rows with slots in [start, end), of a `subject`, `customer`, `segment` and/or `service`."""
        return experience.scores(self.house, start, end, **who)

    def explain(self, subject: str, service: str, slot: datetime) -> list[str]:
        """Why a subject's score on a service was what it was, a line each; NotFoundError where nothing was recorded."""
        return experience.explain(self.house, subject, service, slot)

    def health(self) -> HealthView:
        """State of feeds, learning and the whole."""
        return health.health(self.house)

    def maintain(self) -> Kept:
        """Nightly upkeep of the archive: compaction, retention, sweep; never changes what a read returns."""
        return upkeep.maintain(self.house)

    def check(self) -> list[CheckLine]:
        """Try everything that would run: plug-ins, sources, storage, catalogue."""
        return health.check(self.house)

    def _advance(
        self, until: datetime, progress: Progress | None, *, learn_only: bool = False, start: datetime | None = None
    ) -> Assessed:
        if self._ticking is None:
            self._ticking = Ticking(self.house)
        try:
            return self._ticking.advance(until, progress, learn_only=learn_only, start=start)
        except BaseException:
            self._ticking = None  # what it remembers may be ahead of what was committed: begin again from the ledger
            raise
