"""Paths and failures against a slow, obvious twin: remove the elements, ask networkx whether a way is left."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations

import networkx as nx
import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from cemcore.domain import Feed
from cemcore.frames import CONTRACTS, empty
from cemcore.topology import Topology

Link = tuple[str, str, str, str, str]
DTYPES = {f: empty(f).dtypes.to_dict() for f in (Feed.RESOURCES, Feed.CONNECTIONS)}
NEEDS = {"containedIn", "locatedAt", "hostedOn", "poweredBy", "routedThrough"}


def framed(feed: Feed, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame as `conform` would give it, without its cost."""
    return frame.replace("", None).reindex(columns=list(CONTRACTS[feed].names)).astype(DTYPES[feed])


@dataclass
class World:
    resources: list[dict[str, str]]
    connections: list[Link]

    def topology(self) -> Topology:
        return Topology.build(
            framed(Feed.RESOURCES, pd.DataFrame(self.resources)),
            framed(
                Feed.CONNECTIONS, pd.DataFrame(self.connections, columns=list(CONTRACTS[Feed.CONNECTIONS].names)[:5])
            ),
        )

    def fallen(self, down: set[str]) -> set[str]:
        """What does not work: named, or a need of it fails, or all members of it do, or the pair it is in was named."""
        gone = set(down)
        members = defaultdict(set)
        needs: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for i, (a, b, relation, _, group) in enumerate(self.connections):
            if relation == "memberOf":
                members[b].add(a)
                if b in down:
                    gone.add(a)
            if relation in NEEDS:
                needs[a][group or f"alone {i}"].add(b)
        while True:
            more = {a for a, groups in needs.items() if any(g <= gone for g in groups.values())}
            more |= {p for p, m in members.items() if m <= gone}
            if more <= gone:
                return gone
            gone |= more

    def ways(self, down: set[str]) -> nx.DiGraph:
        """Where traffic can go, upwards, both ways in rings and in the core, over what works."""
        gone, role = self.fallen(down), {r["resource_id"]: r.get("role", "") for r in self.resources}
        core, up, graph = [], [], nx.DiGraph()
        graph.add_nodes_from(r["resource_id"] for r in self.resources if r["resource_id"] not in gone)
        pairs = {b for _, b, relation, _, _ in self.connections if relation == "memberOf"}
        for a, b, relation, via, group in self.connections:
            if relation == "uplink":
                (core if via and role.get(via) == "core" else up).append((a, b, via, group))
        routers = {r for a, b, _, _ in core for r in (a, b)}
        own = {a for a, b, via, _ in up if via or b not in pairs}
        opened = {b for a, b, relation, _, _ in self.connections if relation == "memberOf" and a in own}
        edges = [(a, b, via) for a, b, via, _ in up if (via or b not in pairs or a not in own) and a not in opened]
        rings = defaultdict(set)
        for a, b, via, group in up:
            if group and (via or b not in pairs or a not in own) and a not in opened:
                rings[group].add(a)
        edges += [(b, a, via) for a, b, via, group in up if group and b in rings[group] and (a, b, via) in edges]
        edges += [
            (b, a, "") if b in opened else (a, b, "")
            for a, b, relation, _, _ in self.connections
            if relation == "memberOf"
        ]
        leaving = {a for a, _, _ in edges}
        edges += [
            (a, b, "")
            for a, b, relation, _, _ in self.connections
            if relation in ("containedIn", "hostedOn") and a not in leaving
        ]
        edges = [e for e in edges if e[0] not in routers]
        edges += [(a, b, via) for a, b, via, _ in core] + [(b, a, via) for a, b, via, _ in core]
        graph.add_edges_from((a, b) for a, b, via in edges if not {a, b, via or a} & gone)
        return graph

    def served(self, triple: tuple[str, str, str], down: set[str]) -> bool:
        graph = self.ways(down)

        def above(x: str) -> set[str]:
            return {x} | nx.descendants(graph, x) if x in graph else set()

        a, g, e = (above(x) for x in triple)
        return bool(a & g) and bool(g & e)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A small operator: a meshed core, aggregation pairs, chains, rings, double uplinks, ducts and power."""
    out = World([], [])

    def node(name: str, **more: str) -> str:
        out.resources.append({"resource_id": name, "type": "node", **more})
        return name

    def tie(a: str, b: str, relation: str, via: str = "", group: str = "") -> None:
        out.connections.append((a, b, relation, via, group))

    def link(a: str, b: str, group: str = "", role: str = "", metric: str = "") -> str:
        name = node(f"L{len(out.resources)}", role=role, igp_metric=metric)
        tie(a, b, "uplink", name, group)
        return name

    cores = [node(f"C{i}") for i in range(draw(st.integers(2, 5)))]
    links = [
        link(a, b, "igp", "core", str(draw(st.integers(1, 3))))
        for a, b in combinations(cores, 2)
        if draw(st.integers(0, 2))
    ]
    pick = st.sampled_from(cores)
    links += [link(cores[0], cores[1], "igp", "core", "1")]
    tops = []
    for i in range(draw(st.integers(1, 2))):
        a, b, pair = node(f"A{i}a"), node(f"A{i}b"), node(f"P{i}")
        tie(a, pair, "memberOf", group=pair)
        tie(b, pair, "memberOf", group=pair)
        links += [link(a, draw(pick), pair), link(b, draw(pick), pair)]
        tops += [a, b, pair]
    routers: list[str] = []
    for i in range(draw(st.integers(1, 4))):
        r = node(f"R{i}")
        style = draw(st.sampled_from(["single", "double", "pair", "chain", "free"]))
        if style == "pair":
            tie(r, f"P{draw(st.integers(0, len(tops) // 3 - 1))}", "uplink")
        elif style == "double":
            links += [link(r, "A0a", f"G{i}"), link(r, "A0b", f"G{i}")]
            tie(r, "P0", "uplink")
        elif style == "chain" and routers:
            links.append(link(r, draw(st.sampled_from(routers))))
        elif style == "free":
            links += [link(r, draw(st.sampled_from(tops + cores))) for _ in range(2)]
        else:
            links.append(link(r, draw(st.sampled_from(tops + cores))))
        routers.append(r)
    if draw(st.booleans()):
        ring = [node(f"K{i}") for i in range(3)]
        links += [
            link("K0", "A0a", "ring"),
            link("K1", "K0", "ring"),
            link("K2", "K1", "ring"),
            link("K2", "A0b", "ring"),
        ]
        routers += ring
    fabrics = []
    for i in range(2):
        f = node(f"F{i}")
        tie(f, node(f"D{i}"), "containedIn")
        links += [link(f, draw(pick), f"lag{i}"), link(f, draw(pick), f"lag{i}")]
        fabrics.append(f)
    for k in range(2):
        tie(node(f"GW{k}"), draw(st.sampled_from(fabrics + tops[:1])), "hostedOn")
        tie(node(f"EP{k}"), draw(st.sampled_from(fabrics)), "hostedOn")
    for k, r in enumerate(routers):
        tie(node(f"X{k}"), r, "uplink")
        tie(node(f"Y{k}"), f"X{k}", "containedIn")
        site = node(f"S{k}")
        tie(f"X{k}", site, "locatedAt")
        tie(r, site, "locatedAt")
    feeds = [node(f"W{i}") for i in range(2)]
    for k in range(len(routers)):
        for f in draw(st.sampled_from([[], feeds[:1], feeds])):
            tie(f"S{k}", f, "poweredBy", group=draw(st.sampled_from(["", f"ups{k}"])))
    ducts = [node(f"U{i}") for i in range(2)]
    for name in draw(st.lists(st.sampled_from(links), max_size=5, unique=True)):
        tie(name, draw(st.sampled_from(ducts)), "routedThrough")
    return out


@st.composite
def questions(draw: st.DrawFn) -> tuple[World, tuple[str, str, str], set[str]]:
    world = draw(worlds())
    names = [r["resource_id"] for r in world.resources]
    access = draw(st.sampled_from([n for n in names if n[0] in "YXRK"]))
    down = draw(st.sets(st.sampled_from(names), min_size=1, max_size=3))
    return world, (access, draw(st.sampled_from(["GW0", "GW1"])), draw(st.sampled_from(["EP0", "EP1"]))), down


@settings(max_examples=150, deadline=None)
@given(questions())
def test_hard_elements_are_those_whose_removal_alone_leaves_no_way(
    case: tuple[World, tuple[str, str, str], set[str]],
) -> None:
    world, triple, _ = case
    topology = world.topology()
    path = topology.path(*(topology.index[x] for x in triple))
    if not world.served(triple, set()):
        assert not path.complete
        return
    assert path.complete
    expected = {r["resource_id"] for r in world.resources if not world.served(triple, {r["resource_id"]})}
    assert {topology.resource(i) for i in path.hard} == expected
    assert not set(path.hard.tolist()) & set(path.soft.tolist())
    assert all(0 < s <= 1.0001 for s in path.share)


@settings(max_examples=150, deadline=None)
@given(questions())
def test_lost_and_at_risk_agree_with_removing_the_elements(case: tuple[World, tuple[str, str, str], set[str]]) -> None:
    world, triple, down = case
    if not world.served(triple, set()):
        return
    topology = world.topology()
    line = np.array([[topology.index[x] for x in triple]], np.int32)
    lost, at_risk = topology.lost({topology.index[x] for x in down}, line)
    assert bool(lost[0]) is not world.served(triple, down)
    if lost[0]:
        assert not at_risk[0]
        return
    gone = world.fallen(down)
    alive = [r["resource_id"] for r in world.resources if r["resource_id"] not in gone]
    now_alone = {r for r in alive if not world.served(triple, down | {r})}
    assert bool(at_risk[0]) is any(world.served(triple, {r}) for r in now_alone)


@settings(max_examples=60, deadline=None)
@given(worlds(), st.data())
def test_dependents_are_those_that_fail_or_are_cut_off(world: World, data: st.DataObject) -> None:
    topology = world.topology()
    r = data.draw(st.sampled_from([x["resource_id"] for x in world.resources]))
    found = {topology.resource(i) for i in topology.dependents(topology.index[r])}
    routers = {x for x in topology.resource_ids if x[0] == "C" and topology.network.is_core[topology.index[x]]}
    whole, after, gone = world.ways(set()), world.ways({r}), world.fallen({r})
    ends = {x for x in whole if not whole.out_degree(x)}
    for x in topology.resource_ids:
        if x[0] in "LC" or x == r:
            continue
        above = {x} | nx.descendants(whole, x)
        goals = above & routers or above & ends
        still = x in after and bool(({x} | nx.descendants(after, x)) & goals)
        assert (x in found) is (x in gone or (bool(goals) and not still)), x
