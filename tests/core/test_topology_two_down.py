"""Core paths are found anew with two elements down, and a path that does not lead through is marked as partial."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from cemcore.domain import Feed
from cemcore.frames import conform
from cemcore.topology import Topology

EDGES = [("A", "B", 10), ("B", "C", 10), ("A", "D", 10), ("D", "C", 10), ("B", "D", 5), ("A", "E", 30), ("E", "C", 30)]
"""A backbone of five routers."""


def built() -> Topology:
    nodes = [{"resource_id": r, "type": "core_router"} for r in "ABCDE"]
    nodes += [{"resource_id": n, "type": "node"} for n in ("access", "gateway", "endpoint")]
    nodes += [{"resource_id": f"{a}{b}", "type": "link", "role": "core", "igp_metric": m} for a, b, m in EDGES]
    lines = [(a, b, "uplink", f"{a}{b}") for a, b, _ in EDGES]
    lines += [("access", "A", "uplink", None), ("gateway", "C", "uplink", None), ("endpoint", "C", "uplink", None)]
    table = pd.DataFrame(lines, columns=["from_id", "to_id", "relation", "via"], dtype="str")
    return Topology.build(conform(Feed.RESOURCES, pd.DataFrame(nodes))[0], conform(Feed.CONNECTIONS, table)[0])


TOPOLOGY = built()
ELEMENTS = [*"BDE", *(f"{a}{b}" for a, b, _ in EDGES)]


def joined(*down: str) -> bool:
    """Whether A still reaches C without these routers and links, by networkx."""
    graph = nx.Graph([(a, b) for a, b, _ in EDGES if f"{a}{b}" not in down])
    graph.remove_nodes_from([d for d in down if d in graph])
    return all(end in graph for end in "AC") and nx.has_path(graph, "A", "C")


@pytest.mark.parametrize("down", list(itertools.combinations(ELEMENTS, 2)), ids="+".join)
def test_with_two_down_a_service_is_lost_just_where_no_path_is_left(down: tuple[str, str]) -> None:
    triple = np.array([[TOPOLOGY.position(r) for r in ("access", "gateway", "endpoint")]], np.int32)
    lost, risk = TOPOLOGY.lost([TOPOLOGY.position(d) for d in down], triple)
    assert bool(lost[0]) == (not joined(*down))
    single = any(not joined(*down, other) for other in ELEMENTS if other not in down)
    assert bool(risk[0]) == (joined(*down) and single)


def test_a_path_with_a_part_unknown_or_cut_off_is_partial_and_still_has_its_elements() -> None:
    access, gateway, endpoint = (TOPOLOGY.position(r) for r in ("access", "gateway", "endpoint"))
    whole = TOPOLOGY.path(access, gateway, endpoint)
    assert whole.complete
    part = TOPOLOGY.path(access, gateway, -1)
    assert not part.complete
    assert set(part.hard.tolist()) <= set(whole.hard.tolist())
    lone = TOPOLOGY.path(access, -1, -1)
    assert (lone.complete, access in lone.hard) == (False, True)
