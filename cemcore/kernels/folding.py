"""Which alarm an alarm is folded under: each is looked at with all that it leans on, upwards, and with what of that is
alarmed at about the same time.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cemcore.kernels.compiled import inlined, kernel
from cemcore.panel import Bool, Float64, Int8, Int32, Int64

REACH = 8192
"""Elements above an alarm that are looked at; what lies beyond counts as well."""

Net = tuple[Any, ...]
"""The network: needs (start, to, label), pairs (start, to), members (start, to), ways (start, to, label), ends (start,
to), whole, target, rooted, height, of `cemcore.topology.upward`.
"""
Lines = tuple[Any, ...]
"""Lines by resource: begin, order, slot, at, sd, rank, mild, window, links (start, to), as `parents` takes them."""
AFFECTING = 4
"""Rank from which on an alarm explains one that says that service is affected."""

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
def _gather(x: int, nodes: Int32, place: Int32, net: Net) -> int:
    """Put x and all that it may lean on into nodes; how many they are."""
    ns, nt, _, ps, pt, ms, mt, ws, wt, wl, es, et, _, _, _, _ = net
    count = _enter(x, nodes, place, 0)
    at = 0
    while at < count:
        v = nodes[at]
        at += 1
        for e in range(ns[v], ns[v + 1]):
            count = _enter(nt[e], nodes, place, count)
        for e in range(ps[v], ps[v + 1]):
            count = _enter(pt[e], nodes, place, count)
        for e in range(ms[v], ms[v + 1]):
            count = _enter(mt[e], nodes, place, count)
        for e in range(ws[v], ws[v + 1]):
            count = _enter(wt[e], nodes, place, count)
            if wl[e] >= 0:
                count = _enter(wl[e], nodes, place, count)
        for e in range(es[v], es[v + 1]):
            count = _enter(et[e], nodes, place, count)
    return count


@inlined
def _gone(v: int, place: Int32, lost: Bool) -> bool:
    return place[v] >= 0 and lost[place[v]]


@inlined
def _group_gone(v: int, e: int, place: Int32, lost: Bool, net: Net) -> bool:
    """Whether need e of v is lost, with all that back it up."""
    ns, nt, ng, _, _, _, _, _, _, _, _, _, _, _, _, _ = net
    if not _gone(nt[e], place, lost):
        return False
    left = 0
    if ng[e] >= 0:
        for f in range(ns[v], ns[v + 1]):
            left += ng[f] == ng[e] and not _gone(nt[f], place, lost)
    return left == 0


@inlined
def _members_gone(p: int, but: int, place: Int32, lost: Bool, net: Net) -> bool:
    """Whether pair p has members besides `but`, and all of those are lost."""
    _, _, _, _, _, ms, mt, _, _, _, _, _, _, _, _, _ = net
    some = left = 0
    for e in range(ms[p], ms[p + 1]):
        if mt[e] != but:
            some += 1
            left += not _gone(mt[e], place, lost)
    return some > 0 and left == 0


@inlined
def _unsupported(k: int, nodes: Int32, place: Int32, lost: Bool, net: Net) -> bool:
    """Whether element k lacks what it can't work without, ways left aside."""
    ns, _, _, ps, pt, _, _, _, _, _, es, et, _, _, _, _ = net
    v = nodes[k]
    found = k > 0 and _members_gone(v, -1, place, lost, net)
    for e in range(ns[v], ns[v + 1]):
        found = found or _group_gone(v, e, place, lost, net)
    for e in range(ps[v], ps[v + 1]):
        found = found or (_gone(pt[e], place, lost) and (k > 0 or _members_gone(pt[e], v, place, lost, net)))
    for e in range(es[v], es[v + 1]):
        found = found or _gone(et[e], place, lost)
    return found


@inlined
def _joined(k: int, nodes: Int32, place: Int32, lost: Bool, ok: Bool, net: Net) -> bool:
    """Whether some way of element k still leads to where ways end."""
    _, _, _, _, _, _, _, ws, wt, wl, _, _, whole, _, _, _ = net
    v = nodes[k]
    found = False
    for e in range(ws[v], ws[v + 1]):
        z = wt[e]
        if (wl[e] >= 0 and _gone(wl[e], place, lost)) or (whole[v] and not whole[z]):
            continue
        found = found or place[z] < 0 or (ok[place[z]] and not lost[place[z]])
    return found


@inlined
def _settle(count: int, nodes: Int32, place: Int32, lost: Bool, ok: Bool, net: Net) -> None:
    """Mark all that is lost with what is marked: least fixpoint of needs, pairs, ends of links, and ways."""
    _, _, _, _, _, _, _, _, _, _, _, _, _, target, rooted, _ = net
    changed = True
    while changed:
        changed = False
        inner = True
        while inner:
            inner = False
            for k in range(count - 1, -1, -1):
                if not lost[k] and _unsupported(k, nodes, place, lost, net):
                    lost[k] = inner = changed = True
        for k in range(count):
            ok[k] = target[nodes[k]] and not lost[k]
        inner = True
        while inner:
            inner = False
            for k in range(count - 1, -1, -1):
                if not ok[k] and not lost[k] and _joined(k, nodes, place, lost, ok, net):
                    ok[k] = inner = True
        for k in range(count):
            if not lost[k] and not ok[k] and rooted[nodes[k]]:
                lost[k] = changed = True


@inlined
def _meets(i: int, j: int, at: Float64, sd: Float64, window: float) -> bool:
    """Whether two alarms were raised within the window of each other, as far as their clocks can tell."""
    return abs(at[i] - at[j]) <= window + 2.0 * np.sqrt(sd[i] * sd[i] + sd[j] * sd[j])


@inlined
def _best_at(v: int, i: int, lines: Lines) -> int:
    """The gravest line on v that may explain line i and meets it, the nearest in time of those; -1 none."""
    begin, order, slot, at, sd, rank, mild, window, _, _ = lines
    best = -1
    least = AFFECTING if mild[i] == 2 else 1
    p = slot[v]
    if p >= 0:
        for q in range(begin[p], begin[p + 1]):
            j = order[q]
            if rank[j] < least or not _meets(i, j, at, sd, window):
                continue
            nearer = best >= 0 and rank[j] == rank[best] and abs(at[j] - at[i]) < abs(at[best] - at[i])
            if best < 0 or rank[j] > rank[best] or nearer:
                best = j
    return best


@inlined
def _own_links(v: int, i: int, lines: Lines) -> bool:
    """Whether v has several links, and two thirds of them are alarmed together with line i: two at least."""
    start, links = lines[8], lines[9]
    alarmed = 0
    for e in range(start[v], start[v + 1]):
        alarmed += _best_at(links[e], i, lines) >= 0
    return alarmed >= 2 and 3 * alarmed >= 2 * (start[v + 1] - start[v])


@inlined
def _note(
    v: int, place: Int32, lost: Bool, seed: Int64, visited: Bool, stack: Int32, found: Int64, at: Float64, net: Net
) -> None:
    """Take v, where it is lost, into account: an alarmed one is a candidate, any other is to be traced further. found:
    size of the stack, best candidate, its height (so that on a ring the way out is preferred to the neighbour).
    """
    h = net[15][v]
    k = place[v]
    if k >= 0 and lost[k] and not visited[k]:
        visited[k] = True
        j, best = seed[k], found[1]
        if j < 0:
            stack[found[0]] = k
            found[0] += 1
        elif best < 0 or h < found[2] or (h == found[2] and (at[j] < at[best] or (at[j] == at[best] and j < best))):
            found[1], found[2] = j, h


@inlined
def _trace(
    nodes: Int32,
    place: Int32,
    lost: Bool,
    seed: Int64,
    visited: Bool,
    stack: Int32,
    found: Int64,
    at: Float64,
    net: Net,
) -> None:
    """Find the highest, then first raised, of the nearest alarms for which the elements on the stack are lost."""
    ns, nt, _, ps, pt, ms, mt, ws, wt, wl, es, et, _, _, _, _ = net
    while found[0] > 0:
        found[0] -= 1
        k = stack[found[0]]
        v = nodes[k]
        if not _unsupported(k, nodes, place, lost, net):
            for e in range(ws[v], ws[v + 1]):
                link = wl[e] >= 0 and _gone(wl[e], place, lost)
                _note(wl[e] if link else wt[e], place, lost, seed, visited, stack, found, at, net)
            continue
        for e in range(ns[v], ns[v + 1]):
            if _group_gone(v, e, place, lost, net):
                _note(nt[e], place, lost, seed, visited, stack, found, at, net)
        for e in range(ps[v], ps[v + 1]):
            if k > 0 or _members_gone(pt[e], v, place, lost, net):
                _note(pt[e], place, lost, seed, visited, stack, found, at, net)
        if k > 0 and _members_gone(v, -1, place, lost, net):
            for e in range(ms[v], ms[v + 1]):
                _note(mt[e], place, lost, seed, visited, stack, found, at, net)
        for e in range(es[v], es[v + 1]):
            _note(et[e], place, lost, seed, visited, stack, found, at, net)


@inlined
def _protection(
    x: int, place: Int32, lost: Bool, seed: Int64, visited: Bool, stack: Int32, found: Int64, at: Float64, net: Net
) -> None:
    """Put what x has lost of its own ways, backed-up needs and members on the stack, or note their alarms."""
    ns, nt, _, _, _, ms, mt, ws, wt, wl, _, _, _, _, _, _ = net
    for e in range(ws[x], ws[x + 1]):
        link = wl[e] >= 0 and _gone(wl[e], place, lost)
        _note(wl[e] if link else wt[e], place, lost, seed, visited, stack, found, at, net)
    for e in range(ns[x], ns[x + 1]):
        _note(nt[e], place, lost, seed, visited, stack, found, at, net)
    for e in range(ms[x], ms[x + 1]):
        _note(mt[e], place, lost, seed, visited, stack, found, at, net)


@inlined
def _died(x: int, i: int, nodes: Int32, place: Int32, lost: Bool, lines: Lines, net: Net) -> bool:
    """Whether x, cut off, is better taken to have failed itself: its links, several, are alarmed with it, and those
    upwards for no reason above.
    """
    _, _, _, _, _, _, _, ws, _, wl, _, _, _, _, _, _ = net
    died = not _unsupported(0, nodes, place, lost, net) and _own_links(x, i, lines)
    if died:
        for e in range(ws[x], ws[x + 1]):
            k = place[wl[e]] if wl[e] >= 0 else -1
            died = died and k >= 0 and not _unsupported(k, nodes, place, lost, net)
    return died


@inlined
def _node_of(x: int, i: int, below_start: Int64, below: Int32, lines: Lines) -> int:
    """The alarm of an element at one end of link x that failed with all its links; -1 none."""
    at = lines[3]
    best = -1
    for e in range(below_start[x], below_start[x + 1]):
        j = _best_at(below[e], i, lines)
        first = best < 0 or at[j] < at[best] or (at[j] == at[best] and j < best)
        if j >= 0 and first and _own_links(below[e], j, lines):
            best = j
    return best


@kernel(
    *_NET, *_CSR, *_CSR, "in int32[:]", "in float64[:]", "in float64[:]", "in int8[:]", "in int8[:]", "in int64[:]",
    "in int64[:]", "in int32[:]", "float64", "int64[::1]",
)  # fmt: skip
def parents(
    ns: Int64, nt: Int32, ng: Int32, ps: Int64, pt: Int32, ms: Int64, mt: Int32, ws: Int64, wt: Int32, wl: Int32,
    es: Int64, et: Int32, whole: Bool, target: Bool, rooted: Bool, height: Int32,
    links_start: Int64, links: Int32, below_start: Int64, below: Int32,
    resource: Int32, at: Float64, sd: Float64, rank: Int8, mild: Int8, begin: Int64, order: Int64, slot: Int32,
    window: float, out: Int64,
) -> None:  # fmt: skip
    """Put into `out` the line that each line is folded under, -1 for none.

    The network of n resources (see `Net`); links at each element, elements at each link. Lines: resource (-1 nowhere),
    at and sd [s], rank (0 = never a top, else the graver the higher), mild (0 = stays alone, 1 = says that service is
    not affected, 2 = any other). slot int32 [n]: place of a resource in `begin`, -1 not alarmed; order: lines by
    resource.
    """
    net = (ns, nt, ng, ps, pt, ms, mt, ws, wt, wl, es, et, whole, target, rooted, height)
    lines = (begin, order, slot, at, sd, rank, mild, window, links_start, links)
    m = min(len(whole), REACH)
    nodes, place = np.empty(m, np.int32), np.full(len(whole), -1, np.int32)
    lost, ok, visited = np.zeros(m, np.bool_), np.zeros(m, np.bool_), np.zeros(m, np.bool_)
    seed, stack, found = np.empty(m, np.int64), np.empty(m, np.int32), np.zeros(3, np.int64)
    for i in range(len(resource)):
        out[i] = -1
        x = resource[i]
        if x < 0 or mild[i] == 0:
            continue
        count = _gather(x, nodes, place, net)
        some = False
        for k in range(count):
            visited[k] = k == 0
            seed[k] = _best_at(nodes[k], i, lines) if k > 0 else -1
            lost[k] = seed[k] >= 0
        for e in range(ms[x], ms[x + 1]):
            k = place[mt[e]]
            if k > 0 and mild[i] != 1:
                lost[k] = False
                seed[k] = -1
        for k in range(count):
            some = some or lost[k]
        if some:
            _settle(count, nodes, place, lost, ok, net)
            found[0], found[1] = 0, -1
            if not lost[0] and mild[i] == 1:
                _protection(x, place, lost, seed, visited, stack, found, at, net)
            elif lost[0] and not (rank[i] > 0 and _died(x, i, nodes, place, lost, lines, net)):
                stack[0], found[0] = 0, 1
            _trace(nodes, place, lost, seed, visited, stack, found, at, net)
            out[i] = found[1]
        if out[i] < 0 and es[x + 1] > es[x]:
            out[i] = _node_of(x, i, below_start, below, lines)
        for k in range(count):
            place[nodes[k]] = -1


@kernel(*_NET, "in int64[:]", "in int32[:]", "in int32[:]", "boolean[::1]")
def hard(
    ns: Int64, nt: Int32, ng: Int32, ps: Int64, pt: Int32, ms: Int64, mt: Int32, ws: Int64, wt: Int32, wl: Int32,
    es: Int64, et: Int32, whole: Bool, target: Bool, rooted: Bool, height: Int32,
    start: Int64, above: Int32, resource: Int32, out: Bool,
) -> None:  # fmt: skip
    """Whether each resource is lost when one other alone is: resource[i] with above[start[i]:start[i+1]], answers
    parallel to `above`. A pair, when it is named, is lost with all its members.
    """
    net = (ns, nt, ng, ps, pt, ms, mt, ws, wt, wl, es, et, whole, target, rooted, height)
    m = min(len(whole), REACH)
    nodes, place = np.empty(m, np.int32), np.full(len(whole), -1, np.int32)
    lost, ok = np.zeros(m, np.bool_), np.zeros(m, np.bool_)
    for i in range(len(resource)):
        count = _gather(resource[i], nodes, place, net)
        for a in range(start[i], start[i + 1]):
            y = above[a]
            out[a] = False
            if place[y] <= 0:
                continue
            for k in range(count):
                lost[k] = False
            lost[place[y]] = True
            for e in range(ms[y], ms[y + 1]):
                if place[mt[e]] > 0:
                    lost[place[mt[e]]] = True
            _settle(count, nodes, place, lost, ok, net)
            out[a] = lost[0]
        for k in range(count):
            place[nodes[k]] = -1
