"""What the inventory's words mean: relations, and the domain that each type of resource belongs to. Tables, not code.

Domains demarcate responsibility: device (terminal, CPE), access (radio, PON, cell site), transport (links,
aggregation, ducts, power), core (backbone routers, packet core) and platform (data centres and what runs in them).
"""

from __future__ import annotations

DOMAINS = ("device", "access", "transport", "core", "platform")

NEEDS = frozenset({"containedIn", "locatedAt", "hostedOn", "poweredBy", "routedThrough", "dependsOn"})
"""The dependent works only while the other works (connections of one redundancy group: while any of them does)."""

WAYS = frozenset({"uplink", "connectedTo"})
"""Traffic of the dependent leaves towards the other, over the link resource in `via` where there is one."""

MEMBER = frozenset({"memberOf"})
"""The dependent is one of several that stand in for each other as one element (a redundancy pair, a pool)."""

CARRIERS = frozenset({"containedIn", "hostedOn"})
"""Needs that also carry traffic where the dependent has no uplink: a cell in its gNB, a UPF on its fabric."""

CORE_ROLE = "core"
"""Value of a link's `role` that makes it part of the backbone, routed by least total `igp_metric`."""

RETIRED = "retired"
"""Type of a resource that is not in the inventory any more and only keeps its place."""

DOMAIN_OF_TYPE = {
    "cpe": "device",
    "ont": "device",
    "terminal": "device",
    "nr_cell": "access",
    "lte_cell": "access",
    "cell": "access",
    "gnb": "access",
    "gnb_du": "access",
    "gnb_cu": "access",
    "enb": "access",
    "olt": "access",
    "pon_port": "access",
    "dslam": "access",
    "access_point": "access",
    "site": "access",
    "link": "transport",
    "microwave": "transport",
    "duct": "transport",
    "fibre": "transport",
    "power_feed": "transport",
    "cell_site_router": "transport",
    "preagg_router": "transport",
    "agg_router": "transport",
    "redundancy_pair": "transport",
    "switch": "transport",
    "router": "transport",
    "core_router": "core",
    "upf": "core",
    "amf": "core",
    "smf": "core",
    "udm": "core",
    "pcf": "core",
    "bng": "core",
    "pgw": "core",
    "sgw": "core",
    "mme": "core",
    "data_centre": "platform",
    "dc_fabric": "platform",
    "server": "platform",
    "cdn_node": "platform",
    "dns_resolver": "platform",
    "peering_router": "platform",
    "ims": "platform",
    "iot_gateway": "platform",
    "application": "platform",
}
"""Default domain by type; a link with role=core counts as core."""

FALLBACKS = (
    ("cell", "access"),
    ("core", "core"),
    ("link", "transport"),
    ("router", "transport"),
    ("switch", "transport"),
    ("cpe", "device"),
)
"""(part of a type's name, domain), tried in order for types that the table lacks; where none fits the domain is ""."""


def domain_of(kind: str, role: str = "") -> str:
    """Domain of a resource type (case does not matter), "" where nothing fits; `role` may lift a link into the core."""
    name = kind.lower()
    if role == CORE_ROLE and DOMAIN_OF_TYPE.get(name, "transport") == "transport":
        return "core"
    known = DOMAIN_OF_TYPE.get(name)
    return known if known is not None else next((domain for part, domain in FALLBACKS if part in name), "")
