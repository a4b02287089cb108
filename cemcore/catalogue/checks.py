"""What one table of services.toml can't see alone: names that must exist, units that must fit, weights that add up."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Mapping
from typing import NoReturn

from cemcore.catalogue import formula as formulae
from cemcore.catalogue.formula import Formula
from cemcore.catalogue.parts import FormulaError
from cemcore.catalogue.rules import FUNCTIONS
from cemcore.catalogue.tables import NARROWING, Counter, Indicator, Kqi, Service, Tables
from cemcore.catalogue.units import UNITS
from cemcore.domain import Feed
from cemcore.errors import ConfigError
from cemcore.frames import KQIS, contract

SESSIONS = {"sessions": "1"}
"""What every quality record carries that formulas may read besides KQIs and counters."""
_TAKEN = {*contract(Feed.QUALITY).names, "recorded_at", "source", "origin", "batch_id"}
_WORDS = {*FUNCTIONS, "quantity", "convert", "and", "or", "not"}


def check(tables: Tables) -> None:
    """ConfigError at the first fault, with file, key and reason."""
    if tables.floor > tables.cap:
        _refuse(tables, "floor", f"{tables.floor:g} is above the cap, {tables.cap:g}")
    for name, kqi in tables.kqi_table.items():
        _check_kqi(tables, name, kqi)
    for name, counter in tables.counters.items():
        _check_counter(tables, name, counter)
    formulas(tables)
    kpi_formulas(tables)
    for name, service in tables.service_table.items():
        _check_service(tables, name, service)
    _check_profiles(tables)


def formulas(tables: Tables) -> dict[str, Formula]:
    """KQIs by formula, in an order in which each one comes after what it reads; ConfigError for one that can't be."""
    units = {**{n: k.unit for n, k in tables.kqi_table.items()}, **{n: c.unit for n, c in tables.counters.items()}}
    units |= SESSIONS
    parsed = {n: _formula(tables, n, k, units) for n, k in tables.kqi_table.items() if k.formula}
    out: dict[str, Formula] = {}

    def place(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            circle = " -> ".join([*path[path.index(name) :], name])
            _refuse(tables, f"kqis.{path[0]}.formula", f"goes round in a circle: {circle}; one must be carried")
        for needed in parsed[name].inputs:
            if needed in parsed and needed not in out:
                place(needed, (*path, name))
        out[name] = parsed[name]

    for name in parsed:
        if name not in out:
            place(name, ())
    return out


def kpi_formulas(tables: Tables) -> dict[str, Formula]:
    """KPIs by formula over measurements, by name; ConfigError for one that can't be."""
    out = {}
    for name, kpi in tables.kpis.items():
        key = f"kpis.{name}"
        for column, source in kpi.inputs.items():
            _check_name(tables, f"{key}.inputs.{column}", column)
            if source.unit not in UNITS:
                _unknown_unit(tables, f"{key}.inputs.{column}.unit", source.unit)
            if source.kpi in tables.kpis:
                _refuse(tables, f"{key}.inputs.{column}.kpi", f"{source.kpi} is a formula itself; read measurements")
        try:
            out[name] = formulae.parse(kpi.formula, {c: m.unit for c, m in kpi.inputs.items()}, kpi.unit)
        except FormulaError as e:
            _refuse(tables, f"{key}.formula", str(e))
        unread = [c for c in kpi.inputs if c not in out[name].inputs]
        if unread:
            _refuse(tables, f"{key}.inputs.{unread[0]}", "is never read by the formula; leave it out")
    return out


def _formula(tables: Tables, name: str, kqi: Kqi, units: Mapping[str, str]) -> Formula:
    try:
        return formulae.parse(kqi.formula, units, kqi.unit)
    except FormulaError as e:
        _refuse(tables, f"kqis.{name}.formula", str(e))


def _check_kqi(tables: Tables, name: str, kqi: Kqi) -> None:
    key = f"kqis.{name}"
    if name in KQIS:
        _check_known(tables, key, name, kqi)
        low, high = KQIS[name].low, KQIS[name].high
    else:
        _check_own(tables, key, name, kqi)
        low, high = kqi.low, kqi.high
    if kqi.failure is not None and not (low or 0) <= kqi.failure <= (kqi.failure if high is None else high):
        _refuse(tables, f"{key}.failure", f"{kqi.failure:g} is no value that it can take")


def _check_known(tables: Tables, key: str, name: str, kqi: Kqi) -> None:
    column = KQIS[name]
    if kqi.unit != column.unit:
        _refuse(tables, f"{key}.unit", f"quality records carry it in {column.unit}, not in {kqi.unit}")
    for bound in ("low", "high"):
        if getattr(kqi, bound) is not None:
            limit = getattr(column, bound)
            said = "unbounded there" if limit is None else f"{limit:g} {column.unit}"
            _refuse(tables, f"{key}.{bound}", f"the contract of quality records bounds it ({said}); leave it out")
    if kqi.formula:
        _refuse(tables, f"{key}.formula", "quality records carry it; give a KQI by formula a name of its own")


def _check_own(tables: Tables, key: str, name: str, kqi: Kqi) -> None:
    """A KQI that is defined here alone."""
    if kqi.low is None or kqi.high is None:
        missing = "low" if kqi.low is None else "high"
        there = ", ".join(KQIS)
        reason = f"is missing: no quality record carries this KQI of itself (there are: {there}); one of your own wants"
        _refuse(tables, f"{key}.{missing}", f"{reason} low and high, the values that it can take")
    _check_name(tables, key, name)
    if kqi.unit not in UNITS:
        _unknown_unit(tables, f"{key}.unit", kqi.unit)
    if kqi.low >= kqi.high:
        _refuse(tables, f"{key}.low", f"{kqi.low:g} is not below high, {kqi.high:g}")
    if kqi.habit in ("log", "log1p", "ratio") and kqi.low < 0:
        _refuse(tables, f"{key}.habit", f"{kqi.habit} wants values from 0 on, and low is {kqi.low:g}; take raw")
    if kqi.habit == "ratio" and (kqi.low, kqi.high) != (0, 1):
        _refuse(tables, f"{key}.habit", "ratio wants a share, low 0 and high 1; take raw")


def _check_counter(tables: Tables, name: str, counter: Counter) -> None:
    key = f"counters.{name}"
    if name in tables.kqi_table:
        _refuse(tables, key, "is a KQI already; formulas may read it as such")
    _check_name(tables, key, name)
    if counter.unit not in UNITS:
        _unknown_unit(tables, f"{key}.unit", counter.unit)
    if counter.low is not None and counter.high is not None and counter.low >= counter.high:
        _refuse(tables, f"{key}.low", f"{counter.low:g} is not below high, {counter.high:g}")


def _check_name(tables: Tables, key: str, name: str) -> None:
    if not name.isidentifier() or not name.islower() or not name.isascii():
        _refuse(tables, key, f"{name!r} is no name for a column; take a-z, 0-9 and _, a letter first")
    if name in _TAKEN:
        _refuse(tables, key, f"{name} is another column of quality records; take another name")
    if name in _WORDS:
        _refuse(tables, key, f"{name} is a word of formulas; take another name")


def _check_service(tables: Tables, name: str, service: Service) -> None:
    key = f"services.{name}"
    for kqi in service.kqis:
        if kqi not in tables.kqi_table:
            _refuse(tables, f"{key}.kqis", f"unknown KQI {kqi} (there are: {', '.join(tables.kqi_table)})")
    twice = [k for k, n in Tally(service.kqis).items() if n > 1]
    if twice:
        _refuse(tables, f"{key}.kqis", f"{twice[0]} is there twice")
    for i, indicator in service.indicators.items():
        _check_indicator(tables, f"{key}.indicators.{i}", service, indicator)
    total = sum(i.weight for i in service.indicators.values())
    if abs(total - 1) > 1e-6:
        _refuse(tables, f"{key}.indicators", f"the weights add up to {total:.6g}, not to 1")
    if all(i.optional for i in service.indicators.values()):
        _refuse(tables, f"{key}.indicators", "all are optional: at least one must count for coverage")
    _check_moments(tables, key, service)


def _check_indicator(tables: Tables, key: str, service: Service, indicator: Indicator) -> None:
    if bool(indicator.kqi) == bool(indicator.model):
        _refuse(tables, key, "wants either kqi and utility, or model and options")
    if indicator.model and indicator.utility:
        _refuse(tables, f"{key}.utility", "goes with kqi; a model takes options")
    if indicator.kqi and indicator.options:
        _refuse(tables, f"{key}.options", "go with model; a kqi takes a utility")
    if indicator.kqi and not indicator.utility:
        _refuse(tables, f"{key}.utility", "is missing")
    if indicator.kqi and indicator.kqi not in service.kqis:
        _refuse(tables, f"{key}.kqi", f"unknown KQI {indicator.kqi} (its service has: {', '.join(service.kqis)})")
    if indicator.model and indicator.moment:
        _refuse(tables, f"{key}.moment", "goes with kqi: which of a model's points were lost at it can't be told")


def _check_moments(tables: Tables, key: str, service: Service) -> None:
    """A KQI's points can't be parted between an indicator that is a moment of truth and one that is none."""
    moments: dict[str, set[str]] = {}
    for indicator in service.indicators.values():
        if indicator.kqi:
            moments.setdefault(indicator.kqi, set()).add(indicator.moment)
    for i, indicator in service.indicators.items():
        if indicator.moment and len(moments[indicator.kqi]) > 1:
            reason = f"{indicator.kqi} is judged by another indicator too, which is another moment or none"
            _refuse(tables, f"{key}.indicators.{i}.moment", f"{reason}; give both the same")


def _check_profiles(tables: Tables) -> None:
    for n, profile in enumerate(tables.profiles):
        if profile.service not in tables.service_table:
            there = ", ".join(tables.service_table)
            _refuse(tables, f"profiles.{n}.service", f"unknown service {profile.service} (there are: {there})")
    names = Tally(p.name for p in tables.profiles)
    for n, profile in enumerate(tables.profiles):
        if names[profile.name] > 1:
            _refuse(tables, f"profiles.{n}", f"{profile.name} is there twice")
    general = {p.service for p in tables.profiles if not p.narrowed}
    for service in tables.service_table:
        if service not in general:
            every = f"{', '.join(NARROWING[:-1])} and {NARROWING[-1]}"
            reason = f"has no profile that holds for every {every}; add one"
            _refuse(tables, f"services.{service}", reason)


def _unknown_unit(tables: Tables, key: str, unit: str) -> NoReturn:
    _refuse(tables, key, f"unknown unit {unit!r} (there are: {', '.join(UNITS)})")


def _refuse(tables: Tables, key: str, reason: str) -> NoReturn:
    raise ConfigError(tables.file, key, reason)
