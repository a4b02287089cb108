"""The arithmetic of a series, and of a block of them in one loop: what `twin` computes, operation by operation.

One loop of a block holds all of a series in registers, from the state that it reads to the state that it writes; it has
no branches and knows that its arrays do not overlap, so that it becomes vector instructions. Without fast-math, so that
engines, and dense and sparse steps, agree to the last bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic

from cemcore.kernels.compiled import loop
from models.anomaly.seasonal.access import get, put, wide
from models.anomaly.seasonal.cohorts import FIXED
from models.anomaly.seasonal.lookups import CEILING
from models.anomaly.seasonal.state import CHART, GAIN, SEASON
from models.calibration import BINS

B = 512
(
    P1, Q1, LEAN, NEAR1, UNIT, KNOWN, P2, Q2, NEAR2, SAME, KEEP, QUIET, PUSH, SLACK, PACE, OLD, Z1, SPREAD1,
) = (i * B for i in range(18))  # fmt: skip
"""Where what a block looks up, and what it says of its held values, stand in the scratch."""
ROWS = 18
f4, u4, i4, i8 = np.float32, np.uint32, np.int32, np.int64
C0, C1, C5, CUT, STIFF, TINY = f4(0), f4(1), f4(5), f4(2.5), f4(0.0025), f4(1e-6)
PER_CHART, PER_GAIN, PER_SEASON, SLOWER = f4(1 / CHART), f4(1 / GAIN), f4(1 / SEASON), f4(8)
TOP, GAIN_LOW, WORD = f4(CEILING), f4(0.1 * GAIN), f4(65535)
BIN, LAST, NAN = f4(8 / CHART), f4(BINS - 1), f4(np.nan)
OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
INNER: dict[str, Any] = {**OPTIONS, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
INLINE: dict[str, Any] = {**INNER, "forceinline": True}


def _root(typing: Any, x: Any) -> Any:
    """Square root of a float32 as the instruction, which the library's function is not."""

    def instruction(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.call(builder.module.declare_intrinsic("llvm.sqrt", [args[0].type]), args)

    return types.float32(types.float32), instruction


def _bits_of(typing: Any, x: Any) -> Any:
    """The bits of a float32 as uint32."""

    def instruction(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], context.get_value_type(types.uint32))

    return types.uint32(types.float32), instruction


root: Any = intrinsic(_root)
bits_of: Any = intrinsic(_bits_of)


@loop(**INLINE)
def larger(a, b):  # type: ignore[no-untyped-def]
    """The larger; the second where they can't be compared."""
    return a if a > b else b


@loop(**INLINE)
def smaller(a, b):  # type: ignore[no-untyped-def]
    """The smaller; the second where they can't be compared."""
    return a if a < b else b


@loop(**INLINE)
def dice(held, level, seed):  # type: ignore[no-untyped-def]
    """Fair bits of a series' own past."""
    h = u4(u4(bits_of(held) ^ u4(bits_of(level) * u4(0x9E3779B1))) + seed)
    h = u4(u4(h ^ u4(h >> u4(15))) * u4(0x2C1B3C6D))
    h = u4(u4(h ^ u4(h >> u4(12))) * u4(0x297A2D39))
    return u4(h ^ u4(h >> u4(15)))


@loop(**INLINE)
def point_bin(z):  # type: ignore[no-untyped-def]
    """Bin of a single deviation."""
    return i4(smaller(root(-z if z < C0 else C0) * f4(32), LAST))


@loop(**INLINE)
def learned(level, spread, held, chart, gain, count, season, h, w, i, hours):  # type: ignore[no-untyped-def]
    """What the held value of series i of the block teaches: (level, spread, gain, season + 128; z, step, psi)."""
    p, q = get(w, P1 + i, 0), get(w, Q1 + i, 0)
    u, v = f4(i4(h & u4(0xFFFF))) * f4(1 / 65536), f4(i4(u4(h >> u4(16)))) * f4(1 / 65536)
    mean = (level + gain * PER_GAIN * p) + spread * season * PER_SEASON
    floor = larger(larger(get(w, NEAR1 + i, 0), abs(mean) * STIFF), TINY)
    sd = larger(spread * q, floor)
    z = (held - mean) / sd
    psi = smaller(larger(z, -CUT), CUT)
    step = sd * psi
    pace = get(w, PACE + i, 0) * (SLOWER / (SLOWER + chart * PER_CHART))
    once = C1 / (count + C1)
    bound = CUT + f4(20) * once
    level2 = level + larger(once, pace) * sd * smaller(larger(z, -bound), bound)
    gain2 = gain + larger(smaller(f4(2) * once, f4(0.05)), pace) * step * get(w, LEAN + i, 0) * f4(GAIN) + u
    gain2 = smaller(larger(gain2, GAIN_LOW), WORD)
    lively = larger(smaller(f4(33.6) * once, hours * f4(0.25)), pace * f4(2))
    season2 = smaller(larger(season + lively * psi * q * f4(SEASON) + v, f4(-127)), f4(127)) + f4(128)
    power = psi * psi
    wider = C1 + f4(0.5) * larger(smaller(f4(2) * once, f4(0.2)), f4(0.5) * pace) * (power * f4(1 / 0.97) - C1)
    return level2, larger(spread * wider, floor), gain2, season2, z, step, power


@loop(**INLINE)
def judged(level, spread, x, chart, gain, season, w, i):  # type: ignore[no-untyped-def]
    """The value x of series i of the block: (z, chart)."""
    mean = (level + gain * PER_GAIN * get(w, P2 + i, 0)) + spread * season * PER_SEASON
    floor = larger(larger(get(w, NEAR2 + i, 0), abs(mean) * STIFF), TINY)
    z = (x - mean) / larger(spread * get(w, Q2 + i, 0), floor)
    low = smaller(larger(z, -C5), C5)
    kept = chart * PER_CHART * get(w, KEEP + i, 0)
    charted = smaller(larger(kept - low * get(w, PUSH + i, 0) - get(w, SLACK + i, 0), C0), TOP)
    return z, f4(i4((charted if x == x else kept * get(w, QUIET + i, 0)) * f4(CHART) + f4(0.5)))


@loop(**INNER)
def block(  # type: ignore[no-untyped-def]
    m, j, o, o2, a, levels, spreads, xs, charts, gains, counts, owns, others, x, surprise, z, w, key, ripes, moves,
    powers, picks, chart_table, point_table, seed, picked, hours, least,
):  # fmt: skip
    """Learn and judge m series: state from j on, own season from o on, of the new hour in `others` from o2 on, inputs
    and outputs from a on. Returns the sums (number, step, power, sampled) of what they say.
    """
    wide()
    n, moved, squares, sample = i4(0), i4(0), i4(0), i4(0)
    for i in range(m):
        level, spread, held, new = get(levels, j + i, 1), get(spreads, j + i, 2), get(xs, j + i, 3), get(x, a + i, 4)
        chart, gain = f4(get(charts, j + i, 5)), f4(get(gains, j + i, 6))
        count, season, other = f4(get(counts, j + i, 7)), f4(get(owns, o + i, 8)), f4(get(others, o2 + i, 9))
        h = dice(held, level, seed)
        level2, spread2, gain2, season2, z1, step, power = learned(
            level, spread, held, chart, gain, count, season, h, w, i, hours
        )
        here = held == held
        ok, first = here and count != C0, here and count == C0
        known, rough = get(w, KNOWN + i, 0), larger(abs(held) * f4(0.01), TINY)
        level2 = level2 if ok else (held - get(w, P1 + i, 0) if first else level)
        new_spread = spread2 if ok else ((known if known > C0 else rough) if first else spread)
        gain2, season2 = f4(i4(gain2 if ok else gain)), f4(i4(i4(season2 if ok else season + f4(128)) - i4(128)))
        count2 = smaller(count + C1, WORD) if here else count
        z2, fixed = judged(level2, new_spread, new, chart, gain2, season2 if get(w, SAME + i, 0) == C1 else other, w, i)
        put(levels, j + i, level2, 1)
        put(spreads, j + i, new_spread, 2)
        put(xs, j + i, new, 3)
        put(charts, j + i, np.uint16(i4(fixed)), 5)
        put(gains, j + i, np.uint16(i4(gain2)), 6)
        put(counts, j + i, np.uint16(i4(count2)), 7)
        put(owns, o + i, np.int8(i4(season2)), 8)
        put(z, a + i, z2, 10)
        table, unit = get(key, i, 11), get(w, UNIT + i, 0)
        one = get(chart_table, i4(table + i4(larger(smaller(fixed * BIN, LAST), C0))), 12)
        two = get(point_table, i4(table + point_bin(z2)), 13)
        put(surprise, a + i, larger(one, two) if new == new and count2 >= least else NAN, 14)
        ripe = ok and count >= least
        pushed = smaller(larger(step * unit, f4(-32000)), f4(32000)) + f4(32768.5)
        mine, push = i4(1) if ripe else i4(0), i4(i4(pushed if ripe else f4(32768.5)) - i4(32768))
        square = i4((power if ripe else C0) * f4(FIXED) + f4(0.5))
        pick = i4(1) if ripe and u4(u4(h >> u4(8)) & picked) == u4(0) else i4(0)
        put(w, OLD + i, chart, 0)
        put(w, Z1 + i, z1, 0)
        put(w, SPREAD1 + i, spread * unit, 0)
        put(ripes, i, mine, 15)
        put(moves, i, push, 16)
        put(powers, i, square, 17)
        put(picks, i, np.uint8(pick), 18)
        n, moved, squares, sample = i4(n + mine), i4(moved + push), i4(squares + square), i4(sample + pick)
    return n, moved, squares, sample
