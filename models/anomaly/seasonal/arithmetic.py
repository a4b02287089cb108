"""The arithmetic of a block of series, in one scratch array: what `twin` computes, operation by operation.

One base pointer and constant offsets leave the compiler no alias to fear, loops of constant length without branches
become vector instructions. Without fast-math, so that engines, and dense and sparse steps, agree to the last bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import intrinsic

from models.anomaly.seasonal.cohorts import FIXED
from models.anomaly.seasonal.lookups import CEILING
from models.anomaly.seasonal.state import CHART, GAIN, SEASON
from models.calibration import BINS

B = 256
(
    LEVEL, SPREAD, HELD, CHARTED, GAINED, COUNT, OWN1, OWN2, SAME, U, V, PICK, X,
    P1, Q1, LEAN, NEAR1, UNIT, KNOWN, P2, Q2, NEAR2, KEEP, QUIET, PUSH, SLACK, PACE,
    Z1, UNIT2, RIPE, STEP, POWER, OLD, Z2, CB, PB,
) = (i * B for i in range(36))  # fmt: skip
"""Where each quantity of a block stands in the scratch."""
ROWS = 36
f4, u4, i4, i8 = np.float32, np.uint32, np.int32, np.int64
C0, C1, C5, CUT, STIFF, TINY = f4(0), f4(1), f4(5), f4(2.5), f4(0.0025), f4(1e-6)
PER_CHART, PER_GAIN, PER_SEASON, SLOWER = f4(1 / CHART), f4(1 / GAIN), f4(1 / SEASON), f4(8)
TOP, GAIN_LOW, WORD = f4(CEILING), f4(0.1 * GAIN), f4(65535)
BIN, LAST = f4(8 / CHART), f4(BINS - 1)
OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}


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


@njit(**OPTIONS)
def larger(a, b):  # type: ignore[no-untyped-def]
    """The larger; the second where they can't be compared."""
    return a if a > b else b


@njit(**OPTIONS)
def smaller(a, b):  # type: ignore[no-untyped-def]
    """The smaller; the second where they can't be compared."""
    return a if a < b else b


@njit(**OPTIONS)
def learn(w, levels, spreads, x, charts, gains, counts, owns, seed, picked, hours, least):  # type: ignore[no-untyped-def]
    """The held values x teach their series; a NaN teaches nothing. seed, picked: of the dice, see `twin`."""
    for i in range(len(x)):
        level, spread, held, count = levels[i], spreads[i], x[i], f4(counts[i])
        p, q, season, gain, chart = w[P1 + i], w[Q1 + i], f4(owns[i]), f4(gains[i]), f4(charts[i])
        h = u4(u4(bits_of(held) ^ u4(bits_of(level) * u4(0x9E3779B1))) + seed)
        h = u4(u4(h ^ u4(h >> u4(15))) * u4(0x2C1B3C6D))
        h = u4(u4(h ^ u4(h >> u4(12))) * u4(0x297A2D39))
        h = u4(h ^ u4(h >> u4(15)))
        u, v = f4(i4(h & u4(0xFFFF))) * f4(1 / 65536), f4(i4(u4(h >> u4(16)))) * f4(1 / 65536)
        mean = (level + gain * PER_GAIN * p) + spread * season * PER_SEASON
        floor = larger(larger(w[NEAR1 + i], abs(mean) * STIFF), TINY)
        sd = larger(spread * q, floor)
        z = (held - mean) / sd
        psi = smaller(larger(z, -CUT), CUT)
        step = sd * psi
        pace = w[PACE + i] * (SLOWER / (SLOWER + chart * PER_CHART))
        once = C1 / (count + C1)
        bound = CUT + f4(20) * once
        level2 = level + larger(once, pace) * sd * smaller(larger(z, -bound), bound)
        gain2 = gain + larger(smaller(f4(2) * once, f4(0.05)), pace) * step * w[LEAN + i] * f4(GAIN) + u
        gain2 = smaller(larger(gain2, GAIN_LOW), WORD)
        lively = larger(smaller(f4(33.6) * once, hours * f4(0.25)), pace * f4(2))
        season2 = smaller(larger(season + lively * psi * q * f4(SEASON) + v, f4(-127)), f4(127)) + f4(128)
        power = psi * psi
        wider = C1 + f4(0.5) * larger(smaller(f4(2) * once, f4(0.2)), f4(0.5) * pace) * (power * f4(1 / 0.97) - C1)
        ok = held == held and count != C0
        ripe = ok and count >= least
        w[Z1 + i], w[CHARTED + i], w[OLD + i], w[UNIT2 + i] = z, chart, chart, spread * w[UNIT + i]
        w[RIPE + i] = C1 if ripe else C0
        w[PICK + i] = C1 if ripe and u4(u4(h >> u4(8)) & picked) == u4(0) else C0
        moved = smaller(larger(step * w[UNIT + i], f4(-32000)), f4(32000)) + f4(32768.5)
        w[STEP + i] = f4(i4(moved if ripe else f4(32768.5)) - i4(32768))
        w[POWER + i] = f4(i4((power if ripe else C0) * f4(FIXED) + f4(0.5)))
        w[LEVEL + i] = level2 if ok else level
        w[SPREAD + i] = larger(spread * wider, floor) if ok else spread
        w[GAINED + i] = f4(i4(gain2 if ok else gain))
        w[OWN1 + i] = f4(i4(season2 if ok else season + f4(128)) - i4(128))
        w[COUNT + i] = smaller(count + C1, WORD) if ok else count


@njit(**OPTIONS)
def judge(w):  # type: ignore[no-untyped-def]
    """Deviation, chart and bins of the new values."""
    for i in range(B):
        spread, x = w[SPREAD + i], w[X + i]
        just, other, quiet = w[OWN1 + i], w[OWN2 + i], w[QUIET + i]
        season = just if w[SAME + i] == C1 else other
        mean = (w[LEVEL + i] + w[GAINED + i] * PER_GAIN * w[P2 + i]) + spread * season * PER_SEASON
        floor = larger(larger(w[NEAR2 + i], abs(mean) * STIFF), TINY)
        z = (x - mean) / larger(spread * w[Q2 + i], floor)
        low = smaller(larger(z, -C5), C5)
        kept = w[CHARTED + i] * PER_CHART * w[KEEP + i]
        charted = smaller(larger(kept - low * w[PUSH + i] - w[SLACK + i], C0), TOP)
        charted = (charted if x == x else kept * quiet) * f4(CHART) + f4(0.5)
        fixed = f4(i4(charted))
        w[CHARTED + i], w[Z2 + i] = fixed, z
        w[CB + i] = larger(smaller(fixed * BIN, LAST), C0)
        w[PB + i] = smaller(root(-z if z < C0 else C0) * f4(32), LAST)
