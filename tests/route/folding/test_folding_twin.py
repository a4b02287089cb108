"""Folding against a slow twin: networkx and plain sets, over random networks with rings, pairs and double uplinks."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from tests.route.folding.small_networks import alarm, folded, network

Lines = list[tuple[str, ...]]


def random_network(rng: np.random.Generator) -> Lines:
    """Aggregation, single or in pairs, then routers with one or two uplinks or in rings, sites with power, cells."""
    lines: Lines = []
    aggs: list[str] = []
    for a in range(int(rng.integers(1, 4))):
        lines.append((f"agg{a}", "c1" if rng.random() < 0.7 else "c2", "uplink", f"la{a}"))
        aggs.append(f"agg{a}")
    routers: list[str] = []
    for r in range(int(rng.integers(3, 9))):
        name = f"r{r}"
        ups = [str(u) for u in rng.choice([*aggs, *routers], size=int(rng.integers(1, 3)))]
        for k, u in enumerate(dict.fromkeys(ups)):
            lines.append((name, u, "uplink", f"l{r}x{k}", f"grp{r}"))
        routers.append(name)
    if rng.random() < 0.6:
        ring = [f"r9{k}" for k in range(int(rng.integers(2, 5)))]
        before = aggs[0]
        for k, name in enumerate(ring):
            lines.append((name, before, "uplink", f"lr{k}", "ring"))
            if k:
                lines.append((before, name, "uplink", f"lr{k}", "ring"))
            before = name
        lines.append((before, aggs[-1], "uplink", "lrz", "ring"))
        routers += ring
    for r in routers:
        if rng.random() < 0.5:
            lines.append((r, f"s{r}", "locatedAt"))
            lines.append((f"s{r}", f"feed{rng.integers(2)}", "poweredBy"))
            if rng.random() < 0.3:
                lines = [*lines[:-1], *((f"s{r}", f"feed{k}", "poweredBy", "", f"both{r}") for k in range(2))]
        lines.append((f"cell{r}", r, "containedIn"))
    return lines


class Twin:
    """The same network as sets and a networkx graph: what is lost when some elements are down."""

    def __init__(self, lines: Lines) -> None:
        self.alone = {
            (a, b) for a, b, rel, *more in lines if rel in ("locatedAt", "poweredBy", "containedIn") and len(more) < 2
        }
        self.either: dict[tuple[str, str], set[str]] = {}
        for a, b, rel, *more in lines:
            if rel == "poweredBy" and len(more) == 2:
                self.either.setdefault((a, more[1]), set()).add(b)
        self.ways = [(a, b, more[0] if more else "") for a, b, rel, *more in lines if rel == "uplink"]
        leaves = {a for a, *_ in self.ways}
        self.ways += [(a, b, "") for a, b, rel, *_ in lines if rel == "containedIn" and a not in leaves]
        self.nodes = {x for a, b, via in self.ways for x in (a, b)}

    def lost(self, down: set[str]) -> set[str]:
        """Everything that does not work, or is cut off, when all of `down` are."""
        gone = set(down)
        while True:
            new = {a for a, b in self.alone if b in gone}
            new |= {a for (a, _), others in self.either.items() if others <= gone}
            graph = nx.DiGraph()
            graph.add_nodes_from(n for n in self.nodes if n not in gone)
            graph.add_edges_from((a, b) for a, b, via in self.ways if not {a, b, via} & gone)
            tops = [c for c in ("c1", "c2") if c in graph]
            joined = set(tops) | {x for c in tops for x in nx.ancestors(graph, c)}
            new |= {n for n in graph if n not in joined and n not in ("c1", "c2")}
            new |= {via for a, b, via in self.ways if via and b in gone}
            if new <= gone:
                return gone
            gone |= new


@pytest.mark.parametrize("seed", range(60))
def test_an_alarm_is_folded_exactly_where_the_others_explain_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    lines = random_network(rng)
    topology, twin = network(*lines), Twin(lines)
    names = [n for n in topology.resource_ids if topology.types[topology.index[n]] in ("agg", "r", "s", "feed", "cell")]
    chosen = [str(n) for n in rng.choice(names, size=min(len(names), int(rng.integers(2, 12))), replace=False)]
    found = folded(topology, [alarm(n, float(rng.uniform(0, 200))) for n in chosen])
    folded_under = {i.split("/")[0]: found.alarm(k).folded_under.split("/")[0] for k, i in enumerate(found.ids)}
    for n in chosen:
        explained = n in twin.lost(set(chosen) - {n})
        assert bool(folded_under[n]) == explained, (n, chosen, folded_under)
    for n, parent in folded_under.items():
        assert not parent or n in twin.lost(set(chosen) - {n}), (n, parent)


@pytest.mark.parametrize("seed", range(40))
def test_the_top_of_a_group_is_above_all_its_members(seed: int) -> None:
    rng = np.random.default_rng(1000 + seed)
    lines = random_network(rng)
    topology = network(*lines)
    graph = nx.DiGraph([(a, b) for a, b, *_ in lines] + [("m1", "c1"), ("m1", "c2")])
    graph.add_edges_from(
        e for a, b, _, via, *_ in (x for x in lines if len(x) > 3 and x[3]) for e in ((a, via), (via, b))
    )
    graph.add_nodes_from(topology.resource_ids)
    names = list(topology.resource_ids)
    chosen = [str(n) for n in rng.choice(names, size=min(len(names), 10), replace=False)]
    found = folded(topology, [alarm(n, float(rng.uniform(0, 200))) for n in chosen])
    for group in found.groups:
        for r in group.resources:
            name, top = topology.resource(r), topology.resource(group.top)
            near = name == top or nx.has_path(graph, name, top) or nx.has_path(graph, top, name)
            assert near, (name, top, chosen)
