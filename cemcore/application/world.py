"""The inventory as known at a moment, in the corridor's integers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cemcore.catalogue import Catalogue
from cemcore.domain import INVENTORY, Feed
from cemcore.frames import conform, empty
from cemcore.panel import Int32, Population
from cemcore.settings import Settings
from cemcore.storage import Archive, Ledger, Registry, StoredFile
from cemcore.topology import Joiner, Topology, build_population

Snapshot = tuple[tuple[str, ...], ...]
"""Paths of the files that make up the inventory, a tuple a feed."""


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


class Worlds:
    """Worlds by known-time; built once for each inventory that was ever known."""

    def __init__(
        self, archive: Archive, ledger: Ledger, registry: Registry, settings: Settings, catalogue: Catalogue
    ) -> None:
        self._archive, self._ledger, self._registry = archive, ledger, registry
        self._settings, self._catalogue = settings, catalogue
        self._files: dict[Feed, list[StoredFile]] = {}
        self._built: dict[Snapshot, World] = {}

    def refresh(self) -> None:
        """Look again at which inventory files there are."""
        self._files = {feed: self._ledger.files(str(feed)) for feed in INVENTORY}

    def newest(self) -> World:
        """The world as known now."""
        self.refresh()
        return self.at(np.iinfo(np.int64).max)

    def at(self, known_at: int) -> World:
        """The world as known at `known_at` [s]: of each source, its newest snapshot recorded until then."""
        if not self._files:
            self.refresh()
        chosen = {feed: self._newest(feed, known_at) for feed in INVENTORY}
        snapshot = tuple(tuple(f.path for f in chosen[feed]) for feed in INVENTORY)
        if snapshot not in self._built:
            if len(self._built) > 3:
                self._built.pop(next(iter(self._built)))
            self._built[snapshot] = self._build(chosen)
        return self._built[snapshot]

    def files_at(self, feed: Feed, known_at: int) -> list[StoredFile]:
        """The files of an inventory feed as known at `known_at` [s]."""
        if not self._files:
            self.refresh()
        return self._newest(feed, known_at)

    def _newest(self, feed: Feed, known_at: int) -> list[StoredFile]:
        by_source: dict[str, StoredFile] = {}
        for file in self._files[feed]:
            if file.recorded_max is not None and file.recorded_max <= known_at:
                source = file.path.rsplit("/", 1)[-1].rsplit("-", 1)[0]
                held = by_source.get(source)
                if held is None or (file.recorded_max, file.position) > (held.recorded_max or 0, held.position):
                    by_source[source] = file
        return [by_source[s] for s in sorted(by_source)]

    def _build(self, chosen: dict[Feed, list[StoredFile]]) -> World:
        frames = {}
        for feed in INVENTORY:
            read = self._archive.read(chosen[feed])
            frames[feed] = conform(feed, read)[0] if len(read) else empty(feed)
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
