"""From inventory frames to arrays: who needs whom, which ways lead up, what the core is, and what is wrong with the
inventory.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from cemcore.panel import Bool, Float64, Int32
from cemcore.topology.csr import Edges
from cemcore.topology.vocabulary import CARRIERS, CORE_ROLE, MEMBER, NEEDS, RETIRED, WAYS

LEAST_METRIC = 1e-6
"""A metric of zero would make paths without an order; it counts as this."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with the inventory: `kind` unknown_resource, unknown_relation, cycle, orphan, dangling,
    duplicate or metric.
    """

    kind: str
    subject: str
    text: str


@dataclass(frozen=True)
class Network:
    """The dependency network of n resources as arrays of positions.

    raw: every connection as given, label = via; needs: dependent -> what it works only with, label = redundancy group
    (-1 none); pairs: member -> the element it is one of; ways: node -> next node upwards, label = link in between,
    stops at core routers; core_from, core_to, core_link, core_metric: backbone edges, either direction; is_core:
    routers at their ends.
    """

    n: int
    raw: Edges
    needs: Edges
    pairs: Edges
    ways: Edges
    core_from: Int32
    core_to: Int32
    core_link: Int32
    core_metric: Float64
    is_core: Bool


def build_network(resources: pd.DataFrame, connections: pd.DataFrame) -> tuple[Network, tuple[Fault, ...]]:
    """Arrays and faults from frames that obey the contracts of `resources` (without doubles) and `connections`."""
    index = pd.Index(resources["resource_id"].astype("str"))
    names = index.to_list()
    table, faults = _resolve(index, connections)
    n = len(names)
    is_need, is_way, is_member = (table["relation"].isin(list(s)).to_numpy() for s in (NEEDS, WAYS, MEMBER))
    source, to, via = (table[c].to_numpy(np.int32) for c in ("from", "to", "via"))
    group = table["group"].to_numpy(np.int32)
    members = (to[is_member], source[is_member])
    in_need, circles = _circles(n, (source[is_need], to[is_need]), members)
    in_pair, more = _circles(n, members, (members[0][:0], members[1][:0]))
    faults += [
        Fault("cycle", names[c[0]], "resources need each other in a circle: " + ", ".join(names[i] for i in c[:6]))
        for c in [*circles, *more]
    ]
    needs = Edges.build(n, *(x[is_need][~in_need] for x in (source, to, group)))
    pairs = Edges.build(n, members[1][~in_pair], members[0][~in_pair])
    core_link = np.zeros(n, np.bool_)
    core_link[:] = (resources["role"] == CORE_ROLE).fillna(False).to_numpy(np.bool_)
    in_core = is_way & (via >= 0) & core_link[via]
    edges, metric, missing = _core_edges(index, resources, core_link, source[in_core], to[in_core], via[in_core])
    faults += [Fault("metric", names[i], "core link without igp_metric counts as 1") for i in missing]
    is_core = np.zeros(n, np.bool_)
    is_core[edges[0]] = is_core[edges[1]] = True
    up = is_way & ~in_core & ~is_core[source]
    carrier = table["relation"].isin(list(CARRIERS)).to_numpy()
    ways = _ways(n, pairs, (source[up], to[up], via[up], group[up]), (source[carrier], to[carrier]), is_core)
    raw = Edges.build(n, source, to, via)
    faults += _orphans(names, raw, (resources["type"] == RETIRED).fillna(False).to_numpy(np.bool_))
    return Network(n, raw, needs, pairs, ways, *edges, metric, is_core), tuple(faults)


def _resolve(index: pd.Index, connections: pd.DataFrame) -> tuple[pd.DataFrame, list[Fault]]:
    """Connections as positions, those with both ends known; the others as faults."""
    ends = {c: index.get_indexer(pd.Index(connections[f"{c}_id"].astype("str"))) for c in ("from", "to")}
    via_text = connections["via"].astype("str")
    via = index.get_indexer(pd.Index(via_text))
    relation = connections["relation"].astype("str")
    text = connections["from_id"].astype("str") + " -" + relation + "-> " + connections["to_id"].astype("str")
    known = (ends["from"] >= 0) & (ends["to"] >= 0)
    faults = [Fault("dangling", str(t), "one end is not among the resources") for t in text[~known]]
    lost = known & (via < 0) & via_text.notna().to_numpy()
    faults += [
        Fault("unknown_resource", str(v), f"link of {t}") for v, t in zip(via_text[lost], text[lost], strict=True)
    ]
    strange = known & ~relation.isin(list(NEEDS | WAYS | MEMBER)).to_numpy()
    faults += [Fault("unknown_relation", str(t), "counts as near, carries no dependency") for t in text[strange]]
    self_loop = known & (ends["from"] == ends["to"])
    faults += [Fault("cycle", str(t), "a resource depends on itself") for t in text[self_loop]]
    group = pd.factorize(connections["redundancy_group"])[0]
    table = pd.DataFrame(
        {"from": ends["from"], "to": ends["to"], "via": via, "group": group, "relation": relation.to_numpy()}
    )
    return table[known & ~self_loop].drop_duplicates(["from", "to", "via", "relation"]).reset_index(drop=True), faults


def _circles(n: int, edges: tuple[Int32, Int32], others: tuple[Int32, Int32]) -> tuple[Bool, list[list[int]]]:
    """(mask of the edges that lie in a circle of these and the other edges, the nodes of each such circle)."""
    both = [np.concatenate([one, other]) for one, other in zip(edges, others, strict=True)]
    matrix = coo_matrix((np.ones(len(both[0]), np.int8), (both[0], both[1])), shape=(n, n))
    _, part = connected_components(matrix, connection="strong")
    inside = part[edges[0]] == part[edges[1]]
    return inside, [np.flatnonzero(part == p).tolist() for p in np.unique(part[edges[0][inside]])]


def _core_edges(
    index: pd.Index, resources: pd.DataFrame, core_link: Bool, source: Int32, to: Int32, via: Int32
) -> tuple[tuple[Int32, Int32, Int32], Float64, list[int]]:
    """Backbone edges: connections over core links, and core links that name their ends but have no connection."""
    alone = np.setdiff1d(np.flatnonzero(core_link), via)
    ends = [index.get_indexer(pd.Index(resources[c].iloc[alone].astype("str"))) for c in ("a_end", "z_end")]
    whole = (ends[0] >= 0) & (ends[1] >= 0)
    link = np.concatenate([via, alone[whole]]).astype(np.int32)
    metric = resources["igp_metric"].to_numpy(np.float64, na_value=np.nan)[link]
    missing = np.unique(link[np.isnan(metric)]).tolist()
    a = np.concatenate([source, ends[0][whole]]).astype(np.int32)
    z = np.concatenate([to, ends[1][whole]]).astype(np.int32)
    return (a, z, link), np.maximum(np.nan_to_num(metric, nan=1.0), LEAST_METRIC), missing


def _ways(
    n: int, pairs: Edges, uplinks: tuple[Int32, Int32, Int32, Int32], carriers: tuple[Int32, Int32], is_core: Bool
) -> Edges:
    """Ways upwards.

    An uplink without link to a pair only sums up the uplinks with links, where there are such. A pair leads to its
    members, or, where none of them has an uplink, they lead through it. Links between two dependents of one
    redundancy group (a ring) carry either way. Who has no uplink leaves through what carries it.
    """
    source, to, via, group = uplinks
    is_pair = np.zeros(n, np.bool_)
    is_pair[pairs.to] = True
    has_own = np.zeros(n, np.bool_)
    physical = (via >= 0) | ~is_pair[to]
    has_own[source[physical]] = True
    opened = np.zeros(n, np.bool_)
    opened[pairs.to[has_own[pairs.source]]] = True
    keep = (physical | ~has_own[source]) & ~opened[source]
    source, to, via, group = source[keep], to[keep], via[keep], group[keep]
    key = group.astype(np.int64) * n
    ring = (group >= 0) & np.isin(key + to, key[group >= 0] + source[group >= 0])
    ringed = (to[ring], source[ring], via[ring])
    down = opened[pairs.to]
    member = (np.where(down, pairs.to, pairs.source), np.where(down, pairs.source, pairs.to))
    bare = ~is_core
    bare[source] = bare[member[0]] = False
    carried = bare[carriers[0]]
    nothing = np.full(int(carried.sum()) + len(pairs.to), -1, np.int32)
    return Edges.build(
        n,
        np.concatenate([source, ringed[0], carriers[0][carried], member[0]]),
        np.concatenate([to, ringed[1], carriers[1][carried], member[1]]),
        np.concatenate([via, ringed[2], nothing]),
    )


def _orphans(names: list[str], raw: Edges, retired: Bool) -> list[Fault]:
    """Resources that no connection names, but for retired ones."""
    used = retired.copy()
    used[raw.source] = used[raw.to] = True
    used[raw.label[raw.label >= 0]] = True
    return [Fault("orphan", names[i], "no connection names it") for i in np.flatnonzero(~used)]
