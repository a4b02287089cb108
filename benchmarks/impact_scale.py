"""Impact of any resource at national size: 1 M resources, 10 M subjects, 20 segments.

    python benchmarks/impact_scale.py [--small] [--seed 1] [--json FILE] [--no-networkx]

Makes an operator by seed (cells, sites, power, rings, aggregation pairs, PON, a backbone with ducts, data centres),
builds the topology and the index over it, and asks: every kind of resource, drawn at random and the largest of its
kind; sets of 1,000 that fail together, drawn over the country and within one region; the same element by networkx, on
a graph of that element's part of the country only, with the same rule of redundancy. Times are processor times of one
thread.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import threading
import time
from collections import Counter, deque
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd

from cemcore.domain import Feed
from cemcore.frames import empty
from cemcore.panel import Population
from cemcore.pipeline.impact import Names, impact_of
from cemcore.topology import Topology
from cemcore.topology.national import national

SERVICES = ("voice", "web", "video", "gaming", "iot_telemetry", "slice_control")
SEGMENTS = tuple(f"segment {i + 1:02d}" for i in range(20))
GOALS = {"build_s": 60.0, "growth_gb": 2.0, "single_ms": 5.0, "set_ms": 50.0, "times_networkx": 100.0}


class Inventory:
    """Resources and connections in columns, as they are made."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.types: list[str] = []
        self.metric: dict[int, float] = {}
        self.lines: list[tuple[int, int, str, int, str | None]] = []

    def add(self, kind: str) -> int:
        """One more resource."""
        self.ids.append(f"{kind}-{len(self.ids)}")
        self.types.append(kind)
        return len(self.ids) - 1

    def tie(self, a: int, b: int, relation: str, via: int = -1, group: str | None = None) -> None:
        """a depends on b."""
        self.lines.append((a, b, relation, via, group))

    def link(self, a: int, b: int, group: str | None = None, duct: int = -1, metric: float = 0.0) -> int:
        """A link from a up to b, in a duct, of the backbone where it has a metric."""
        wire = self.add("link")
        self.tie(a, b, "uplink", wire, group)
        if duct >= 0:
            self.tie(wire, duct, "routedThrough")
        if metric:
            self.metric[wire] = metric
        return wire

    def frames(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Resources and connections as their feeds bring them."""
        n = len(self.ids)
        metric = np.full(n, np.nan)
        metric[list(self.metric)] = list(self.metric.values())
        resources = pd.DataFrame({"resource_id": self.ids, "type": self.types, "igp_metric": metric})
        resources["role"] = np.where(np.isnan(metric), None, "core")
        names = np.array([*self.ids, None], object)
        a, b, relation, via, group = zip(*self.lines, strict=True)
        table = {"from_id": names[list(a)], "to_id": names[list(b)], "relation": relation, "via": names[list(via)],
                 "redundancy_group": group}  # fmt: skip
        return _framed(Feed.RESOURCES, resources), _framed(Feed.CONNECTIONS, pd.DataFrame(table))


def _framed(feed: Feed, frame: pd.DataFrame) -> pd.DataFrame:
    kinds = empty(feed).dtypes.to_dict()
    return frame.reindex(columns=list(kinds)).astype(kinds)


def operator(rng: np.random.Generator, regions: int, sites: int, olts: int) -> tuple[Inventory, dict[str, list[Any]]]:
    """An inventory, and by region its cells, PON ports, UPFs and BNGs, with the platforms of the country."""
    out = Inventory()
    where: dict[str, list[Any]] = {"cells": [], "ports": [], "upf": [], "bng": [], "pairs": [], "ends": []}
    cores = []
    for _ in range(regions):
        hub = out.add("site")
        cores.append([out.add("core_router"), out.add("core_router")])
        for c in cores[-1]:
            out.tie(c, hub, "locatedAt")
        out.link(*cores[-1], "igp", metric=1)
    for r in range(regions):
        for step in (1, 2, 7):
            far = cores[(r + step) % regions]
            duct = out.add("duct")
            for a in range(2):
                out.link(cores[r][a], far[a], "igp", duct, float(rng.integers(5, 30)))
    fabrics = []
    for d in range(max(2, regions // 10)):
        centre = out.add("data_centre")
        for _ in range(2):
            fabric = out.add("dc_fabric")
            out.tie(fabric, centre, "containedIn")
            for c in cores[d * 10 % regions]:
                out.link(fabric, c, f"lag{fabric}")
            fabrics.append(fabric)
    for kind in ("ims", "cdn_node", "peering_router", "iot_gateway"):
        where["ends"].append([_on(out, kind, f) for f in fabrics])
    for r in range(regions):
        where["upf"].append([_on(out, "upf", fabrics[(r // 10 * 2 + k) % len(fabrics)]) for k in range(4)])
        where["cells"].append([])
        where["ports"].append([])
        where["bng"].append([])
        for p in range(4):
            _area(out, rng, cores[r], where, sites * (2 + p) // 14, olts * (2 + p) // 14)
    return out, where


def _on(out: Inventory, kind: str, host: int) -> int:
    made = out.add(kind)
    out.tie(made, host, "hostedOn")
    return made


def _area(
    out: Inventory, rng: np.random.Generator, cores: list[int], where: dict[str, list[Any]], sites: int, olts: int
) -> None:
    """An aggregation pair with its BNG, rings of cell sites with tails behind them, and OLTs with two uplinks."""
    pair, hub = out.add("redundancy_pair"), out.add("site")
    agg = [out.add("agg_router"), out.add("agg_router")]
    where["pairs"].append([pair, *agg])
    for a in agg:
        out.tie(a, pair, "memberOf", group=f"p{pair}")
        out.tie(a, hub, "locatedAt")
        duct = out.add("duct")
        for c in cores:
            out.link(a, c, f"up{a}", duct)
    where["bng"][-1].append(_on(out, "bng", agg[0]))
    done = 0
    while done < sites:
        feeds = [out.add("power_feed"), out.add("power_feed")]
        ring, duct, before = f"r{len(out.ids)}", out.add("duct"), agg[0]
        for _ in range(5):
            router = _site(out, where, feeds, bool(rng.integers(0, 4) == 0))
            out.link(router, before, ring, duct if rng.integers(0, 3) == 0 else -1)
            before = router
        out.link(before, agg[1], ring)
        tail = _site(out, where, feeds[:1], False)
        out.link(tail, before)
        done += 6
    for _ in range(olts):
        olt = out.add("olt")
        ducts = [out.add("duct"), out.add("duct")]
        for a, d in zip(agg, ducts, strict=True):
            out.link(olt, a, f"o{olt}", d)
        where["ports"][-1] += [_in(out, "pon_port", olt) for _ in range(32)]


def _in(out: Inventory, kind: str, host: int) -> int:
    made = out.add(kind)
    out.tie(made, host, "containedIn")
    return made


def _site(out: Inventory, where: dict[str, list[Any]], feeds: list[int], backed: bool) -> int:
    """A cell site with its router; returns that."""
    site, router = out.add("site"), out.add("cell_site_router")
    for f in feeds if backed else feeds[:1]:
        out.tie(site, f, "poweredBy", group=f"ups{site}" if backed else None)
    out.tie(router, site, "locatedAt")
    for kind, cell in (("gnb", "nr_cell"), ("enb", "lte_cell")):
        node = out.add(kind)
        out.tie(node, router, "uplink")
        out.tie(node, site, "locatedAt")
        where["cells"][-1] += [_in(out, cell, node) for _ in range(3)]
    return router


def people(rng: np.random.Generator, where: dict[str, list[Any]], subjects: int, terminals: np.ndarray) -> Population:
    """Subjects at cells (70 %) and PON ports, households and firms that pay, 1.5 services each on average."""
    regions = len(where["cells"])
    region = np.sort(rng.integers(0, regions, subjects)).astype(np.int32)
    fixed = rng.random(subjects) < 0.3
    thing = ~fixed & (rng.random(subjects) < 0.2)
    access, bng = np.full(subjects, -1, np.int32), np.full(subjects, -1, np.int32)
    upf = np.array(where["upf"], np.int32)[region, rng.integers(0, 4, subjects)]
    for r in range(regions):
        here = np.flatnonzero(region == r)
        cells, ports = np.array(where["cells"][r], np.int32), np.array(where["ports"][r], np.int32)
        at = rng.integers(0, len(ports), len(here))
        access[here] = np.where(fixed[here], ports[at], cells[rng.integers(0, len(cells), len(here))])
        bng[here] = np.array(where["bng"][r], np.int32)[at * 4 // len(ports)]
    gateway, endpoint = (np.full((subjects, len(SERVICES)), -1, np.int32) for _ in range(2))
    ends = [np.array(x, np.int32) for x in where["ends"]]
    has = {"web": ~thing, "voice": ~thing & ~fixed & (rng.random(subjects) < 0.55),
           "gaming": rng.random(subjects) < 0.02, "video": ~thing & (rng.random(subjects) < 0.3),
           "iot_telemetry": thing,
           "slice_control": thing & (rng.random(subjects) < 0.2)}  # fmt: skip
    for service, mask in has.items():
        kind = {"voice": 0, "video": 1, "iot_telemetry": 3}.get(service, 2)
        place = region[mask] // 10 * 2 % len(ends[kind])
        gateway[mask, SERVICES.index(service)] = np.where(fixed[mask], bng[mask], upf[mask])
        endpoint[mask, SERVICES.index(service)] = ends[kind][place]
    customer = (np.arange(subjects) // 3 * 2 + (rng.random(subjects) < 0.5)).astype(np.int32)
    firms = thing | (rng.random(subjects) < 0.05)
    customer[firms] = subjects + rng.zipf(1.3, int(firms.sum())).clip(1, 20_000).astype(np.int32)
    _, customer = np.unique(customer, return_inverse=True)
    segment = rng.integers(-1, len(SEGMENTS), int(customer.max()) + 1).astype(np.int32)
    terminal = np.full(subjects, -1, np.int32)
    owners = np.flatnonzero(fixed)[: len(terminals)]
    terminal[owners] = terminals[: len(owners)]
    return Population(thing.astype(np.int8), customer.astype(np.int32), terminal, access,
                      np.zeros((subjects, 1), np.int32), ("plan",), gateway, endpoint, segment[customer])  # fmt: skip


class Growth:
    """Most memory that a piece of work takes on top of what there was, in GB, looked at every 20 ms."""

    def __enter__(self) -> Growth:
        gc.collect()
        self.begin, self.most, self.on = _rss(), 0, True
        self.thread = threading.Thread(target=self._look)
        self.thread.start()
        return self

    def _look(self) -> None:
        while self.on:
            self.most = max(self.most, _rss())
            time.sleep(0.02)

    def __exit__(self, *_: object) -> None:
        self.on = False
        self.thread.join()
        self.gb = (max(self.most, _rss()) - self.begin) / 1e9


def _rss() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def timed(do: Any) -> tuple[float, Any]:
    """(milliseconds of processor time, answer)."""
    begin = time.process_time()
    found = do()
    return (time.process_time() - begin) * 1000, found


def peer(topology: Topology, population: Population, element: int) -> Any:
    """networkx: a graph of the dependants of everything above the element's part of the country, built beforehand;
    returns a function that counts who loses service by segment: descendants, then who is left without any way.
    """
    network = topology.network
    part = topology.carries.spread(np.flatnonzero(topology.carries.spread([element])))
    graph, way = nx.DiGraph(), {}
    for source, to, label in zip(network.needs.source.tolist(), network.needs.to.tolist(),
                                 network.needs.label.tolist(), strict=True):  # fmt: skip
        if part[source]:
            graph.add_edge(to, source, group=("alone", to) if label < 0 else ("need", label))
    for source, to, link in zip(network.ways.source.tolist(), network.ways.to.tolist(), network.ways.label.tolist(),
                                strict=True):  # fmt: skip
        if part[source]:
            way.setdefault(source, []).append((to, link))
            graph.add_edge(to, source, group=("way",))
            if link >= 0:
                graph.add_edge(link, source, group=("way",))
    members = {int(p): network.pairs.reverse().of(int(p)) for p in np.unique(network.pairs.to) if part[p]}
    for p, who in members.items():
        for m in who:
            graph.add_edge(m, p, group=("member",))
            graph.add_edge(p, m, group=("named",))
    here = np.flatnonzero(part[population.access])
    for s in here.tolist():
        graph.add_edge(int(population.access[s]), ("subject", s))
    segment = population.segment
    core = network.is_core

    def ask() -> Counter[int]:
        below = nx.descendants(graph, element)
        gone, waiting = {element, *members.get(element, [])}, deque([element, *members.get(element, [])])
        while waiting:
            y = waiting.popleft()
            for x in graph.successors(y):
                if x in gone or isinstance(x, tuple):
                    continue
                group = graph.edges[y, x].get("group")
                if (
                    group[0] == "alone"
                    or (
                        group[0] == "need"
                        and all(z in gone for z in graph.predecessors(x) if graph.edges[z, x].get("group") == group)
                    )
                    or (group[0] == "member" and all(m in gone for m in members[x]))
                ):
                    gone.add(x)
                    waiting.append(x)
        rooted: dict[int, bool] = {}
        front = [x for x in below if not isinstance(x, tuple) and x in way and x not in gone]
        for x in front:
            _rooted(x, way, gone, core, below, rooted)
        lost: Counter[int] = Counter()
        for x in below:
            if isinstance(x, tuple):
                at = int(population.access[x[1]])
                if at in gone or not rooted.get(at, True):
                    lost[int(segment[x[1]])] += 1
        return lost

    return ask


def _rooted(
    x: int, way: dict[int, list[tuple[int, int]]], gone: set[int], core: Any, below: set[Any], known: dict[int, bool]
) -> bool:
    """Whether x still gets up to something that does not hang on the element."""
    seen, stack = {x}, [x]
    while stack:
        y = stack.pop()
        if known.get(y) or core[y] or y not in below:
            known[x] = True
            return True
        for z, link in way.get(y, []):
            if z not in gone and link not in gone and z not in seen:
                seen.add(z)
                stack.append(z)
    known[x] = False
    return False


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="a hundredth of the size: a quick look, no goals")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the figures there too")
    parser.add_argument("--no-networkx", action="store_true")
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    regions, sites, olts, subjects = (6, 98, 14, 100_000) if args.small else (100, 616, 42, 10_000_000)
    begin = time.perf_counter()
    out, where = operator(rng, regions, sites, olts)
    terminals = np.array([out.add("cpe") for _ in range(max(1000, 10_000 * regions - len(out.ids)))], np.int32)
    for t, port in zip(
        terminals.tolist(), np.resize(np.concatenate(where["ports"]), len(terminals)).tolist(), strict=True
    ):
        out.tie(t, port, "uplink")
    population = people(rng, where, subjects, terminals)
    frames = out.frames()
    counts = Counter(out.types)
    print(f"made {len(out.ids):,} resources, {len(out.lines):,} connections, {subjects:,} subjects, "
          f"{int((population.pair_gateway >= 0).sum()):,} services in {time.perf_counter() - begin:.0f} s")  # fmt: skip
    pairs = where["pairs"]
    del out
    topology_ms, topology = timed(lambda: Topology.build(*frames))
    frames = None
    figures = measure(rng, topology, population, pairs, args)
    figures |= {"resources": len(topology), "subjects": subjects, "topology_s": topology_ms / 1000,
                "types": dict(counts)}  # fmt: skip
    met = {k: figures[k] <= v if k != "times_networkx" else figures[k] >= v for k, v in GOALS.items() if k in figures}
    for name, value in figures.items():
        if not isinstance(value, dict):
            verdict = "" if name not in met else f"goal {GOALS[name]:g} {'met' if met[name] else 'MISSED'}"
            print(f"{name:<34}{value:>16,.3f}  {verdict}")
    if args.json:
        args.json.write_text(
            json.dumps({"benchmark": "impact_scale", "goals": GOALS, "figures": figures}, indent=1) + "\n"
        )
    return 0 if args.small or all(met.values()) else 1


def measure(
    rng: np.random.Generator, topology: Topology, population: Population, pairs: list[list[int]], args: Any
) -> dict[str, Any]:
    """Build the index and ask."""
    names = Names(SERVICES, SEGMENTS)
    figures: dict[str, Any] = {}
    with Growth() as growth:
        figures["build_s"] = timed(lambda: national(topology, population))[0] / 1000
        figures["prepare_s"] = timed(national(topology, population).prepare)[0] / 1000
        figures["build_s"] += figures["prepare_s"]
    figures["growth_gb"] = growth.gb

    def ask(down: list[int]) -> tuple[float, Any]:
        return timed(lambda: impact_of(down, topology, population, names))

    ask([0])
    gc.collect()
    gc.freeze()
    types = np.array(topology.types)
    worst, tiers, times = 0.0, {}, []
    for kind in sorted(set(topology.types)):
        having = np.flatnonzero(types == kind)
        chosen = rng.choice(having, min(len(having), 100), replace=False).tolist()
        taken = [ask([r]) for r in chosen]
        ms = np.array([t for t, _ in taken])
        most = max(int(f.impact.total.affected_users + f.impact.total.affected_things) for _, f in taken)
        tiers[kind] = {"n": len(ms), "p50_ms": float(np.median(ms)), "p99_ms": float(np.quantile(ms, 0.99)),
                       "max_ms": float(ms.max()), "most_lost": most}  # fmt: skip
        worst = max(worst, float(ms.max()))
        times.append(ms)
        print(f"{kind:<20}{len(ms):>5} asked  p50 {np.median(ms):8.3f}  p99 {np.quantile(ms, 0.99):8.3f}  "
              f"max {ms.max():8.3f} ms  most lost {most:>10,}")  # fmt: skip
    figures |= {"single_ms": worst, "single_p99_ms": float(np.quantile(np.concatenate(times), 0.99)), "tiers": tiers}
    sets = []
    for k in range(10):
        whole = np.arange(len(topology)) if k < 5 else _region(topology, pairs, k)
        sets.append(ask(rng.choice(whole, min(1000, len(whole)), replace=False).tolist())[0])
        print(f"1,000 together, {'over the country' if k < 5 else 'in one region'}: {sets[-1]:.1f} ms")
    figures["set_ms"] = max(sets)
    figures["moved_s"] = _moved(rng, topology, population, names)
    if not args.no_networkx:
        found = [(abs(sum(_hit(ask(p[:1])[1])) - 40_000), p[0]) for p in pairs]
        element = min(found)[1]
        taken = []
        for _ in range(5):
            national(topology, population).known.clear()
            taken.append(ask([element]))
        cold, answer = min(taken, key=lambda x: x[0])
        ours = ask([element])[0]
        plain = peer(topology, population, element)
        theirs, lost = timed(plain)
        print(f"{topology.resource_ids[element]}: {sum(_hit(answer)):,} subjects; networkx {sum(lost.values()):,} "
              f"in {theirs:.0f} ms, here {ours:.3f} ms kept, {cold:.3f} ms anew")  # fmt: skip
        figures |= {"networkx_ms": theirs, "same_element_ms": ours, "same_element_anew_ms": cold,
                    "times_networkx": theirs / ours, "times_networkx_anew": theirs / cold}  # fmt: skip
    return figures


def _hit(found: Any) -> tuple[int, int]:
    return found.impact.total.affected_users, found.impact.total.affected_things


def _region(topology: Topology, pairs: list[list[int]], k: int) -> np.ndarray:
    """Everything that hangs on two neighbouring aggregation pairs, and those themselves."""
    some = [x for p in pairs[4 * k : 4 * k + 2] for x in p]
    return np.flatnonzero(topology.carries.spread(some))


def _moved(rng: np.random.Generator, topology: Topology, population: Population, names: Names) -> float:
    """Seconds until an answer is there again after 1 % of the subjects have moved."""
    access = population.access.copy()
    who = rng.choice(len(access), len(access) // 100, replace=False)
    access[who] = access[rng.permutation(who)]
    return timed(lambda: impact_of([0], topology, population, names, access=access))[0] / 1000


if __name__ == "__main__":
    sys.exit(main())
