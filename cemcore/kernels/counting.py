"""Loops over subjects: equal rows found, verdicts carried from services to subjects, and everybody counted once."""

from __future__ import annotations

from typing import Any

import numpy as np

from cemcore.kernels.compiled import inlined, kernel, lean
from cemcore.panel import Int16, Int32, Int64, UInt8, UInt64

LOST, AT_RISK, CROSSED = 1, 2, 4


@kernel("in int32[:,:]", "in int32[:,:]", "int64[::1]", "int32[::1]", "int32[::1]", "int64[::1]")
def number_rows(one: Int32, other: Int32, table: Int64, number: Int32, example: Int32, used: Int64) -> None:
    """Number equal rows of two tables side by side in order of appearance; `table`: scratch, a power of two, all -1.

    number [rows]; example: first row of each number. used[0]: numbers given, -1 = `table` or `example` is too small.
    """
    mask, found = len(table) - 1, 0
    for i in range(one.shape[0]):
        h = np.uint64(1469598103934665603)
        for k in range(one.shape[1]):
            h = (h ^ np.uint64(one[i, k] + 2)) * np.uint64(1099511628211)
            h = (h ^ np.uint64(other[i, k] + 2)) * np.uint64(1099511628211)
            h ^= h >> np.uint64(29)
        at = np.int64(h & np.uint64(0x7FFFFFFFFFFFFFFF)) & mask
        while table[at] >= 0:
            j, same = example[table[at]], True
            for k in range(one.shape[1]):
                if one[i, k] != one[j, k] or other[i, k] != other[j, k]:
                    same = False
                    break
            if same:
                break
            at = (at + 1) & mask
        if table[at] < 0:
            if found * 2 >= len(table) or found == len(example):
                used[0] = -1
                return
            table[at], example[found] = found, i
            found += 1
        number[i] = table[at]
    used[0] = found


@kernel("in int32[:]", "in int64[:]", "in int32[:]", "in int32[:]", "in int64[:]", "in int32[:]", "in uint8[:]",
        "in uint8[:]", "in uint8[:]", "in uint8[:]", "in int32[:]", "uint64[::1]")  # fmt: skip
def sign(
    root: Int32, first: Int64, target: Int32, hops: Int32, begin: Int64, size: Int32, core: UInt8,
    meeting: UInt8, common: UInt8, asked: UInt8, items: Int32, out: UInt64,
) -> None:  # fmt: skip
    """A hash by branch node of all in its ports that matters to failures elsewhere: targets and which are nearest, and
    the hard elements that the rest of the network shares. Nodes without the backbone above are like no other.
    """
    prime = np.uint64(1099511628211)
    for x in range(len(root)):
        if asked[x] == 0 or root[x] != x:
            continue
        backed, least = False, 1 << 30
        for p in range(first[x], first[x + 1]):
            if core[target[p]] != 0:
                backed = True
                least = min(least, hops[p])
        h = np.uint64(1469598103934665603)
        if not backed:
            h = (h ^ np.uint64(x + 7)) * prime
        for p in range(first[x], first[x + 1]):
            if core[target[p]] == 0 and meeting[target[p]] == 0 and backed:
                continue
            away = hops[p] - least if core[target[p]] == 0 else int(hops[p] == least)
            h = _mixed(_mixed(h, target[p] + 11), away + 1000)
            for j in range(begin[p], begin[p] + size[p]):
                if common[items[j]] != 0:
                    h = _mixed(h, items[j] + 3)
        out[x] = h


@inlined
def _mixed(h: Any, value: int) -> Any:
    h = (h ^ np.uint64(value)) * np.uint64(1099511628211)
    return h ^ (h >> np.uint64(32))


@kernel("in int32[:]", "in int32[:]", "in int32[:]", "in int32[:]", "in int64[:]", "in int32[:]", "in int32[:]",
        "in uint8[:]", "in uint8[:]", "uint64[::1]")  # fmt: skip
def sign_chain(
    nodes: Int32, root: Int32, up: Int32, over: Int32, begin: Int64, size: Int32, items: Int32, common: UInt8,
    backed: UInt8, out: UInt64,
) -> None:  # fmt: skip
    """The hash of each of the nodes: that of its root, and the shared elements among those of the single ways to it."""
    for k in range(len(nodes)):
        x = nodes[k]
        r = root[x]
        if x == r:
            continue
        h, v = out[r], x
        while v != r:
            for side in range(2):
                e = v if side == 0 else over[v]
                if e >= 0:
                    for j in range(begin[e], begin[e] + size[e]):
                        if common[items[j]] != 0 or backed[r] == 0:
                            h = _mixed(h, items[j] + 5)
            v = up[v]
        out[x] = h


@kernel("in int32[:]", "in int32[:]", "in int32[:,:]", "in uint8[:]", "int32[::1]", "int32[::1]", "int32[:,::1]",
        "int32[::1]", "int32[::1]", "int64[::1]")  # fmt: skip
def list_services(
    owner: Int32, sets: Int32, tails: Int32, asked: UInt8, last: Int32, at: Int32, place: Int32, whose: Int32,
    tail: Int32, used: Int64,
) -> None:  # fmt: skip
    """List distinct (owner, tail) of rows that stand by owner; tails (sets, services): what a set holds, -1 nothing.

    asked: tails that matter; place (rows, services): where each is in whose, tail (-1 = nowhere). last (-2 on entry),
    at: scratch by tail. used[0]: services listed.
    """
    fill = 0
    for i in range(len(owner)):
        for s in range(tails.shape[1]):
            t = tails[sets[i], s]
            place[i, s] = -1
            if t < 0 or asked[t] == 0:
                continue
            if last[t] != owner[i]:
                last[t], at[t] = owner[i], fill
                whose[fill], tail[fill] = owner[i], t
                fill += 1
            place[i, s] = at[t]
    used[0] = fill


@kernel("in int32[:]", "in uint8[:]", "in int32[:]", "in int32[:]", "in int32[:,:]", "int32[:,::1]", "int32[:,::1]",
        "int32[:,::1]", "int32[::1]", "int32[::1]", "int32[::1]", "int32[::1]", "uint8[::1]", "int64[::1]")  # fmt: skip
def list_legs(
    cx: Int32, whole: UInt8, tail: Int32, root: Int32, parts: Int32, last: Int32, at: Int32, known: Int32, one: Int32,
    other: Int32, lx: Int32, ly: Int32, lwhole: UInt8, used: Int64,
) -> None:  # fmt: skip
    """Distinct legs of services (access cx, tail), those of one root together: `one` from the access resource, `other`
    of the tail itself, -1 = none. parts (tails, 3): gateway and endpoint (-1 = not known), number of the first of them.
    last (ends, 2), at (ends, 2), known (tails, 2): scratch, -1 on entry.
    """
    fill = 0
    for c in range(len(cx)):
        t = tail[c]
        g, e, y = parts[t, 0], parts[t, 1], parts[t, 2]
        first = g if g >= 0 else e
        one[c] = other[c] = -1
        if cx[c] >= 0:
            x, w = root[cx[c]], whole[c]
            if last[y, w] != x:
                last[y, w], at[y, w] = x, fill
                lx[fill], ly[fill], lwhole[fill] = x, first, w
                fill += 1
            one[c] = at[y, w]
        both = g >= 0 and e >= 0
        if both or cx[c] < 0:
            k = 0 if both else 1
            if known[t, k] < 0:
                known[t, k] = fill
                lx[fill], ly[fill], lwhole[fill] = first, e if both else -1, 0
                fill += 1
            other[c] = known[t, k]
    used[0] = fill


@kernel("in int32[:,:]", "in uint8[:]", "int64[::1]", "int64[::1]", "int64[::1]")
def tell_sets(place: Int32, verdict: UInt8, lost: Int64, risk: Int64, crossed: Int64) -> None:
    """Bits of services by row (lost; at risk; crossed and not lost) from the verdicts of those at `place`, -1 none."""
    for i in range(place.shape[0]):
        lost[i] = risk[i] = crossed[i] = 0
        for s in range(place.shape[1]):
            c = place[i, s]
            if c < 0:
                continue
            bit = np.int64(1) << np.int64(s)
            if verdict[c] & LOST:
                lost[i] |= bit
                continue
            if verdict[c] & AT_RISK:
                risk[i] |= bit
            if verdict[c] & CROSSED:
                crossed[i] |= bit


@kernel("in int64[:]", "in int64[:]", "in int64[:]", "in int64[:]", "in int64[:]", "in int64[:]", "in int16[:]",
        "in int32[:]", "in int32[:]", "in int32[:]", "in uint8[:]", "in int64[:]", "in int64[:]", "in int64[:]",
        "int64[:,::1]", "int64[:,::1]", "int64[::1]", "int64[::1]", "int32[::1]", "int64[::1]")  # fmt: skip
def count_touched(
    begin: Int64, end: Int64, lost: Int64, risk: Int64, crossed: Int64, dead: Int64, group: Int16,
    payer: Int32, terminal: Int32, cell: Int32, named: UInt8, was_lost: Int64, was_risk: Int64, was_crossed: Int64,
    segments: Int64, services: Int64, other: Int64, bits: Int64, changed: Int32, count: Int64,
) -> None:  # fmt: skip
    """Count subjects begin[i]..end[i] (places in order of access, all of one cell) of bundle i by their bundle's bits,
    instead of by those of their cell (`was_*`), which are taken back. dead[i]: bits of all services of the bundle.

    group: 2 * line of the segment, + 1 for a thing. segments (lines, 4), services (services, 4): users, things, at
    risk, customers; other: [0] customers in all, [1] subjects saved, [2] users, [3] things, [4] at risk. payer: -1
    none, -2 pays for one subject only, else its number in `bits`, services for which it counts already; changed[:count]
    are those set here.
    """
    filled = count[0]
    for i in range(len(begin)):
        was = cell[begin[i]]
        wl, wr, wc = was_lost[was], was_risk[was], was_crossed[was]
        same, shown = lost[i] == wl and risk[i] == wr and crossed[i] == wc, (wl | wr | wc) != 0
        bare, n = not shown and lost[i] == 0, 0
        for k in range(begin[i], end[i]):
            down = terminal[k] >= 0 and named[terminal[k]] != 0
            if same and not down:
                continue
            if bare and not down:
                n += 1
                if risk[i] != 0:
                    segments[group[k] >> 1, 2] += 1
                continue
            dark, r, c = (dead[i], np.int64(0), np.int64(0)) if down else (lost[i], risk[i], crossed[i])
            if down and dark == wl and r == wr and c == wc:
                continue
            line, thing = group[k] >> 1, group[k] & 1
            if shown:
                _count(wl, wr, wc, line, thing, -1, segments, services, other)
            _count(dark, r, c, line, thing, 1, segments, services, other)
            if payer[k] == -2:
                _pay(dark & ~wl, wl == 0 and dark != 0, line, segments, services, other)
            elif payer[k] >= 0:
                had = bits[payer[k]]
                new = dark & ~had
                if new != 0:
                    if had == 0:
                        changed[filled] = payer[k]
                        filled += 1
                    bits[payer[k]] = had | dark
                    _pay(new, had == 0, line, segments, services, other)
        if n > 0:
            other[4] += n if risk[i] != 0 else 0
            other[1] += n if crossed[i] != 0 else 0
            for s in range(services.shape[0]):
                services[s, 2] += n * ((risk[i] >> s) & 1)
    count[0] = filled


@lean
def _count(
    dark: Any, r: Any, c: Any, line: int, thing: int, by: int, segments: Int64, services: Int64, other: Int64
) -> None:
    if dark != 0:
        segments[line, thing] += by
        other[2 + thing] += by
    elif r != 0:
        segments[line, 2] += by
        other[4] += by
    if dark == 0 and c != 0:
        other[1] += by
    both, s = dark | r, 0
    while both != 0:
        if both & 1:
            services[s, thing if (dark >> s) & 1 else 2] += by
        both >>= 1
        s += 1


@lean
def _pay(new: int, first: bool, line: int, segments: Int64, services: Int64, other: Int64) -> None:
    if first:
        segments[line, 3] += 1
        other[0] += 1
    s = 0
    while new != 0:
        if new & 1:
            services[s, 3] += 1
        new >>= 1
        s += 1


@kernel("in int32[:]", "in int64[:]", "in int64[:]", "in int64[:]", "in int32[:,:]", "in int32[:,:]", "in int64[:]",
        "in int32[:]", "in int32[:]", "int64[:,::1]", "int64[:,::1]", "int64[::1]", "int64[::1]", "int32[::1]",
        "int64[::1]")  # fmt: skip
def count_cells(
    cells: Int32, lost: Int64, risk: Int64, crossed: Int64, people: Int32, alone: Int32, start: Int64, payers: Int32,
    paid: Int32, segments: Int64, services: Int64, other: Int64, bits: Int64, changed: Int32, count: Int64,
) -> None:  # fmt: skip
    """Count whole cells, all that have any bits, by those. people (cells, 2 * lines): subjects by line, users then
    things; alone (cells, lines): those with a payer of their own; start, payers: other payers by cell; paid: their
    line. See `count_touched`.
    """
    lines, filled = alone.shape[1], count[0]
    for c in cells:
        dark, r, x = lost[c], risk[c], crossed[c]
        if dark == 0 and r == 0 and x == 0:
            continue
        users, things = 0, 0
        for g in range(lines):
            u, t = people[c, 2 * g], people[c, 2 * g + 1]
            users, things = users + u, things + t
            if dark != 0:
                segments[g, 0] += u
                segments[g, 1] += t
            elif r != 0:
                segments[g, 2] += u + t
        for s in range(services.shape[0]):
            if (dark >> s) & 1:
                services[s, 0] += users
                services[s, 1] += things
            elif (r >> s) & 1:
                services[s, 2] += users + things
        if dark != 0:
            other[2] += users
            other[3] += things
        else:
            other[4] += users + things if r != 0 else 0
            other[1] += users + things if x != 0 else 0
        if dark == 0:
            continue
        for g in range(lines):
            n = alone[c, g]
            segments[g, 3] += n
            other[0] += n
            for s in range(services.shape[0]):
                if (dark >> s) & 1:
                    services[s, 3] += n
        for i in range(start[c], start[c + 1]):
            p = payers[i]
            new = dark & ~bits[p]
            if new != 0:
                if bits[p] == 0:
                    changed[filled] = p
                    filled += 1
                _pay(new, bits[p] == 0, paid[p], segments, services, other)
                bits[p] |= dark
    count[0] = filled
