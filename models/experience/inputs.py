"""What a model looks at: quantities with units and ranges, each read from a KQI whose name is an option."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Literal

import numpy as np

from cemcore.panel import Float64


@dataclass(frozen=True, slots=True)
class Quantity:
    """One quantity that a model looks at.

    kqi: name of the KQI that carries it unless `inputs` names another; empty = looked at only where `inputs` names one.
    unit, low, high: as a KQI has them (a value beyond counts as at the bound where the model's own range is narrower).
    better: the direction in which the model is monotone, empty where it is not.
    """

    kqi: str
    unit: str
    low: float
    high: float
    better: Literal["lower", "higher", ""]
    about: str


LATENCY = Quantity("latency_ms", "ms", 0, 600_000, "lower", "delay")
JITTER = Quantity("jitter_ms", "ms", 0, 600_000, "lower", "delay variation")
LOSS = Quantity("loss_pct", "%", 0, 100, "lower", "packets lost")
MOS = Quantity("mos", "MOS", 1, 5, "higher", "measured mean opinion score")


@dataclass(frozen=True)
class Reader:
    """Base of models whose inputs can be renamed: `inputs` maps a quantity's name to the KQI that carries it."""

    QUANTITIES: ClassVar[Mapping[str, Quantity]] = {}

    inputs: Mapping[str, str] = field(default_factory=dict, kw_only=True)

    def __post_init__(self) -> None:
        check_numbers(self)
        unknown = sorted(set(self.inputs) - set(self.QUANTITIES))
        if unknown:
            raise ValueError(f"inputs: unknown {', '.join(unknown)} (there are: {', '.join(self.QUANTITIES)})")
        named: list[Any] = list(self.inputs.values())
        if not all(isinstance(k, str) and k for k in named):
            raise ValueError("inputs: each names a KQI")
        read = list(self.read.values())
        if len(set(read)) < len(read):
            raise ValueError(f"inputs: a KQI can't be two quantities: {', '.join(read)}")

    @property
    def judged(self) -> tuple[str, ...]:
        """Names of the quantities that these options make it look at."""
        return tuple(q for q, about in self.QUANTITIES.items() if about.kqi or q in self.inputs)

    @property
    def read(self) -> dict[str, str]:
        """Quantity -> KQI that it is read from."""
        return {q: self.inputs.get(q) or self.QUANTITIES[q].kqi for q in self.judged}

    @property
    def kqis(self) -> tuple[str, ...]:
        """Names of the KQIs that it looks at."""
        return tuple(self.read.values())

    @property
    def quantities(self) -> dict[str, Quantity]:
        """KQI -> what the model takes it for: unit, range, direction."""
        return {kqi: self.QUANTITIES[q] for q, kqi in self.read.items()}

    def values(self, kqis: Mapping[str, Float64]) -> dict[str, Float64]:
        """Quantity -> values of n records; NaN where its KQI is not there or it is not looked at."""
        nothing = np.full(len(next(iter(kqis.values()), ())), np.nan)
        read = self.read
        return {
            q: np.asarray(kqis.get(read[q], nothing), np.float64) if q in read else nothing for q in self.QUANTITIES
        }


def check_numbers(options: Any) -> None:
    """ValueError where a dataclass' field of type float or int holds something else, an infinity or NaN."""
    for f in fields(options):
        value = getattr(options, f.name)
        if f.type not in ("float", "int", "float | None", "int | None") or (value is None and "None" in f.type):
            continue
        whole = str(f.type).startswith("int")
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)) or not np.isfinite(value):
            raise ValueError(f"{f.name} is a {'whole number' if whole else 'number'}, not {value!r}")


def table(name: str, given: Mapping[str, Any], known: Mapping[str, float]) -> dict[str, float]:
    """`known` with the numbers that `given` replaces; ValueError for unknown names and for what is no number >= 0."""
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ValueError(f"{name}: unknown {', '.join(unknown)} (there are: {', '.join(known)})")
    for key, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < np.inf:
            raise ValueError(f"{name}: {key} is a number of 0 or more, not {value!r}")
    return {**known, **{k: float(v) for k, v in given.items()}}
