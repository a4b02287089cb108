"""The step compiled: the arithmetic of `twin`, operation by operation, in blocks that stay in the first cache.

A block of series is loaded into one scratch array (from contiguous state, or gathered), computed there in one loop
without branches that the compiler turns into vector instructions (one base pointer and constant offsets leave it no
alias to fear), and stored back. Where a block has one cohort and hour, its tables are filled once and kept. Without
fast-math, so that both engines, and dense and sparse steps, agree to the last bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from models.anomaly.seasonal.arithmetic import (  # fmt: skip
    BIN,
    C0,
    C1,
    CB,
    CHARTED,
    COUNT,
    GAINED,
    KEEP,
    KNOWN,
    LAST,
    LEAN,
    LEVEL,
    NEAR1,
    NEAR2,
    OLD,
    OPTIONS,
    OWN1,
    OWN2,
    P1,
    P2,
    PACE,
    PB,
    PICK,
    POWER,
    PUSH,
    Q1,
    Q2,
    QUIET,
    RIPE,
    ROWS,
    SAME,
    SLACK,
    SPREAD,
    STEP,
    TINY,
    UNIT,
    UNIT2,
    Z1,
    Z2,
    B,
    X,
    f4,
    i4,
    i8,
    judge,
    larger,
    learn,
    root,
    smaller,
    u4,
)
from models.anomaly.seasonal.cohorts import FIXED
from models.anomaly.seasonal.lookups import GAPS, Lookups
from models.anomaly.seasonal.state import SERIES

Array = NDArray[Any]


def run(
    s: Mapping[str, Array], t: Lookups, number: int, rows: Array, x: Array, cohort: Array, hour: Array,
    surprise: Array, z: Array, said: Mapping[str, Array], touched: Array,
) -> None:  # fmt: skip
    """As `twin.run`."""
    hot = Hot(*(s[name] for name in (*SERIES, "own")))
    heard = Heard(*(said[name] for name in Heard._fields))
    room = Block(*(np.empty(B, s[name].dtype) for name in ("level", "spread", "x", "chart", "gain", "count", "own")))
    _run(hot, t, number, rows, x, cohort, hour, surprise, z, heard, touched, room)


class Hot(NamedTuple):
    """State of the series, for compiled code; seen is its count."""

    level: Array
    spread: Array
    x: Array
    chart: Array
    gain: Array
    seen: Array
    last: Array
    cohort: Array
    hour: Array
    own: Array


class Heard(NamedTuple):
    """A tally, for compiled code."""

    n: Array
    step: Array
    power: Array
    first: Array
    ripe: Array
    chart: Array
    point: Array


class Block(NamedTuple):
    """Room for the hot state of a block that is gathered."""

    level: Array
    spread: Array
    x: Array
    chart: Array
    gain: Array
    seen: Array
    own: Array


@njit(**OPTIONS)
def _run(s, t, number, rows, x, cohort, hour, surprise, z, said, touched, room):  # type: ignore[no-untyped-def]
    w = np.zeros(ROWS * B, np.float32)
    kept = np.full(5, -1, np.int64)
    seed, picked = u4((number * 0x85EBCA6B) & 0xFFFFFFFF), u4(t.stride - 1)
    for a in range(0, len(rows), B):
        m = min(B, len(rows) - a)
        r, k2, h2 = rows[a : a + m], cohort[a : a + m], hour[a : a + m]
        dense = _dense(r)
        even = _even(s, r, k2, h2, dense)
        b = _load(s, r, dense, even, room)
        none = _count_none(b.seen)
        _gaps(w, s, r, dense, number, t, kept, b.seen, none)
        _tables(w, s, t, r, k2, h2, even, dense, kept, touched)
        copy(w, X, x[a : a + m])
        learn(w, b.level, b.spread, b.x, b.chart, b.gain, b.seen, b.own, seed, picked, t.hours, t.least)
        if none:
            _new(w, b.x, b.seen)
        judge(w)
        if none:
            _fresh(w, t, k2, said.first)
        _look(w, t, k2, even, surprise[a : a + m], z[a : a + m])
        _teach(w, t, s, r, m, even, kept, said)
        _store(w, s, r, k2, h2, dense, even, kept, number)


@njit(**OPTIONS)
def _dense(r):  # type: ignore[no-untyped-def]
    bad = 0
    for i in range(1, len(r)):
        bad |= (r[i] - r[i - 1]) ^ 1
    return bad == 0


@njit(**OPTIONS)
def _own_hour(hour):  # type: ignore[no-untyped-def]
    return hour % 24 + (24 if hour >= 120 else 0)


@njit(**OPTIONS)
def _all_same(values):  # type: ignore[no-untyped-def]
    first, odd = i4(values[0]), i4(0)
    for i in range(len(values)):
        odd = i4(odd | i4(i4(values[i]) ^ first))
    return odd == i4(0)


@njit(**OPTIONS)
def _count_none(seen):  # type: ignore[no-untyped-def]
    none = i4(0)
    for i in range(len(seen)):
        none = i4(none + (i4(1) if seen[i] == 0 else i4(0)))
    return none


@njit(**OPTIONS)
def _even(s, r, k2, h2, dense):  # type: ignore[no-untyped-def]
    """Has all the block one cohort and hour, of the held values and of the new?"""
    if not (_all_same(k2) and _all_same(h2)):
        return False
    if dense:
        a, b = r[0], r[0] + len(r)
        return _all_same(s.cohort[a:b]) and _all_same(s.hour[a:b])
    odd = 0
    for i in range(1, len(r)):
        odd += 1 if s.cohort[r[i]] != s.cohort[r[0]] or s.hour[r[i]] != s.hour[r[0]] else 0
    return odd == 0


@njit(**OPTIONS)
def _load(s, r, dense, even, room):  # type: ignore[no-untyped-def]
    """The hot state of the block: the state itself where it is contiguous, else gathered."""
    m = len(r)
    if dense and even:
        a, b = r[0], r[0] + m
        own = s.own[_own_hour(i8(s.hour[a])), a:b]
        return Block(s.level[a:b], s.spread[a:b], s.x[a:b], s.chart[a:b], s.gain[a:b], s.seen[a:b], own)
    for i in range(m):
        j = r[i]
        room.level[i], room.spread[i], room.x[i] = s.level[j], s.spread[j], s.x[j]
        room.chart[i], room.gain[i], room.seen[i] = s.chart[j], s.gain[j], s.seen[j]
        room.own[i] = s.own[_own_hour(i8(s.hour[j])), j]
    return Block(
        room.level[:m], room.spread[:m], room.x[:m], room.chart[:m], room.gain[:m], room.seen[:m], room.own[:m]
    )


@njit(**OPTIONS)
def _gaps(w, s, r, dense, number, t, kept, seen, none):  # type: ignore[no-untyped-def]
    """Rates by the slots since the last step of each series."""
    m = len(r)
    even = dense and none == 0 and _all_same(s.last[r[0] : r[0] + m])
    gap = (number - i8(s.last[r[0]])) & 0xFFFF
    if even and kept[4] == gap:
        return
    kept[4] = gap if even else -1
    for i in range(B if even else m):
        if not even:
            gap = 1 if seen[i] == 0 else (number - i8(s.last[r[i]])) & 0xFFFF
        g = min(gap, GAPS - 1)
        w[KEEP + i], w[QUIET + i], w[PUSH + i] = t.keep[g], t.quiet[g], t.push[g]
        w[SLACK + i], w[PACE + i] = t.slack[g], t.pace[g]


@njit(**OPTIONS)
def _tables(w, s, t, r, k2, h2, even, dense, kept, touched):  # type: ignore[no-untyped-def]
    """Tables of each series' cohort and hour, of the held value and of the new."""
    m = len(r)
    k, h, j, g = i8(s.cohort[r[0]]), i8(s.hour[r[0]]), i8(k2[0]), i8(h2[0])
    if not even or kept[0] != k or kept[1] != h or kept[2] != j or kept[3] != g:
        for i in range(B if even else m):
            if not even:
                k, h, j, g = i8(s.cohort[r[i]]), i8(s.hour[r[i]]), i8(k2[i]), i8(h2[i])
            w[P1 + i], w[Q1 + i], w[LEAN + i] = t.season[k, h], t.width[k, h], t.lean[k, h]
            w[NEAR1 + i], w[UNIT + i], w[KNOWN + i] = t.near[k], t.unit[k], t.founding[k]
            w[P2 + i], w[Q2 + i], w[NEAR2 + i] = t.season[j, g], t.width[j, g], t.near[j]
            w[SAME + i] = C1 if _own_hour(h) == _own_hour(g) else C0
    kept[0], kept[1], kept[2], kept[3] = (k, h, j, g) if even else (-1, -1, -1, -1)
    if even and dense:
        touched[_own_hour(h)] = True
        if _own_hour(h) != _own_hour(g):
            copy(w, OWN2, s.own[_own_hour(g), r[0] : r[0] + m])
    else:
        for i in range(m):
            w[OWN2 + i] = f4(s.own[_own_hour(i8(h2[i])), r[i]])
            touched[_own_hour(i8(s.hour[r[i]]))] = True


@njit(**OPTIONS)
def _new(w, x, seen):  # type: ignore[no-untyped-def]
    """First values: level and spread begin with them."""
    for i in range(len(x)):
        held = x[i]
        if seen[i] == 0 and held == held:
            w[LEVEL + i] = held - w[P1 + i]
            w[SPREAD + i] = w[KNOWN + i] if w[KNOWN + i] > C0 else larger(abs(held) * f4(0.01), TINY)
            w[COUNT + i] = C1


@njit(**OPTIONS)
def _fresh(w, t, k2, first):  # type: ignore[no-untyped-def]
    """Series without a past: judged by where their cohort begins, and their first values told."""
    for i in range(len(k2)):
        if w[COUNT + i] == C0:
            x, k = w[X + i], k2[i]
            z = (x - (t.level[k] + w[P2 + i])) / t.between[k]
            w[Z2 + i], w[CHARTED + i], w[CB + i] = z, C0, C0
            w[PB + i] = smaller(root(-z if z < C0 else C0) * f4(32), LAST)
            if x == x:
                first[k, 0] += 1.0
                first[k, 1] += np.float64(x)
                first[k, 2] += np.float64(x) * np.float64(x)


@njit(**OPTIONS)
def _look(w, t, k2, even, surprise, z):  # type: ignore[no-untyped-def]
    """Surprise of both statistics, the larger."""
    if even:
        chart, point = t.chart[k2[0]], t.point[k2[0]]
        for i in range(len(k2)):
            a, b = chart[np.uint32(i4(w[CB + i]))], point[np.uint32(i4(w[PB + i]))]
            known = w[X + i] == w[X + i] and w[COUNT + i] >= t.least
            surprise[i] = (a if a > b else b) if known else f4(np.nan)
    else:
        for i in range(len(k2)):
            a, b = t.chart[k2[i], i4(w[CB + i])], t.point[k2[i], i4(w[PB + i])]
            known = w[X + i] == w[X + i] and w[COUNT + i] >= t.least
            surprise[i] = (a if a > b else b) if known else f4(np.nan)
    for i in range(len(k2)):
        z[i] = w[Z2 + i]


@njit(**OPTIONS)
def _teach(w, t, s, r, m, even, kept, said):  # type: ignore[no-untyped-def]
    """Add to the tally."""
    n, step, power, picks = i4(0), i4(0), i4(0), i4(0)
    for i in range(m):
        n += i4(w[RIPE + i])
        step += i4(w[STEP + i])
        power += i4(w[POWER + i])
        picks += i4(w[PICK + i])
    if even:
        k, h = kept[0], kept[1]
        said.n[k, h] += n
        said.step[k, h] += step
        said.power[k, h] += power
    else:
        for i in range(m if n else 0):
            if w[RIPE + i] == C1:
                k, h = i8(s.cohort[r[i]]), i8(s.hour[r[i]])
                said.n[k, h] += 1
                said.step[k, h] += i8(w[STEP + i])
                said.power[k, h] += i8(w[POWER + i])
    for i in range(m if picks else 0):
        if w[PICK + i] == C1:
            k = i8(s.cohort[r[i]])
            c = i4(smaller(w[OLD + i] * BIN, LAST))
            z = w[Z1 + i]
            p = i4(smaller(root(-z if z < C0 else C0) * f4(32), LAST))
            bad = 1 if t.chart[k, c] > t.suspect else 0
            said.chart[k, bad, c] += 1
            said.point[k, bad, p] += 1
            said.ripe[k, 0] += 1
            said.ripe[k, 1] += i8(i4(smaller(w[UNIT2 + i] * f4(1 / FIXED), f4(4)) * f4(FIXED) + f4(0.5)))


@njit(**OPTIONS)
def copy(w, at, values):  # type: ignore[no-untyped-def]
    """Values into the scratch."""
    for i in range(len(values)):
        w[at + i] = f4(values[i])


@njit(**OPTIONS)
def _put(out, w, at):  # type: ignore[no-untyped-def]
    for i in range(len(out)):
        out[i] = w[at + i]


@njit(**OPTIONS)
def _put_byte(out, w, at):  # type: ignore[no-untyped-def]
    for i in range(len(out)):
        out[i] = np.int8(i4(w[at + i]))


@njit(**OPTIONS)
def _put_word(out, w, at):  # type: ignore[no-untyped-def]
    for i in range(len(out)):
        out[i] = np.uint16(i4(w[at + i]))


@njit(**OPTIONS)
def _fill(out, value):  # type: ignore[no-untyped-def]
    for i in range(len(out)):
        out[i] = value


@njit(**OPTIONS)
def _store(w, s, r, k2, h2, dense, even, kept, number):  # type: ignore[no-untyped-def]
    m, now = len(r), np.uint16(number & 0xFFFF)
    if dense and even:
        a, b = r[0], r[0] + m
        _put_byte(s.own[_own_hour(kept[1]), a:b], w, OWN1)
        _put(s.level[a:b], w, LEVEL)
        _put(s.spread[a:b], w, SPREAD)
        _put(s.x[a:b], w, X)
        _put_word(s.chart[a:b], w, CHARTED)
        _put_word(s.gain[a:b], w, GAINED)
        _put_word(s.seen[a:b], w, COUNT)
        _fill(s.last[a:b], now)
        if kept[0] != kept[2]:
            _fill(s.cohort[a:b], np.uint16(kept[2]))
        if kept[1] != kept[3]:
            _fill(s.hour[a:b], np.uint8(kept[3]))
        return
    for i in range(m):
        j = r[i]
        s.own[_own_hour(i8(s.hour[j])), j] = np.int8(i4(w[OWN1 + i]))
        s.level[j], s.spread[j], s.x[j] = w[LEVEL + i], w[SPREAD + i], w[X + i]
        s.chart[j], s.gain[j] = np.uint16(i4(w[CHARTED + i])), np.uint16(i4(w[GAINED + i]))
        s.seen[j], s.last[j] = np.uint16(i4(w[COUNT + i])), now
        s.cohort[j], s.hour[j] = np.uint16(k2[i]), np.uint8(h2[i])
