"""The network as data: resources, connections, and who reaches the core when something is down."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from cemcore.panel import Bool, Float64, Int64

Row = dict[str, Any]
NR, LTE, PON = 0, 1, 2
TECHNOLOGY = {"nr_cell": NR, "lte_cell": LTE, "pon_port": PON}
SUPPORTS = ("containedIn", "locatedAt", "poweredBy", "hostedOn", "routedThrough")


@dataclass(frozen=True)
class AccessPoints:
    """Of the n access resources: position by id; technology (n): NR, LTE or PON; region (n): index into `regions`."""

    index: dict[str, int]
    technology: Int64
    region: Int64


@dataclass
class Network:
    """Resources and connections as inventory rows, in the order they were laid."""

    resources: dict[str, Row] = field(default_factory=dict)
    connections: list[Row] = field(default_factory=list)

    def add(self, id: str, type: str, name: str, **more: Any) -> str:
        """Lay a resource; gives its id."""
        self.resources[id] = {"id": id, "type": type, "name": name, **more}
        return id

    def connect(self, lower: str, upper: str, relation: str, via: str = "", group: str = "") -> None:
        """`lower` depends on `upper`; `via` is the link in between, links of one `group` back each other up."""
        self.connections.append(
            {"from_id": lower, "to_id": upper, "relation": relation, "via": via, "redundancy_group": group}
        )

    def of(self, *types: str) -> list[str]:
        """Ids of the resources of these types, as laid."""
        return [r["id"] for r in self.resources.values() if r["type"] in types]

    def type(self, id: str) -> str:
        """Type of a resource."""
        return str(self.resources[id]["type"])

    def region(self, id: str) -> str:
        """Region of a resource; empty where it belongs to none."""
        return str(self.resources[id].get("region") or "")

    @cached_property
    def access(self) -> tuple[str, ...]:
        """What subjects attach to: NR cells, LTE cells, PON ports."""
        return tuple(self.of(*TECHNOLOGY))

    @cached_property
    def points(self) -> AccessPoints:
        """The access resources as arrays."""
        technology = np.array([TECHNOLOGY[self.type(a)] for a in self.access])
        region = np.array([self.regions.index(self.region(a)) for a in self.access])
        return AccessPoints({a: i for i, a in enumerate(self.access)}, technology, region)

    @cached_property
    def regions(self) -> tuple[str, ...]:
        """Regions that have customers, as laid."""
        return tuple(dict.fromkeys(self.region(a) for a in self.access))

    @cached_property
    def upper(self) -> dict[str, str]:
        """Of a cell or port its element, of an element its site or exchange, and so on (containedIn, locatedAt)."""
        return {c["from_id"]: c["to_id"] for c in self.connections if c["relation"] in ("containedIn", "locatedAt")}

    @cached_property
    def cells_of(self) -> dict[str, list[str]]:
        """Cells of each gNB and eNB, ports of each OLT."""
        out: dict[str, list[str]] = defaultdict(list)
        for a in self.access:
            out[self.upper[a]].append(a)
        return dict(out)

    def standing(self, down: Iterable[str]) -> set[str]:
        """What still reaches a core router when `down` has failed, and all that hangs on what failed."""
        dead = set(down)
        while True:
            fell = {lower for lower, upper in self._supports if upper in dead and lower not in dead}
            if not fell:
                break
            dead |= fell
        seen = {r for r in self.of("core_router") if r not in dead}
        front = list(seen)
        while front:
            here = front.pop()
            for there, link in self._roads.get(here, ()):
                if there not in seen and there not in dead and link not in dead:
                    seen.add(there)
                    front.append(there)
        return seen | {a for a in self.access if a not in dead and self.upper[a] in seen}

    def cut_off(self, down: Iterable[str]) -> Bool:
        """Which access resources lose the core when `down` fails."""
        up = self.standing(down)
        return np.array([a not in up for a in self.access])

    @cached_property
    def _supports(self) -> list[tuple[str, str]]:
        return [(c["from_id"], c["to_id"]) for c in self.connections if c["relation"] in SUPPORTS]

    @cached_property
    def _roads(self) -> dict[str, list[tuple[str, str]]]:
        """Where one can go from a node, and over which link; pairs are passed over for their members."""
        out: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for c in self.connections:
            pair = "redundancy_pair" in (self.type(c["from_id"]), self.type(c["to_id"]))
            if c["relation"] == "uplink" and not pair:
                out[c["from_id"]].append((c["to_id"], c["via"]))
                out[c["to_id"]].append((c["from_id"], c["via"]))
        return dict(out)


def core_delay(net: Network) -> tuple[list[str], Float64]:
    """(core routers, round trip [ms] between each two over the path of least metric)."""
    routers = net.of("core_router")
    place = {r: i for i, r in enumerate(routers)}
    cost = np.full((len(routers), len(routers)), np.inf)
    delay = np.full_like(cost, np.inf)
    np.fill_diagonal(cost, 0)
    np.fill_diagonal(delay, 0)
    for link in net.resources.values():
        if link.get("role") == "core":
            a, b = place[link["a_end"]], place[link["z_end"]]
            cost[a, b] = cost[b, a] = link["igp_metric"]
            delay[a, b] = delay[b, a] = 0.3 + link["length_km"] * 0.0105
    for k in range(len(routers)):
        through = cost[:, k, None] + cost[None, k, :]
        better = through < cost
        cost = np.where(better, through, cost)
        delay = np.where(better, delay[:, k, None] + delay[None, k, :], delay)
    return routers, delay
