"""What only a name or the ends of a link state is taken, and marked; nothing else is made up."""

from __future__ import annotations

import pandas as pd

from cemcore.domain import Feed
from cemcore.frames import conform
from cemcore.topology import Topology

Row = dict[str, str]


def built(resources: list[Row], connections: list[tuple[str, ...]]) -> Topology:
    columns = ["from_id", "to_id", "relation", "via"]
    table = pd.DataFrame([(*c, *[None] * (4 - len(c))) for c in connections], columns=columns, dtype="str")
    nodes = pd.DataFrame([{"type": "node"} | r for r in resources], dtype="str")
    return Topology.build(conform(Feed.RESOURCES, nodes)[0], conform(Feed.CONNECTIONS, table)[0])


def derived(topology: Topology) -> list[str]:
    return [f.subject for f in topology.faults if f.kind == "derived"]


GNB = {"resource_id": "g", "dn": "SubNetwork=A,ManagedElement=G"}
CELL = {"resource_id": "c", "dn": "SubNetwork=A,ManagedElement=G,GNBDUFunction=1,NRCellDU=1"}
ROUTER = {"resource_id": "r"}


def test_a_cell_without_connection_is_in_the_element_that_begins_its_name() -> None:
    topology = built([GNB, CELL, ROUTER], [("g", "r", "uplink")])
    assert derived(topology) == ["c"]
    assert topology.path(1, -1, -1).hard.tolist() == [0, 1, 2]


def test_a_connection_that_says_otherwise_is_left_alone() -> None:
    topology = built([GNB, CELL, ROUTER], [("g", "r", "uplink"), ("c", "r", "containedIn")])
    assert derived(topology) == []
    assert topology.path(1, -1, -1).hard.tolist() == [1, 2]


def links(n: int) -> list[Row]:
    return [{"resource_id": f"L{i}", "type": "link", "a_end": f"x{i}", "z_end": "r"} for i in range(n)]


def test_a_link_that_names_its_ends_carries_a_way_as_others_do() -> None:
    nodes = [{"resource_id": f"x{i}"} for i in range(5)]
    topology = built([*nodes, ROUTER, *links(5)], [(f"x{i}", "r", "uplink", f"L{i}") for i in range(4)])
    assert derived(topology) == ["x4"]
    assert topology.path(4, -1, -1).hard.tolist() == [4, 5, 10]


def test_where_many_links_carry_nothing_they_may_be_spare() -> None:
    nodes = [{"resource_id": f"x{i}"} for i in range(5)]
    topology = built([*nodes, ROUTER, *links(5)], [(f"x{i}", "r", "uplink", f"L{i}") for i in range(3)])
    assert derived(topology) == []


def test_a_link_beside_a_connection_of_the_same_ends_adds_none() -> None:
    nodes = [{"resource_id": f"x{i}"} for i in range(5)]
    lines = [*((f"x{i}", "r", "uplink", f"L{i}") for i in range(4)), ("x4", "r", "uplink")]
    assert derived(built([*nodes, ROUTER, *links(5)], lines)) == []
