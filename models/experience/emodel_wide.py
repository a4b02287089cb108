"""The E-model for wideband (ITU-T G.107.1) and fullband (ITU-T G.107.2) voice, as pure functions of arrays.

Both are G.107 on a longer scale: R = Ro - Id - Ie,eff + A with Ro 129 and 148, impairments by delay stretched by the
same factor, and MOS that of R over that factor. Levels in dB, times in ms, loss in per cent. The wideband part agrees
with a public implementation; the fullband constants are from memory, and its echo terms are left out: echo counts as
cancelled there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cemcore.panel import Float64
from models.experience import emodel
from models.experience.emodel import Transmission

LINE = Transmission(nfor=-96.0)
"""G.107 parameters whose wideband default differs: the noise floor."""


@dataclass(frozen=True)
class Band:
    """One of the longer scales: `ro` = R of an undisturbed connection, `stretch` = how much longer than G.107's scale,
    `worst` = R that total loss takes (95 on G.107's and on the wideband scale)."""

    name: str
    ro: float
    stretch: float
    worst: float
    echo: bool


WIDEBAND = Band("G.107.1", ro=129.0, stretch=1.29, worst=95.0, echo=True)
FULLBAND = Band("G.107.2", ro=148.0, stretch=1.48, worst=132.0, echo=False)

CODECS_WIDEBAND: dict[str, float] = {
    "PCM": 0.0,
    "G.722-64": 13.0,
    "AMR-WB-12.65": 13.0,
    "AMR-WB-23.85": 8.0,
    "EVS-WB-13.2": 7.0,
}
"""Codec and rate [kbit/s] -> Ie,WB. All from memory (ITU-T G.113), EVS about; PCM is 0 by definition."""

CODECS_FULLBAND: dict[str, float] = {"PCM": 0.0}
"""Codec -> Ie,FB. No published value at hand but PCM's, 0 by definition: give your own `ie`."""


def talker_echo(t: ArrayLike, line: Transmission = LINE) -> Float64:
    """Idte,WB for a mean one-way delay `t` of the echo path (G.107.1, 7-13 to 7-17); 0 below 1 ms."""
    t = np.asarray(t, np.float64)
    k = np.where(t < 100.0, 0.08 * t + 10.0, 18.0)
    terv = line.telr - 40.0 * np.log10((1.0 + t / 10.0) / (1.0 + t / 150.0)) + 6.0 * np.exp(-0.3 * t**2) + k
    roe = -1.5 * (emodel.noise(line) - line.rlr)
    half = (roe - 80.0 - 3.0 * (terv - 14.0)) / 2.0
    idte = (half + np.sqrt(half**2 + 100.0) - 1.0) * (1.0 - np.exp(-t))
    return np.where(t < 1.0, 0.0, idte)


def listener_echo(tr: ArrayLike, line: Transmission = LINE, ro: float = WIDEBAND.ro) -> Float64:
    """Idle,WB for a round-trip delay `tr` of the four-wire loop."""
    rle = 10.5 * (line.wepl + 7.0) * (np.asarray(tr, np.float64) + 1.0) ** -0.25
    half = (ro - rle) / 2.0
    return np.asarray(half + np.sqrt(half**2 + 169.0))


def too_late(band: Band, ta: ArrayLike, line: Transmission = LINE) -> Float64:
    """Idd for an absolute delay `ta`: G.107's, stretched."""
    return band.stretch * emodel.too_late(line, np.atleast_1d(np.asarray(ta, np.float64)))


def equipment(band: Band, ie: float, bpl: float, ppl: ArrayLike, burst_ratio: float = 1.0) -> Float64:
    """Ie,eff: codec impairment `ie`, loss robustness `bpl`, packet loss `ppl` [%]."""
    ppl = np.asarray(ppl, np.float64)
    return np.asarray(ie + (band.worst - ie) * ppl / (ppl / burst_ratio + bpl))


def rating(
    band: Band,
    ta: ArrayLike = 0.0,
    ppl: ArrayLike = 0.0,
    t: ArrayLike = 0.0,
    ie: float = 0.0,
    bpl: float = 4.3,
    burst_ratio: float = 1.0,
) -> Float64:
    """R for absolute delay `ta`, packet loss `ppl` [%] and, on the wideband scale, echo delay `t` (round trip 2 t)."""
    echo = np.asarray(0.0)
    if band.echo:
        echo = talker_echo(t) + listener_echo(2.0 * np.asarray(t, np.float64))
    return np.asarray(band.ro - echo - too_late(band, ta) - equipment(band, ie, bpl, ppl, burst_ratio))


def mos(band: Band, r: ArrayLike) -> Float64:
    """Mean opinion score 1..4.5 of a rating on the band's scale."""
    return emodel.mos(np.asarray(r, np.float64) / band.stretch)
