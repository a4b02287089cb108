"""The detector: state of the series, tables of the cohorts, and the step over both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from cemcore.errors import ModelError, NotFittedError
from models.anomaly.seasonal import changes, cohorts, engines, state
from models.anomaly.seasonal.lookups import build
from models.anomaly.seasonal.state import WEEK

Array = NDArray[Any]
COHORTS = 16
"""Cohorts that tables and tallies have room for from the start; the number doubles when it does not suffice."""

HUGE = 1e30
"""Values of at least this size are taken for not there."""


@dataclass(frozen=True)
class Seasonal:
    """Watches each series against its own level, season and spread; adds up small losses, and looks at single values.

    A `cemcore.protocols.Detector`; the constructor only stores; learned names end in `_`. A series learns a value at
    its next step, when it is known whether the value is to be learned.

    seconds: length of a slot. least: values that a series must have before its surprise is known. frozen: `step` does
    not teach cohorts and calibration (each series then depends on itself alone). engine: "numba" or "numpy", which give
    the same, bit for bit.
    """

    seconds: int = 900
    least: int = 24
    frozen: bool = False
    engine: str = "numba"
    series_: Mapping[str, Array] = field(default_factory=dict)
    shared_: Mapping[str, Array] = field(default_factory=dict)
    log_: Mapping[str, Array] = field(default_factory=dict)
    slot_: int = -1

    def step(
        self,
        slot: int,
        rows: NDArray[np.int64],
        x: NDArray[np.float32],
        cohort: NDArray[np.int32],
        hour: NDArray[np.int32],
        mask_prev: NDArray[np.bool_],
    ) -> tuple[Self, NDArray[np.float32], NDArray[np.float32]]:
        """Learn what the k series `rows` (each once) last had, score them with `x` at `slot` [s], teach the cohorts.

        x: higher = better; NaN = not there. cohort >= 0; hour: hour of the local week 0-167. mask_prev: bool by series
        number (shorter = False), values of the last step that are not to be learned. Returns (new detector, surprise
        [k], z [k], below zero = worse). ModelError for an earlier slot, and for numbers that are none of these.
        """
        after, surprise, z, said = self.judge(slot, rows, x, cohort, hour, mask_prev)
        return (after if self.frozen else after.absorb(said)), surprise, z

    def judge(
        self,
        slot: int,
        rows: NDArray[np.int64],
        x: NDArray[np.float32],
        cohort: NDArray[np.int32],
        hour: NDArray[np.int32],
        mask_prev: NDArray[np.bool_],
    ) -> tuple[Self, NDArray[np.float32], NDArray[np.float32], Mapping[str, Array]]:
        """As `step`, but says what it has to teach instead of teaching it: (new detector, surprise, z, tally)."""
        return replace(self, series_=state.copied(self.series_)).advance(slot, rows, x, cohort, hour, mask_prev)

    def advance(
        self,
        slot: int,
        rows: NDArray[np.int64],
        x: NDArray[np.float32],
        cohort: NDArray[np.int32],
        hour: NDArray[np.int32],
        mask_prev: NDArray[np.bool_],
    ) -> tuple[Self, NDArray[np.float32], NDArray[np.float32], Mapping[str, Array]]:
        """As `judge`, in place: this detector must not be used any more, the new one has its arrays."""
        _check(rows, x, cohort, hour)
        number, before = slot // self.seconds, self._number()
        if number < before:
            raise ModelError(f"a detector moves forward only: slot {slot} after {self.slot_}")
        s = state.grown(self.series_, int(rows.max(initial=-1)) + 1)
        state.scrub(s, before, number)
        out = np.flatnonzero(mask_prev[: state.size(s)])
        s["x"][out[s["last"][out] == (before & 0xFFFF)]] = np.nan
        shared = self._shared(int(cohort.max(initial=-1)) + 1)
        t = build(shared, self.seconds, self.least)
        surprise, z = np.empty(len(rows), np.float32), np.empty(len(rows), np.float32)
        said, touched = cohorts.tally(len(shared["season"])), np.zeros(state.OWN, np.bool_)
        f4, i4 = np.float32, np.int32
        if max(float(np.fmax.reduce(x, initial=0)), -float(np.fmin.reduce(x, initial=0))) >= HUGE:
            x = np.where(np.abs(x) < HUGE, x, f4(np.nan))
        engines.run(self.engine)(
            s, t, number, np.ascontiguousarray(rows, np.int64), np.ascontiguousarray(x, f4),
            np.ascontiguousarray(cohort, i4), np.ascontiguousarray(hour, i4), surprise, z, said, touched,
        )  # fmt: skip
        log = changes.logged(self.log_, number, touched)
        return replace(self, series_=s, shared_=shared, log_=log, slot_=slot), surprise, z, said

    def absorb(self, tally: Mapping[str, Array]) -> Self:
        """The detector after its cohorts and calibration heard this slot's tally, or the sum of the partitions'."""
        shared = self._shared(len(tally["n"]))
        return replace(self, shared_=cohorts.absorb(shared, tally, self.seconds / 3600))

    def get_shared(self) -> Mapping[str, Array]:
        """Tables of the cohorts, calibration with them: what partitions share."""
        return dict(self._shared(0))

    def set_shared(self, shared: Mapping[str, Array]) -> Self:
        """A detector with its own series and these tables."""
        return replace(self, shared_=dict(shared))

    def get_state(self) -> Mapping[str, Array]:
        """Everything learned, as plain arrays; NotFittedError before the first step."""
        self._fitted()
        return {
            **{f"series/{k}": v for k, v in self.series_.items()},
            **{f"shared/{k}": v for k, v in self.shared_.items()},
            **{f"log/{k}": v for k, v in self.log_.items()},
            "slot": np.array([self.slot_], dtype=np.int64),
        }

    def set_state(self, state: Mapping[str, Array]) -> Self:
        """A detector with these settings and that state."""
        return replace(
            self,
            series_={k[7:]: v for k, v in state.items() if k.startswith("series/")},
            shared_={k[7:]: v for k, v in state.items() if k.startswith("shared/")},
            log_={k[4:]: v for k, v in state.items() if k.startswith("log/")},
            slot_=int(state["slot"][0]),
        )

    def delta(self, since_slot: int) -> Mapping[str, Array]:
        """What changed since the step of `since_slot` [s]: the series stepped since, their hot state and the hours of
        their own season that were learned, and the shared tables. Plain arrays; NotFittedError before the first step.
        """
        self._fitted()
        out = changes.delta(self.series_, self.log_, since_slot // self.seconds, self._number())
        out.update({f"shared/{k}": v for k, v in self.shared_.items()})
        out.update({f"log/{k}": v for k, v in self.log_.items()})
        out["slot"] = np.array([self.slot_], dtype=np.int64)
        return out

    def apply(self, delta: Mapping[str, Array]) -> Self:
        """The detector after the steps that a delta since its own slot (or earlier) tells of."""
        slot = int(delta["slot"][0])
        series = changes.applied(self.series_, delta, self._number(), slot // self.seconds)
        rest = {k: v for k, v in delta.items() if k.startswith(("shared/", "log/"))}
        return replace(self.set_state({**rest, "slot": delta["slot"]}), series_=series)

    def _number(self) -> int:
        return self.slot_ // self.seconds if self.slot_ >= 0 else -1

    def _fitted(self) -> None:
        if not self.series_:
            raise NotFittedError("the detector has not seen a slot yet")

    def _shared(self, least: int) -> dict[str, Array]:
        have = max(len(self.shared_["season"]) if self.shared_ else 0, COHORTS)
        while have < least:
            have *= 2
        return cohorts.grown(self.shared_, have)


def _check(rows: Array, x: Array, cohort: Array, hour: Array) -> None:
    """Refuse what would be looked up outside of the arrays: the compiled step does not check."""
    if not len(rows) == len(x) == len(cohort) == len(hour):
        raise ModelError(f"of {len(rows)} rows there are {len(x)} values, {len(cohort)} cohorts and {len(hour)} hours")
    for name, given, most in (("row", rows, 2**40), ("cohort", cohort, 2**16 - 1), ("hour", hour, WEEK - 1)):
        if len(given) and (given.min() < 0 or given.max() > most):
            raise ModelError(f"{name} {given.min()}..{given.max()}: wants 0 to {most}")
