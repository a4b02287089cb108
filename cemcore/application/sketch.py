"""From a cause and the people under it to a small picture: rows of boxes, many of a kind put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from cemcore.application.lenses import Facts
from cemcore.domain import Feed
from cemcore.panel import Int32
from cemcore.pictures import AFFECTED, AT_RISK, CAUSE, PLAIN, SAVED, TIED, UNKNOWN, Edge, Node, Picture
from cemcore.topology import Topology

THING = 1
DEPTH, ROW, BOXES, BESIDE, ABOVE = 10, 6, 13, 3, 3
"""Steps down from a cause that are looked at; and at most so many boxes in a row, boxes before many of a kind are put
together, elements that back it up, and elements above it.
"""
REACHED = 200_000
"""So many elements below a cause are looked at."""
_PEOPLE = (AFFECTED, AT_RISK, UNKNOWN, SAVED)
_WORDS = {AFFECTED: "affected", AT_RISK: "at risk", UNKNOWN: "unknown", SAVED: "saved"}

People = Mapping[str, Int32]
"""Role -> subject codes, each subject in one role."""


@dataclass
class _Box:
    """Elements that are drawn as one: their positions, and the people right under them."""

    members: list[int]
    row: int
    people: dict[str, list[Int32]] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return f"r{self.members[0]}"


def sketch(facts: Facts, down: Sequence[int], people: People, called: str = "", tied: Sequence[str] = ()) -> Picture:
    """The picture of resources `down` (positions; none: `called` names what it is instead) and of the people."""
    topology = facts.world.topology
    up = _reached(topology, down)
    places = {role: _places(facts, who, {*up, *down}) for role, who in people.items()}
    boxes, edges = _tree(topology, down, up, list(places.values()))
    by_member = {m: b for b in boxes for m in b.members}
    adrift: dict[str, list[Int32]] = {}
    for role in _PEOPLE:
        who, at = people.get(role, np.zeros(0, np.int32)), places.get(role, np.zeros(0, np.int32))
        for r in np.unique(at).tolist():
            part = who[at == r]
            if r in by_member:
                by_member[r].people.setdefault(role, []).append(part)
            else:
                adrift.setdefault(role, []).append(part)
    nodes = [_node(topology, b, CAUSE if b.row == 0 else None, tied) for b in boxes]
    if not down:
        nodes = [Node("cause", called or "unknown", "", CAUSE, 0)]
    more, lines = _crowds(facts, boxes, adrift, [b.key for b in boxes if b.row == 0] or ["cause"])
    above, upward = _above(topology, down)
    beside, spare = _beside(facts, down, boxes)
    whole = [*nodes, *more, *above, *beside]
    kept = {n.key for n in whole}
    drawn = [e for e in (*edges, *lines, *upward, *spare) if e.low in kept and e.high in kept]
    top = min(n.row for n in whole)
    shifted = tuple(Node(n.key, n.label, n.note, n.role, n.row - top, n.title) for n in whole)
    return Picture(shifted, tuple(_coloured(shifted, drawn)), f"What hangs on {called or 'the cause'}")


def _reached(topology: Topology, down: Sequence[int]) -> dict[int, int]:
    """Every element below `down` -> the next one on its way up to it; breadth first, so that ways are short."""
    raw = topology.network.raw
    below = raw.reverse()
    via = raw.label >= 0
    carried = type(raw).build(topology.network.n, raw.label[via], raw.source[via])
    up: dict[int, int] = {}
    front, seen = list(down), set(down)
    for _ in range(DEPTH):
        ahead = []
        for r in front:
            for low in [*below.of(r), *carried.of(r), *topology.network.pairs.of(r)]:
                if low not in seen:
                    seen.add(low)
                    up[low] = r
                    ahead.append(low)
        front = ahead
        if not front or len(seen) > REACHED:
            break
    return up


def _places(facts: Facts, who: Int32, reached: Set[int]) -> Int32:
    """Where each subject is drawn: its terminal or access resource, whichever hangs on the cause; -1 = neither."""
    out = np.full(len(who), -1, np.int32)
    for i, s in enumerate(who.tolist()):
        for at in (int(facts.access[s]), int(facts.population.terminal[s])):
            if at in reached:
                out[i] = at
                break
    return out


def _tree(
    topology: Topology, down: Sequence[int], up: Mapping[int, int], places: Sequence[Int32]
) -> tuple[list[_Box], list[Edge]]:
    """Boxes from the causes down to where people are, row by row; a full row is put together by kind."""
    children: dict[int, set[int]] = {}
    wanted = {int(x) for at in places for x in np.unique(at) if x >= 0}
    for r in sorted(wanted):
        while r in up:
            children.setdefault(up[r], set()).add(r)
            r = up[r]
    row = [_Box([r], 0) for r in down[:ROW]]
    boxes, edges = list(row), []
    for depth in range(1, DEPTH + 1):
        under = [(b, m, c) for b in row for m in b.members for c in sorted(children.get(m, ()))]
        if not under:
            break
        kinds = {c: topology.types[c] for _, _, c in under}
        groups: dict[object, list[int]] = {}
        room = len(under) <= ROW and len(boxes) + len(under) <= BOXES
        for b, _, c in under:
            few = room and len(b.members) == 1
            split = len({(o.key, kinds[x]) for o, _, x in under}) <= ROW
            key = c if few else (b.key, kinds[c]) if split else kinds[c]
            groups.setdefault(key, []).append(c)
        made = [_Box(members, depth) for members in groups.values()]
        home = {m: b for b in made for m in b.members}
        edges += [Edge(home[c].key, b.key) for b, _, c in under]
        boxes += made
        row = made
    return boxes, list(dict.fromkeys(edges))


def _node(topology: Topology, b: _Box, role: str | None, tied: Sequence[str]) -> Node:
    ids = [topology.resource_ids[m] for m in b.members]
    kind = topology.types[b.members[0]].replace("_", " ")
    if len(ids) == 1:
        found = role or (TIED if ids[0] in tied else PLAIN)
        return Node(b.key, ids[0], kind, found, b.row, f"{kind} {ids[0]}")
    return Node(b.key, f"{len(ids)} x {kind}", "", role or PLAIN, b.row, ", ".join(ids[:40]))


def _crowds(
    facts: Facts, boxes: Sequence[_Box], adrift: Mapping[str, Sequence[Int32]], causes: Sequence[str]
) -> tuple[list[Node], list[Edge]]:
    """People as boxes: under the elements where they are served, else by area right under the cause."""
    nodes, edges = [], []
    for b in boxes:
        if b.people:
            who = {role: np.concatenate(parts) for role, parts in b.people.items()}
            nodes.append(_crowd(facts, f"p{b.key}", who, b.row + 1, ""))
            edges.append(Edge(f"p{b.key}", b.key))
    areas: dict[str, dict[str, Int32]] = {}
    names = np.array([*facts.world.topology.regions, ""], object)
    for role, parts in adrift.items():
        people = np.concatenate(parts)
        region = names[facts.access[people]]
        for name in sorted(set(region)):
            areas.setdefault(str(name), {})[role] = people[region == name]
    ranked = sorted(areas.items(), key=lambda x: (-sum(len(p) for p in x[1].values()), x[0]))
    for i, (name, who) in enumerate(ranked[:ROW]):
        nodes.append(_crowd(facts, f"a{i}", who, 1, name or "elsewhere"))
        edges += [Edge(f"a{i}", c) for c in causes]
    if len(ranked) > ROW:
        rest = {role: np.concatenate([w[role] for _, w in ranked[ROW:] if role in w]) for role in adrift}
        nodes.append(_crowd(facts, "a-more", rest, 1, f"{len(ranked) - ROW} more areas"))
        edges += [Edge("a-more", c) for c in causes]
    return nodes, edges


def _crowd(facts: Facts, key: str, who: Mapping[str, Int32], row: int, area: str) -> Node:
    counts = {role: len(np.unique(people)) for role, people in who.items() if len(people)}
    role = next((r for r in _PEOPLE if counts.get(r)), PLAIN)
    main = f"{counts.get(role, 0):,} {_WORDS.get(role, '')}"
    others = ", ".join(f"{counts[r]:,} {_WORDS[r]}" for r in _PEOPLE if r != role and counts.get(r))
    things = int((facts.population.kind[np.unique(np.concatenate(list(who.values())))] == THING).sum())
    note = ", ".join(x for x in (area, others or (f"{things:,} things" if things else "")) if x)
    return Node(key, main, note, role, row, f"{main} {note}".strip())


def _above(topology: Topology, down: Sequence[int]) -> tuple[list[Node], list[Edge]]:
    """What the causes hang on, two steps up; a link hangs on what it leads to."""
    raw = topology.network.raw
    nodes: dict[int, Node] = {}
    edges = []
    front = list(down)
    for step in (1, 2):
        ahead = []
        for r in front:
            over = raw.of(r) or raw.to[np.flatnonzero(raw.label == r)].tolist()
            for high in list(dict.fromkeys(over))[:ABOVE]:
                if high in down or len(nodes) >= 2 * ABOVE:
                    continue
                if high not in nodes:
                    kind = topology.types[high].replace("_", " ")
                    name = topology.resource_ids[high]
                    nodes[high] = Node(f"r{high}", name, kind, PLAIN, -step, f"{kind} {name}")
                    ahead.append(high)
                if nodes[high].row < (nodes[r].row if r in nodes else 0):
                    edges.append(Edge(f"r{r}", f"r{high}"))
        front = ahead
    return list(nodes.values()), edges


def _beside(facts: Facts, down: Sequence[int], boxes: Sequence[_Box]) -> tuple[list[Node], list[Edge]]:
    """Elements that back up the causes: of the same redundancy group, or another way up of what hangs on them."""
    topology = facts.world.topology
    ids = [topology.resource_ids[r] for r in down]
    table = facts.world.frames[Feed.CONNECTIONS]
    touching = table[table["to_id"].isin(ids) | table["via"].isin(ids)]
    near = table[table["from_id"].isin(touching["from_id"])]
    member = touching["relation"] == "memberOf"
    pairs = table[(table["relation"] == "memberOf") & table["from_id"].isin(ids)]
    mates = table[(table["relation"] == "memberOf") & table["to_id"].isin(pairs["to_id"])]
    found: dict[str, set[str]] = {}
    leads: dict[str, set[str]] = {}
    for r in touching[~member].to_dict("records"):
        same = near[(near["from_id"] == r["from_id"]) & (near["relation"] == r["relation"])]
        if pd.notna(r["redundancy_group"]):
            same = same[same["redundancy_group"] == r["redundancy_group"]]
        elif r["relation"] != "uplink":
            continue
        for other in same.to_dict("records"):
            spare = other["via"] if pd.notna(other["via"]) else other["to_id"]
            if spare not in ids and other["to_id"] not in ids:
                found.setdefault(spare, set()).add(r["from_id"])
                leads.setdefault(spare, set()).add(other["to_id"])
    for other in mates.to_dict("records"):
        if other["from_id"] not in ids:
            found.setdefault(other["from_id"], set()).update(mates["to_id"])
    home = {topology.resource_ids[m]: b.key for b in boxes for m in b.members}
    nodes, edges = [], []
    for spare in sorted(found, key=lambda s: (-len(found[s]), s))[:BESIDE]:
        at = topology.index.get(spare)
        if at is None or spare in home:
            continue
        nodes.append(Node(f"r{at}", spare, topology.types[at].replace("_", " "), SAVED, 0, f"backs it up: {spare}"))
        edges += [Edge(home[low], f"r{at}", SAVED) for low in sorted(found[spare]) if low in home]
        over = [topology.index[high] for high in sorted(leads.get(spare, ())) if high in topology.index]
        edges += [Edge(f"r{at}", f"r{high}", SAVED) for high in over]
    return nodes, list(dict.fromkeys(edges))


def _coloured(nodes: Sequence[Node], edges: Sequence[Edge]) -> list[Edge]:
    """Edges below the cause in the colour of the people that they lead to."""
    worst = {n.key: _PEOPLE.index(n.role) for n in nodes if n.role in _PEOPLE and n.key[0] in "pa"}
    row = {n.key: n.row for n in nodes}
    for e in sorted(edges, key=lambda e: -row[e.low]):
        if e.role == PLAIN and e.low in worst and row[e.low] > row[e.high]:
            worst[e.high] = min(worst.get(e.high, len(_PEOPLE)), worst[e.low])
    causes = [n.row for n in nodes if n.role == CAUSE]
    floor = min(causes, default=0)
    return [
        Edge(e.low, e.high, _PEOPLE[worst[e.low]]) if e.role == PLAIN and e.low in worst and row[e.high] >= floor else e
        for e in edges
    ]
