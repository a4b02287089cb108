"""What is wrong with an inventory is reported, and never stops it from being used."""

from __future__ import annotations

import pandas as pd
import pytest

from cemcore.domain import Feed
from cemcore.errors import TopologyError
from cemcore.frames import conform
from cemcore.topology import Topology


def built(resources: list[str], connections: list[tuple[str, ...]]) -> Topology:
    columns = ["from_id", "to_id", "relation", "via"]
    table = pd.DataFrame([(*c, *[None] * (4 - len(c))) for c in connections], columns=columns, dtype="str")
    nodes = pd.DataFrame({"resource_id": resources, "type": "node"}, dtype="str")
    return Topology.build(conform(Feed.RESOURCES, nodes)[0], conform(Feed.CONNECTIONS, table)[0])


def kinds(topology: Topology) -> set[tuple[str, str]]:
    return {(f.kind, f.subject) for f in topology.faults}


def test_a_circle_of_containment_is_named_and_cut() -> None:
    topology = built(
        ["a", "b", "c", "d"],
        [("a", "b", "containedIn"), ("b", "a", "containedIn"), ("c", "a", "containedIn"), ("c", "d", "uplink")],
    )
    assert ("cycle", "a") in kinds(topology)
    assert topology.resource(int(topology.path(2, -1, -1).hard[0])) == "a"


def test_a_member_that_is_also_contained_in_its_pair_is_a_circle_that_is_cut() -> None:
    lines = [("m1", "p", "memberOf"), ("m2", "p", "memberOf"), ("m1", "p", "containedIn"), ("x", "p", "uplink")]
    topology = built(["m1", "m2", "p", "x"], lines)
    assert kinds(topology) == {("cycle", "m1")}
    assert topology.path(3, -1, -1).hard.tolist() == [2, 3]
    assert topology.dependents(2).tolist() == [0, 1, 3]


def test_members_of_each_other_are_a_circle_that_is_cut() -> None:
    topology = built(["a", "b", "x"], [("a", "b", "memberOf"), ("b", "a", "memberOf"), ("x", "a", "uplink")])
    assert kinds(topology) == {("cycle", "a")}
    assert topology.path(2, -1, -1).hard.tolist() == [0, 2]


def test_a_resource_that_depends_on_itself_is_a_circle() -> None:
    assert [f.kind for f in built(["a", "b"], [("a", "a", "hostedOn"), ("a", "b", "uplink")]).faults] == ["cycle"]


def test_a_resource_that_no_connection_names_is_an_orphan() -> None:
    assert kinds(built(["a", "b", "lonely"], [("a", "b", "uplink")])) == {("orphan", "lonely")}


def test_dangling_ends_and_unknown_links_are_listed() -> None:
    topology = built(["a", "b"], [("a", "nowhere", "uplink"), ("a", "b", "uplink", "no-such-link")])
    assert kinds(topology) == {("dangling", "a -uplink-> nowhere"), ("unknown_resource", "no-such-link")}
    assert topology.path(0, -1, -1).hard.tolist() == [0, 1]


def test_an_unknown_relation_counts_as_near_only() -> None:
    topology = built(["a", "b"], [("a", "b", "likes")])
    assert kinds(topology) == {("unknown_relation", "a -likes-> b")}
    assert topology.near(0, 1)
    assert topology.ancestors(0).tolist() == []


def test_a_resource_listed_twice_counts_once() -> None:
    topology = built(["a", "a", "b"], [("a", "b", "uplink")])
    assert len(topology) == 2
    assert kinds(topology) == {("duplicate", "a")}


def test_a_circle_of_uplinks_is_survived() -> None:
    topology = built(["x", "a", "b"], [("x", "a", "uplink"), ("a", "b", "uplink"), ("b", "a", "uplink")])
    assert topology.path(0, 1, 2).hard.tolist() == [0, 1, 2]
    assert not topology.path(0, -1, -1).complete


def test_a_very_deep_containment_is_survived() -> None:
    n = 3000
    names = [f"n{i}" for i in range(n)]
    topology = built(names, [(names[i], names[i + 1], "containedIn") for i in range(n - 1)])
    assert len(topology.path(0, -1, -1).hard) == n


def test_an_empty_inventory_is_a_topology_without_resources() -> None:
    topology = built([], [])
    assert len(topology) == 0
    assert not topology.path(-1, -1, -1).complete


def test_asking_for_an_unknown_resource_says_so() -> None:
    topology = built(["a", "b"], [("a", "b", "uplink")])
    with pytest.raises(TopologyError, match="no-such"):
        topology.position("no-such")
    for ask in (lambda: topology.resource(7), lambda: topology.path(0, 9, -1), lambda: topology.dependents(-3)):
        with pytest.raises(TopologyError):
            ask()


def test_missing_parts_give_a_partial_path_that_says_so() -> None:
    topology = built(["a", "agg", "gw"], [("a", "agg", "uplink"), ("gw", "agg", "hostedOn")])
    assert topology.path(0, 2, 2).complete
    partial = topology.path(0, -1, -1)
    assert not partial.complete
    assert partial.hard.tolist() == [0, 1]


def test_parts_that_no_way_joins_give_an_incomplete_path_with_what_each_hangs_on() -> None:
    topology = built(["a", "x", "gw", "y"], [("a", "x", "uplink"), ("gw", "y", "hostedOn")])
    path = topology.path(0, 2, 2)
    assert not path.complete
    assert path.hard.tolist() == [0, 1, 2, 3]
