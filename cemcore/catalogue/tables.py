"""The tables of services.toml as frozen records; what one of them can't see alone, `checks` looks at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["user", "thing"]
Moment = Literal["", "setup", "start"]

NARROWING = ("slice", "plan", "device_model", "segment")
"""What a profile may narrow itself to; of two that name equally many, the one that names the earlier wins."""


class Table(BaseModel):
    """Base of every table: frozen, and strict about what it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Kqi(Table):
    """A key quality indicator.

    unit: as in quality records. better: which direction is good. habit: the scale on which a series' own normal is
    learned (ratio: a share of the attempts). floor: smaller values are taken for it before a logarithm. gain: factor
    before log1p. material: the smallest change that a customer would mind, on that scale (log and log1p: 0.2 is about
    20 %). least: the smallest one in its own unit: 20 % of next to nothing is nothing. failure: the value that says
    that nothing worked at all, so that nothing else could be measured either.
    low, high: the values that it can take, of a KQI that the contract of quality records does not know. formula: how
    it comes from other columns, of one that no record carries.

    """

    unit: str
    better: Literal["higher", "lower"]
    habit: Literal["raw", "log", "log1p", "ratio"] = "raw"
    material: float = Field(gt=0)
    least: float = Field(0.0, ge=0)
    floor: float = Field(1e-3, gt=0)
    gain: float = Field(1.0, gt=0)
    failure: float | None = None
    low: float | None = None
    high: float | None = None
    formula: str = ""
    about: str = ""


class Counter(Table):
    """A number that quality records carry for formulas only: it is neither scored nor watched by itself."""

    unit: str
    low: float | None = 0.0
    high: float | None = None
    about: str = ""


class Measured(Table):
    """A measurement that a KPI's formula reads, by the name that its source gives it."""

    kpi: str = Field(min_length=1)
    unit: str


class Kpi(Table):
    """A key performance indicator of resources by formula: `inputs` gives its columns their measurements and units."""

    unit: str
    formula: str = Field(min_length=1)
    inputs: Mapping[str, Measured] = Field(min_length=1)
    about: str = ""


class Indicator(Table):
    """One part of a service's score: a KQI through a utility, or a standard model over several KQIs.

    weight: share of the score. optional: not every subject reports it, and its absence costs no coverage. moment: a
    moment of truth, whose lost points count more in roll-ups.
    """

    weight: float = Field(gt=0, le=1)
    kqi: str = ""
    utility: Mapping[str, Any] = {}
    model: str = ""
    options: Mapping[str, Any] = {}
    optional: bool = False
    moment: Moment = ""


class Service(Table):
    """A type of service: the KQIs that are reported for it, and the indicators that make its score."""

    about: str = ""
    version: str = ""
    kqis: tuple[str, ...] = Field(min_length=1)
    indicators: Mapping[str, Indicator] = Field(min_length=1)


class Moments(Table):
    """How many points a point counts in roll-ups that was lost at a moment of truth: set-up, start."""

    setup: float = Field(2.0, ge=1, le=10)
    start: float = Field(1.5, ge=1, le=10)


class Profile(Table):
    """What is required: a score 0-100 of a service for users or for things, and where that figure comes from.

    slice, plan, device_model, segment: narrow it to an S-NSSAI, a tariff, a model of terminal, a declared segment; the
    narrowest profile wins. essential: a floor that no narrower profile lowers.
    """

    service: str
    kind: Kind
    requirement: float = Field(ge=0, le=100)
    source: str = Field(min_length=1)
    version: str = Field(min_length=1)
    essential: bool = False
    slice: str = ""
    plan: str = ""
    device_model: str = ""
    segment: str = ""

    @property
    def narrowed(self) -> dict[str, str]:
        """What it is narrowed to; empty for a general profile."""
        return {n: getattr(self, n) for n in NARROWING if getattr(self, n)}

    @property
    def name(self) -> str:
        """`voice/user`, `slice_control/thing/2-0000A1`, `web/user/segment=gamer`."""
        texts = [t if n in ("slice", "plan") else f"{n}={t}" for n, t in self.narrowed.items()]
        return "/".join([self.service, self.kind, *texts])


class Tables(Table):
    """All tables of the file. The order of `services` and of `kqis` gives the codes and columns of the corridor."""

    version: str = Field(min_length=1)
    utility_model: str = Field(min_length=1)
    floor: float = Field(20, ge=0, le=100)
    cap: float = Field(40, ge=0, le=100)
    kqi_table: Mapping[str, Kqi] = Field(alias="kqis", min_length=1)
    counters: Mapping[str, Counter] = {}
    kpis: Mapping[str, Kpi] = {}
    service_table: Mapping[str, Service] = Field(alias="services", min_length=1)
    moments: Moments = Moments()
    profiles: tuple[Profile, ...] = Field(min_length=1)
    file: str = "services.toml"
