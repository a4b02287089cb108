"""The answer: combinations of attribute values with the evidence for each, small and frozen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

Values = tuple[tuple[str, object], ...]
"""(attribute, value) pairs that name a combination."""


def name(values: Values) -> str:
    """`device=A & plan=basic`."""
    return " & ".join(f"{a}={v}" for a, v in values)


@dataclass(frozen=True)
class Combination:
    """One combination of attribute values that explains leaves.

    evidence: nats that its leaves say for it; margin: the same less what it costs to name it among all others; effect:
    by which fraction of the larger of real and expected its leaves moved, -1..1; for shares, which fraction of the
    other attempts changed over, with a minus where the share fell; leaves: how many it explains; real and expected:
    their total, or their share over all attempts; excess: how much more there is than expected, in units of the KPI or
    in attempts; ties: combinations of the very same leaves, not to be told apart.
    """

    values: Values
    evidence: float
    margin: float
    effect: float
    leaves: int
    real: float
    expected: float
    excess: float
    ties: tuple[Values, ...] = ()

    def __str__(self) -> str:
        return name(self.values)


@dataclass(frozen=True)
class Localised:
    """What explains that a KPI is off its forecast: combinations, the strongest first; none where nothing stands out.

    drift: the ratio by which everything else is off its forecast (1 = none): what is the same everywhere has no place.
    noise: the forecast's usual error relative to a leaf's value; for shares, how alike the attempts of one leaf were
    taken to be (intra-class correlation).
    """

    combinations: tuple[Combination, ...]
    drift: float
    noise: float

    def __len__(self) -> int:
        return len(self.combinations)

    def __iter__(self) -> Iterator[Combination]:
        return iter(self.combinations)

    def frame(self) -> pd.DataFrame:
        """One row a combination, strongest first."""
        rows = [
            {
                "combination": str(c),
                "evidence": c.evidence,
                "margin": c.margin,
                "effect": c.effect,
                "leaves": c.leaves,
                "real": c.real,
                "expected": c.expected,
                "excess": c.excess,
                "ties": "; ".join(name(t) for t in c.ties),
            }
            for c in self.combinations
        ]
        columns = ["combination", "evidence", "margin", "effect", "leaves", "real", "expected", "excess", "ties"]
        return pd.DataFrame(rows, columns=columns)
