"""The E-model for narrowband voice, ITU-T G.107 (06/2015), as pure functions of arrays.

R = Ro - Is - Id - Ie,eff + A. Levels in dB, times in ms, loss in per cent. Equation numbers are the Recommendation's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from cemcore.panel import Float64


@dataclass(frozen=True)
class Transmission:
    """Parameters of a connection that do not change from record to record; defaults are those of G.107 Table 3.

    slr, rlr, stmr: send, receive, sidetone masking rating [dB]; ds, dr: D-value at the sending, receiving end; telr:
    talker echo loudness rating; wepl: weighted echo path loss; qdu: quantising distortion units; nc: circuit noise
    [dBm0p]; nfor: noise floor [dBmp]; ps, pr: room noise [dB(A)]; advantage: A (0 wired, 5 mobile in a building, 10 in
    a vehicle, 20 hard to reach); st, mt: delay sensitivity and threshold [ms]; ie, bpl: impairment and loss robustness
    of the codec (G.113); burst_ratio: 1 = random loss.
    """

    slr: float = 8.0
    rlr: float = 2.0
    stmr: float = 15.0
    ds: float = 3.0
    dr: float = 3.0
    telr: float = 65.0
    wepl: float = 110.0
    qdu: float = 1.0
    nc: float = -70.0
    nfor: float = -64.0
    ps: float = 35.0
    pr: float = 35.0
    advantage: float = 0.0
    st: float = 1.0
    mt: float = 100.0
    ie: float = 0.0
    bpl: float = 4.3
    burst_ratio: float = 1.0


def noise(line: Transmission) -> float:
    """No [dBm0p]: sum of the noise sources (7-3 to 7-7)."""
    olr = line.slr + line.rlr
    nos = line.ps - line.slr - line.ds - 100.0 + 0.004 * (line.ps - olr - line.ds - 14.0) ** 2
    lstr = line.stmr + line.dr
    pre = line.pr + 10.0 * np.log10(1.0 + 10.0 ** ((10.0 - lstr) / 10.0))
    nor = line.rlr - 121.0 + pre + 0.008 * (pre - 35.0) ** 2
    nfo = line.nfor + line.rlr
    return float(10.0 * np.log10(sum(10.0 ** (n / 10.0) for n in (line.nc, nos, nor, nfo))))


def basic_signal_to_noise(line: Transmission) -> float:
    """Ro (7-2)."""
    return 15.0 - 1.5 * (line.slr + noise(line))


def loudness(line: Transmission) -> float:
    """Iolr: too loud (7-9, 7-10)."""
    x = line.slr + line.rlr + 0.2 * (64.0 + noise(line) - line.rlr)
    return float(20.0 * ((1.0 + (x / 8.0) ** 8) ** (1.0 / 8.0) - x / 8.0))


def sidetone(line: Transmission, t: ArrayLike = 0.0) -> Float64:
    """Ist: non-optimum sidetone, for a mean one-way delay `t` of the echo path (7-11, 7-12)."""
    echo = np.exp(-np.asarray(t, np.float64) / 4.0) * 10.0 ** (-line.telr / 10.0)
    s = -10.0 * np.log10(10.0 ** (-line.stmr / 10.0) + echo)
    first = 12.0 * (1.0 + ((s - 13.0) / 6.0) ** 8) ** (1.0 / 8.0)
    second = 28.0 * (1.0 + ((s + 1.0) / 19.4) ** 35) ** (1.0 / 35.0)
    third = 13.0 * (1.0 + ((s - 3.0) / 33.0) ** 13) ** (1.0 / 13.0)
    return np.asarray(first - second - third + 29.0)


def quantising(line: Transmission) -> float:
    """Iq: quantising distortion (7-13 to 7-17)."""
    q = 37.0 - 15.0 * np.log10(line.qdu)
    g = 1.07 + 0.258 * q + 0.0602 * q**2
    y = (basic_signal_to_noise(line) - 100.0) / 15.0 + 46.0 / 8.4 - g / 9.0
    z = 46.0 / 30.0 - g / 40.0
    return float(15.0 * np.log10(1.0 + 10.0**y + 10.0**z))


def simultaneous(line: Transmission, t: ArrayLike = 0.0) -> Float64:
    """Is = Iolr + Ist + Iq (7-8)."""
    return np.asarray(loudness(line) + sidetone(line, t) + quantising(line))


def talker_echo(line: Transmission, t: ArrayLike) -> Float64:
    """Idte for a mean one-way delay `t` of the echo path (7-19 to 7-25); 0 below 1 ms."""
    t = np.asarray(t, np.float64)
    side = sidetone(line, t)
    terv = line.telr - 40.0 * np.log10((1.0 + t / 10.0) / (1.0 + t / 150.0)) + 6.0 * np.exp(-0.3 * t**2)
    if line.stmr < 9.0:
        terv = terv + side / 2.0
    roe = -1.5 * (noise(line) - line.rlr)
    re = 80.0 + 2.5 * (terv - 14.0)
    half = (roe - re) / 2.0
    idte = (half + np.sqrt(half**2 + 100.0) - 1.0) * (1.0 - np.exp(-t))
    if line.stmr > 20.0:
        idte = np.sqrt(idte**2 + side**2)
    return np.where(t < 1.0, 0.0, idte)


def listener_echo(line: Transmission, tr: ArrayLike) -> Float64:
    """Idle for a round-trip delay `tr` of the four-wire loop (7-26, 7-27)."""
    ro = basic_signal_to_noise(line)
    rle = 10.5 * (line.wepl + 7.0) * (np.asarray(tr, np.float64) + 1.0) ** -0.25
    half = (ro - rle) / 2.0
    return np.asarray(half + np.sqrt(half**2 + 169.0))


def too_late(line: Transmission, ta: ArrayLike) -> Float64:
    """Idd for an absolute delay `ta` (7-28, 7-29): what remains with perfect echo cancelling."""
    ta = np.asarray(ta, np.float64)
    out = np.where(np.isnan(ta), np.nan, 0.0)
    slow = ta > line.mt
    x = np.log2(ta[slow] / line.mt)
    k = 6.0 * line.st
    out[slow] = 25.0 * ((1.0 + x**k) ** (1.0 / k) - 3.0 * (1.0 + (x / 3.0) ** k) ** (1.0 / k) + 2.0)
    return out


def equipment(line: Transmission, ppl: ArrayLike) -> Float64:
    """Ie,eff: codec and packet loss `ppl` [%] (7-30)."""
    ppl = np.asarray(ppl, np.float64)
    return np.asarray(line.ie + (95.0 - line.ie) * ppl / (ppl / line.burst_ratio + line.bpl))


def rating(
    line: Transmission, ta: ArrayLike = 0.0, ppl: ArrayLike = 0.0, t: ArrayLike = 0.0, tr: ArrayLike = 0.0
) -> Float64:
    """R (7-1) for absolute delay `ta`, packet loss `ppl` [%], echo delays `t` (one way) and `tr` (round trip)."""
    delay = talker_echo(line, t) + listener_echo(line, tr) + too_late(line, ta)
    basic = basic_signal_to_noise(line) - simultaneous(line, t)
    return np.asarray(basic - delay - equipment(line, ppl) + line.advantage)


@lru_cache(maxsize=64)
def undisturbed(line: Transmission) -> float:
    """Ro - Is - Id + A without echo delay: R before absolute delay, codec and loss take their part."""
    return float(rating(replace(line, ie=0.0)))


def rating_without_echo(line: Transmission, ta: Float64, ppl: Float64) -> Float64:
    """R as `rating` gives it where echo is cancelled (T = Tr = 0), at a fraction of the cost."""
    return undisturbed(line) - too_late(line, ta) - equipment(line, ppl)


def mos(r: ArrayLike) -> Float64:
    """Mean opinion score 1..4.5 of a rating R (Annex B); the cubic's dip under 1 is cut off."""
    r = np.clip(np.asarray(r, np.float64), 0.0, 100.0)
    return np.clip(1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6, 1.0, 4.5)
