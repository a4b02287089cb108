"""Redundancy by example: rings, double uplinks, shared ducts, double feeds, parallel backbone paths."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from cemcore.domain import Feed
from cemcore.frames import conform
from cemcore.topology import Topology

CORE = {
    "m1": ("c1", "c2", 1),
    "m2": ("c2", "c3", 1),
    "m3": ("c1", "c3", 2),
    "m4": ("c1", "c4", 9),
    "m5": ("c4", "c3", 9),
}


def built(connections: Sequence[tuple[str, ...]]) -> Topology:
    """A backbone of four routers, a gateway `gw` behind c3 over two bundled links, and what `connections` add."""
    lines = [(a, z, "uplink", name, "igp") for name, (a, z, _) in CORE.items()]
    lines += [("gw", "fab", "hostedOn"), ("fab", "c3", "uplink", "b1", "lag"), ("fab", "c3", "uplink", "b2", "lag")]
    lines += [*connections]
    table = pd.DataFrame(
        [(*c, *[None] * (5 - len(c))) for c in lines],
        columns=["from_id", "to_id", "relation", "via", "redundancy_group"],
        dtype="str",
    )
    names = sorted({x for a, b, _, via, _ in table.itertuples(index=False) for x in (a, b, via) if isinstance(x, str)})
    nodes = pd.DataFrame({"resource_id": names, "type": "node"})
    nodes["role"] = nodes["resource_id"].map(lambda n: "core" if n in CORE else None)
    nodes["igp_metric"] = nodes["resource_id"].map(lambda n: CORE[n][2] if n in CORE else None)
    return Topology.build(conform(Feed.RESOURCES, nodes)[0], conform(Feed.CONNECTIONS, table)[0])


def hard(topology: Topology, access: str) -> set[str]:
    path = topology.path(topology.index[access], topology.index["gw"], -1)
    return {topology.resource(i) for i in path.hard}


def soft(topology: Topology, access: str) -> dict[str, float]:
    path = topology.path(topology.index[access], topology.index["gw"], -1)
    return {topology.resource(i): float(s) for i, s in zip(path.soft, path.share, strict=True)}


def fate(topology: Topology, access: str, *down: str) -> str:
    triple = np.array([[topology.index[access], topology.index["gw"], -1]], np.int32)
    lost, at_risk = topology.lost([topology.index[d] for d in down], triple)
    return "lost" if lost[0] else "at risk" if at_risk[0] else "safe"


SINGLE = [("cell", "gnb", "containedIn"), ("gnb", "c1", "uplink", "wire")]


def test_a_single_uplink_is_hard_with_all_that_it_needs() -> None:
    topology = built(
        [*SINGLE, ("gnb", "site", "locatedAt"), ("site", "mains", "poweredBy"), ("wire", "duct", "routedThrough")]
    )
    assert hard(topology, "cell") == {"cell", "gnb", "wire", "site", "mains", "duct", "c1", "c3", "fab", "gw"}


def test_ties_of_least_metric_share_the_traffic() -> None:
    topology = built(SINGLE)
    assert soft(topology, "cell") == pytest.approx({"m1": 0.5, "m2": 0.5, "c2": 0.5, "m3": 0.5, "b1": 0.5, "b2": 0.5})


def test_a_backbone_path_is_found_anew_when_an_element_is_down() -> None:
    topology = built(SINGLE)
    assert fate(topology, "cell", "c2") == "safe"
    assert fate(topology, "cell", "c2", "m3") == "at risk"
    assert fate(topology, "cell", "c2", "m3", "c4") == "lost"


def test_a_bundle_is_lost_only_with_all_its_links() -> None:
    topology = built(SINGLE)
    assert fate(topology, "cell", "b1") == "at risk"
    assert fate(topology, "cell", "b1", "b2") == "lost"


PAIR = [
    ("a1", "pair", "memberOf", None, "pair"),
    ("a2", "pair", "memberOf", None, "pair"),
    ("a1", "c1", "uplink", "u1", "pair"),
    ("a2", "c1", "uplink", "u2", "pair"),
    ("pair", "c1", "uplink"),
]
DOUBLE = [*PAIR, ("olt", "a1", "uplink", "o1", "og"), ("olt", "a2", "uplink", "o2", "og"), ("olt", "pair", "uplink")]


def test_an_aggregation_pair_is_hard_as_one_and_its_members_are_not() -> None:
    topology = built(DOUBLE)
    assert hard(topology, "olt") == {"olt", "pair", "c1", "c3", "fab", "gw"}
    assert soft(topology, "olt") | {"a1": 0.5, "u2": 0.5} == pytest.approx(soft(topology, "olt"))
    assert [fate(topology, "olt", *d) for d in (("a1",), ("a1", "o1"), ("a1", "u2"), ("pair",))] == [
        "at risk",
        "at risk",
        "lost",
        "lost",
    ]


def test_an_uplink_to_a_pair_alone_is_carried_by_either_member() -> None:
    topology = built([*PAIR, ("csr", "pair", "uplink")])
    assert hard(topology, "csr") == {"csr", "pair", "c1", "c3", "fab", "gw"}
    assert fate(topology, "csr", "a2") == "at risk"


def test_a_pair_whose_members_have_no_uplink_leaves_by_its_own() -> None:
    topology = built(
        [("a1", "pair", "memberOf"), ("a2", "pair", "memberOf"), ("pair", "c1", "uplink", "u"), ("olt", "a1", "uplink")]
    )
    assert hard(topology, "olt") == {"olt", "a1", "pair", "u", "c1", "c3", "fab", "gw"}


def test_a_duct_under_both_links_is_hard_though_neither_link_is() -> None:
    topology = built([*DOUBLE, ("o1", "duct", "routedThrough"), ("o2", "duct", "routedThrough")])
    assert "duct" in hard(topology, "olt")
    assert not {"o1", "o2"} & hard(topology, "olt")
    assert fate(topology, "olt", "duct") == "lost"


RING = [
    *PAIR,
    ("k1", "a1", "uplink", "r1", "ring"),
    ("k2", "k1", "uplink", "r2", "ring"),
    ("k3", "k2", "uplink", "r3", "ring"),
    ("k3", "a2", "uplink", "r4", "ring"),
    ("k1", "pair", "uplink"),
    ("k2", "pair", "uplink"),
    ("k3", "pair", "uplink"),
]


def test_any_one_link_of_a_ring_may_fail() -> None:
    topology = built(RING)
    for link in ("r1", "r2", "r3", "r4"):
        assert {fate(topology, k, link) for k in ("k1", "k2", "k3")} == {"at risk"}
        assert link not in hard(topology, "k2")


def test_two_links_of_a_ring_cut_off_what_lies_between() -> None:
    topology = built(RING)
    assert [fate(topology, k, "r1", "r3") for k in ("k1", "k2", "k3")] == ["lost", "lost", "at risk"]


def test_the_traffic_of_a_ring_takes_the_shorter_way() -> None:
    assert soft(built(RING), "k1")["r1"] == 1.0
    assert soft(built(RING), "k2")["r1"] == pytest.approx(0.5)


def test_feeds_of_one_redundancy_group_back_each_other_up() -> None:
    topology = built([*SINGLE, ("gnb", "mains", "poweredBy", None, "ups"), ("gnb", "diesel", "poweredBy", None, "ups")])
    assert not {"mains", "diesel"} & hard(topology, "cell")
    assert [fate(topology, "cell", *d) for d in (("mains",), ("mains", "diesel"))] == ["at risk", "lost"]


def test_two_homes_in_the_backbone_make_neither_router_hard() -> None:
    topology = built([("olt", "c1", "uplink", "o1", "og"), ("olt", "c4", "uplink", "o2", "og")])
    assert hard(topology, "olt") == {"olt", "c3", "fab", "gw"}
    assert fate(topology, "olt", "c1") == "at risk"


def test_a_gateway_below_the_backbone_needs_no_backbone() -> None:
    topology = built([*DOUBLE, ("edge", "a1", "hostedOn")])
    path = topology.path(topology.index["olt"], topology.index["edge"], -1)
    assert {topology.resource(i) for i in path.hard} == {"olt", "edge", "a1", "pair"}


def test_a_failure_that_concerns_no_part_of_a_service_leaves_it_alone() -> None:
    topology = built([*SINGLE, ("other", "c4", "uplink", "far")])
    assert fate(topology, "cell", "far", "other") == "safe"
