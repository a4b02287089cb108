"""Ticks: which slots are due, the route for each, and the commit of a run of them."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from cemcore.application import versions
from cemcore.application.commit import Committer
from cemcore.application.due import due as slots_due
from cemcore.application.due import first_slot
from cemcore.application.gather import Gatherer
from cemcore.application.house import House
from cemcore.application.ingest import Progress
from cemcore.application.spread import Spread
from cemcore.application.stages import Stopwatch, Timing
from cemcore.domain import Window
from cemcore.errors import StorageError
from cemcore.pipeline import route
from cemcore.pipeline.result import SlotResult
from cemcore.storage import Tick

_log = logging.getLogger("cemcore.ticking")


SWEEP_AGE_S = 600
"""Unregistered files are left alone so long: another process may be about to register them."""


@dataclass(frozen=True, slots=True)
class Assessed:
    """What a call of `assess` did: slots walked, the last of them, the problems that there is news about, and the time
    it took.
    """

    slots: int
    last_slot: datetime | None
    problems: tuple[str, ...]
    timing: Timing = field(default_factory=Timing)


class Ticking:
    """Walks settled slots down the corridor, each once, in order; holds the corridor's state between calls."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._seconds = house.settings.operator.slot_seconds
        parts = route.Parts.build(house.catalogue, house.models, house.detector, house.settings)
        engine = house.settings.engine
        self._spread = Spread(house) if engine.kind != "inline" or engine.partitions > 1 else None
        self._parts = replace(parts, first=self._spread)
        self._gatherer = self._new_gatherer()
        self._state: route.RouteState | None = None

    def close(self) -> None:
        """Let go of the engine, where there is one."""
        if self._spread is not None:
            self._spread.close()

    def advance(
        self,
        until: datetime,
        progress: Progress | None = None,
        *,
        learn_only: bool = False,
        start: datetime | None = None,
    ) -> Assessed:
        """Tick every slot that has settled by `until`, and commit; `learn_only` learns and opens nothing."""
        if self._state is None:
            self._state = self._restore()
        self._house.archive.sweep(self._house.ledger.paths(), older_than_s=SWEEP_AGE_S)
        due = list(slots_due(self._house, until, start))
        if not due:
            return Assessed(0, None, ())
        learn_until = self._house.settings.learning_ends(first_slot(self._house) or due[0][0])
        watch = Stopwatch()
        committer = Committer(self._house, watch)
        self._gatherer.open(due[-1][1])
        for n, (slot, known_at) in enumerate(due):
            watch.begin()
            inputs = self._gatherer.gather(slot, known_at, learn_only or slot < learn_until)
            watch.lap("gather")
            result, self._state = route.run(inputs, self._state, self._parts, watch.lap)
            committer.add(inputs, result, self._gatherer.drain_alarms())
            if self._closes_run(slot) or n + 1 == len(due):
                committer.commit(self._arrays() if self._closes_run(slot) else None)
            if progress is not None:
                progress("assess", n + 1, len(due))
        return Assessed(len(due), datetime.fromtimestamp(due[-1][0], UTC), committer.changed(), watch.take())

    def replay(self, window: Window, progress: Progress | None = None) -> pd.DataFrame:
        """Run the ticks up to the window's end once more, writing nothing; the revisions made in the window."""
        self._state = self._restore(before=int(window.start.timestamp()))
        ticks = [t for t in self._house.ledger.ticks() if t.slot < window.end.timestamp()]
        after = self._resumed
        lines: list[dict[str, object]] = []
        if ticks:
            self._gatherer.open(ticks[-1].known_at)
        for n, tick in enumerate(t for t in ticks if t.slot > after):
            result = self._again(tick)
            lines += [
                {
                    "slot": datetime.fromtimestamp(tick.slot, UTC),
                    "problem_id": p.problem_id,
                    "revision": p.revision,
                    "change": p.change,
                    "cause": p.causes[0].name if p.causes else "",
                }
                for p in result.problems
                if tick.slot >= window.start.timestamp()
            ]
            if progress is not None:
                progress("replay", n + 1, len(ticks))
        self.close()
        self._state, self._gatherer = None, self._new_gatherer()
        return pd.DataFrame(lines, columns=["slot", "problem_id", "revision", "change", "cause"])

    def _restore(self, before: int | None = None) -> route.RouteState:
        """The state after the last tick: newest usable snapshot, then its later ticks once more, with what each knew.

        With `before` [s], the state of the newest snapshot before it, and no tick.
        """
        ledger = self._house.ledger
        ticks = ledger.ticks()
        self._resumed, self._state = self._snapshot(before, ticks)
        later = [t for t in ticks if t.slot > self._resumed] if before is None else []
        if later:
            self._gatherer.open(later[-1].known_at)
        for tick in later:
            self._again(tick)
        return self._state

    def _snapshot(self, before: int | None, ticks: list[Tick]) -> tuple[int, route.RouteState]:
        """(slot, state) of the newest snapshot that this version reads; (-1, the first state) where there is none."""
        state, spread = route.initial_state(self._parts), self._spread
        found = self._house.ledger.snapshot(before)
        while found is not None:
            slot, path = found
            try:
                arrays = self._house.archive.read_state(path)
                if not versions.fits(arrays, self._house.catalogue):
                    raise StorageError("it was made for other services or KQIs")
                if spread is not None and not spread.fits(arrays):
                    raise StorageError("it was made of another number of partitions")
                state = state.set_state(arrays if spread is None else spread.restore(arrays))
            except StorageError as e:
                _log.warning("a snapshot can't be used; going back further", extra={"path": path, "reason": str(e)})
                found = self._house.ledger.snapshot(slot - 1)
                continue
            self._gatherer.resume(slot, next(t.known_at for t in ticks if t.slot == slot))
            return slot, state
        if spread is not None:
            spread.restore({})
        return -1, state

    def _arrays(self) -> dict[str, NDArray[Any]]:
        """Everything that the corridor remembers."""
        assert self._state is not None  # set by _restore
        return {**self._state.get_state(), **(self._spread.get_state() if self._spread is not None else {})}

    def _again(self, tick: Tick) -> SlotResult:
        assert self._state is not None  # set by _restore
        inputs = self._gatherer.gather(tick.slot, tick.known_at, tick.learning)
        result, self._state = route.run(inputs, self._state, self._parts)
        self._gatherer.drain_alarms()
        return result

    def _closes_run(self, slot: int) -> bool:
        return (slot // self._seconds + 1) % self._house.settings.storage.commit_slots == 0

    def _new_gatherer(self) -> Gatherer:
        h = self._house
        return Gatherer(h.archive, h.ledger, h.registry, h.worlds, h.settings, h.catalogue)
