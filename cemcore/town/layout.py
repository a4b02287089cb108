"""Lays a network: backbone, data centres, regions with their sites, exchanges, cells and ports."""

from __future__ import annotations

import math

import numpy as np

from cemcore.town.names import places
from cemcore.town.network import Network
from cemcore.town.seeds import Rng, stream
from cemcore.town.sizes import Size

RAN_VENDORS = ("Arbolux", "Sundara")
"""The first delivers one file for all elements each quarter of an hour, the second one for each element each hour."""


def lay(seed: int, size: Size) -> Network:
    """A network of that size; the same seed gives the same one."""
    rng = stream(seed, "network")
    net = Network()
    names = places(rng, size.core_routers)
    _backbone(net, rng, names)
    homes = [names[i] for i in rng.choice(len(names), size.data_centres, replace=False)]
    for i, home in enumerate(homes):
        _data_centre(net, home, second_cache=size.data_centres > 1 or i == 0)
    others = [n for n in names if n not in homes] + homes
    for i, region in enumerate(others[: size.regions]):
        _Region(net, rng, region, ring=i % 3 == 2).lay(size, RAN_VENDORS[int(i % 3 == 1)])
    return net


def _backbone(net: Network, rng: Rng, names: tuple[str, ...]) -> None:
    at = rng.uniform((8, 10), (14, 18), (len(names), 2))
    for name, (lat, lon) in zip(names, at, strict=True):
        dn = f"SubNetwork=Core,ManagedElement=CR-{name}"
        label = f"Core router {name.title()}"
        net.add(
            f"CR-{name}", "core_router", label, region=name, vendor="Ostrava", dn=dn,
            lat=round(float(lat), 2), lon=round(float(lon), 2),
        )  # fmt: skip
    far = np.hypot(*(at[:, None] - at[None]).T)
    edges = {(i, (i + 1) % len(names)) for i in range(len(names))}
    for i in range(len(names)):
        edges |= {(i, int(j)) for j in np.argsort(far[i])[1:3]}
    for a, b in sorted({(min(e), max(e)) for e in edges if e[0] != e[1]}):
        km = float(far[a, b]) * 85 + 15
        link = f"CL-{names[a]}-{names[b]}"
        net.add(
            link, "link", f"Core link {names[a]}-{names[b]}", medium="fibre",
            capacity_gbps=int(rng.choice([100, 200, 400])), igp_metric=round(km * 10) + int(rng.integers(1, 90)),
            length_km=round(km, 1), role="core", redundancy_group="igp", a_end=f"CR-{names[a]}", z_end=f"CR-{names[b]}",
        )  # fmt: skip
        net.connect(f"CR-{names[a]}", f"CR-{names[b]}", "uplink", link, "igp")


def _data_centre(net: Network, home: str, *, second_cache: bool) -> None:
    net.add(f"DC-{home}", "data_centre", f"Data centre {home}", region=home)
    fabric = _element(net, f"FAB-{home}", "dc_fabric", f"Leaf-spine fabric {home}", home, "Ostrava", "DC")
    net.connect(fabric, f"DC-{home}", "containedIn")
    for n in (1, 2):
        _link(
            net,
            f"DCL-{home}-{n}",
            f"DC uplink {home} {n}",
            fabric,
            f"CR-{home}",
            f"LAG-{home}",
            role="dc",
            capacity=400,
        )
    functions = [
        ("UPF", "upf", "User plane", "-1", "Valdane"),
        ("UPF", "upf", "User plane", "-2", "Valdane"),
        ("UPFS", "upf", "User plane for the control slice", "", "Valdane"),
        ("BNG", "bng", "Broadband gateway", "-1", "Ostrava"),
        ("CDN", "cdn_node", "Cache", "-1", "Hoardly"),
        ("CDN", "cdn_node", "Cache", "-2", "Hoardly"),
        ("AMF", "amf", "Access and mobility", "", "Valdane"),
        ("SMF", "smf", "Session management", "", "Valdane"),
        ("DNS", "dns_resolver", "Resolver", "", "Whois9"),
        ("PEER", "peering_router", "Peering", "", "Ostrava"),
        ("IMS", "ims", "IMS core", "", "Valdane"),
        ("IOTGW", "iot_gateway", "Gateway of things", "", "Beckon"),
    ]
    for prefix, kind, label, number, vendor in functions:
        if number == "-2" and kind == "cdn_node" and not second_cache:
            continue
        id = _element(net, f"{prefix}-{home}{number}", kind, f"{label} {home}{number}", home, vendor, "5GC")
        net.connect(id, fabric, "hostedOn")
    net.resources[f"UPFS-{home}"]["slice"] = "2-0000A1"


def _element(net: Network, id: str, kind: str, name: str, region: str, vendor: str, subnet: str) -> str:
    return net.add(id, kind, name, region=region, vendor=vendor, dn=f"SubNetwork={subnet},ManagedElement={id}")


def _link(
    net: Network,
    id: str,
    name: str,
    low: str,
    high: str,
    group: str,
    *,
    role: str,
    capacity: float,
    medium: str = "fibre",
) -> str:
    net.add(
        id,
        "link",
        name,
        medium=medium,
        capacity_gbps=capacity,
        role=role,
        redundancy_group=group,
        a_end=low,
        z_end=high,
    )
    net.connect(low, high, "uplink", id, group)
    return id


class _Region:
    """One region: aggregation pair, pre-aggregation, sites in a row, a ring or over microwave, exchanges."""

    def __init__(self, net: Network, rng: Rng, name: str, *, ring: bool) -> None:
        self.net, self.rng, self.name, self.ring = net, rng, name, ring
        self.pair = f"AGP-{name}"
        self.members = (f"AGG-{name}-A", f"AGG-{name}-B")
        router = net.resources[f"CR-{name}"]
        self.centre = (router["lat"], router["lon"])

    def lay(self, size: Size, vendor: str) -> None:
        self._aggregation()
        for n in range(1, max(2, size.sites_per_region // 3) + 1):
            self.net.add(f"PF-{self.name}-{n}", "power_feed", f"Mains feed {self.name} {n}", region=self.name)
        for n in range(1, size.sites_per_region + 1):
            self._site(n, size.sites_per_region, vendor)
        for n in range(1, size.olts_per_region + 1):
            self._exchange(n, size.pon_ports)

    def _aggregation(self) -> None:
        net, name = self.net, self.name
        net.add(self.pair, "redundancy_pair", f"Aggregation pair {name}", region=name, vendor="Ostrava")
        for id, half in zip(self.members, "AB", strict=True):
            _element(net, id, "agg_router", f"Aggregation router {name}-{half}", name, "Ostrava", f"Agg-{name}")
            net.connect(id, self.pair, "memberOf", group=self.pair)
            _link(
                net,
                f"AL-{name}-{half}",
                f"Aggregation uplink {name}-{half}",
                id,
                f"CR-{name}",
                self.pair,
                role="agg",
                capacity=100,
            )
        net.connect(self.pair, f"CR-{name}", "uplink")
        _element(net, f"PA-{name}", "preagg_router", f"Pre-aggregation {name}", name, "Ostrava", f"Access-{name}")
        self._both_sides(f"PA-{name}", "PL", "", "Pre-aggregation uplink", "access", 25, f"DUCT-{name}-1")

    def _both_sides(self, low: str, kind: str, number: str, label: str, role: str, capacity: float, duct: str) -> None:
        net = self.net
        group = f"{kind}G-{self.name}{number}"
        if duct and duct not in net.resources:
            net.add(duct, "duct", f"Fibre duct {self.name} {duct.rsplit('-', 1)[1]}", region=self.name)
        for half, high in zip("ab", self.members, strict=True):
            link = f"{kind}-{self.name}{number}{'' if number else '-'}{half}"
            _link(net, link, f"{label} {self.name}{number} {half}", low, high, group, role=role, capacity=capacity)
            if duct:
                net.connect(link, duct, "routedThrough")
        net.connect(low, self.pair, "uplink")

    def _site(self, n: int, of: int, vendor: str) -> None:
        net, name = self.net, self.name
        id, router = f"{name}-{n:02d}", f"CSR-{name}-{n:02d}"
        angle = n * 2 * math.pi / of
        lat, lon = self.centre[0] + 0.2 * math.sin(angle), self.centre[1] + 0.25 * math.cos(angle)
        kind = self._transport(n, of)
        net.add(
            f"SITE-{id}",
            "site",
            f"Site {name} {n:02d}",
            region=name,
            lat=round(lat, 4),
            lon=round(lon, 4),
            transport=kind,
        )
        _element(net, router, "cell_site_router", f"Cell site router {name} {n:02d}", name, "Ostrava", f"Access-{name}")
        net.connect(router, f"SITE-{id}", "locatedAt")
        self._uplink(n, of, kind, router)
        feeds = net.of("power_feed")
        mine = [f for f in feeds if net.region(f) == name]
        net.connect(f"SITE-{id}", mine[(n - 1) % len(mine)], "poweredBy")
        self._base_station("gnb", n, vendor, router)
        if n % 2 == 1 or of <= 3:
            self._base_station("enb", n, vendor, router)

    def _transport(self, n: int, of: int) -> str:
        if self.ring and n <= 3:
            return "ring"
        if n == of and of > 3:
            return "dual"
        return "mw" if n % 2 == 0 else "single"

    def _uplink(self, n: int, of: int, kind: str, router: str) -> None:
        net, name = self.net, self.name
        if kind == "ring":
            group = f"RING-{name}"
            high = self.members[0] if n == 1 else f"CSR-{name}-{n - 1:02d}"
            _link(net, f"RL-{name}-{n}", f"Ring link {name} {n}", router, high, group, role="ring", capacity=10)
            if n == 3:
                _link(
                    net, f"RL-{name}-9", f"Ring link {name} 9", router, self.members[1], group, role="ring", capacity=10
                )
            net.connect(router, self.pair, "uplink")
        elif kind == "dual":
            self._both_sides(router, "SL", f"-{n:02d}", "Site uplink", "access", 10, f"DUCT-{name}-S{n}")
        elif kind == "mw":
            high = f"CSR-{name}-{n - 1:02d}"
            _link(
                net,
                f"MW-{name}-{n:02d}",
                f"Microwave hop {name} {n:02d}",
                router,
                high,
                "",
                role="access",
                capacity=1,
                medium="microwave",
            )
        else:
            _link(
                net,
                f"SL-{name}-{n:02d}",
                f"Site uplink {name} {n:02d}",
                router,
                f"PA-{name}",
                "",
                role="access",
                capacity=10,
            )

    def _base_station(self, kind: str, n: int, vendor: str, router: str) -> None:
        net = self.net
        number = f"{len(net.of(kind)) + 1:04d}"
        element = f"{kind.upper()}-{number}"
        dn = f"SubNetwork=RAN,SubNetwork={self.name},ManagedElement={element}"
        label, version = ("gNB", "R7.2") if kind == "gnb" else ("eNB", "L19.4")
        net.add(
            element, kind, f"{label} {self.name} {n:02d}", region=self.name, vendor=vendor, dn=dn, sw_version=version
        )
        net.connect(element, f"SITE-{self.name}-{n:02d}", "locatedAt")
        net.connect(element, router, "uplink")
        for c in (1, 2, 3):
            if kind == "gnb":
                cell, type, part, band = (
                    f"NRC-{number}-{c}",
                    "nr_cell",
                    "GNBDUFunction=1,NRCellDU",
                    ("n78", "n28", "n78"),
                )
            else:
                cell, type, part, band = (
                    f"LTC-{number}-{c}",
                    "lte_cell",
                    "ENBFunction=1,EUtranCellFDD",
                    ("B3", "B20", "B3"),
                )
            net.add(
                cell, type, f"{'NR' if kind == 'gnb' else 'LTE'} cell {number}/{c}", region=self.name, vendor=vendor,
                dn=f"{dn},{part}={c}", band=band[c - 1],
            )  # fmt: skip
            net.connect(cell, element, "containedIn")

    def _exchange(self, n: int, ports: int) -> None:
        net, name = self.net, self.name
        olt, house = f"OLT-{name}-{n}", f"CO-{name}-{n}"
        net.add(house, "site", f"Exchange {name} {n}", region=name, lat=self.centre[0], lon=self.centre[1])
        _element(net, olt, "olt", f"OLT {name} {n}", name, "Lumenta", f"Fixed-{name}")
        net.connect(olt, house, "locatedAt")
        self._both_sides(olt, "OL", f"-{n}", "OLT uplink", "access", 25, "")
        for p in range(1, ports + 1):
            port = f"PON-{name}-{n}-{p}"
            dn = f"SubNetwork=Fixed-{name},ManagedElement={olt},PonPort={p}"
            net.add(port, "pon_port", f"PON port {name} {n}/{p}", region=name, vendor="Lumenta", dn=dn)
            net.connect(port, olt, "containedIn")
