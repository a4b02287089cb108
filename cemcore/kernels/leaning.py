"""All that a resource may lean on, upwards."""

from __future__ import annotations

from typing import Any

import numpy as np

from cemcore.kernels.compiled import inlined, kernel
from cemcore.panel import Bool, Int32, Int64

REACH = 8192
"""Elements above a resource that are looked at; what lies beyond is left out."""

Net = tuple[Any, ...]
"""The network, as in `cemcore.kernels.folding`."""

_CSR = ("in int64[:]", "in int32[:]")
_NET = (*_CSR, "in int32[:]", *_CSR, *_CSR, *_CSR, "in int32[:]", *_CSR, *("in boolean[:]",) * 3, "in int32[:]")


@inlined
def _enter(v: int, nodes: Int32, place: Int32, count: int) -> int:
    if place[v] >= 0 or count >= len(nodes):
        return count
    place[v] = count
    nodes[count] = v
    return count + 1


@inlined
def _gather_above(x: int, nodes: Int32, place: Int32, net: Net) -> int:
    """Put x, then all that it may lean on, into nodes; how many those are. Pairs of x itself are not looked into."""
    ns, nt, _, ps, pt, _, _, ws, wt, wl, es, et, _, _, _, _ = net
    count = _enter(x, nodes, place, 0)
    for e in range(ps[x], ps[x + 1]):
        count = _enter(pt[e], nodes, place, count)
    closed = count
    at = 0
    while at < count:
        v = nodes[at]
        at = closed if at == 0 else at + 1
        for e in range(ns[v], ns[v + 1]):
            count = _enter(nt[e], nodes, place, count)
        if v != x:
            for e in range(ps[v], ps[v + 1]):
                count = _enter(pt[e], nodes, place, count)
        for e in range(ws[v], ws[v + 1]):
            count = _enter(wt[e], nodes, place, count)
            if wl[e] >= 0:
                count = _enter(wl[e], nodes, place, count)
        for e in range(es[v], es[v + 1]):
            count = _enter(et[e], nodes, place, count)
    return count - 1


@kernel(*_NET, "in int32[:]", "int64[::1]", "int32[::1]")
def leans(
    ns: Int64, nt: Int32, ng: Int32, ps: Int64, pt: Int32, ms: Int64, mt: Int32, ws: Int64, wt: Int32, wl: Int32,
    es: Int64, et: Int32, whole: Bool, target: Bool, rooted: Bool, height: Int32,
    resource: Int32, start: Int64, above: Int32,
) -> None:  # fmt: skip
    """All that each resource may lean on, itself left out: start [resources + 1] always, the elements in `above`, where
    that is long enough. Of a pair that the resource is a member of, the other members are left out.
    """
    net = (ns, nt, ng, ps, pt, ms, mt, ws, wt, wl, es, et, whole, target, rooted, height)
    m = min(len(whole), REACH)
    nodes, place = np.empty(m, np.int32), np.full(len(whole), -1, np.int32)
    start[0] = 0
    for i in range(len(resource)):
        x = resource[i]
        start[i + 1] = start[i] + _gather_above(x, nodes, place, net)
        for k in range(start[i + 1] - start[i] + 1):
            if k > 0 and start[i + 1] <= len(above):
                above[start[i] + k - 1] = nodes[k]
            place[nodes[k]] = -1
