"""National mode: settled slots through rooms one and two, over partitions of subjects, on any engine.

Each partition reads its own records, scores and judges them; the centre adds up what they say, finds one threshold for
all, and tells them; they write their degradations and scores; one ledger transaction registers the files and moves the
watermark. Problems are opened where `engine.problems` says so, from what the partitions tell (`opening`).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cemcore import engines
from cemcore.application import meeting, versions
from cemcore.application import partitions as parts
from cemcore.application.due import due, first_slot
from cemcore.application.gather import NEVER, local
from cemcore.application.house import House
from cemcore.application.ingest import Progress
from cemcore.application.opening import PROBLEMS, Opening
from cemcore.application.slot_rows import Due
from cemcore.application.stages import Stopwatch
from cemcore.application.ticking import SWEEP_AGE_S, Assessed
from cemcore.application.watch_state import Chain, chains, outdated
from cemcore.domain import Feed
from cemcore.errors import StorageError
from cemcore.pipeline.detection import discovery
from cemcore.pipeline.habit import added
from cemcore.pipeline.partition import Answer, Clock
from cemcore.protocols import SharingDetector
from cemcore.storage import StoredFile, Tick
from cemcore.storage.archive import STATE
from cemcore.storage.parts import part

_log = logging.getLogger("cemcore.watching")


class Watching:
    """Holds the engine with the partitions between calls. `assess` of an opened cemcore, where `engine.rooms = "first"`
    says so.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        wanted = house.settings.engine
        self._of = wanted.partitions
        self._engine = engines.build(
            wanted.kind, workers=wanted.workers, address=wanted.address, file=str(house.settings.file)
        )
        self._centre = Centre(house)
        self._opening = Opening(house) if wanted.problems else None
        self._last: Tick | None = None
        self._saved: Mapping[str, NDArray[Any]] = {}
        self._started = self._based = False

    def close(self) -> None:
        """Let go of the partitions, and of a local cluster."""
        self._engine.close()
        self._started = False

    def advance(
        self,
        until: datetime,
        progress: Progress | None = None,
        *,
        learn_only: bool = False,
        start: datetime | None = None,
    ) -> Assessed:
        """Tick every slot that has settled by `until`, and commit each; `learn_only` calls nothing degraded."""
        house = self._house
        if not self._started:
            self._restore()
        house.archive.sweep(house.ledger.paths(), older_than_s=SWEEP_AGE_S)
        slots = list(due(house, until, start))
        if not slots:
            return Assessed(0, None, ())
        learn_until = house.settings.learning_ends(first_slot(house) or slots[0][0])
        house.worlds.refresh()
        if self._opening is not None:
            self._opening.open(slots[-1][1])
        watch, told = Stopwatch(), dict[str, None]()
        for n, (slot, known_at) in enumerate(slots):
            watch.begin()
            told |= dict.fromkeys(self._tick(slot, known_at, learn_only or slot < learn_until, watch))
            if progress is not None:
                progress("assess", n + 1, len(slots))
        return Assessed(len(slots), datetime.fromtimestamp(slots[-1][0], UTC), tuple(told), watch.take())

    def _tick(self, slot: int, known_at: int, learning: bool, watch: Stopwatch) -> list[str]:
        """One slot, to the end of its transaction; the problems that there is news about."""
        found = self._walk(slot, known_at, learning)
        watch.lap("watch")
        threshold = self._centre.take(found)
        task = parts.Finish(threshold, known_at, True, self._house.settings.engine.scores)
        written: list[parts.Written] = self._engine.step(parts.finish, [task] * self._of)
        watch.lap("detect")
        counts = _summed([*(a.counts for a in found), *(w.counts for w in written)])
        if self._opening is not None:
            counts |= self._opening.judge(slot, known_at, learning, found).counts
            watch.lap("localise")
        state = self._save(slot)
        told = self._commit(Tick(slot, known_at, 0, learning, counts), [f for w in written for f in w.files], state)
        now = self._house.clock().timestamp()
        recorded = np.concatenate([w.recorded for w in written])
        watch.committed([now - slot - self._house.settings.operator.slot_seconds], now - recorded)
        if state:
            chain = next(chains(self._house.ledger.files(STATE), self._of))
            self._engine.checkpoint([self._maker(n, chain) for n in range(self._of)])
            if self._opening is not None:
                self._opening.forget()
        return told

    def _walk(self, slot: int, known_at: int, learning: bool) -> list[Answer]:
        """Every partition's answer on a slot."""
        settings, ledger = self._house.settings, self._house.ledger
        seconds, horizon = settings.operator.slot_seconds, int(settings.assess.horizon_hours * 3600)
        after, since = (self._last.known_at, self._last.slot) if self._last is not None else (NEVER, NEVER)
        hour, day = local(slot, settings.operator)
        clock = Clock(slot, seconds, day * 24 + hour, horizon, learning)
        wanted = Due(slot, seconds, after, known_at, since, horizon)
        known = (after if after > NEVER else None, known_at)
        news = ledger.files(str(Feed.QUALITY), slots=(slot - horizon, slot + seconds), recorded=known)
        waiting = ledger.files(str(Feed.QUALITY), slots=(max(since, slot - horizon) + 1, slot + seconds))
        files = {f.path: f for f in (*news, *waiting) if f.meets(None, (None, known_at))}
        ordered = sorted(files.values(), key=lambda f: f.position)
        common = self._inventory(known_at), self._centre.shared()
        mine = [tuple(f for f in ordered if _concerns(f, n, self._of)) for n in range(self._of)]
        walks = [parts.Walk(clock, wanted, m, *common) for m in mine]
        answers: list[Answer]
        if self._opening is None:
            answers = self._engine.step(parts.walk, walks)
        else:
            self._opening.meet(self._engine, known_at, self._of)
            followed, least = self._opening.followed(), settings.engine.told
            answers = self._engine.step(meeting.answer, [meeting.Asked(w, followed, least) for w in walks])
        self._last = Tick(slot, known_at, 0, learning)
        return answers

    def _inventory(self, known_at: int) -> parts.Inventory:
        worlds = self._house.worlds
        named = {n for p in self._house.catalogue.profiles for n in p.narrowed}
        customers = worlds.files_at(Feed.CUSTOMERS, known_at) if "segment" in named else []
        subjects = worlds.files_at(Feed.SUBJECTS, known_at)
        return parts.Inventory(tuple(f.path for f in subjects), tuple(f.path for f in customers))

    def _save(self, slot: int) -> list[StoredFile]:
        """State files of this slot, where it is one at which state is kept."""
        settings = self._house.settings
        number = slot // settings.operator.slot_seconds + 1
        whole = number % settings.storage.snapshot_slots == 0
        if not whole and number % settings.engine.delta_slots:
            return []
        whole = whole or not self._based  # a change without a whole state before it is of no use
        self._based = True
        files: list[StoredFile] = self._engine.step(parts.save, [parts.Save(slot, whole)] * self._of)
        centre = {**self._centre.get_state(), **(self._opening.get_state() if self._opening is not None else {})}
        return [*files, self._house.archive.write_state(f"watch-{slot}-centre", centre, slot)]

    def _commit(self, tick: Tick, files: list[StoredFile], state: list[StoredFile]) -> list[str]:
        more, revisions, alarms = self._opening.written() if self._opening is not None else ([], [], [])
        files, registry = [*files, *more], self._house.registry
        ledger = self._house.ledger
        catalogue = versions.keep(self._house) if any(f.feed == "scores" for f in files) else None
        gone = outdated([*ledger.files(STATE), *state]) if state else []
        now = int(self._house.clock().timestamp())
        with ledger.begin() as tx:
            tx.tick(Tick(tick.slot, tick.known_at, now, tick.learning, tick.counts))
            for file in (*files, *state, *([catalogue] if catalogue is not None else [])):
                tx.register_file(file)
            for path in gone:
                tx.unregister_file(path)
            for alarm in alarms:
                tx.put_alarm(alarm)
            for problem, impact in revisions:
                tx.put_problem(problem, impact)
            for name, first_code, texts in registry.pending() if self._opening is not None else ():
                tx.add_codes(name, first_code, texts)
            tx.set_watermark("slot", tick.slot)
            tx.set_watermark("known_at", tick.known_at)
        if self._opening is not None:
            registry.committed()
        return [p.problem_id for p, _ in revisions]

    def _restore(self) -> None:
        """The partitions after the last tick: newest usable files, then later ticks once more, writing nothing."""
        ledger = self._house.ledger
        ticks = ledger.ticks()
        self._house.worlds.refresh()
        at = self._load(ticks)
        self._last = next((t for t in reversed(ticks) if t.slot <= at), None)
        later = [t for t in ticks if t.slot > at]
        if self._opening is not None:
            self._opening.resume(self._saved, self._last.known_at if self._last is not None else NEVER)
            self._opening.open(later[-1].known_at if later else NEVER)
        for tick in later:
            found = self._walk(tick.slot, tick.known_at, tick.learning)
            threshold = self._centre.take(found)
            self._engine.step(parts.finish, [parts.Finish(threshold, tick.known_at, False, False)] * self._of)
            if self._opening is not None:
                self._opening.judge(tick.slot, tick.known_at, tick.learning, found)
        self._started = True

    def _load(self, ticks: list[Tick]) -> int:
        """Start the engine from the newest state that can be used; its slot [s], `NEVER` for none."""
        done = {t.slot for t in ticks}
        for chain in chains(self._house.ledger.files(STATE), self._of):
            if chain.slot not in done:
                continue
            try:
                self._saved = self._house.archive.read_state(chain.centre)
                self._centre.set_state({k: v for k, v in self._saved.items() if not k.startswith(PROBLEMS)})
                self._engine.start([self._maker(n, chain) for n in range(self._of)])
            except StorageError as e:
                _log.warning("a saved state can't be used; going back further", extra={"reason": str(e)})
                continue
            self._based = True
            return chain.slot
        self._centre, self._based, self._saved = Centre(self._house), False, {}
        self._engine.start([self._maker(n, None) for n in range(self._of)])
        return NEVER

    def _maker(self, number: int, chain: Chain | None) -> partial[parts.Resident]:
        house = self._house
        files = chain.parts[number] if chain is not None else ()
        return partial(parts.make, parts.Recipe(house.settings, house.catalogue, number, self._of, files))


class Centre:
    """What all partitions share: tables of the cohorts and the calibration, from what the partitions tell."""

    def __init__(self, house: House) -> None:
        self._catalogue, self._false_discovery = house.catalogue, house.settings.assess.false_discovery
        self._detector = house.detector
        self._shared: Mapping[str, Any] = {}

    def take(self, answers: list[Answer]) -> float:
        """Add up what the partitions say, in their order, and learn from it; the least surprise that is degraded."""
        surprises = answers[0].surprises
        for a in answers[1:]:
            surprises = surprises + a.surprises
        if isinstance(self._detector, SharingDetector):
            self._detector = self._detector.absorb(added([a.tally for a in answers]))
            self._shared = self._detector.get_shared()
        return discovery.threshold(surprises, self._false_discovery)

    def shared(self) -> Mapping[str, Any]:
        """What the partitions are to know at their next slot; empty before the first."""
        return self._shared

    def get_state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays, with the services and KQIs that all was made for."""
        return {versions.SHAPE: versions.shape(self._catalogue), **self._shared}

    def set_state(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from these; StorageError where they were made for another catalogue."""
        if not versions.fits(arrays, self._catalogue):
            raise StorageError("it was made for other services or KQIs")
        self._shared = {k: v for k, v in arrays.items() if k != versions.SHAPE}
        if self._shared and isinstance(self._detector, SharingDetector):
            self._detector = self._detector.set_shared(self._shared)


def _concerns(file: StoredFile, number: int, of: int) -> bool:
    """Whether a file may hold rows of a partition: its own, or one that was not split so."""
    split = part(file.path)
    return split is None or split[1] != of or split[0] == number


def _summed(tallies: list[Mapping[str, int]]) -> dict[str, int]:
    out: dict[str, int] = {}
    for tally in tallies:
        for name, n in tally.items():
            out[name] = out.get(name, 0) + n
    return out
