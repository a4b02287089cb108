"""The catalogue as a whole: read once, checked, and asked by everybody."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import PrivateAttr, ValidationError

from cemcore.catalogue import checks
from cemcore.catalogue.formula import Formula
from cemcore.catalogue.tables import Counter, Indicator, Kqi, Service, Tables
from cemcore.errors import ConfigError
from cemcore.frames import KQIS, Column
from cemcore.panel import Float32, Float64


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """An experience model that the caller has to build: plug-in name and options, known to scoring as `key`."""

    key: str
    plugin: str
    options: Mapping[str, Any]


class Catalogue(Tables):
    """All services. The order of `services` and of `kqis` gives the codes and columns of the corridor.

    utility_model: plug-in that turns one KQI into 0-100. An indicator under `floor` caps its service's score at `cap`.
    """

    _text: str = PrivateAttr("")

    @classmethod
    def load(cls, path: str | Path) -> Catalogue:
        """Read and check the file; ConfigError with file, key and reason when it can't be used."""
        try:
            text = Path(path).read_text(encoding="utf-8")
        except OSError as e:
            raise ConfigError(str(path), "", f"can't be read: {e.strerror}") from e
        except UnicodeDecodeError as e:
            raise ConfigError(str(path), "", f"not valid TOML: {e}") from e
        return cls.parse(text, str(path))

    @classmethod
    def parse(cls, text: str, file: str) -> Catalogue:
        """The catalogue that `text` is; `file` says in errors where it came from."""
        try:
            tree = tomllib.loads(text)
        except tomllib.TOMLDecodeError as e:
            raise ConfigError(file, "", f"not valid TOML: {e}") from e
        if "file" in tree:
            raise ConfigError(file, "file", "unknown key")
        try:
            catalogue = cls.model_validate({**tree, "file": file})
        except ValidationError as e:
            first = e.errors()[0]
            raise ConfigError(file, ".".join(str(p) for p in first["loc"]), _plain(first)) from e
        catalogue._text = text
        checks.check(catalogue)
        return catalogue

    @property
    def text(self) -> str:
        """The file as it was read."""
        return self._text

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

    def bounds(self, name: str) -> tuple[float, float | None]:
        """(lowest, highest) value that the KQI `name` can take, in its unit; None = no upper bound."""
        bound: Column | Kqi = KQIS[name] if name in KQIS else self.kqi_table[name]
        return bound.low or 0.0, bound.high

    def best(self, name: str) -> float:
        """The best value that the KQI `name` can take, in its unit; KeyError where nothing bounds it."""
        low, high = self.bounds(name)
        bound = low if self.kqi_table[name].better == "lower" else high
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


def extra_columns(catalogue: Tables) -> tuple[Column, ...]:
    """Number columns that quality records may carry besides those of their contract: own KQIs, and counters."""
    own: dict[str, Kqi | Counter] = {n: k for n, k in catalogue.kqi_table.items() if n not in KQIS and not k.formula}
    return tuple(
        Column(name, "number", c.about, unit=c.unit, low=c.low, high=c.high)
        for name, c in (own | dict(catalogue.counters)).items()
    )


def kqi_values(catalogue: Tables, carried: Callable[[str], Float64]) -> Float32:
    """KQIs of records, float32 (n, k) in the catalogue's order: as carried, or by formula.

    `carried` gives the column of a name, NaN where records lack it. A formula's value beyond the KQI's bounds is
    nothing that can be: it counts as missing.
    """
    formulas = checks.formulas(catalogue)
    columns = _Remembered(carried)
    for name, formula in formulas.items():
        columns[name] = _bounded(catalogue.kqi_table[name], formula, columns)
    out = np.empty((len(columns[next(iter(catalogue.kqi_table))]), len(catalogue.kqi_table)), np.float32)
    for j, name in enumerate(catalogue.kqi_table):
        out[:, j] = columns[name]
    return out


class _Remembered(dict[str, Float64]):
    """Columns, fetched when first asked for."""

    def __init__(self, carried: Callable[[str], Float64]) -> None:
        self._carried = carried

    def __missing__(self, name: str) -> Float64:
        self[name] = self._carried(name)
        return self[name]


def _bounded(kqi: Kqi, formula: Formula, columns: Mapping[str, Float64]) -> Float64:
    values = formula.evaluate(columns)
    low, high = -np.inf if kqi.low is None else kqi.low, np.inf if kqi.high is None else kqi.high
    with np.errstate(invalid="ignore"):
        return np.where((values >= low) & (values <= high), values, np.nan)


def _plain(error: Any) -> str:
    """A pydantic error in plain words."""
    if error["type"] == "extra_forbidden":
        return "unknown key"
    if error["type"] == "missing":
        return "is missing"
    return f"{error['msg'].removeprefix('Value error, ')} (it says {error['input']!r})"
