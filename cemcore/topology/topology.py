"""Topology: the inventory as arrays, and the questions asked of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from cemcore.errors import TopologyError
from cemcore.panel import Bool, Int32
from cemcore.topology.csr import Edges
from cemcore.topology.derived import derive
from cemcore.topology.network import Fault, Network, build_network
from cemcore.topology.paths import Path, service_path
from cemcore.topology.reach import Reach, picture
from cemcore.topology.redundancy import Failure
from cemcore.topology.upward import Upward
from cemcore.topology.vocabulary import domain_of
from cemcore.topology.ways import Ways

KEPT_PATHS = 1_000_000
"""Service paths that are kept at hand."""

KEPT_DEPENDENTS = 4096
"""Resources whose dependents are kept at hand."""

KEPT_FAILURES = 64
"""Sets of failures whose consequences are kept at hand."""


class Topology:
    """Resources and how they hang together, as valid at one time. Everywhere a resource is its position (int);
    `index` and `resource_ids` translate. Never changed once built; answers are kept.
    """

    def __init__(self, resources: pd.DataFrame, network: Network, faults: tuple[Fault, ...]) -> None:
        def texts(column: str) -> tuple[str, ...]:
            return tuple(resources[column].fillna("").astype("str"))

        self.resource_ids = texts("resource_id")
        self.index = {r: i for i, r in enumerate(self.resource_ids)}
        self.types, self.regions, self.vendors, self.dns = texts("type"), texts("region"), texts("vendor"), texts("dn")
        self.domains = tuple(domain_of(t, r) for t, r in zip(self.types, texts("role"), strict=True))
        self.network, self.faults = network, faults
        self.ways = Ways(network)
        self._paths: dict[tuple[int, int, int], Path] = {}
        self._failures: dict[frozenset[int], Failure] = {}
        self._dependents: dict[int, Int32] = {}
        self.kept: dict[str, object] = {}

    @classmethod
    def build(cls, resources: pd.DataFrame, connections: pd.DataFrame) -> Topology:
        """From frames that obey the contracts of `resources` and `connections`; what is wrong in them, and what was
        derived from names and ends because no connection says it, ends in `faults`.
        """
        twice = resources["resource_id"].duplicated()
        doubles = tuple(
            Fault("duplicate", str(r), "listed more than once; the first counts")
            for r in resources["resource_id"][twice]
        )
        resources = resources[~twice].reset_index(drop=True)
        connections, derived = derive(resources, connections)
        network, faults = build_network(resources, connections)
        return cls(resources, network, doubles + derived + faults)

    def __len__(self) -> int:
        return len(self.resource_ids)

    def resource(self, i: int) -> str:
        """Id of the resource at position i; TopologyError where there is none."""
        if not 0 <= i < len(self):
            raise TopologyError(f"no resource at position {i}")
        return self.resource_ids[i]

    def position(self, resource_id: str) -> int:
        """Position of a resource; TopologyError for an unknown id."""
        try:
            return self.index[resource_id]
        except KeyError:
            raise TopologyError(f"unknown resource: {resource_id}") from None

    def path(self, access: int, gateway: int, endpoint: int) -> Path:
        """The service path of a triple, -1 = not known: then a partial path with complete=False."""
        key = (access, gateway, endpoint)
        found = self._paths.get(key)
        if found is None:
            for i in key:
                if i != -1:
                    self.resource(i)
            if len(self._paths) >= KEPT_PATHS:
                self._paths.clear()
                self.ways = Ways(self.network)
            found = self._paths[key] = service_path(self.ways, access, gateway, endpoint)
        return found

    def lost(self, down: Collection[int], triples: Int32) -> tuple[Bool, Bool]:
        """(lost, at_risk), one each per line of `triples` (n, 3: access, gateway, endpoint; -1 = not known), when all
        `down` fail together.

        At risk = the service is still there, and has a single point of failure that it did not have before.
        """
        return self._failure(down).lost(triples)

    def path_without(self, down: Collection[int], access: int, gateway: int, endpoint: int) -> Path:
        """The service path when all of `down` fail together."""
        return self._failure(down).path(access, gateway, endpoint)

    def crossed(self, down: Collection[int], triples: Int32) -> Bool:
        """Mask of the lines of `triples` whose traffic, while all was well, ran over something that fails with
        `down`.
        """
        return self._failure(down).crossed(triples, self.path)

    def _failure(self, down: Collection[int]) -> Failure:
        key = frozenset(int(i) for i in down)
        found = self._failures.get(key)
        if found is None:
            for i in key:
                self.resource(i)
            if len(self._failures) >= KEPT_FAILURES:
                self._failures.pop(next(iter(self._failures)))
            found = self._failures[key] = Failure(self.network, self.ways, self._reach.carries, key)
        return found

    def ancestors(self, r: int) -> Int32:
        """Everything that r may depend on, hard or backed up, as far as the first backbone routers; itself left out;
        sorted.
        """
        self.resource(r)
        found = np.flatnonzero(self._reach.hangs_on.spread([r])).astype(np.int32)
        out: Int32 = found[found != r]
        return out

    def dependents(self, r: int) -> Int32:
        """Everything that works no more, or is cut off, when r alone is lost; itself left out; sorted."""
        found = self._dependents.get(r)
        if found is None:
            self.resource(r)
            if len(self._dependents) >= KEPT_DEPENDENTS:
                self._dependents.clear()
            found = self._dependents[r] = self._reach.dependents(r)
            found.flags.writeable = False
        return found

    def near(self, a: int, b: int, reach: int = 2) -> bool:
        """Whether b is within `reach` steps up or down from a (dependent -> link -> dependence), never sideways."""
        return self._reach.near(a, b, reach)

    def graph(self, around: Iterable[str], reach: int = 2) -> Any:
        """The neighbourhood of some resources, by id, as a networkx DiGraph with node attribute `type` and edge
        attribute `via`.
        """
        near = self._reach.around([self.position(r) for r in around], reach)
        return picture(self.network, self.resource_ids, self.types, near)

    @cached_property
    def upward(self) -> Upward:
        """What every resource leans on directly, for whoever walks the network in compiled loops."""
        return Upward.build(self.network)

    @property
    def carries(self) -> Edges:
        """From every resource to all that may depend on it, up to the first backbone routers."""
        return self._reach.carries

    @cached_property
    def _reach(self) -> Reach:
        return Reach(self.network)
