"""From a source's names, units and values to those of the contract: what the configuration says, applied.

`columns` maps source names to contract names (a column that already has its contract name needs no entry), `units` says
in which unit the source counts a contract column, `values` translates values of a contract column. `more` are columns
that the operator's catalogue adds to the contract.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from cemcore.domain import Feed
from cemcore.errors import ConfigError
from cemcore.frames import RECORDED_AT, Column, contract

_SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
_RATES = {"bit/s": 1.0, "kbit/s": 1e3, "Mbit/s": 1e6, "Gbit/s": 1e9, "B/s": 8.0, "kB/s": 8e3, "MB/s": 8e6}
_SHARES = {"1": 1.0, "%": 1e-2, "permille": 1e-3, "ppm": 1e-6}
_SIZES = {"bit": 1.0, "kbit": 1e3, "Mbit": 1e6, "Gbit": 1e9, "bytes": 8.0, "kB": 8e3, "MB": 8e6, "GB": 8e9}
_EPOCHS = {"epoch_s": "s", "epoch_ms": "ms", "epoch_us": "us", "epoch_ns": "ns"}
UNITS = (_SECONDS, _RATES, _SHARES, _SIZES)
"""Families of units: the size of each in the family's base unit."""


def factor(column: Column, unit: str) -> float:
    """What a value in `unit` is multiplied by to be in the contract's unit; KeyError where they do not compare."""
    if unit == column.unit:
        return 1.0
    for family in UNITS:
        if column.unit in family and unit in family:
            return family[unit] / family[column.unit]
    raise KeyError(unit)


def check(
    source: str,
    feed: Feed,
    columns: Mapping[str, str],
    units: Mapping[str, str],
    values: Mapping[str, Mapping[str, str]],
    more: Iterable[Column] = (),
) -> None:
    """ConfigError for a mapping to an unknown column, from an unknown unit, or of values that are none."""
    names = {c.name: c for c in (*contract(feed, more).columns, RECORDED_AT)}
    for origin, name in columns.items():
        if name not in names:
            raise ConfigError(source, f"columns.{origin}", f"{feed.value} has no column {name!r}")
    for name, unit in units.items():
        if name not in names:
            raise ConfigError(source, f"units.{name}", f"{feed.value} has no such column")
        if names[name].kind == "time":
            if unit not in _EPOCHS:
                raise ConfigError(source, f"units.{name}", f"unknown unit {unit!r}; there are: {', '.join(_EPOCHS)}")
            continue
        try:
            factor(names[name], unit)
        except KeyError:
            reason = f"unknown unit {unit!r} for {names[name].unit or names[name].kind}"
            raise ConfigError(source, f"units.{name}", reason) from None
    for name, table in values.items():
        if name not in names:
            raise ConfigError(source, f"values.{name}", f"{feed.value} has no such column")
        if not isinstance(table, Mapping):
            raise ConfigError(source, f"values.{name}", "is not a table of values")


def apply(
    feed: Feed,
    raw: pd.DataFrame,
    columns: Mapping[str, str],
    units: Mapping[str, str],
    values: Mapping[str, Mapping[str, str]],
    more: Iterable[Column] = (),
) -> tuple[pd.DataFrame, list[str]]:
    """(columns under contract names, in contract units and values; source columns that nobody asked for)."""
    names = {c.name: c for c in (*contract(feed, more).columns, RECORDED_AT)}
    out: dict[str, pd.Series] = {}
    ignored: list[str] = []
    for origin in sorted((str(c) for c in raw.columns), key=lambda c: c not in columns):
        name = columns.get(origin, origin)
        if name not in names or name in out:
            ignored.append(origin)
            continue
        series = raw[origin]
        if name in values:
            series = series.map({**{v: v for v in series.dropna().unique()}, **_translated(series, values[name])})
        if names[name].kind == "time":
            series = _time(series, units.get(name))
        elif name in units:
            series = _scaled(series, factor(names[name], units[name]))
        out[name] = series
    return pd.DataFrame(out, index=raw.index), sorted(ignored)


def _scaled(series: pd.Series, by: float) -> pd.Series:
    """`series` times `by`; what is no number stays as it was, for the contract to refuse."""
    if by == 1.0:
        return series
    number = pd.to_numeric(series, errors="coerce").astype("float64")
    scaled = number * by
    odd = number.isna() & series.notna()
    return scaled if not bool(odd.any()) else scaled.astype(object).where(~odd, series)


def _time(series: pd.Series, unit: str | None) -> pd.Series:
    """Times as they are; counts since the epoch where the unit says so. A bare number without a unit is no time."""
    if unit is None:
        if pd.api.types.is_numeric_dtype(series.dtype):
            return series.map(lambda v: f"number {v}", na_action="ignore").astype(object)
        return series
    number = pd.to_numeric(series, errors="coerce").astype("float64")
    number = number.mask(number.abs() > 1e14 if unit in ("epoch_s", "epoch_ms") else number.abs() > 9e18)
    return pd.to_datetime(number, unit=_EPOCHS[unit], utc=True, errors="coerce")


def _translated(series: pd.Series, table: Mapping[str, str]) -> dict[object, str]:
    """Of the values that occur, those that `table` translates."""
    return {v: table[str(v)] for v in series.dropna().unique() if str(v) in table}
