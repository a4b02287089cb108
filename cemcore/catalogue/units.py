"""Units of KQIs, KPIs and counters: what each measures (its dimension) and its size.

A unit is a product of powers of base quantities times a scale; levels in dB and dBm are logarithms and obey rules of
their own. Symbols after ISO 80000 and IEC 80000-13.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

Dimension = tuple[Fraction, ...]
"""Exponents of time, data, opinion and electric potential."""

BASES = ("time", "data", "opinion", "voltage")
NONE: Dimension = (Fraction(0),) * len(BASES)


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: `scale` is its size in the base unit of its dimension; `level` is "dB" or "dBm" for logarithms."""

    name: str
    dimension: Dimension = NONE
    scale: Fraction = Fraction(1)
    level: str = ""


def _of(**powers: int) -> Dimension:
    return tuple(Fraction(powers.get(b, 0)) for b in BASES)


def _family(dimension: Dimension, sizes: dict[str, str]) -> dict[str, Unit]:
    return {name: Unit(name, dimension, Fraction(size)) for name, size in sizes.items()}


UNITS: dict[str, Unit] = {
    **_family(NONE, {"1": "1", "count": "1", "%": "1/100", "permille": "1/1000", "ppm": "1/1000000"}),
    **_family(
        _of(time=1),
        {"s": "1", "ms": "1/1000", "us": "1/1000000", "ns": "1/1000000000", "min": "60", "h": "3600", "d": "86400"},
    ),
    **_family(
        _of(data=1),
        {"bit": "1", "kbit": "1e3", "Mbit": "1e6", "Gbit": "1e9", "bytes": "8", "kB": "8e3", "MB": "8e6", "GB": "8e9"},
    ),
    **_family(
        _of(data=1, time=-1),
        {"bit/s": "1", "kbit/s": "1e3", "Mbit/s": "1e6", "Gbit/s": "1e9", "B/s": "8", "kB/s": "8e3", "MB/s": "8e6"},
    ),
    **_family(
        _of(time=-1),
        {"1/s": "1", "1/min": "1/60", "1/h": "1/3600", "1/d": "1/86400", "%/h": "1/360000", "%/d": "1/8640000"},
    ),
    **_family(_of(opinion=1), {"MOS": "1"}),
    **_family(_of(voltage=1), {"V": "1", "mV": "1/1000"}),
    "dB": Unit("dB", level="dB"),
    "dBm": Unit("dBm", level="dBm"),
}
"""Every unit that a formula knows, by name."""


def unit(name: str) -> Unit:
    """The unit called `name`; KeyError where there is none."""
    return UNITS[name]


def described(dimension: Dimension, scale: Fraction, level: str) -> str:
    """A dimension and scale for people: a unit's name where one fits, else powers of the base quantities."""
    if level:
        return level
    for u in UNITS.values():
        if (u.dimension, u.scale, u.level) == (dimension, scale, ""):
            return u.name
    powers = [b if p == 1 else f"{b}^{p}" for b, p in zip(BASES, dimension, strict=True) if p]
    return " x ".join(powers) if powers else f"numbers of size {float(scale):g}"
