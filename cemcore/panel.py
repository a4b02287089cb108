"""Arrays of the corridor: many series in one flat panel, no object a row.

The corridor works on integers: pseudonyms, services, resources and attribute values are codes that the registry and the
topology gave out. A code of -1 means "not known". Times are whole seconds since 1970-01-01 UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int8 = NDArray[np.int8]
Int16 = NDArray[np.int16]
Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
UInt8 = NDArray[np.uint8]
UInt64 = NDArray[np.uint64]
Bool = NDArray[np.bool_]
FloatArray = Float64


class Rows:
    """Base of panels whose fields are all arrays with one entry (or one line) a row."""

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))  # type: ignore[arg-type]

    def take(self, which: Bool | Int64 | Int32 | slice) -> Self:
        """The rows that a mask, positions or a slice picks, in that order."""
        return replace(self, **{f.name: getattr(self, f.name)[which] for f in fields(self)})  # type: ignore[type-var,arg-type]

    @classmethod
    def concat(cls, parts: list[Self]) -> Self:
        """One panel from several, in their order; needs at least one."""
        return cls(**{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)})  # type: ignore[arg-type]


@dataclass(frozen=True)
class QualityRows(Rows):
    """Quality records as arrays, n rows.

    slot: int64 [s]; subject, service, resource: int32 codes (service indexes `Catalogue.services`, resource the
    topology); kqis: float32 (n, k) in the catalogue's order and units, NaN = not reported; sessions: float32;
    attributes: int32 (n, a) codes of `frames.ATTRIBUTES` values as seen in the session; recorded: int64 [s], when the
    row became known.

    """

    slot: Int64
    subject: Int32
    service: Int32
    resource: Int32
    kqis: Float32
    sessions: Float32
    attributes: Int32
    recorded: Int64


@dataclass(frozen=True)
class MeasurementRows(Rows):
    """Measurements of resources as arrays, n rows: slot int64 [s], resource int32, kpi int32 (code), value float32,
    suspect bool.

    A period longer than a slot stands on the slot it starts with; `period` [s] says how long it is.

    """

    slot: Int64
    resource: Int32
    kpi: Int32
    value: Float32
    suspect: Bool
    period: Int32


@dataclass(frozen=True)
class ScoredRows(Rows):
    """What room one says of each quality row, n rows, aligned with the `QualityRows` it was given.

    score: float32 absolute 0-100, NaN = unknowable; coverage: float32 0..1, share of the model's weight that had
    data; requirement: float32, the profile's; contributors: float32 (n, k), points that each KQI cost (NaN = no
    data); profile: int16, index into `Catalogue.profiles`.

    """

    score: Float32
    coverage: Float32
    requirement: Float32
    contributors: Float32
    profile: Int16

    @property
    def below(self) -> Bool:
        """Rows under their requirement (False where the score is unknown)."""
        return np.asarray(self.score < self.requirement)

    @property
    def depth(self) -> Float32:
        """(requirement - score) / requirement, 0 at or above it, NaN where unknown."""
        out: Float32 = np.clip((self.requirement - self.score) / self.requirement, 0, None)
        return out


@dataclass(frozen=True)
class DetectedRows(Rows):
    """What room two says of each quality row, n rows, aligned with the `QualityRows` it was given.

    surprise: float32, -log10 of the calibrated tail probability that the row is this bad by its own habit (NaN = too
    young to say); z: float32 signed, above zero = worse than expected, in spreads; expected: float32, the score
    expected by habit; blind: bool, row's coverage domain is blind.

    """

    surprise: Float32
    z: Float32
    expected: Float32
    blind: Bool


@dataclass(frozen=True)
class Population:
    """Who there is, as valid at the slot: what room three needs to know of subjects and their service instances.

    Per subject code (n_subjects): kind 0 user / 1 thing / -1, customer, terminal (resource), access (resource of the
    fixed line), attributes (n, b) codes of `attribute_names` (plan, region, device_model, firmware ...). Per
    (subject, service) pair: gateway and endpoint resource codes in `pair_gateway[subject, service]`; -1 where there
    is none.

    """

    kind: Int8
    customer: Int32
    terminal: Int32
    access: Int32
    attributes: Int32
    attribute_names: tuple[str, ...]
    pair_gateway: Int32
    pair_endpoint: Int32
    segment: Int32


@dataclass(frozen=True)
class Panel:
    """History of one zoomed series on a regular grid: n slots, k measures.

    times: int64 [s], equally spaced; values: float64 (n, k), NaN = nothing known; names: k measures, the score among
    them; measure: column that is examined; period: slots of one season (a day); worse: int8 (k,), -1 where low values
    are bad, +1 where high ones are.

    """

    times: Int64
    values: Float64
    names: tuple[str, ...]
    measure: int
    period: int
    worse: Int8

    def column(self) -> Float64:
        """The examined measure, turned so that high is good."""
        return -float(self.worse[self.measure]) * self.values[:, self.measure]
