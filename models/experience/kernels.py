"""The experience models as compiled loops. The plain formulas, in NumPy, are the twins in `emodel`, `utilities`, `web`.

Exponentials and logarithms are polynomials, so that the loops are vectorised: relative error below 1e-13, which leaves
scores within 1e-9 points of the twins. NaN in, NaN out.
"""

from __future__ import annotations

import numpy as np

from cemcore.kernels.compiled import inlined, kernel
from cemcore.panel import Float64, Int8

SHAPES = ("linear", "sigmoid", "iqx")
"""Shapes of utilities as `index` knows them, by number."""
MEASURED = ("lower", "fallback", "ignore")
"""What `voice` does with a measured opinion score, by number."""

_LINEAR, _SIGMOID, _IQX = range(3)
_LOWER, _FALLBACK = 0.0, 1.0

_ROUND = 6755399441055744.0  # 1.5 * 2**52: what is added to it is rounded to a whole number in its low bits
_LOG2_E = 1.4426950408889634
_LN_2 = 0.6931471805599453
_LN_2_HIGH, _LN_2_LOW = 0.693145751953125, 1.42860682030941723212e-6
_ROOT_HALF = 0x3FE6A09E667F3BCD  # bits of the square root of 1/2


@inlined
def _exp_near_0(r: float) -> float:
    """e^r for |r| <= ln 2 / 2 (Taylor, 11 terms, summed in pairs: they don't wait for each other)."""
    r2 = r * r
    r4 = r2 * r2
    low = (1.0 + r) + (0.5 + r * (1 / 6)) * r2
    middle = (1 / 24 + r * (1 / 120)) + (1 / 720 + r * (1 / 5040)) * r2
    high = (1 / 40320 + r * (1 / 362880)) + (1 / 3628800 + r * (1 / 39916800)) * r2
    return low + (middle + high * r4) * r4


@inlined
def _exp(x: float) -> float:
    """e^x; beyond -700..700 as at those."""
    x = -700.0 if x < -700.0 else (700.0 if x > 700.0 else x)
    shifted = x * _LOG2_E + _ROUND
    n = shifted - _ROUND
    power = np.int64((np.float64(shifted).view(np.int64) + 1023) << 52).view(np.float64)
    return _exp_near_0((x - n * _LN_2_HIGH) - n * _LN_2_LOW) * power


@inlined
def _log2(x: float) -> float:
    """log2 of a normal number above 0 (atanh series of the mantissa); NaN of NaN."""
    bits = np.float64(x).view(np.int64)
    k = (bits - _ROOT_HALF) >> 52
    m = np.int64(bits - (k << 52)).view(np.float64)
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    z2 = z * z
    z4 = z2 * z2
    low = (1.0 + z * (1 / 3)) + (1 / 5 + z * (1 / 7)) * z2
    high = (1 / 9 + z * (1 / 11)) + (1 / 13 + z * (1 / 15)) * z2 + z4 * (1 / 17)
    found = np.float64(k) + (2.0 * _LOG2_E) * s * (low + high * z4)
    return found if x == x else x


@inlined
def _clip(x: float, low: float, high: float) -> float:
    return low if x < low else (high if x > high else x)


@inlined
def _utilities(x: Float64, shape: int, a: float, b: float, c: float, out: Float64) -> None:
    if shape == _LINEAR:
        for r in range(x.size):
            out[r] = _clip(100.0 * (b - x[r]) / (b - a), 0.0, 100.0)
    elif shape == _SIGMOID:
        for r in range(x.size):
            out[r] = 100.0 / (1.0 + _exp(b * (x[r] - a)))
    else:
        for r in range(x.size):
            out[r] = _clip((a * _exp(-b * x[r]) + c - 1.0) * 25.0, 0.0, 100.0)


@kernel(
    "in float64[:,:]", "in int8[:]", "in float64[:,:]", "in float64[:]", "float64", "float64", "float64[::1]"
)  # fmt: skip
def index(
    columns: Float64, shapes: Int8, options: Float64, weights: Float64, floor: float, cap: float, out: Float64
) -> None:
    """Scores of an index: columns (p, n), shapes (p), options (p, 3) in the order of their fields, weights (p)."""
    parts, n = columns.shape
    if parts == 1:
        _utilities(columns[0], shapes[0], options[0, 0], options[0, 1], options[0, 2], out)
        return
    one, weight, least = np.empty(n), np.zeros(n), np.full(n, np.inf)
    out[:] = 0.0
    for i in range(parts):
        _utilities(columns[i], shapes[i], options[i, 0], options[i, 1], options[i, 2], one)
        w = weights[i]
        for r in range(n):
            u = one[r]
            known = u == u
            out[r] += w * u if known else 0.0
            weight[r] += w if known else 0.0
            least[r] = u if u < least[r] else least[r]
    for r in range(n):
        mean = out[r] / weight[r]
        out[r] = cap if least[r] < floor and mean > cap else mean


@kernel("in float64[:]", "float64", "float64", "float64", "float64", "float64[::1]")
def page(seconds: Float64, fastest: float, slowest: float, a: float, b: float, out: Float64) -> None:
    """Scores of page times: MOS = a - b ln t between `fastest` and `slowest`."""
    for r in range(seconds.size):
        t = _clip(seconds[r], fastest, slowest)
        out[r] = _clip((a - b * _LN_2 * _log2(t) - 1.0) * 25.0, 0.0, 100.0)


@inlined
def _sixth_root(x: float) -> float:
    """Sixth root of x >= 1, to 1e150."""
    return _exp(_log2(x) * (_LN_2 / 6.0))


@inlined
def _too_late(ta: float, mt: float) -> float:
    """Idd (7-28, 7-29) with sT = 1."""
    x = _log2(ta / mt if ta > mt else 1.0)
    x6 = x * x * x * (x * x * x)
    idd = 25.0 * (_sixth_root(1.0 + x6) - 3.0 * _sixth_root(1.0 + x6 / 729.0) + 2.0)
    return idd if ta > mt else ta - ta


@inlined
def _discarded(jitter: float, buffer: float) -> float:
    """Share of packets that come too late for the receiver's buffer."""
    share = _exp(-buffer / (jitter if jitter > 0.0 else 1.0))
    return share if jitter > 0.0 else 0.0


@inlined
def _equipment(loss: float, discarded: float, ie: float, bpl: float, burst: float) -> float:
    """Ie,eff (7-30)."""
    ppl = loss + (100.0 - loss) * discarded
    return ie + (95.0 - ie) * ppl / (ppl / burst + bpl)


@inlined
def _of_rating(r: float, measured: float, use: float) -> float:
    """Score of a rating R (Annex B) and a measured opinion score."""
    r = _clip(r, 0.0, 100.0)
    mos = _clip(1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6, 1.0, 4.5)
    if use == _LOWER:
        mos = measured if measured < mos or mos != mos else mos
    elif use == _FALLBACK:
        mos = measured if mos != mos else mos
    return _clip((mos - 1.0) * (100.0 / 3.5), 0.0, 100.0)


@kernel("in float64[:]", "in float64[:]", "in float64[:]", "in float64[:]", "in float64[:]", "float64[::1]")
def voice(latency: Float64, jitter: Float64, loss: Float64, measured: Float64, line: Float64, out: Float64) -> None:
    """Scores of calls. `line`: R undisturbed, mT, Ie, Bpl, BurstR, buffer and added delay [ms], use of the measured."""
    basic, mt, ie, bpl, burst, buffer, added, use = line
    for r in range(latency.size):
        equipment = _equipment(loss[r], _discarded(jitter[r], buffer), ie, bpl, burst)
        out[r] = _of_rating(basic - _too_late(latency[r] + added, mt) - equipment, measured[r], use)


@kernel(
    "in float64[:]", "in float64[:]", "in float64[:]", "in float64[:]", "in float64[:]", "in float64[:]",
    "float64[:,::1]",
)  # fmt: skip
def voice_trials(
    latency: Float64, jitter: Float64, loss: Float64, measured: Float64, line: Float64, best: Float64, out: Float64
) -> None:
    """Scores (9, n): with all that is reported at its `best` (4), then for each KQI with it repaired, with it alone."""
    basic, mt, ie, bpl, burst, buffer, added, use = line
    idd_0, discarded_0 = _too_late(best[0] + added, mt), _discarded(best[1], buffer)
    for r in range(latency.size):
        there = latency[r] == latency[r]
        late, late_0 = _too_late(latency[r] + added, mt), idd_0 if there else np.nan
        gone = _discarded(jitter[r], buffer)
        gone_0 = discarded_0 if jitter[r] == jitter[r] else 0.0
        lost, lost_0 = loss[r], best[2] if loss[r] == loss[r] else np.nan
        heard, heard_0 = measured[r], best[3] if measured[r] == measured[r] else np.nan
        as_is, clean = _equipment(lost, gone, ie, bpl, burst), _equipment(lost_0, gone_0, ie, bpl, burst)
        only_lost, only_gone = _equipment(lost, gone_0, ie, bpl, burst), _equipment(lost_0, gone, ie, bpl, burst)
        out[0, r] = _of_rating(basic - late_0 - clean, heard_0, use)
        out[1, r] = _of_rating(basic - late_0 - as_is, heard, use)
        out[2, r] = _of_rating(basic - late - clean, heard_0, use)
        out[3, r] = _of_rating(basic - late - only_lost, heard, use)
        out[4, r] = _of_rating(basic - late_0 - only_gone, heard_0, use)
        out[5, r] = _of_rating(basic - late - only_gone, heard, use)
        out[6, r] = _of_rating(basic - late_0 - only_lost, heard_0, use)
        out[7, r] = _of_rating(basic - late - as_is, heard_0, use)
        out[8, r] = _of_rating(basic - late_0 - clean, heard, use)
