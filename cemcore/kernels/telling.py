"""A loop that judges services from their legs and the single ways up to those (`cemcore.kernels.judging`)."""

from __future__ import annotations

from typing import Any

import numpy as np

from cemcore.kernels.compiled import inlined, kernel, lean
from cemcore.kernels.judging import APART, AT_RISK, CROSSED, LOST, MET, ODD, UNTOLD
from cemcore.panel import Int8, Int16, Int32, Int64, UInt8


@kernel("in int32[:]", "in uint8[:]", "in int32[:]", "in int32[:]", "in uint8[:]", "in uint8[:]", "in int32[:]",
        "in int32[:]", "in int32[:]", "in int32[:]", "in int64[:]", "in int32[:]", "in int32[:]", "in int64[:]",
        "in int32[:]", "in int32[:]", "in int32[:]", "in int32[:]", "in int64[:]", "in int32[:]", "in int32[:]",
        "in uint8[:]",
        "in int32[:]", "in int16[:,:]", "in int64[:]", "in int32[:]", "in int32[:]", "in int8[:]", "in uint8[:]",
        "in int64[:]", "in int32[:]", "in int32[:]", "in int32[:]", "int32[:,::1]", "int32[::1]",
        "uint8[::1]")  # fmt: skip
def judge_services(
    cx: Int32, whole: UInt8, one: Int32, other: Int32, gone: UInt8, hit: UInt8, root: Int32, up: Int32, over: Int32,
    sslot: Int32, sbegin0: Int64, ssize0: Int32, sitems0: Int32, sbegin: Int64, ssize: Int32, sitems: Int32, lx: Int32,
    ly: Int32,
    first: Int64, target: Int32, core: Int32, end: UInt8, row: Int32, label0: Int16, pbegin0: Int64, psize0: Int32,
    pitems0: Int32, kind: Int8, leg: UInt8, nbegin: Int64, nsize: Int32, nitems: Int32, tail: Int32, last: Int32,
    witness: Int32, verdict: UInt8,
) -> None:  # fmt: skip
    """Verdict of each service from that of its legs (`one`, `other`, -1 = none) and of the single ways from its access
    resource `cx` (-1 = not known) up to where the first leg begins: up, over = next node and link, by node; gone,
    hit: what does not work, and what traffic over is touched by that (empty: the same). tail: what
    a service runs over beyond, by which `last` (tails, 2; -2 on entry) and `witness` remember what was found last.
    """
    chain = (root, up, over, sslot, sbegin0, ssize0, sitems0, sbegin, ssize, sitems)
    at = (first, target, core, end, row, label0, pbegin0, psize0, pitems0)
    legs, seen, broken, shaken, stirred = (lx, ly, kind), np.int32(-1), False, False, False
    asked, single = np.int32(-1), False
    for c in range(len(cx)):
        verdict[c], said = 0, np.uint8(0)
        if (one[c] >= 0 and kind[one[c]] == ODD) or (other[c] >= 0 and kind[other[c]] == ODD):
            verdict[c] = UNTOLD
            continue
        for which in (one[c], other[c]):
            if which >= 0:
                said |= leg[which]
        if cx[c] != seen and cx[c] >= 0 and whole[c] == 0:
            seen = cx[c]
            broken, shaken = _marked(seen, gone, chain), _shaken(seen, chain)
            stirred, asked = len(hit) > 0 and _marked(seen, hit, chain), np.int32(-1)
        if cx[c] >= 0 and whole[c] == 0:
            said |= np.uint8(LOST if broken else CROSSED if stirred else 0)
        if said & LOST:
            verdict[c] = LOST
            continue
        t = tail[c]
        if last[t, 0] != one[c] or last[t, 1] != other[c]:
            last[t, 0], last[t, 1] = one[c], other[c]
            witness[t] = _witness(one[c], other[c], -1, chain, legs, at, nbegin, nsize, nitems)
        risk = cx[c] >= 0 and whole[c] == 0 and shaken and _bared(cx[c], one[c], other[c], chain, legs, at)
        if not risk and witness[t] >= 0:
            if cx[c] >= 0 and (whole[c] != 0 or witness[t] != asked):
                asked, single = witness[t], _single(witness[t], cx[c], chain)
            risk = cx[c] < 0 or not single
            risk = risk or _witness(one[c], other[c], cx[c], chain, legs, at, nbegin, nsize, nitems) >= 0
        verdict[c] = said | (AT_RISK if risk else 0)


@lean
def _witness(
    one: int, other: int, x: int, chain: Any, legs: Any, at: Any, nbegin: Int64, nsize: Int32, nitems: Int32
) -> int:
    """An element that neither leg (nor the single ways up from x, -1 = not looked at) needed alone before; else -1."""
    for side in range(2):
        which, also = (one, other) if side == 0 else (other, one)
        if which < 0:
            continue
        for j in range(nbegin[which], nbegin[which] + nsize[which]):
            r = nitems[j]
            if not _was_hard(also, r, legs, at) and (x < 0 or not _single(r, x, chain)):
                return int(r)
    return -1


@lean
def _was_hard(which: int, r: int, legs: Any, at: Any) -> bool:
    lx, ly, kind = legs
    if which < 0:
        return False
    if kind[which] == MET:
        return not _meet(lx[which], ly[which], r, at)
    return not _stands(lx[which], r, at) or (kind[which] == APART and not _stands(ly[which], r, at))


@lean
def _open(p: int, r: int, at: Any) -> bool:
    """Whether the target of port p is reached without r."""
    begin, size, items = at[6:]
    return not _found(r, items, begin[p], size[p])


@lean
def _meet(x: int, y: int, r: int, at: Any) -> bool:
    """Whether x and y reach each other without r."""
    first, target, core, _, row, label, _, _, _ = at
    for p in range(first[x], first[x + 1]):
        if not _open(p, r, at):
            continue
        c = core[target[p]]
        part = label[row[r], c] if c >= 0 else np.int16(-1)
        for q in range(first[y], first[y + 1]):
            d = core[target[q]]
            same = target[q] == target[p] or (part >= 0 and d >= 0 and part == label[row[r], d])
            if same and _open(q, r, at):
                return True
    return False


@lean
def _stands(x: int, r: int, at: Any) -> bool:
    """Whether x, without r, still reaches the backbone (or an end of its ways, without one above)."""
    first, target, core, end = at[0], at[1], at[2], at[3]
    backed = False
    for p in range(first[x], first[x + 1]):
        backed = backed or core[target[p]] >= 0
    for p in range(first[x], first[x + 1]):
        if (core[target[p]] >= 0 if backed else end[target[p]] != 0) and _open(p, r, at):
            return True
    return False


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
def _marked(x: int, mask: UInt8, chain: Any) -> bool:
    """Whether something marked is on the single ways up from x."""
    root, up, over = chain[0], chain[1], chain[2]
    v = x
    while v != root[x]:
        if mask[v] != 0 or (over[v] >= 0 and mask[over[v]] != 0):
            return True
        v = up[v]
    return False


@lean
def _shaken(x: int, chain: Any) -> bool:
    """Whether something on the single ways up from x stands on what fails."""
    root, up, over, sslot = chain[0], chain[1], chain[2], chain[3]
    v = x
    while v != root[x]:
        if sslot[v] >= 0 or (over[v] >= 0 and sslot[over[v]] >= 0):
            return True
        v = up[v]
    return False


@lean
def _single(r: int, x: int, chain: Any) -> bool:
    """Whether the single ways up from x need r."""
    root, up, over, _, begin0, size0, items0, _, _, _ = chain
    v = x
    while v != root[x]:
        if _found(r, items0, begin0[v], size0[v]):
            return True
        if over[v] >= 0 and _found(r, items0, begin0[over[v]], size0[over[v]]):
            return True
        v = up[v]
    return False


@lean
def _bared(x: int, one: int, other: int, chain: Any, legs: Any, at: Any) -> bool:
    """Whether the single ways up from x need something alone that was backed up before."""
    root, up, over, sslot, _, _, _, begin, size, items = chain
    v = x
    while v != root[x]:
        for side in range(2):
            e = v if side == 0 else over[v]
            if e >= 0 and sslot[e] >= 0:
                for j in range(begin[sslot[e]], begin[sslot[e]] + size[sslot[e]]):
                    r = items[j]
                    if not _single(r, x, chain) and not (_was_hard(one, r, legs, at) or _was_hard(other, r, legs, at)):
                        return True
        v = up[v]
    return False
