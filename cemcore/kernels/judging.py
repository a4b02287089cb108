"""Loops that judge legs of services: which are lost, at risk, or ran over what failed.

A leg is a pair (x, y) of branch nodes, y = -1 where x stands alone. A port is a pair (node, target above it). Of what
is given twice, names with 0 are of the whole network, the others of what survives.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cemcore.kernels.compiled import inlined, kernel, lean
from cemcore.panel import Float64, Int8, Int16, Int32, Int64, UInt8

ALONE, MET, APART, ODD = 0, 1, 2, 3
"""Kinds of legs in the whole network: one end is known; both reach each other; both are rooted, but do not meet;
something else, which the plain way of asking must answer.
"""
_MOST = 62
LOST, AT_RISK, CROSSED, UNTOLD = 1, 2, 4, 8
"""Bits of a verdict: no way is left; a new single point of failure; the way in use touched what failed; not told."""


@kernel("in int32[:]", "in int32[:]", "in uint8[:]", "in int64[:]", "in int32[:]", "in int32[:]", "in uint8[:]",
        "in int32[:]", "in int16[:,:]", "in int16[:,:]", "in int32[:]", "in int32[:]", "in int64[:]", "in int32[:]",
        "in int32[:]", "in int64[:]", "in int32[:]", "in int32[:]", "in int32[:]", "in uint8[:]", "in float64[:,:]",
        "in uint8[:,:]", "in int32[:]", "in int32[:]", "in uint8[:]", "int32[::1]", "int8[::1]", "uint8[::1]",
        "int64[::1]", "int32[::1]", "int32[::1]", "int64[::1]")  # fmt: skip
def judge_legs(
    lx: Int32, ly: Int32, whole: UInt8, first: Int64, target: Int32, core: Int32, end: UInt8, row: Int32, label0: Int16,
    label1: Int16, elements: Int32, pslot: Int32, begin0: Int64, size0: Int32, items0: Int32, begin: Int64, size: Int32,
    items: Int32, hops: Int32, marks: UInt8, away: Float64, crossing: UInt8, suspects: Int32, parting: Int32,
    shared: UInt8, scratch: Int32, kind: Int8, verdict: UInt8, nbegin: Int64, nsize: Int32, nitems: Int32, used: Int64,
) -> None:  # fmt: skip
    """Kind and verdict (LOST, CROSSED) of each leg, and what has become a single point of failure of it (`n*`).

    whole: x is looked at as in the whole network. first, target: ports by node; core: number of a router by node, -1;
    end: nodes without ways; row: line of `label` by node, 0 = parts nothing; label0, label1: component by element and
    router (`backbone.part`); elements: node by line; marks, crossing: see `mark_used`, `mark_crossed`; suspects:
    lines that part the backbone in another way than before; parting: that part it at all (`find_suspects`); shared:
    elements on which the backbone or the y of a leg may depend. used[0]: items written, -1 = `nitems` is too small.
    """
    at = (first, target, core, end, row, label0, label1, pslot, begin0, size0, items0, begin, size, items)
    lists = (suspects, parting, elements, shared, scratch)
    fill, parted, united = 0, _several(label1), not _several(label0)
    steady = united and not parted and len(suspects) == 0
    seen, seen_new, still, alone, m = np.int32(-1), False, False, False, -1
    for i in range(len(lx)):
        x, y, new = lx[i], ly[i], whole[i] == 0
        kind[i], verdict[i], nbegin[i], nsize[i] = _kind(x, y, at), 0, fill, 0
        if kind[i] == ODD:
            continue
        if x != seen or new != seen_new:
            seen, seen_new, m = x, new, -2
            still, alone = _calm(x, new, at), _everywhere(x, -1, new, at)
        quiet, met = y < 0 or _calm(y, True, at), kind[i] == MET
        same = still and quiet and steady
        if not same and _cut(x, y, kind[i], -1, new, True, at):
            verdict[i] = LOST
            continue
        hit = _crossed(x, y, met, new, hops, marks, away, crossing, at)
        if hit < 0:
            kind[i] = ODD
            continue
        verdict[i] = CROSSED * hit
        if same:
            continue
        over = met and not parted and not alone and not _everywhere(y, -1, True, at)
        if over and quiet and not _common_target(x, y, at):
            if not still and m == -2:
                m = _bare(x, new, at, scratch)
            n = 0 if still else m
            if fill + n + len(parting) > len(nitems):
                used[0] = -1
                return
            for j in range(n):
                r = scratch[j]
                if (united and shared[r] == 0) or not _cut(x, y, MET, r, False, False, at):
                    nitems[fill] = r
                    fill += 1
            fill = _lines(x, y, new, suspects if still else parting, elements, nitems, fill, at)
            nsize[i] = fill - nbegin[i]
            continue
        m = -2
        fill = _exposed(x, y, kind[i], new, still, quiet, parted, over, lists, nitems, fill, at)
        if fill < 0:
            used[0] = -1
            return
        nsize[i] = fill - nbegin[i]
    used[0] = fill


@lean
def _lines(x: int, y: int, new: bool, lines: Int32, elements: Int32, nitems: Int32, fill: int, at: Any) -> int:
    """Write what among `lines` newly parts x from y; the place after it."""
    for j in range(len(lines)):
        r = elements[lines[j]]
        if _cut(x, y, MET, r, new, True, at) and not _cut(x, y, MET, r, False, False, at):
            nitems[fill] = r
            fill += 1
    return fill


@lean
def _bare(x: int, new: bool, at: Any, out: Int32) -> int:
    """Write the elements without which x reaches no backbone router, but did before, to `out`; how many."""
    n, some = 0, _shared(x, new, at, out)
    for j in range(some):
        if not _everywhere(x, out[j], False, at):
            out[n] = out[j]
            n += 1
    return n


@lean
def _exposed(
    x: int, y: int, kind: int, new: bool, still: bool, quiet: bool, parted: bool, over: bool, lists: Any,
    nitems: Int32, fill: int, at: Any,
) -> int:  # fmt: skip
    """Write what has become a single point of failure of a leg; the place after it, -1 where there is no room."""
    suspects, parting, elements, _, scratch = lists
    pslot, begin0, size0, items0, begin, size, items = at[7:]
    met, lines = kind == MET, suspects if still and quiet and not parted else parting
    p, q = _way(x, y, met, new, at)
    common = met and _common_target(x, y, at)
    for side in range(2):
        port, calm = (p, still) if side == 0 else (q, quiet)
        here, now = (x, new) if side == 0 else (y, True)
        if port < 0 or (still and quiet and not parted) or (over and calm and not common):
            continue
        slot = pslot[port] if now else np.int32(-1)
        lo, n = (begin[slot], size[slot]) if slot >= 0 else (begin0[port], size0[port])
        some = _shared(here, now, at, scratch) if over else -1
        if some >= 0:
            n = np.int32(some)
        if fill + n > len(nitems):
            return -1
        for j in range(n):
            r = scratch[j] if some >= 0 else items[lo + j] if slot >= 0 else items0[lo + j]
            if some >= 0 and not common and _everywhere(here, r, False, at):
                continue
            if not _cut(x, y, kind, r, False, False, at) and _cut(x, y, kind, r, new, True, at):
                nitems[fill] = r
                fill += 1
    if not met:
        return fill
    if fill + len(lines) > len(nitems):
        return -1
    return _lines(x, y, new, lines, elements, nitems, fill, at)


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


@lean
def _common_target(x: int, y: int, at: Any) -> bool:
    """Whether x and y have a node above them in common below the backbone."""
    first, target, core = at[0], at[1], at[2]
    for p in range(first[x], first[x + 1]):
        for q in range(first[y], first[y + 1]):
            if target[p] == target[q] and core[target[p]] < 0:
                return True
    return False


@lean
def _everywhere(x: int, r: int, new: bool, at: Any) -> bool:
    """Whether x reaches no backbone router without r."""
    first, target, core = at[0], at[1], at[2]
    for p in range(first[x], first[x + 1]):  # noqa: SIM110
        if core[target[p]] >= 0 and _open(p, r, new, at):
            return False
    return True


@lean
def _shared(x: int, new: bool, at: Any, out: Int32) -> int:
    """Write the elements without which x reaches no backbone router to `out`; how many, -1 where it reaches none."""
    first, target, core, _, _, _, _, pslot, begin0, size0, items0, begin, size, items = at
    for p in range(first[x], first[x + 1]):
        if core[target[p]] < 0 or not _open(p, -1, new, at):
            continue
        slot, n = pslot[p] if new else np.int32(-1), 0
        lo, m = (begin[slot], size[slot]) if slot >= 0 else (begin0[p], size0[p])
        for j in range(lo, lo + m):
            r = items[j] if slot >= 0 else items0[j]
            if _everywhere(x, r, new, at):
                out[n] = r
                n += 1
        return n
    return -1


@lean
def _several(label: Int16) -> bool:
    """Whether the backbone is in several parts."""
    one = np.int16(-1)
    for u in range(label.shape[1]):
        if label[0, u] >= 0:
            if one < 0:
                one = label[0, u]
            if label[0, u] != one:
                return True
    return False


@lean
def _calm(x: int, new: bool, at: Any) -> bool:
    """Whether all ports of x are as in the whole network."""
    first, pslot, size0, size = at[0], at[7], at[9], at[12]
    if new:
        for p in range(first[x], first[x + 1]):
            if pslot[p] >= 0 and size[pslot[p]] != size0[p]:
                return False
    return True


@lean
def _open(p: int, r: int, new: bool, at: Any) -> bool:
    """Whether the target of port p is reached without r."""
    _, _, _, _, _, _, _, pslot, begin0, size0, items0, begin, size, items = at
    if new and pslot[p] >= 0:
        n = size[pslot[p]]
        return n >= 0 and (r < 0 or not _found(r, items, begin[pslot[p]], n))
    return r < 0 or not _found(r, items0, begin0[p], size0[p])


@lean
def _backed(x: int, at: Any) -> bool:
    """Whether the backbone is above x in the whole network."""
    first, target, core = at[0], at[1], at[2]
    for p in range(first[x], first[x + 1]):  # noqa: SIM110
        if core[target[p]] >= 0:
            return True
    return False


@lean
def _stands(x: int, r: int, new: bool, at: Any) -> int:
    """A port by which x, without r, still reaches the backbone (or an end of its ways, without one above); else -1."""
    first, target, core, end = at[0], at[1], at[2], at[3]
    backed = _backed(x, at)
    for p in range(first[x], first[x + 1]):
        if (core[target[p]] >= 0 if backed else end[target[p]] != 0) and _open(p, r, new, at):
            return p
    return -1


@lean
def _pair(x: int, y: int, r: int, new: bool, after: bool, at: Any) -> int:
    """Ports of x and y (as one number) whose targets reach each other without r; -1 where there are none."""
    first, target, core, row = at[0], at[1], at[2], at[4]
    label = at[6] if after else at[5]
    k = row[r] if r >= 0 else np.int32(0)
    far, n = np.int64(0), min(first[y + 1] - first[y], _MOST)
    for q in range(n):
        if _open(first[y] + q, r, after, at):
            far |= np.int64(1) << np.int64(q)
    if far == 0 and first[y + 1] - first[y] <= _MOST:
        return -1
    for p in range(first[x], first[x + 1]):
        if not _open(p, r, new, at):
            continue
        c = core[target[p]]
        part = label[k, c] if c >= 0 else np.int16(-1)
        for q in range(first[y], first[y + 1]):
            d = core[target[q]]
            same = target[q] == target[p] or (part >= 0 and d >= 0 and part == label[k, d])
            there = q - first[y]
            if same and ((far >> there) & 1 if there < _MOST else _open(q, r, after, at)):
                return int(np.int64(p) * np.int64(1 << 31) + q)
    return -1


@lean
def _kind(x: int, y: int, at: Any) -> int:
    if y >= 0 and _pair(x, y, -1, False, False, at) >= 0:
        return MET
    if _stands(x, -1, False, at) < 0 or (y >= 0 and _stands(y, -1, False, at) < 0):
        return ODD
    return APART if y >= 0 else ALONE


@lean
def _cut(x: int, y: int, kind: int, r: int, new: bool, after: bool, at: Any) -> bool:
    """Whether the loss of r (-1: of nothing) ends the leg; `new`, `after`: over what survives, at x and at the rest."""
    if kind == MET:
        return _pair(x, y, r, new, after, at) < 0
    return _stands(x, r, new, at) < 0 or (kind == APART and _stands(y, r, after, at) < 0)


@lean
def _way(x: int, y: int, met: bool, new: bool, at: Any) -> tuple[int, int]:
    """Ports of x and y over which the leg survives."""
    if met:
        pair = _pair(x, y, -1, new, True, at)
        return pair >> 31, pair & ((1 << 31) - 1)
    return int(_stands(x, -1, new, at)), int(_stands(y, -1, True, at) if y >= 0 else -1)


@inlined
def _touched(p: int, pslot: Int32, marks: UInt8, new: bool) -> bool:
    return new and pslot[p] >= 0 and marks[pslot[p]] != 0


@lean
def _nearest(x: int, hops: Int32, at: Any) -> int:
    """Fewest hops from x to a target that it stands by."""
    first, target, core, end = at[0], at[1], at[2], at[3]
    backed, least = _backed(x, at), 1 << 30
    for p in range(first[x], first[x + 1]):
        if core[target[p]] >= 0 if backed else end[target[p]] != 0:
            least = min(least, hops[p])
    return least


@lean
def _alone_crossed(x: int, hops: Int32, marks: UInt8, new: bool, at: Any) -> bool:
    first, target, core, end, pslot = at[0], at[1], at[2], at[3], at[7]
    backed, least = _backed(x, at), _nearest(x, hops, at)
    for p in range(first[x], first[x + 1]):
        counts = core[target[p]] >= 0 if backed else end[target[p]] != 0
        if counts and hops[p] == least and _touched(p, pslot, marks, new):
            return True
    return False


@lean
def _crossed(
    x: int, y: int, met: bool, new: bool, hops: Int32, marks: UInt8, away: Float64, crossing: UInt8, at: Any
) -> int:
    """1 where the way in use, while all was well, touched what failed, else 0; -1 where it can't be told here."""
    first, target, core, pslot = at[0], at[1], at[2], at[7]
    if not met:
        return int(_alone_crossed(x, hops, marks, new, at) or (y >= 0 and _alone_crossed(y, hops, marks, True, at)))
    least, hit = 1 << 30, False
    for p in range(first[x], first[x + 1]):
        for q in range(first[y], first[y + 1]):
            if target[p] == target[q] and core[target[p]] < 0 and hops[p] + hops[q] <= least:
                touched = _touched(p, pslot, marks, new) or _touched(q, pslot, marks, True)
                hit = touched or (hit and hops[p] + hops[q] == least)
                least = hops[p] + hops[q]
    if least < 1 << 30:
        return int(hit)
    near, far, known = _nearest(x, hops, at), _nearest(y, hops, at), False
    hit = _alone_crossed(x, hops, marks, new, at) or _alone_crossed(y, hops, marks, True, at)
    for p in range(first[x], first[x + 1]):
        s, best = core[target[p]], np.inf
        if s < 0 or hops[p] != near:
            continue
        for q in range(first[y], first[y + 1]):
            if core[target[q]] >= 0 and hops[q] == far:
                best = min(best, away[core[target[q]], s])
        for q in range(first[y], first[y + 1]):
            t = core[target[q]]
            if t >= 0 and hops[q] == far and away[t, s] <= best and best < np.inf:
                known = True
                hit = hit or crossing[t, s] != 0
    return int(hit) if known else -1
