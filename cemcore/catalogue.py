"""What services there are: their KQIs, how they are scored, what is required of them; one TOML file, one frozen tree.

A new service needs no code: name its KQIs, give each a utility and a weight. Words: TMF633 (service specification),
ITU-T G.1000 (KQI); docs/services.md explains the file.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NoReturn

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cemcore.errors import ConfigError
from cemcore.frames import KQIS

Kind = Literal["user", "thing"]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Kqi(_Table):
    """A key quality indicator.

    unit: as in quality records. better: which direction is good. habit: the scale on which a series' own normal is
    learned (ratio: a share of the attempts). floor: smaller values are taken for it before a logarithm. gain: factor
    before log1p. material: the smallest change that a customer would mind, on that scale (log and log1p: 0.2 is about
    20 %). failure: the value that says that nothing worked at all, so that nothing else could be measured either.

    """

    unit: str
    better: Literal["higher", "lower"]
    habit: Literal["raw", "log", "log1p", "ratio"] = "raw"
    material: float = Field(gt=0)
    floor: float = Field(1e-3, gt=0)
    gain: float = Field(1.0, gt=0)
    failure: float | None = None
    about: str = ""


class Indicator(_Table):
    """One part of a service's score: a KQI through a utility, or a standard model over several KQIs.

    weight: share of the score. optional: not every subject reports it, and its absence costs no coverage.
    """

    weight: float = Field(gt=0, le=1)
    kqi: str = ""
    utility: Mapping[str, Any] = {}
    model: str = ""
    options: Mapping[str, Any] = {}
    optional: bool = False


class Service(_Table):
    """A type of service: the KQIs that are reported for it, and the indicators that make its score."""

    about: str = ""
    kqis: tuple[str, ...] = Field(min_length=1)
    indicators: Mapping[str, Indicator] = Field(min_length=1)


class Profile(_Table):
    """What is required: a score 0-100 of a service for users or for things, and where that figure comes from.

    slice, plan: narrow it to an S-NSSAI or a tariff; the narrowest profile wins, slice before plan. essential: a
    service that outranks all others.
    """

    service: str
    kind: Kind
    requirement: float = Field(ge=0, le=100)
    source: str = Field(min_length=1)
    version: str = Field(min_length=1)
    essential: bool = False
    slice: str = ""
    plan: str = ""

    @property
    def name(self) -> str:
        """`voice/user`, `slice_control/thing/2-0000A1`."""
        return "/".join(p for p in (self.service, self.kind, self.slice, self.plan) if p)


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """An experience model that the caller has to build: plug-in name and options, known to scoring as `key`."""

    key: str
    plugin: str
    options: Mapping[str, Any]


class Catalogue(_Table):
    """All services. The order of `services` and of `kqis` gives the codes and columns of the corridor.

    utility_model: plug-in that turns one KQI into 0-100. An indicator under `floor` caps its service's score at `cap`.
    """

    version: str = Field(min_length=1)
    utility_model: str = Field(min_length=1)
    floor: float = Field(20, ge=0, le=100)
    cap: float = Field(40, ge=0, le=100)
    kqi_table: Mapping[str, Kqi] = Field(alias="kqis", min_length=1)
    service_table: Mapping[str, Service] = Field(alias="services", min_length=1)
    profiles: tuple[Profile, ...] = Field(min_length=1)
    file: str = "services.toml"

    @classmethod
    def load(cls, path: str | Path) -> Catalogue:
        """Read and check the file; ConfigError with file, key and reason when it can't be used."""
        tree = _read(Path(path))
        if "file" in tree:
            raise ConfigError(str(path), "file", "unknown key")
        try:
            catalogue = cls.model_validate({**tree, "file": str(path)})
        except ValidationError as e:
            first = e.errors()[0]
            raise ConfigError(str(path), ".".join(str(p) for p in first["loc"]), _plain(first)) from e
        _check(catalogue)
        return catalogue

    @property
    def services(self) -> tuple[str, ...]:
        """Names of the services; the position is the service's code."""
        return tuple(self.service_table)

    @property
    def kqis(self) -> tuple[str, ...]:
        """Names of the KQIs; the position is the column in `QualityRows.kqis`."""
        return tuple(self.kqi_table)

    def service(self, name: str) -> Service:
        """The service called `name`; KeyError when there is none."""
        return self.service_table[name]

    def kqi(self, name: str) -> Kqi:
        """The KQI called `name`; KeyError when there is none."""
        return self.kqi_table[name]

    def best(self, name: str) -> float:
        """The best value that the KQI `name` can take, in its unit (the bound of the quality records' contract)."""
        column = KQIS[name]
        bound = column.low if self.kqi_table[name].better == "lower" else column.high
        if bound is None:
            raise KeyError(name)
        return bound

    @property
    def models(self) -> tuple[ModelRequest, ...]:
        """What the caller has to build for scoring: one model an indicator."""
        return tuple(
            ModelRequest(model_key(s, i), *self._wanted(indicator))
            for s, service in self.service_table.items()
            for i, indicator in service.indicators.items()
        )

    def _wanted(self, indicator: Indicator) -> tuple[str, Mapping[str, Any]]:
        if indicator.model:
            return indicator.model, indicator.options
        return self.utility_model, {"indicators": ({"kqi": indicator.kqi, **indicator.utility},)}


def model_key(service: str, indicator: str) -> str:
    """Under which name scoring looks for the model of an indicator: `voice/call_quality`."""
    return f"{service}/{indicator}"


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as e:
        raise ConfigError(str(path), "", f"can't be read: {e.strerror}") from e
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise ConfigError(str(path), "", f"not valid TOML: {e}") from e


def _plain(error: Any) -> str:
    """A pydantic error in plain words."""
    if error["type"] == "extra_forbidden":
        return "unknown key"
    if error["type"] == "missing":
        return "is missing"
    return f"{error['msg'].removeprefix('Value error, ')} (it says {error['input']!r})"


def _check(catalogue: Catalogue) -> None:
    """What one table can't see alone; ConfigError at the first fault."""
    if catalogue.floor > catalogue.cap:
        _refuse(catalogue, "floor", f"{catalogue.floor:g} is above the cap, {catalogue.cap:g}")
    for name, kqi in catalogue.kqi_table.items():
        _check_kqi(catalogue, name, kqi)
    for name, service in catalogue.service_table.items():
        _check_service(catalogue, name, service)
    _check_profiles(catalogue)


def _check_kqi(catalogue: Catalogue, name: str, kqi: Kqi) -> None:
    key = f"kqis.{name}"
    if name not in KQIS:
        _refuse(catalogue, key, f"no quality record carries this KQI (there are: {', '.join(KQIS)})")
    column = KQIS[name]
    if kqi.unit != column.unit:
        _refuse(catalogue, f"{key}.unit", f"quality records carry it in {column.unit}, not in {kqi.unit}")
    if kqi.failure is not None and not (column.low or 0) <= kqi.failure <= (column.high or kqi.failure):
        _refuse(catalogue, f"{key}.failure", f"{kqi.failure:g} is no value that it can take")


def _check_service(catalogue: Catalogue, name: str, service: Service) -> None:
    key = f"services.{name}"
    for kqi in service.kqis:
        if kqi not in catalogue.kqi_table:
            _refuse(catalogue, f"{key}.kqis", f"unknown KQI {kqi} (there are: {', '.join(catalogue.kqis)})")
    for i, indicator in service.indicators.items():
        _check_indicator(catalogue, f"{key}.indicators.{i}", service, indicator)
    total = sum(i.weight for i in service.indicators.values())
    if abs(total - 1) > 1e-6:
        _refuse(catalogue, f"{key}.indicators", f"the weights add up to {total:.6g}, not to 1")
    if all(i.optional for i in service.indicators.values()):
        _refuse(catalogue, f"{key}.indicators", "all are optional: at least one must count for coverage")


def _check_indicator(catalogue: Catalogue, key: str, service: Service, indicator: Indicator) -> None:
    if bool(indicator.kqi) == bool(indicator.model):
        _refuse(catalogue, key, "wants either kqi and utility, or model and options")
    if indicator.model and indicator.utility:
        _refuse(catalogue, f"{key}.utility", "goes with kqi; a model takes options")
    if indicator.kqi and indicator.options:
        _refuse(catalogue, f"{key}.options", "go with model; a kqi takes a utility")
    if indicator.kqi and not indicator.utility:
        _refuse(catalogue, f"{key}.utility", "is missing")
    if indicator.kqi and indicator.kqi not in service.kqis:
        _refuse(catalogue, f"{key}.kqi", f"unknown KQI {indicator.kqi} (its service has: {', '.join(service.kqis)})")


def _check_profiles(catalogue: Catalogue) -> None:
    for n, profile in enumerate(catalogue.profiles):
        if profile.service not in catalogue.service_table:
            there = ", ".join(catalogue.services)
            _refuse(catalogue, f"profiles.{n}.service", f"unknown service {profile.service} (there are: {there})")
    names = Counter((p.service, p.kind, p.slice, p.plan) for p in catalogue.profiles)
    for n, profile in enumerate(catalogue.profiles):
        if names[(profile.service, profile.kind, profile.slice, profile.plan)] > 1:
            _refuse(catalogue, f"profiles.{n}", f"{profile.name} is there twice")
    general = {p.service for p in catalogue.profiles if not p.slice and not p.plan}
    for service in catalogue.services:
        if service not in general:
            _refuse(catalogue, f"services.{service}", "has no profile that holds for every slice and plan")


def _refuse(catalogue: Catalogue, key: str, reason: str) -> NoReturn:
    raise ConfigError(catalogue.file, key, reason)
