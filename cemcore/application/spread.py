"""Rooms one and two of the whole corridor on an engine: the portions of each tick are sent out, and come back judged.

What partitions remember is saved with the corridor's own state, and comes back with it: after a lost worker the engine
goes on from the last committed run of slots, after a lost process the ledger does.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from numpy.typing import NDArray

from cemcore.application.house import House
from cemcore.codes import Codes
from cemcore.engines import build
from cemcore.panel import Population, ScoredRows
from cemcore.pipeline import portion
from cemcore.pipeline.habit import HabitRows, HabitState, Tally, added
from cemcore.pipeline.route import SlotInputs
from cemcore.protocols import Engine, SharingDetector

Arrays = Mapping[str, NDArray[Any]]
_KEY = "portion/"


class Spread:
    """Scores and watches on `settings.engine`; a `route.FirstRooms` when called."""

    def __init__(self, house: House) -> None:
        self._house, wanted = house, house.settings.engine
        self._n = wanted.partitions
        self._tools = portion.Tools(house.catalogue, house.models, house.detector)
        self._engine: Engine = build(
            wanted.kind, workers=wanted.workers, address=wanted.address, file=str(house.settings.file)
        )
        self._shared: Tally = {}
        self._people: tuple[Population | None, list[Population]] = (None, [])

    def __call__(
        self, inputs: SlotInputs, habit: HabitState, codes: Mapping[str, Codes]
    ) -> tuple[ScoredRows, HabitRows, HabitState]:
        """Send out the portions of a tick, and put together what comes back."""
        services, n = len(self._house.catalogue.services), self._n
        at = portion.rows_of(inputs.rows, n)
        people, now = self._portions_of(inputs.population), (inputs.slot, inputs.day * 24 + inputs.hour)
        errands = [
            portion.Portion(
                portion.own(inputs.rows, at[p], n), people[p], codes,
                portion.series_of(habit.masked, p, n, services), self._shared, now,
            )
            for p in range(n)
        ]  # fmt: skip
        judged: list[portion.Judged] = self._engine.step(partial(portion.walk, self._tools), errands)
        self._shared = self._absorbed([j.tally for j in judged])
        scored: ScoredRows = portion.together([j.scored for j in judged], at)
        rows: HabitRows = portion.together([j.habit for j in judged], at)
        return scored, rows, HabitState()

    def get_state(self) -> dict[str, NDArray[Any]]:
        """What the partitions remember, as plain arrays; a lost one begins from here, from now on."""
        states: list[HabitState] = self._engine.collect(_itself)
        self._engine.checkpoint([partial(_itself, s) for s in states])
        out = {f"{_KEY}shared/{k}": v for k, v in self._shared.items()}
        for p, s in enumerate(states):
            out |= {f"{_KEY}{p}/{k}": v for k, v in (s.arrays or {}).items()}
        return out

    def restore(self, arrays: Arrays) -> dict[str, NDArray[Any]]:
        """Begin where `get_state` was called (or anew); returns the arrays that are not the partitions'."""
        self._shared = _under(f"{_KEY}shared/", arrays)
        states = [HabitState(_under(f"{_KEY}{p}/", arrays) or None) for p in range(self._n)]
        self._engine.start([partial(_itself, s) for s in states])
        return {k: v for k, v in arrays.items() if not k.startswith(_KEY)}

    def fits(self, arrays: Arrays) -> bool:
        """Whether a saved state was made of as many partitions."""
        return {k.split("/")[1] for k in arrays if k.startswith(_KEY)} - {"shared"} == {str(p) for p in range(self._n)}

    def close(self) -> None:
        """Let go of the engine."""
        self._engine.close()

    def _portions_of(self, population: Population) -> list[Population]:
        whole, parts = self._people
        if whole is not population:
            parts = [portion.people(population, p, self._n) for p in range(self._n)]
            self._people = (population, parts)
        return parts

    def _absorbed(self, tallies: list[Tally]) -> Tally:
        detector = self._tools.detector
        if not isinstance(detector, SharingDetector):
            return {}
        ready = detector.set_shared(self._shared) if self._shared else detector
        return ready.absorb(added(tallies)).get_shared()


def _under(prefix: str, arrays: Arrays) -> dict[str, NDArray[Any]]:
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}


def _itself(state: HabitState) -> HabitState:
    """Hands out what a partition remembers, and makes one that remembers it."""
    return state
