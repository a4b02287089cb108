"""One object behind all doors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

import pandas as pd

from cemcore.application import (
    alarms,
    degradations,
    experience,
    health,
    impact_reports,
    impacts,
    inventory,
    pages,
    queries,
    rollups,
    trial,
    upkeep,
    warning,
    weighing,
    zooming,
)
from cemcore.application.house import Clock, House, wall_clock
from cemcore.application.ingest import JOINED, Ingest, Progress, Taken
from cemcore.application.places import world_at
from cemcore.application.ticking import Assessed, Ticking
from cemcore.application.upkeep import Kept
from cemcore.application.watching import Watching
from cemcore.application.zooming import Zoomed
from cemcore.catalogue import Catalogue
from cemcore.domain import INVENTORY, ServiceProblem, Window
from cemcore.errors import ConfigError
from cemcore.inventory import InventoryView
from cemcore.reconciled import AlarmsView
from cemcore.settings import Settings
from cemcore.topology import Topology
from cemcore.views import CheckLine, EvidenceView, HealthView, ImpactReport, ImpactView, Problems, ProblemView, Warnings
from cemcore.zooming import DetailEntry, Finding


class Cem:
    """An opened cemcore: `with Cem.open("config/cem.toml") as cem: ...`."""

    def __init__(self, house: House) -> None:
        self.house = house
        self._ticking: Ticking | Watching | None = None

    @classmethod
    def open(cls, settings: Settings | str | Path, clock: Clock = wall_clock) -> Self:
        """Open with a settings file (or loaded `Settings`); `clock` says what time it is: replays and simulations
        bring their own.

        Raises ConfigError, PluginError or StorageError where it can't run as told.

        """
        return cls(House.open(settings if isinstance(settings, Settings) else Settings.load(settings), clock))

    def close(self) -> None:
        """Let go of the engine and the ledger."""
        self._let_go()
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
        ingest, now = Ingest(house.archive, house.ledger, house.settings.engine.partitions), house.clock()
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
        return self._drawable(queries.problems(self.house, as_of, during, open_only), as_of)

    def problem(self, problem_id: str, as_of: datetime | None = None) -> ProblemView:
        """One problem with revisions, verdicts and members; NotFoundError when there is none."""
        return replace(queries.problem(self.house, problem_id, as_of), drawer=pages.Artist(self.house, as_of))

    def settle(self, problem_id: str, action: str, by: str, note: str = "", cause: str = "") -> ServiceProblem:
        """An operator's verdict: ack, note, resolve (with the cause it was) or reject; audited."""
        return queries.settle(self.house, problem_id, action, by, note, cause)

    def impact(
        self,
        problem_id: str | None = None,
        resources: Sequence[str] = (),
        at: datetime | None = None,
        during: tuple[datetime, datetime] | None = None,
        lenses: Sequence[str] = (),
        protected: bool = False,
        as_of: datetime | None = None,
    ) -> ImpactView:
        """Impact of a problem as known `at` a time, or of any set of resources if all of them failed `at` a time
        (default: now); over a period, by any of `cemcore.application.lenses.LENSES`. `protected`: who is kept in
        service by redundancy, and by which elements. `as_of`: of resources, by what was known then (default: now).
        """
        asked = impacts.Asked(at, during, tuple(lenses), protected, as_of)
        found = impacts.impact(self.house, problem_id, tuple(resources), asked)
        return replace(found, drawer=pages.Artist(self.house, at if problem_id is not None else as_of))

    def report(
        self,
        as_of: datetime | None = None,
        during: tuple[datetime, datetime] | None = None,
        open_only: bool = False,
        lenses: Sequence[str] = (),
    ) -> ImpactReport:
        """The impact report: problems by what customers lost, as known at `as_of`; with `during`, what was lost in the
        period, under each problem and under none.
        """
        found = impact_reports.report(self.house, as_of, during, open_only, lenses)
        return replace(found, problems=self._drawable(found.problems, as_of), drawer=pages.Artist(self.house, as_of))

    def page(self, found: ImpactReport | ImpactView | ProblemView, limit: int | None = None) -> str:
        """A report, an impact or a problem as one self-contained HTML page, with figure and time line."""
        artist = found.drawer if isinstance(found.drawer, pages.Artist) else pages.Artist(self.house)
        return artist.page(found, limit)

    def scores(self, start: datetime, end: datetime, **who: Any) -> pd.DataFrame:
        """Experience rows with slots in [start, end), of a `subject`, `customer`, `segment` and/or `service`."""
        return experience.scores(self.house, start, end, **who)

    def rollup(self, by: str, start: datetime | None = None, end: datetime | None = None, **which: Any) -> pd.DataFrame:
        """Experience in [start, end) by subject, customer, segment, area, access, service or operator; without times
        the last 24 hours. `which`: `kind` (user or thing), `service`, `as_of`. Users and things are never in one line.
        """
        last = end or self.house.known_now()
        return rollups.roll_up(self.house, by, start or last - timedelta(days=1), last, **which)

    def trial(self, service: str, rows: Any, catalogue: str | Path | None = None) -> pd.DataFrame:
        """Rows made by hand (`{kqi: value}`, several, or a frame) scored as `service`: score, coverage, requirement,
        and what each KQI cost; by the catalogue in use, or a file.
        """
        tried = self.house.catalogue if catalogue is None else Catalogue.load(catalogue)
        return trial.trial(tried, service, rows).frame()

    def explain(self, subject: str, service: str, slot: datetime) -> list[str]:
        """Why a subject's score on a service was what it was, a line each; NotFoundError where nothing was recorded."""
        return experience.explain(self.house, subject, service, slot)

    def zoom(
        self,
        problem_id: str | None = None,
        *,
        dry_run: bool = False,
        guard: AbstractContextManager[object] | None = None,
        go_on: Callable[[], bool] = lambda: True,
    ) -> Zoomed:
        """A second look at the series that open problems (or one problem) hurt most: ask for detail within the budget,
        examine, write findings and the problems' revisions. `dry_run` only says what it would look at. `guard` is held
        while something is written; `go_on` says before each series whether to do another one.
        """
        return zooming.zoom(self.house, problem_id, dry_run, guard, go_on)

    def findings(self, problem_id: str | None = None, as_of: datetime | None = None) -> list[Finding]:
        """What second looks found, oldest first, of one problem or of all."""
        return zooming.findings(self.house, problem_id, as_of)

    def detail_requests(self, problem_id: str | None = None) -> list[DetailEntry]:
        """Every request for detail and what became of it, oldest first."""
        return zooming.requests(self.house, problem_id)

    def warnings(self, horizon: timedelta | None = None) -> Warnings:
        """Drifting series that will miss their requirement within `horizon` (else the settings'), soonest first."""
        return warning.warnings(self.house, horizon)

    def evidence(self, as_of: datetime | None = None) -> EvidenceView:
        """What each kind of evidence weighs in the choice of a cause: stated, and learned from verdicts by `as_of`."""
        return weighing.view(self.house.ledger, as_of)

    def degradations(
        self,
        during: tuple[datetime, datetime] | None = None,
        level: str | None = None,
        service: str | None = None,
        as_of: datetime | None = None,
    ) -> pd.DataFrame:
        """Episodes of what was worse than usual, missing or silent, the strongest first; `during` else the last day."""
        return degradations.degradations(self.house, degradations.lately(self.house, during), level, service, as_of)

    def alarms(
        self,
        during: tuple[datetime, datetime] | None = None,
        as_of: datetime | None = None,
        without_pain: bool = False,
        limit: int | None = None,
    ) -> AlarmsView:
        """Alarms raised in a period (else the last seven days) held against what customers felt, and problems that no
        alarm told of. `without_pain` and `limit` narrow the single alarms, never the figures by type.
        """
        found = alarms.alarms(self.house, during, as_of)
        kept = [a for a in found.alarms if not without_pain or a.verdict == "without_pain"]
        return replace(found, alarms=tuple(kept[:limit]))

    def inventory(
        self,
        kinds: Sequence[str] = (),
        resource: str | None = None,
        at: datetime | None = None,
        as_of: datetime | None = None,
    ) -> InventoryView:
        """What is wrong with the inventory (as valid `at` a time, known `as_of` another; both: now), the worst first:
        links that are wrong or missing, what can't be joined, paths that lead nowhere, what experience contradicts.
        """
        return inventory.inventory(self.house, at, as_of, kinds, resource)

    def topology(self, at: datetime | None = None, known: datetime | None = None) -> Topology:
        """The inventory as a graph, as valid `at` a time and `known` at another (both: now)."""
        return world_at(self.house, at, known).topology

    def health(self) -> HealthView:
        """State of feeds, learning and the whole."""
        return health.health(self.house)

    def maintain(self) -> Kept:
        """Nightly upkeep of the archive: compaction, retention, sweep; never changes what a read returns."""
        return upkeep.maintain(self.house)

    def check(self) -> list[CheckLine]:
        """Try everything that would run: plug-ins, sources, storage, catalogue."""
        return health.check(self.house)

    def _drawable(self, found: Problems, as_of: datetime | None) -> Problems:
        artist = pages.Artist(self.house, as_of)
        return Problems(replace(v, drawer=artist) for v in found)

    def _advance(
        self, until: datetime, progress: Progress | None, *, learn_only: bool = False, start: datetime | None = None
    ) -> Assessed:
        if self._ticking is None:
            first = self.house.settings.engine.rooms == "first"
            self._ticking = Watching(self.house) if first else Ticking(self.house)
        try:
            return self._ticking.advance(until, progress, learn_only=learn_only, start=start)
        except BaseException:
            self._let_go()  # what it remembers may be ahead of what was committed: begin again from the ledger
            raise

    def _let_go(self) -> None:
        if self._ticking is not None:
            self._ticking.close()
        self._ticking = None
