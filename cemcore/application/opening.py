"""Problems in national mode: what partitions tell of each slot, weighed at the centre, ready for the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cemcore.application import meeting
from cemcore.application.arrivals import DAY, AlarmBook, Arrivals, WorkBook, lines
from cemcore.application.commit import Committer
from cemcore.application.gather import NEVER, local
from cemcore.application.house import House
from cemcore.application.weighing import Weigher
from cemcore.application.world import World
from cemcore.domain import Alarm, Feed, Impact, ServiceProblem
from cemcore.frames import ATTRIBUTES
from cemcore.panel import Bool, DetectedRows, MeasurementRows, QualityRows, ScoredRows
from cemcore.pipeline import national, snapshot
from cemcore.pipeline.habit import HabitRows
from cemcore.pipeline.inputs import SlotInputs
from cemcore.pipeline.partition import Answer
from cemcore.pipeline.result import SlotResult
from cemcore.protocols import Engine
from cemcore.storage import StoredFile
from cemcore.topology import Facts, grown

PROBLEMS = "problems/"
"""Begins the names of this state's arrays."""


class Opening:
    """Rooms three and four at the centre of the national mode; holds their state between slots."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._state = national.NationalState()
        self._world: World | None = None
        self._classes = national.Classes(np.zeros((0, 2), np.int32), np.zeros((0, 0), np.int32))
        self._alarms, self._work, self._known_at = AlarmBook(), WorkBook(), NEVER
        self._weigher = Weigher(house.ledger)
        self._facts = Facts(house.registry.codes, house.catalogue.services)

    def open(self, limit: int) -> None:
        """Start a run of slots that will know no more than what was recorded until `limit` [s]."""
        store = (self._house.archive, self._house.ledger)
        self._new_alarms = Arrivals(*store, Feed.ALARMS, lines, limit=limit)
        self._new_work = Arrivals(*store, Feed.WORK, lines, limit=limit)
        self._weigher.refresh()

    def meet(self, engine: Engine, known_at: int, of: int) -> None:
        """Tell the partitions who their subjects are, where that is new."""
        world = self._house.worlds.at(known_at)
        if world is self._world:
            return
        self._classes, made, core = national.Classes.of(world.population)
        names = list(self._house.registry.codes("subject").texts)[: len(world.population.kind)]
        told = meeting.introductions(names, made, world.population.customer, core, world.topology.resource_ids, of)
        engine.step(meeting.meet, told)
        self._world = world

    def forget(self) -> None:
        """The partitions may begin anew from what was saved: they are to be told again."""
        self._world = None

    def followed(self) -> Bool:
        """Of which subjects all rows are wanted."""
        assert self._world is not None  # met before
        return self._state.followed(len(self._world.population.kind))

    def judge(self, slot: int, known_at: int, learning: bool, answers: Sequence[Answer]) -> national.News:
        """What the partitions' answers come to; remembered."""
        inputs = self._inputs(slot, known_at, learning)
        budget = self._house.settings.assess.false_alarm_budget
        said = [a.said for a in answers]
        services = tuple(self._house.catalogue.services)
        news, self._state = national.run(inputs, said, self._classes, self._state, services, budget)
        self._told = (inputs, news)
        return news

    def written(self) -> tuple[list[StoredFile], list[tuple[ServiceProblem, Impact | None]], list[Alarm]]:
        """Files, revisions and changed alarms of the slot just judged, for the tick's transaction."""
        inputs, news = self._told
        committer = Committer(self._house)
        committer.add(inputs, _as_result(news), [])
        files, revisions = committer.told()
        return files, revisions, self._alarms.drain()

    def get_state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays."""
        return {f"{PROBLEMS}{k}": v for k, v in snapshot.flatten(self._state).items()}

    def resume(self, arrays: Mapping[str, NDArray[Any]], known_at: int) -> None:
        """Go on after the tick that knew what was recorded until `known_at` (with nothing: from the beginning)."""
        mine = {k.removeprefix(PROBLEMS): v for k, v in arrays.items() if k.startswith(PROBLEMS)}
        if mine:
            self._state = snapshot.restore(mine, national.CLASSES)
        self._known_at, past = known_at, (None, known_at)
        store = self._house.archive, self._house.ledger
        for feed, book in ((Feed.ALARMS, self._alarms), (Feed.WORK, self._work)):
            frame: pd.DataFrame = store[0].read(store[1].files(str(feed), recorded=past), recorded=past)
            book.update(frame)
        self._alarms.drain()

    def _inputs(self, slot: int, known_at: int, learning: bool) -> SlotInputs:
        settings = self._house.settings
        assert self._world is not None  # met before
        self._alarms.update(self._new_alarms.between(self._known_at, known_at))
        self._work.update(self._new_work.between(self._known_at, known_at))
        self._known_at = known_at
        hour, day = local(slot, settings.operator)
        seconds = settings.operator.slot_seconds
        people = grown(self._world.population, len(self._house.registry.codes("subject")))
        return SlotInputs(
            slot, known_at, seconds, hour, day, learning, _none(QualityRows, kqis=2, attributes=2),
            _none(MeasurementRows), (), self._alarms.standing(known_at), self._work.around(slot, slot + seconds, DAY),
            self._world.topology, people, self._world.domain_of, self._facts, self._weigher.at(known_at),
        )  # fmt: skip


def _none(kind: type[Any], **dimensions: int) -> Any:
    """No rows of a kind."""
    shapes = {name: (0, len(ATTRIBUTES)) for name in dimensions}
    return kind(**{f.name: np.zeros(shapes.get(f.name, 0), np.int32) for f in fields(kind)})


def _as_result(news: national.News) -> SlotResult:
    """The answer as the corridor gives it, of a tick without rows of its own."""
    none = np.zeros(0, np.bool_)
    return SlotResult(
        _none(ScoredRows), _none(DetectedRows), none, news.problems, news.problem_ids, none.astype(np.int32),
        news.memberships, news.attribution, news.impacts, none, news.counts, _none(HabitRows),
    )  # fmt: skip
