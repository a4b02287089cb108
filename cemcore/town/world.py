"""A town as a whole, and what is observed of it on one day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache

import numpy as np

from cemcore.panel import Bool, Float64, Int64
from cemcore.town.activity import Activity, Day
from cemcore.town.calendar import Calendar
from cemcore.town.effects import Effects
from cemcore.town.experience import Experience, Strain
from cemcore.town.faults import Fault, draw
from cemcore.town.layout import lay
from cemcore.town.load import Load
from cemcore.town.network import Network
from cemcore.town.people import People, settle
from cemcore.town.population import Population, populate
from cemcore.town.seeds import stream
from cemcore.town.sizes import Size
from cemcore.town.spec import Spec
from cemcore.town.targets import Targets

_DROPPED = 0.01


@dataclass(frozen=True)
class Toll:
    """What one fault did to rows of one day: their KQIs (n, 9) without and with it, and which left no record."""

    fault: Fault
    rows: Int64
    without: Float64
    hurt: Float64
    lost: Bool


@dataclass(frozen=True)
class Observed:
    """One day as it went: kqis (n, 9), serving and firmware of its rows, and which of them left a record."""

    day: Day
    kqis: Float64
    serving: Int64
    firmware: np.ndarray
    recorded: Bool
    tolls: tuple[Toll, ...]


class World:
    """Everything that there is in a town; any day of it can be asked for on its own."""

    def __init__(self, seed: int, size: Size, days: int, spec: Spec, first: date | None = None) -> None:
        self.seed, self.size, self.spec = seed, size, spec
        self.calendar = Calendar.draw(seed, days, first)
        self.net: Network = lay(seed, size)
        self.people: People = settle(seed, size, self.net, self.calendar)
        self.population: Population = populate(seed, self.net, self.people)
        self.load = Load(seed, self.net, self.calendar)
        self.activity = Activity(seed, self.population, self.calendar)
        self.experience = Experience(seed, self.net, self.population)
        self.effects = Effects(seed, self.people, self.population)
        self.faults: list[Fault] = draw(seed, size, spec, self.targets, self.calendar)
        self.observe = lru_cache(maxsize=2)(self._observe)

    @cached_property
    def targets(self) -> Targets:
        """What may be struck."""
        return Targets(self.net, self.people, self.population)

    def on(self, day: int, faults: list[Fault] | None = None) -> list[Fault]:
        """The faults that last into a local day."""
        first, last = self.calendar.midnight(day), self.calendar.midnight(day + 1)
        return [f for f in (self.faults if faults is None else faults) if f.touches(first, last)]

    def silent(self, day: int) -> Iterator[tuple[Fault, Bool, Int64]]:
        """Collectors' gaps of a day: (fault, access resources that fell silent, slots [s] of the gap)."""
        for f in self.on(day):
            if f.kind.target == "region":
                slots = self.calendar.slots(day)
                yield f, f.target.access, slots[(slots >= f.start) & (slots < f.end)]

    def _observe(self, number: int) -> Observed:
        day = self.activity.day(number)
        load = self.load.access(number)
        everyone = np.arange(len(day))
        calm = self.experience.measure(day, everyone, load, Strain.none(len(day)))
        whole = Strain.none(len(day))
        tolls, touched = [], np.zeros(len(day), dtype=bool)
        for fault in self.on(number):
            rows, strain = self.effects.strain(fault, day)
            if len(rows):
                hurt = self.experience.measure(day, rows, load, strain)
                tolls.append(Toll(fault, rows, calm[rows], hurt, strain.lost))
                whole.join(rows, strain)
                touched[rows] = True
        rows = np.flatnonzero(touched)
        calm[rows] = self.experience.measure(day, rows, load, whole.take(rows))
        serving = np.where(whole.serving >= 0, whole.serving, day.serving)
        recorded = ~whole.lost & (stream(self.seed, "dropped", number).random(len(day)) >= _DROPPED)
        for _, struck, slots in self.silent(number):
            recorded &= ~(struck[serving] & np.isin(day.time, slots))
        versions = self.effects.versions(day, self.faults)
        return Observed(day, calm, serving, versions, recorded, tuple(tolls))
