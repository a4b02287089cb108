"""What a trouble may strike, and whom that would reach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cemcore.errors import ConfigError
from cemcore.panel import Bool
from cemcore.town.network import Network
from cemcore.town.people import People
from cemcore.town.population import Population

Cause = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """One thing that can be struck.

    `id` is the resource that alarms and works name; `down` fails with it; `access` are the struck access resources;
    `attrs` are attribute values that sessions must have; `reach` is how many subjects or pairs it concerns; two
    troubles of one `area` never meet.
    """

    id: str
    causes: tuple[Cause, ...]
    area: str
    reach: float
    access: Bool
    also: tuple[Cause, ...] = ()
    down: tuple[str, ...] = ()
    attrs: Mapping[str, str] = field(default_factory=dict)


def resource(id: str) -> Cause:
    """A resource as a cause."""
    return {"type": "resource", "id": id}


def attribute(**attrs: str) -> Cause:
    """Attribute values together as a cause."""
    return {"type": "attribute", "attrs": dict(attrs)}


class Targets:
    """All targets of a town by selector name, each list in the order of the inventory."""

    def __init__(self, net: Network, people: People, population: Population) -> None:
        self.net, self.people, self.population = net, people, population
        self.weight = np.zeros(len(net.access))
        shares = ((0, 0, 0.55), (1, 0, 0.35), (0, 1, 0.1))
        for place, which, share in shares:
            np.add.at(self.weight, population.cells[:, place, which], share)
        self.nobody = np.zeros(len(net.access), dtype=bool)

    def of(self, selector: str, *, down: bool) -> list[Target]:
        """Candidates of a selector; ConfigError where there is no such selector. `down`.

        The struck resource fails outright.
        """
        special: dict[str, Callable[[], list[Target]]] = {
            "single_uplink": self._single_uplinks,
            "redundancy_pair": self._pairs,
            "crowded_cells": self._crowded,
            "duct": self._ducts,
            "gateway": lambda: self._served("gateway_id", "upf", "bng"),
            "cdn_node": lambda: self._served("endpoint_id", "cdn_node"),
            "dns_resolver": lambda: self._served("endpoint_id", "dns_resolver"),
            "ims": lambda: self._served("endpoint_id", "ims"),
            "phone_firmware": lambda: self._firmware("phone"),
            "gateway_firmware": lambda: self._firmware("fixed"),
            "app_on_device": self._apps,
            "business_customer": self._customers,
            "cpe": self._terminals,
            "region": self._collectors,
        }
        if selector in special:
            return special[selector]()
        types = {
            "ring_link": "link", "gnb_or_gateway": "gnb upf", "preagg": "preagg_router", "power_feed": "power_feed",
            "nr_cell": "nr_cell", "pon_port": "pon_port", "olt": "olt", "gnb": "gnb", "agg_router": "agg_router",
        }  # fmt: skip
        if selector not in types:
            raise ConfigError("town", "target", f"{selector!r} is none of {', '.join(sorted([*special, *types]))}")
        ids = self.net.of(*types[selector].split())
        if selector == "ring_link":
            ids = [i for i in ids if self.net.resources[i].get("role") == "ring"]
        return [self._element(i, down=down) for i in ids]

    def _struck(self, down: Iterable[str]) -> tuple[Bool, float]:
        struck = self.net.cut_off(down)
        return struck, float(self.weight[struck].sum())

    def _element(self, id: str, *, down: bool) -> Target:
        net = self.net
        region = net.region(id) or net.region(str(net.resources[id].get("a_end", id)))
        if down:
            struck, reach = self._struck([id])
            return Target(id, (resource(id),), region, reach, struck, down=(id,))
        struck = np.array([a == id or net.upper[a] == id for a in net.access])
        return Target(id, (resource(id),), region, float(self.weight[struck].sum()), struck)

    def _single_uplinks(self) -> list[Target]:
        links = [r for r in self.net.resources.values() if r.get("role") == "access" and not r["redundancy_group"]]
        out = []
        for link in links:
            struck, reach = self._struck([link["id"]])
            low = link["a_end"]
            out.append(
                Target(
                    link["id"],
                    (resource(link["id"]),),
                    self.net.region(low),
                    reach,
                    struck,
                    (resource(low),),
                    (link["id"],),
                )
            )
        return out

    def _pairs(self) -> list[Target]:
        out = []
        for pair in self.net.of("redundancy_pair"):
            members = tuple(
                c["from_id"] for c in self.net.connections if c["relation"] == "memberOf" and c["to_id"] == pair
            )
            struck, reach = self._struck(members)
            also = tuple(resource(m) for m in members)
            out.append(Target(pair, (resource(pair),), self.net.region(pair), reach, struck, also, members))
        return out

    def _crowded(self) -> list[Target]:
        out = []
        for station in self.net.of("gnb"):
            cells = self.net.cells_of[station][:2]
            struck = np.isin(self.net.access, cells)
            causes = tuple(resource(c) for c in cells)
            out.append(Target(cells[0], causes, self.net.region(station), float(self.weight[struck].sum()), struck))
        return out

    def _ducts(self) -> list[Target]:
        out = []
        for duct in self.net.of("duct"):
            links = [c["from_id"] for c in self.net.connections if c["to_id"] == duct]
            low = self.net.resources[links[0]]["a_end"]
            struck, reach = self._struck([duct])
            also = (resource(low),)
            out.append(Target(duct, (resource(duct),), self.net.region(duct), reach, struck, also, (duct, *links)))
        return out

    def _served(self, column: str, *types: str) -> list[Target]:
        count = Counter(s[column] for s in self.people.services)
        plain = [i for i in self.net.of(*types) if not self.net.resources[i].get("slice")]
        return [Target(i, (resource(i),), "core", count[i], self.nobody) for i in plain]

    def _firmware(self, kind: str) -> list[Target]:
        """A model's roll-out: `firmware` is the version that is rolled out, `mended` what follows it."""
        models = Counter(s["device_model"] for s in self.people.subjects if s["subject_type"] == kind)
        out = []
        for model, n in models.items():
            newest = max(s["firmware"] for s in self.people.subjects if s["device_model"] == model)
            bad = f"{newest}.1"
            attrs = {"device_model": model, "firmware": bad, "mended": f"{newest}.2"}
            also = (attribute(device_model=model, firmware=bad),)
            out.append(Target(bad, (attribute(firmware=bad),), f"device {model}", n, self.nobody, also, attrs=attrs))
        return out

    def _apps(self) -> list[Target]:
        model = {s["subject_id"]: s["device_model"] for s in self.people.subjects}
        pairs = Counter(
            (s["app"], model[s["subject_id"]]) for s in self.people.services if s["service"] in ("video", "gaming")
        )
        out = []
        for (app, device), n in pairs.items():
            attrs = {"app": app, "device_model": device}
            out.append(
                Target(f"{app} on {device}", (attribute(**attrs),), f"device {device}", n, self.nobody, attrs=attrs)
            )
        return out

    def _customers(self) -> list[Target]:
        users = Counter(s["customer_id"] for s in self.people.subjects if s["subject_class"] == "user")
        out = []
        for c in self.people.customers:
            id = c["customer_id"]
            if users[id] >= 3 and c["customer_type"] in ("sme", "enterprise"):
                out.append(
                    Target(id, (attribute(customer_id=id),), "order", users[id], self.nobody, attrs={"customer_id": id})
                )
        return out

    def _terminals(self) -> list[Target]:
        lines = [
            (i, s)
            for i, s in enumerate(self.people.subjects)
            if s.get("cpe_id") and "from" not in s and "until" not in s
        ]
        appetite = np.zeros(len(self.people.subjects))
        np.add.at(appetite, self.population.subject, self.population.appetite)
        return [
            Target(s["cpe_id"], (resource(s["cpe_id"]),), s["region"], float(appetite[i]), self.nobody)
            for i, s in lines
        ]

    def _collectors(self) -> list[Target]:
        out = []
        for i, region in enumerate(self.net.regions):
            here = self.net.points.region == i
            out.append(
                Target(f"PROBE-{region}", (resource(f"PROBE-{region}"),), region, float(self.weight[here].sum()), here)
            )
        return out
