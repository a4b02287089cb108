"""The inventory as known at a moment, in the corridor's integers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from cemcore.catalogue import Catalogue
from cemcore.domain import INVENTORY, Feed
from cemcore.frames import conform, contract, empty
from cemcore.panel import Int32, Population
from cemcore.settings import Settings
from cemcore.storage import Archive, Ledger, Registry, StoredFile
from cemcore.topology import Joiner, Topology, build_population
from cemcore.topology.validity import Snapshot, Spans, dated, spans

Version = tuple[tuple[tuple[str, ...], int], ...]
"""What an inventory is made of, a feed each: paths of its files, and which of its spans of validity."""

FOREVER = int(np.iinfo(np.int64).max) - 1
"""Later than everything [s]."""

KEPT_SOURCES = 64
"""Sources' histories that are kept at hand."""


@dataclass(frozen=True)
class World:
    """Topology, population and joins of one inventory. `domain_of`: coverage domain of each resource's quality
    records, -1 for none.
    """

    topology: Topology
    population: Population
    joiner: Joiner
    domain_of: Int32
    domains: tuple[str, ...]
    frames: dict[Feed, pd.DataFrame]

    def customer_texts(self) -> pd.Series:
        """Customer of each subject, by subject id."""
        subjects = self.frames[Feed.SUBJECTS]
        return subjects.set_index("subject_id")["customer_id"]


class Told:
    """What the snapshots of one source say, oldest first; read when it is asked for."""

    def __init__(self, archive: Archive, files: list[StoredFile]) -> None:
        self._archive, self._files = archive, files
        self._feed = Feed(files[0].feed)

    @cached_property
    def _newest(self) -> Snapshot:
        return self._read(self._files[-1])

    @cached_property
    def _dated(self) -> bool:
        return dated([self._newest])

    @cached_property
    def spans(self) -> Spans:
        """Every row with its span of validity."""
        return spans([*(self._read(f) for f in self._files[:-1]), self._newest], contract(self._feed).key)

    def paths(self, valid_at: int) -> tuple[str, ...]:
        """Paths of the files on which the answer rests: the newest alone where it holds as it stands."""
        return tuple(f.path for f in (self._files[-1:] if self._as_it_stands(valid_at) else self._files))

    def number(self, valid_at: int) -> int:
        """Which of the spans between two changes `valid_at` [s] is in."""
        return 0 if self._as_it_stands(valid_at) else int(np.searchsorted(self.spans.boundaries, valid_at, "right"))

    def at(self, valid_at: int) -> pd.DataFrame:
        """The rows valid at `valid_at` [s]."""
        return self._newest.rows if self._as_it_stands(valid_at) else self.spans.at(valid_at)

    def _as_it_stands(self, valid_at: int) -> bool:
        """Whether the newest snapshot is the answer: it is not later, and no row says itself when it is valid."""
        only = len(self._files) == 1
        return (only or valid_at >= self._newest.recorded) and not self._dated

    def _read(self, file: StoredFile) -> Snapshot:
        read = self._archive.read([file])
        rows = conform(self._feed, read)[0] if len(read) else empty(self._feed)
        return Snapshot(file.recorded_max or 0, rows)


class Worlds:
    """Worlds by valid time and known time; built once for each inventory that differs."""

    def __init__(
        self, archive: Archive, ledger: Ledger, registry: Registry, settings: Settings, catalogue: Catalogue
    ) -> None:
        self._archive, self._ledger, self._registry = archive, ledger, registry
        self._settings, self._catalogue = settings, catalogue
        self._files: dict[Feed, list[StoredFile]] = {}
        self._built: dict[Version, World] = {}
        self._told: dict[tuple[str, ...], Told] = {}

    def refresh(self) -> None:
        """Look again at which inventory files there are."""
        self._files = {feed: self._ledger.files(str(feed)) for feed in INVENTORY}

    def newest(self) -> World:
        """The world as valid and known now."""
        self.refresh()
        return self.at(FOREVER)

    def at(self, valid_at: int, known_at: int | None = None) -> World:
        """The world as valid at `valid_at` [s] and known at `known_at` [s] (else: as it was known at `valid_at`).

        Of each source the snapshots recorded until `known_at` are compared; see `cemcore.topology.validity`. Before
        the first snapshot the first one holds.
        """
        known = valid_at if known_at is None else known_at
        told = {feed: [self._tell(files) for files in self._sources(feed, known)] for feed in INVENTORY}
        version = tuple(
            (tuple(p for t in told[feed] for p in t.paths(valid_at)), sum(t.number(valid_at) for t in told[feed]))
            for feed in INVENTORY
        )
        if version not in self._built:
            if len(self._built) > 3:
                self._built.pop(next(iter(self._built)))
            self._built[version] = self._build({f: [t.at(valid_at) for t in told[f]] for f in INVENTORY})
        return self._built[version]

    def history(self, feed: Feed, known_at: int | None = None) -> pd.DataFrame:
        """Every row of an inventory feed that was ever valid, as known at `known_at` [s] (else now), with `valid_from`,
        `valid_to` (missing = open) and `recorded_at`.
        """
        self.refresh()
        told = [self._tell(files) for files in self._sources(feed, FOREVER if known_at is None else known_at)]
        return pd.concat([t.spans.frame() for t in told], ignore_index=True) if told else empty(feed)

    def files_at(self, feed: Feed, known_at: int) -> list[StoredFile]:
        """The newest file of each source of an inventory feed as known at `known_at` [s]."""
        return [files[-1] for files in self._sources(feed, known_at)]

    def _sources(self, feed: Feed, known_at: int) -> list[list[StoredFile]]:
        """Files of each source of a feed, recorded until `known_at`, oldest first."""
        if not self._files:
            self.refresh()
        by_source: dict[str, list[StoredFile]] = {}
        for file in self._files[feed]:
            if file.recorded_max is not None and file.recorded_max <= known_at:
                by_source.setdefault(file.path.rsplit("/", 1)[-1].rsplit("-", 1)[0], []).append(file)
        return [sorted(by_source[s], key=lambda f: (f.recorded_max or 0, f.position)) for s in sorted(by_source)]

    def _tell(self, files: list[StoredFile]) -> Told:
        """What a source's files say; kept, as long as they are asked for."""
        key = tuple(f.path for f in files)
        if key not in self._told:
            if len(self._told) >= KEPT_SOURCES:
                self._told.pop(next(iter(self._told)))
            self._told[key] = Told(self._archive, files)
        return self._told[key]

    def _build(self, chosen: dict[Feed, list[pd.DataFrame]]) -> World:
        frames = {}
        for feed in INVENTORY:
            held = [f for f in chosen[feed] if len(f)]
            frames[feed] = pd.concat(held, ignore_index=True) if len(held) > 1 else [*held, empty(feed)][0]
        frames[Feed.RESOURCES] = self._in_code_order(frames[Feed.RESOURCES])
        topology = Topology.build(frames[Feed.RESOURCES], frames[Feed.CONNECTIONS])
        population = build_population(
            frames[Feed.SUBJECTS],
            frames[Feed.SERVICES],
            frames[Feed.CUSTOMERS],
            services=self._catalogue.services,
            topology=topology,
            codes=self._registry.codes,
        )
        domain_of, domains = self._domains(frames[Feed.RESOURCES])
        resources = frames[Feed.RESOURCES]
        joiner = Joiner(
            resources["dn"].fillna("").tolist(), resources["resource_id"].tolist(), dict(self._settings.joining.aliases)
        )
        return World(topology, population, joiner, domain_of, domains, frames)

    def _in_code_order(self, resources: pd.DataFrame) -> pd.DataFrame:
        """Resources in the order of their codes, which never change; one that has left the inventory keeps its place
        as "retired".
        """
        codes = self._registry.codes("resource")
        codes.add(resources["resource_id"])
        ordered = resources.drop_duplicates("resource_id", keep="last").set_index("resource_id").reindex(codes.texts)
        ordered["type"] = ordered["type"].fillna("retired")
        return ordered.rename_axis("resource_id").reset_index()

    def _domains(self, resources: pd.DataFrame) -> tuple[Int32, tuple[str, ...]]:
        column = self._settings.coverage.quality
        if not column or column not in resources:
            return np.full(len(resources), -1 if column else 0, np.int32), ("",)
        codes, values = pd.factorize(resources[column])
        return codes.astype(np.int32), tuple(str(v) for v in values)
