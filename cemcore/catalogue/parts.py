"""What a part of a formula is: its unit as far as it is known, and how to evaluate it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from cemcore.catalogue.units import NONE, Dimension, described
from cemcore.panel import Float64

Columns = Mapping[str, Float64]
Run = Callable[[Columns], Any]
"""Evaluates to an array or a plain number."""


class FormulaError(ValueError):
    """Why a formula is refused, and what would be taken."""


@dataclass(frozen=True)
class Part:
    """A part of a formula.

    scales: the sizes of its unit under every reading of the bare factors in it, the plain one first. level: dB or dBm.
    literal: its value where it is a bare number. free: made of bare numbers, takes the unit of its partner. truth: yes
    or no, as 1 or 0.
    """

    run: Run
    dimension: Dimension = NONE
    scales: tuple[Fraction, ...] = (Fraction(1),)
    level: str = ""
    literal: float | None = None
    free: bool = False
    truth: bool = False

    @property
    def unit(self) -> str:
        """Its unit, for people."""
        if self.truth:
            return "yes or no"
        return "a bare number" if self.free else described(self.dimension, self.scales[0], self.level)
