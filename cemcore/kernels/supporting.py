"""Loops over what resources need: order, single points of failure, what falls with what, and what hangs on that.

Lists stand one behind another in `items`, sorted; list k is `items[begin[k]:begin[k] + size[k]]`, none where size is
-1. `slot` leads from a node to its newer list, -1 = the older one (by node) holds.
"""

from __future__ import annotations

import numpy as np

from cemcore.kernels.compiled import called, inlined, kernel, lean
from cemcore.panel import Int32, Int64, UInt8

_FEW = 48  # lists up to this long are sorted by insertion


@kernel("in int64[:]", "in int32[:]", "in int64[:]", "in int32[:]", "int32[::1]", "int32[::1]")
def deepest_first(start: Int64, to: Int32, back: Int64, dependents: Int32, waiting: Int32, order: Int32) -> None:
    """Nodes in an order in which each comes after all that its edges lead to; there must be no circle.

    `back`, `dependents`: the same edges the other way. `waiting` (n) is changed; `order` (n) is filled.
    """
    n, head, tail = len(start) - 1, 0, 0
    for x in range(n):
        waiting[x] = start[x + 1] - start[x]
        if waiting[x] == 0:
            order[tail] = x
            tail += 1
    while head < tail:
        y = order[head]
        head += 1
        for i in range(back[y], back[y + 1]):
            x = dependents[i]
            waiting[x] -= 1
            if waiting[x] == 0:
                order[tail] = x
                tail += 1


@kernel("in int64[:]", "in int32[:]", "uint8[::1]", "int32[::1]", "int64[::1]")
def spread(start: Int64, to: Int32, seen: UInt8, queue: Int32, count: Int64) -> None:
    """Follow edges from the first count[0] nodes of `queue`, which must be marked in `seen`; what is found joins it."""
    head, tail = 0, count[0]
    while head < tail:
        y = queue[head]
        head += 1
        for i in range(start[y], start[y + 1]):
            x = to[i]
            if seen[x] == 0:
                seen[x] = 1
                queue[tail] = x
                tail += 1
    count[0] = tail


@kernel("in int32[:]", "in int64[:]", "in int32[:]", "in int32[:]", "in int64[:]", "in int32[:]", "in int64[:]",
        "in int32[:]", "in int64[:]", "in int32[:]", "in int32[:]", "uint8[::1]", "int32[::1]",
        "int64[::1]")  # fmt: skip
def fall(
    named: Int32, start: Int64, to: Int32, label: Int32, pairs: Int64, pair: Int32, members: Int64, member: Int32,
    back: Int64, dependents: Int32, group: Int32, gone: UInt8, queue: Int32, count: Int64,
) -> None:  # fmt: skip
    """Mark in `gone`, and list in queue[:count[0]], all that does not work when the `named` fail together.

    start, to, label: needs and their redundancy groups; pairs, pair: of a member; members, member: of a pair; back,
    dependents, group: needs the other way. Equals `topology.support.fall`.
    """
    tail = _named(named, members, member, gone, queue)
    head = 0
    while head < tail:
        y = queue[head]
        head += 1
        for i in range(back[y], back[y + 1]):
            x = dependents[i]
            if gone[x] == 0 and (group[i] < 0 or _all_gone(x, group[i], start, to, label, gone)):
                gone[x] = 1
                queue[tail] = x
                tail += 1
        for i in range(pairs[y], pairs[y + 1]):
            p, left = pair[i], 0
            for j in range(members[p], members[p + 1]):
                left += 1 - gone[member[j]]
            if gone[p] == 0 and left == 0:
                gone[p] = 1
                queue[tail] = p
                tail += 1
    count[0] = tail


@lean
def _named(named: Int32, members: Int64, member: Int32, gone: UInt8, queue: Int32) -> int:
    tail = 0
    for k in range(len(named)):
        if gone[named[k]] == 0:
            gone[named[k]] = 1
            queue[tail] = named[k]
            tail += 1
        for j in range(members[named[k]], members[named[k] + 1]):
            if gone[member[j]] == 0:
                gone[member[j]] = 1
                queue[tail] = member[j]
                tail += 1
    return tail


@inlined
def _all_gone(x: int, group: int, start: Int64, to: Int32, label: Int32, gone: UInt8) -> bool:
    for i in range(start[x], start[x + 1]):  # noqa: SIM110
        if label[i] == group and gone[to[i]] == 0:
            return False
    return True


@kernel("in int32[:]", "in int64[:]", "in int32[:]", "in int32[:]", "in int64[:]", "in int32[:]", "in int64[:]",
        "in int32[:]", "in uint8[:]", "in int32[:]", "in int64[:]", "in int32[:]", "in int32[:]", "int64[::1]",
        "int32[::1]", "int32[::1]", "uint8[::1]", "int64[::1]")  # fmt: skip
def needed_alone(
    nodes: Int32, start: Int64, to: Int32, label: Int32, pairs: Int64, pair: Int32, members: Int64, member: Int32,
    gone: UInt8, slot: Int32, begin0: Int64, size0: Int32, items0: Int32, begin: Int64, size: Int32, items: Int32,
    stamp: UInt8, used: Int64,
) -> None:  # fmt: skip
    """Lists of every element whose loss alone stops each of the `nodes` (deepest first; slot[nodes[k]] = k).

    Needs of one group, and members of a pair, count with what those that are left have in common. Equals
    `topology.support.Support.of`. used[0]: items written, -1 = `items` is too small.
    """
    fill = 0
    for k in range(len(nodes)):
        x, lo = nodes[k], fill
        begin[k], size[k] = lo, 0
        if gone[x] != 0:
            continue
        room = 1 + pairs[x + 1] - pairs[x]
        for e in range(2):
            first, last = (start[x], start[x + 1]) if e == 0 else (members[x], members[x + 1])
            for i in range(first, last):
                y = to[i] if e == 0 else member[i]
                room += size[slot[y]] if slot[y] >= 0 else size0[y]
        if fill + room > len(items):
            used[0] = -1
            return
        fill = _add(x, items, fill, stamp)
        for i in range(pairs[x], pairs[x + 1]):
            fill = _add(pair[i], items, fill, stamp)
        for e in range(2):
            first, last = (start[x], start[x + 1]) if e == 0 else (members[x], members[x + 1])
            for i in range(first, last):
                y = to[i] if e == 0 else member[i]
                g = label[i] if e == 0 else -2
                if gone[y] != 0 or not _leads(i, first, g, to if e == 0 else member, label, gone):
                    continue
                new = slot[y] >= 0
                at, n = (begin[slot[y]], size[slot[y]]) if new else (begin0[y], size0[y])
                for j in range(at, at + n):
                    r = items[j] if new else items0[j]
                    if g == -1 or _in_all(r, i + 1, last, g, to if e == 0 else member, label, gone, slot, begin0,
                                          size0, items0, begin, size, items):  # fmt: skip
                        fill = _add(r, items, fill, stamp)
        size[k] = fill - lo
        for j in range(lo, fill):
            stamp[items[j]] = 0
        _sort(items, lo, fill)
    used[0] = fill


@inlined
def _add(r: int, items: Int32, fill: int, stamp: UInt8) -> int:
    if stamp[r] == 0:
        stamp[r] = 1
        items[fill] = r
        return fill + 1
    return fill


@lean
def _leads(i: int, first: int, group: int, to: Int32, label: Int32, gone: UInt8) -> bool:
    """Whether edge i is the first of its group to something that works."""
    if group == -1:
        return True
    for j in range(first, i):  # noqa: SIM110
        if gone[to[j]] == 0 and (group == -2 or label[j] == group):
            return False
    return True


@lean
def _in_all(
    r: int, first: int, last: int, group: int, to: Int32, label: Int32, gone: UInt8, slot: Int32, begin0: Int64,
    size0: Int32, items0: Int32, begin: Int64, size: Int32, items: Int32,
) -> bool:  # fmt: skip
    """Whether r stands in the lists of all others of the group that work."""
    for i in range(first, last):
        y = to[i]
        if gone[y] != 0 or (group != -2 and label[i] != group):
            continue
        if slot[y] >= 0:
            if not _found(r, items, begin[slot[y]], size[slot[y]]):
                return False
        elif not _found(r, items0, begin0[y], size0[y]):
            return False
    return True


@inlined
def _found(r: int, items: Int32, at: int, n: int) -> bool:
    lo, hi = at, at + n
    while lo < hi:
        mid = (lo + hi) // 2
        if items[mid] < r:
            lo = mid + 1
        else:
            hi = mid
    return lo < at + n and items[lo] == r


@called
def _sort(items: Int32, lo: int, hi: int) -> None:
    if hi - lo > _FEW:
        items[lo:hi] = np.sort(items[lo:hi])
        return
    for i in range(lo + 1, hi):
        v, j = items[i], i - 1
        while j >= lo and items[j] > v:
            items[j + 1] = items[j]
            j -= 1
        items[j + 1] = v
