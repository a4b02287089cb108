"""Loops over the ways upwards: where single ways lead, which targets are above, which elements every way needs.

A port is a pair (node, target above it). Lists are laid out as in `cemcore.kernels.supporting`: `s*` are those of what
each node needs alone, `p*` those of ports; names with 0 are of the whole network, the others newer, by `slot`.
"""

from __future__ import annotations

from cemcore.kernels.compiled import inlined, kernel
from cemcore.panel import Int32, Int64, UInt8


@kernel("in int64[:]", "in int32[:]", "uint8[::1]", "int32[::1]", "int32[::1]", "int32[::1]")
def find_roots(start: Int64, to: Int32, branch: UInt8, root: Int32, depth: Int32, path: Int32) -> None:
    """First branch node at or above each node, and how many steps away it is.

    Nodes that are no branch have one way; those that lead round in a circle become branches. root: -1 on entry.
    """
    for x0 in range(len(start) - 1):
        x, n = x0, 0
        while root[x] == -1 and branch[x] == 0:
            root[x] = -2
            path[n] = x
            n += 1
            x = to[start[x]]
        if root[x] == -2:
            for i in range(n):
                branch[path[i]] = 1
                root[path[i]], depth[path[i]] = path[i], 0
            continue
        if root[x] == -1:
            root[x], depth[x] = x, 0
        for i in range(n - 1, -1, -1):
            root[path[i]], depth[path[i]] = root[x], depth[x] + n - i


@kernel("in int32[:]", "in int64[:]", "in int32[:]", "int32[::1]", "int32[::1]", "int32[::1]", "int32[::1]",
        "int32[::1]", "int32[::1]", "int64[::1]")  # fmt: skip
def reach_targets(
    targets: Int32, back: Int64, below: Int32, seen: Int32, away: Int32, queue: Int32, node: Int32, target: Int32,
    hops: Int32, used: Int64,
) -> None:  # fmt: skip
    """All (node, target, fewest hops) with a way from the node up to the target; back, below: ways the other way.

    seen: -1 on entry. used[0]: lines written, -1 = there is no room for them.
    """
    fill = 0
    for k in range(len(targets)):
        head, tail = 0, 1
        queue[0] = targets[k]
        seen[targets[k]], away[targets[k]] = k, 0
        while head < tail:
            y = queue[head]
            head += 1
            if fill == len(node):
                used[0] = -1
                return
            node[fill], target[fill], hops[fill] = y, targets[k], away[y]
            fill += 1
            for i in range(back[y], back[y + 1]):
                x = below[i]
                if seen[x] != k:
                    seen[x], away[x] = k, away[y] + 1
                    queue[tail] = x
                    tail += 1
    used[0] = fill


@kernel("in int32[:]", "in uint8[:]", "in int64[:]", "in int32[:]", "in int32[:]", "in int64[:]", "in int32[:]",
        "in int32[:]", "in int32[:]", "in int64[:]", "in int32[:]", "in int32[:]", "in int64[:]", "in int32[:]",
        "in int32[:]", "in int32[:]", "in int64[:]", "in int32[:]", "int32[::1]", "int64[::1]", "int32[::1]",
        "int32[::1]", "int32[::1]", "int32[::1]", "int64[::1]")  # fmt: skip
def climb(
    ports: Int32, gone: UInt8, start: Int64, to: Int32, link: Int32, first: Int64, node: Int32, target: Int32,
    sslot: Int32, sbegin0: Int64, ssize0: Int32, sitems0: Int32, sbegin: Int64, ssize: Int32, sitems: Int32,
    pslot: Int32, pbegin0: Int64, psize0: Int32, pitems0: Int32, begin: Int64, size: Int32, items: Int32,
    one: Int32, other: Int32, used: Int64,
) -> None:  # fmt: skip
    """Lists of the elements whose loss alone leaves no way from a port's node to its target, over what is not gone.

    ports: to be solved, nearest to their targets first; pslot[ports[k]] = k; size is -1 on entry, and stays so where
    no way is left. The data-flow form of dominators: own needs, and what all ways have in common. one, other: room
    for the longest list. used[0]: items written, -1 = `items` is too small.
    """
    fill, forward, changed = 0, True, True
    while changed:
        changed = False
        for i in range(len(ports)):
            k = i if forward else len(ports) - 1 - i
            p = ports[k]
            x = node[p]
            if gone[x] != 0:
                continue
            n = 0
            if x != target[p]:
                n = -1
                for w in range(start[x], start[x + 1]):
                    z, wire = to[w], link[w]
                    if gone[z] != 0 or (wire >= 0 and gone[wire] != 0):
                        continue
                    q = _port(z, target[p], first, target)
                    if q < 0:
                        continue
                    new = pslot[q] >= 0
                    at, m = (begin[pslot[q]], size[pslot[q]]) if new else (pbegin0[q], psize0[q])
                    if m < 0:
                        continue
                    lnew = wire >= 0 and sslot[wire] >= 0
                    lat, lm = (sbegin[sslot[wire]], ssize[sslot[wire]]) if lnew else (sbegin0[wire], ssize0[wire])
                    lm = lm if wire >= 0 else 0
                    lat = lat if wire >= 0 else 0
                    ways, links = items if new else pitems0, sitems if lnew else sitems0
                    if n < 0:
                        n = _union(ways, at, m, links, lat, lm, one)
                    else:
                        n = _common(one, n, ways, at, m, links, lat, lm)
                if n < 0:
                    continue
            xnew = sslot[x] >= 0
            at, m = (sbegin[sslot[x]], ssize[sslot[x]]) if xnew else (sbegin0[x], ssize0[x])
            n = _union(one, 0, n, sitems if xnew else sitems0, at, m, other)
            if n == size[k]:
                continue
            changed = True
            if size[k] < 0:
                if fill + n > len(items):
                    used[0] = -1
                    return
                begin[k] = fill
                fill += n
            size[k] = n
            items[begin[k] : begin[k] + n] = other[:n]
        forward = not forward
    used[0] = fill


@inlined
def _port(x: int, wanted: int, first: Int64, target: Int32) -> int:
    for p in range(first[x], first[x + 1]):
        if target[p] == wanted:
            return p
    return -1


@inlined
def _union(a: Int32, at: int, n: int, b: Int32, bt: int, m: int, out: Int32) -> int:
    """Two sorted lists as one in `out`; its length."""
    i, j, k = at, bt, 0
    while i < at + n or j < bt + m:
        if j == bt + m or (i < at + n and a[i] < b[j]):
            out[k] = a[i]
            i += 1
        else:
            if i < at + n and a[i] == b[j]:
                i += 1
            out[k] = b[j]
            j += 1
        k += 1
    return k


@inlined
def _common(one: Int32, n: int, a: Int32, at: int, m: int, b: Int32, bt: int, wire: int) -> int:
    """Keep of the first n of `one` what stands in either list; how many that are."""
    i, j, k = at, bt, 0
    for c in range(n):
        r = one[c]
        while i < at + m and a[i] < r:
            i += 1
        while j < bt + wire and b[j] < r:
            j += 1
        if (i < at + m and a[i] == r) or (j < bt + wire and b[j] == r):
            one[k] = r
            k += 1
    return k


@kernel("in int32[:]", "in uint8[:]", "in int64[:]", "in int32[:]", "in int32[:]", "in int64[:]", "in int32[:]",
        "in int32[:]", "in int32[:]", "in int32[:]", "uint8[::1]")  # fmt: skip
def mark_used(
    ports: Int32, hit: UInt8, start: Int64, to: Int32, link: Int32, first: Int64, node: Int32, target: Int32,
    hops: Int32, pslot: Int32, marks: UInt8,
) -> None:  # fmt: skip
    """Mark ports whose ways in use (fewest hops in the whole network) touch something hit; nearest ports first."""
    for k in range(len(ports)):
        p = ports[k]
        x = node[p]
        marks[k] = hit[x]
        if x == target[p]:
            continue
        for w in range(start[x], start[x + 1]):
            q = _port(to[w], target[p], first, target)
            if q >= 0 and hops[q] == hops[p] - 1:
                if hit[to[w]] != 0 or (link[w] >= 0 and hit[link[w]] != 0):
                    marks[k] = 1
                if pslot[q] >= 0 and marks[pslot[q]] != 0:
                    marks[k] = 1
