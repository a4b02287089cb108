"""The step compiled: the arithmetic of `twin`, operation by operation, in blocks that stay in the first cache.

A block of series that lies together and has one cohort and hour is computed where it lies, with tables that are filled
once and kept; any other is gathered, computed by the same loop (`arithmetic.block`), and scattered back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cemcore.kernels.compiled import loop
from models.anomaly.seasonal.access import borrowed, get, put
from models.anomaly.seasonal.arithmetic import (
    BIN,
    C0,
    C1,
    INLINE,
    INNER,
    KEEP,
    KNOWN,
    LAST,
    LEAN,
    NAN,
    NEAR1,
    NEAR2,
    OLD,
    OPTIONS,
    P1,
    P2,
    PACE,
    PUSH,
    Q1,
    Q2,
    QUIET,
    ROWS,
    SAME,
    SLACK,
    SPREAD1,
    UNIT,
    Z1,
    B,
    block,
    f4,
    i4,
    i8,
    point_bin,
    smaller,
    u4,
)
from models.anomaly.seasonal.cohorts import FIXED
from models.anomaly.seasonal.lookups import GAPS, Lookups
from models.anomaly.seasonal.state import SERIES
from models.calibration import BINS

Array = NDArray[Any]
HOT = ("level", "spread", "x", "chart", "gain", "count", "own")
SAID = ("n", "step", "power", "first", "ripe", "chart", "point")


def run(
    s: Mapping[str, Array], t: Lookups, number: int, rows: Array, x: Array, cohort: Array, hour: Array,
    surprise: Array, z: Array, said: Mapping[str, Array], touched: Array,
) -> None:  # fmt: skip
    """As `twin.run`."""
    hot = tuple(s[name] if name != "own" else s[name].reshape(-1) for name in (*SERIES, "own"))
    room = tuple(np.empty(B, s[name].dtype) for name in (*HOT, "own"))
    says = (*(np.empty(B, np.int32) for _ in range(4)), np.zeros(B, np.uint8))
    heard = tuple(said[name] for name in SAID)
    work = (np.zeros(ROWS * B, np.float32), np.full(5, -1, np.int64))
    _run(hot, t, number, (rows, x, cohort, hour, surprise, z), (t.chart.reshape(-1), t.point.reshape(-1)),
         heard, (touched,), room, says, work)  # fmt: skip


@loop(**OPTIONS)
def _run(s, t, number, now, looked, said, marks, room, says, work):  # type: ignore[no-untyped-def]
    s, t, said, room, says = borrowed(s), borrowed(t), borrowed(said), borrowed(room), borrowed(says)
    rows, x, cohort, hour, surprise, z = borrowed(now)
    (chart_table, point_table), (w, kept), (touched,) = borrowed(looked), borrowed(work), borrowed(marks)
    level, spread, held, chart, gain, count, last, cohorts, hours, own = s
    level_r, spread_r, held_r, chart_r, gain_r, count_r, own_r, other_r = room
    key, ripe, step, power, picks = says
    seed, picked, n, zero = u4((number * 0x85EBCA6B) & 0xFFFFFFFF), u4(t.stride - 1), i8(len(level)), i8(0)
    for a in range(0, len(rows), B):
        m, j = min(B, len(rows) - a), rows[a]
        even, none, on = _alike(rows, cohort, hour, cohorts, hours, last, count, a, m)
        k, h, k2, h2 = i8(cohorts[j]), i8(hours[j]), i8(cohort[a]), i8(hour[a])
        gap = (number - i8(last[j])) & 0xFFFF if even and none == 0 and on else i8(-1)
        if gap < 0 or kept[4] != gap:
            _gaps(w, last, count, rows, a, m, gap, number, t)
        if not even or kept[0] != k or kept[1] != h or kept[2] != k2 or kept[3] != h2:
            _tables(w, key, cohorts, hours, rows, cohort, hour, a, m, t, even, touched)
        kept[0], kept[1], kept[2], kept[3], kept[4] = k if even else -1, h, k2, h2, gap
        if even:
            o, o2 = i8(_own_hour(h) * n + j), i8(_own_hour(h2) * n + j)
            sums = block(
                m, j, o, zero if o == o2 else o2, a, level, spread, held, chart, gain, count, own,
                other_r if o == o2 else own, x, surprise, z, w, key, ripe, step, power, picks,
                chart_table, point_table, seed, picked, t.hours, t.least,
            )  # fmt: skip
            if none:
                _fresh(w, t, cohort, a, m, j, x, count, chart, surprise, z, said[3])
            _add(said, k, h, sums[0], sums[1], sums[2])
        else:
            _load(s, room, rows, hour, a, m, n)
            sums = block(
                m, zero, zero, zero, a, level_r, spread_r, held_r, chart_r, gain_r, count_r, own_r, other_r,
                x, surprise, z, w, key, ripe, step, power, picks, chart_table, point_table, seed, picked,
                t.hours, t.least,
            )  # fmt: skip
            _fresh(w, t, cohort, a, m, zero, x, count_r, chart_r, surprise, z, said[3])
            for i in range(m if sums[0] else 0):
                if ripe[i]:
                    _add(said, cohorts[rows[a + i]], hours[rows[a + i]], i4(1), step[i], power[i])
        if sums[3]:
            _sample(w, picks, t, cohorts, rows, a, m, said)
        if even:
            _fill(last, j, m, np.uint16(number & 0xFFFF))
            if k != k2:
                _fill(cohorts, j, m, np.uint16(k2))
            if h != h2:
                _fill(hours, j, m, np.uint8(h2))
        else:
            _store(s, room, rows, cohort, hour, a, m, n, number)


@loop(**INLINE)
def _alike(rows, cohort, hour, cohorts, hours, last, count, a, m):  # type: ignore[no-untyped-def]
    """(the series lie together and have one cohort and hour, of the held values and of the new; number of those that
    have had no value; all had their last step in one slot), the latter two only where the first holds.
    """
    j = rows[a]
    if rows[a + m - 1] - j != m - 1:
        return False, i4(m), False
    k, h, k2, h2, slot = i4(cohorts[j]), i4(hours[j]), cohort[a], hour[a], i4(last[j])
    bad, odd, late, none = i8(0), i4(0), i4(0), i4(0)
    for i in range(m):
        bad |= (get(rows, a + i, 0) - j) ^ i
        new = i4(i4(get(cohort, a + i, 1) ^ k2) | i4(get(hour, a + i, 2) ^ h2))
        old = i4(i4(i4(get(cohorts, j + i, 3)) ^ k) | i4(i4(get(hours, j + i, 4)) ^ h))
        odd = i4(odd | i4(new | old))
        late = i4(late | i4(i4(get(last, j + i, 5)) ^ slot))
        none = i4(none + (i4(1) if get(count, j + i, 6) == 0 else i4(0)))
    return bad == 0 and odd == i4(0), none, late == i4(0)


@loop(**INLINE)
def _own_hour(hour):  # type: ignore[no-untyped-def]
    return hour % 24 + (24 if hour >= 120 else 0)


@loop(**INLINE)
def _fill(out, j, m, value):  # type: ignore[no-untyped-def]
    for i in range(m):
        put(out, j + i, value, 0)


@loop(**INLINE)
def _add(said, k, h, n, step, power):  # type: ignore[no-untyped-def]
    """Add to the tally what ripe series say of their cohort's hour."""
    said[0][k, h] += n
    said[1][k, h] += step
    said[2][k, h] += power


@loop(**INNER)
def _load(s, room, rows, hour, a, m, n):  # type: ignore[no-untyped-def]
    """The hot state of a block, gathered."""
    level, spread, held, chart, gain, count, _, _, hours, own = s
    for i in range(m):
        j = rows[a + i]
        room[0][i], room[1][i], room[2][i] = level[j], spread[j], held[j]
        room[3][i], room[4][i], room[5][i] = chart[j], gain[j], count[j]
        room[6][i], room[7][i] = own[_own_hour(i8(hours[j])) * n + j], own[_own_hour(i8(hour[a + i])) * n + j]


@loop(**INNER)
def _gaps(w, last, count, rows, a, m, even, number, t):  # type: ignore[no-untyped-def]
    """Rates by the slots since the last step of each series; even: of all, or -1."""
    gap = even
    for i in range(B if even >= 0 else m):
        if even < 0:
            j = rows[a + i]
            gap = i8(1) if count[j] == 0 else (number - i8(last[j])) & 0xFFFF
        g = min(gap, GAPS - 1)
        w[KEEP + i], w[QUIET + i], w[PUSH + i] = t.keep[g], t.quiet[g], t.push[g]
        w[SLACK + i], w[PACE + i] = t.slack[g], t.pace[g]


@loop(**INNER)
def _tables(w, key, cohorts, hours, rows, cohort, hour, a, m, t, even, touched):  # type: ignore[no-untyped-def]
    """Tables of each series' cohort and hour, of the held value and of the new; even: one for all."""
    for i in range(B if even else m):
        e = a if even else a + i
        k, h, j, g = i8(cohorts[rows[e]]), i8(hours[rows[e]]), i8(cohort[e]), i8(hour[e])
        touched[_own_hour(h)] = True
        w[P1 + i], w[Q1 + i], w[LEAN + i] = t.season[k, h], t.width[k, h], t.lean[k, h]
        w[NEAR1 + i], w[UNIT + i], w[KNOWN + i] = t.near[k], t.unit[k], t.founding[k]
        w[P2 + i], w[Q2 + i], w[NEAR2 + i] = t.season[j, g], t.width[j, g], t.near[j]
        w[SAME + i], key[i] = C1 if _own_hour(h) == _own_hour(g) else C0, j * BINS


@loop(**INNER)
def _fresh(w, t, cohort, a, m, j, x, count, chart, surprise, z, first):  # type: ignore[no-untyped-def]
    """Series without a past: judged by where their cohort begins, and their first values told."""
    for i in range(m):
        if count[j + i] == 0:
            now, k = x[a + i], cohort[a + i]
            deviation = (now - (t.level[k] + w[P2 + i])) / t.between[k]
            z[a + i], chart[j + i] = deviation, 0
            one, two = t.chart[k, 0], t.point[k, point_bin(deviation)]
            surprise[a + i] = (one if one > two else two) if now == now and t.least <= C0 else NAN
            if now == now:
                first[k, 0] += 1.0
                first[k, 1] += np.float64(now)
                first[k, 2] += np.float64(now) * np.float64(now)


@loop(**INLINE)
def _sample(w, picks, t, cohorts, rows, a, m, said):  # type: ignore[no-untyped-def]
    """Add sampled values to the histograms of the null, and sampled spreads."""
    ripe, chart, point, eight = said[4], said[5], said[6], picks.view(np.uint64)
    for e in range((m + 7) // 8):
        if eight[e] == 0:
            continue
        for i in range(8 * e, min(8 * e + 8, m)):
            if picks[i]:
                k, c, p = i8(cohorts[rows[a + i]]), i4(smaller(w[OLD + i] * BIN, LAST)), point_bin(w[Z1 + i])
                bad = 1 if t.chart[k, c] > t.suspect else 0
                chart[k, bad, c] += 1
                point[k, bad, p] += 1
                ripe[k, 0] += 1
                ripe[k, 1] += i8(i4(smaller(w[SPREAD1 + i] * f4(1 / FIXED), f4(4)) * f4(FIXED) + f4(0.5)))


@loop(**INNER)
def _store(s, room, rows, cohort, hour, a, m, n, number):  # type: ignore[no-untyped-def]
    """The state of a block, scattered."""
    level, spread, held, chart, gain, count, last, cohorts, hours, own = s
    for i in range(m):
        j = rows[a + i]
        own[_own_hour(i8(hours[j])) * n + j] = room[6][i]
        level[j], spread[j], held[j] = room[0][i], room[1][i], room[2][i]
        chart[j], gain[j], count[j] = room[3][i], room[4][i], room[5][i]
        last[j], cohorts[j], hours[j] = np.uint16(number & 0xFFFF), np.uint16(cohort[a + i]), np.uint8(hour[a + i])
