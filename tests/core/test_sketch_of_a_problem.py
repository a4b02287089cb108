"""The picture of a problem: who hangs on the cause, what it hangs on, what backs it up; many of a kind are one box."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from cemcore.application.lenses import Facts
from cemcore.application.sketch import ROW, sketch
from cemcore.application.world import World
from cemcore.domain import Feed
from cemcore.frames import conform
from cemcore.panel import Population
from cemcore.pictures import AFFECTED, AT_RISK, CAUSE, SAVED, Picture
from cemcore.topology import Topology

CELLS = 30
LINES = [
    *((f"cell{i:02d}", "gnb", "containedIn", None, None) for i in range(CELLS)),
    ("gnb", "csr", "uplink", "wire", None),
    ("csr", "a1", "uplink", "o1", "og"),
    ("csr", "a2", "uplink", "o2", "og"),
    ("a1", "core", "uplink", "x1", None),
    ("a2", "core", "uplink", "x2", None),
]


def facts() -> Facts:
    """Thirty subjects, one a cell."""
    ids = sorted({x for a, b, _, via, _ in LINES for x in (a, b, via) if x})
    nodes = pd.DataFrame({"resource_id": ids, "type": [i.rstrip("0123456789") for i in ids], "region": "NORTH"})
    table = pd.DataFrame(LINES, columns=["from_id", "to_id", "relation", "via", "redundancy_group"])
    resources, connections = conform(Feed.RESOURCES, nodes)[0], conform(Feed.CONNECTIONS, table)[0]
    topology = Topology.build(resources, connections)
    none = np.full(CELLS, -1, np.int32)
    access = np.array([topology.position(f"cell{i:02d}") for i in range(CELLS)], np.int32)
    pairs = np.full((CELLS, 1), -1, np.int32)
    kind = np.zeros(CELLS, np.int8)
    population = Population(kind, none, none, access, none[:, None], ("region",), pairs, pairs, none)
    frames = {Feed.RESOURCES: resources, Feed.CONNECTIONS: connections}
    nothing: Any = None
    world = World(topology, population, nothing, none, (), frames)
    return Facts(nothing, world, population, access)


def drawn(cause: str | None, affected: list[int], at_risk: tuple[int, ...] = ()) -> Picture:
    about = facts()
    down = [about.world.topology.position(cause)] if cause else []
    people = {AFFECTED: np.array(affected, np.int32), AT_RISK: np.array(at_risk, np.int32)}
    return sketch(about, down, people, cause or "firmware=F1")


def labels(picture: Picture, role: str | None = None) -> set[str]:
    return {n.label for n in picture.nodes if role is None or n.role == role}


def rows(picture: Picture) -> dict[str, int]:
    return {n.label: n.row for n in picture.nodes}


def test_what_the_cause_hangs_on_is_above_and_who_hangs_on_it_below() -> None:
    picture = drawn("wire", [0, 1])
    at = rows(picture)
    assert labels(picture, CAUSE) == {"wire"}
    assert at["csr"] < at["wire"] < at["gnb"] < at["cell00"] == at["cell01"]
    assert min(at.values()) == 0
    assert "1 affected" in labels(picture, AFFECTED)
    assert "cell02" not in at


def test_what_backs_up_the_cause_stands_beside_it() -> None:
    picture = drawn("o1", [], tuple(range(3)))
    assert labels(picture, SAVED) == {"o2"}
    assert rows(picture)["o2"] == rows(picture)["o1"]
    assert {e.role for e in picture.edges if e.high == next(n.key for n in picture.nodes if n.label == "o2")} == {SAVED}


def test_many_of_a_kind_are_one_box_and_nobody_is_lost() -> None:
    picture = drawn("wire", list(range(25)), (26, 27))
    assert "27 x cell" in labels(picture)
    assert {n.note for n in picture.nodes if n.label == "25 affected"} == {"2 at risk"}
    assert max(sum(n.row == r for n in picture.nodes) for r in range(10)) <= ROW


def test_a_cause_that_is_no_resource_stands_over_its_people_by_area() -> None:
    picture = drawn(None, [1, 2, 3])
    assert labels(picture, CAUSE) == {"firmware=F1"}
    assert [(n.label, n.note) for n in picture.nodes if n.role == AFFECTED] == [("3 affected", "NORTH")]


def test_edges_lead_between_boxes_that_are_there() -> None:
    for cause in ("wire", "o1", "core", "cell00", "gnb"):
        picture = drawn(cause, list(range(CELLS)))
        keys = [n.key for n in picture.nodes]
        assert len(keys) == len(set(keys))
        assert {k for e in picture.edges for k in (e.low, e.high)} <= set(keys)
        assert sum(int(n.label.split()[0]) for n in picture.nodes if n.role == AFFECTED) == CELLS
