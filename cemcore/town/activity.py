"""Who is active when and where: the rows of a day before anything is measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cemcore.panel import Bool, Float64, Int64
from cemcore.town.calendar import Calendar
from cemcore.town.load import LIVING, WORKING, curve
from cemcore.town.population import KINDS, PLACES, SERVICES, Population
from cemcore.town.seeds import Rng, stream

_FLAT = np.ones(24)
_SHIFT = np.array([4, 3, 3, 3, 4, 10] + [100] * 12 + [60, 60, 50, 30, 12, 6]) / 100
USE = {
    ("phone", "voice"): (3.1, WORKING, 1.4),
    ("phone", "video"): (6.4, LIVING, 1.9),
    ("phone", "web"): (12.0, 0.5 * (LIVING + WORKING), 6.0),
    ("phone", "gaming"): (6.0, LIVING, 1.5),
    ("fixed", "voice"): (2.2, 0.5 * (LIVING + WORKING), 1.3),
    ("fixed", "video"): (13.0, LIVING, 2.5),
    ("fixed", "web"): (12.5, LIVING, 8.5),
    ("fixed", "gaming"): (7.0, LIVING, 1.6),
    ("meter", "iot_telemetry"): (19.0, _FLAT, 2.0),
    ("camera", "iot_telemetry"): (30.0, _FLAT, 12.0),
    ("car", "iot_telemetry"): (8.0, WORKING, 8.0),
    ("car", "web"): (4.0, WORKING, 3.0),
    ("plc", "slice_control"): (40.0, _SHIFT, 13.0),
}
"""(kind, service): records a day, shape of the day, attempts in a record."""
_MOST = 15


@dataclass(frozen=True)
class Day:
    """The rows of one local day in order of slot, then pair; n rows, with the luck that each will have.

    slot: index into `slots` [s]; pair, subject; place: 0 home, 1 work, 2-3 visits; serving: position in
    `Network.access`; sessions; z (n, 8) unit normals; fails (n, 15) uniforms, one an attempt; luck (n, 4) uniforms.
    """

    number: int
    slots: Int64
    slot: Int64
    pair: Int64
    subject: Int64
    place: Int64
    serving: Int64
    sessions: Int64
    z: Float64
    fails: Float64
    luck: Float64

    def __len__(self) -> int:
        return len(self.slot)

    @property
    def time(self) -> Int64:
        """Start of each row's slot [s]."""
        return np.asarray(self.slots[self.slot])


class Activity:
    """Draws the rows of any local day on its own."""

    def __init__(self, seed: int, population: Population, calendar: Calendar) -> None:
        self.seed, self.population, self.calendar = seed, population, calendar
        rng = stream(seed, "habits")
        n = len(population.kind)
        self.leaves = rng.normal(7.6, 0.9, n)
        self.returns = rng.normal(17.4, 1.3, n)
        self.works = rng.random(n) < 0.72
        keys = [
            (KINDS[population.kind[s]], SERVICES[v])
            for s, v in zip(population.subject, population.service, strict=True)
        ]
        self.shapes = list(USE)
        self.shape = np.array([self.shapes.index(k) for k in keys])

    def day(self, number: int) -> Day:
        """All rows of local day `number`."""
        rng = stream(self.seed, "activity", number)
        p = self.population
        slots = self.calendar.slots(number)
        places = self._places(rng, number, slots)
        active = self._active(rng, number, slots)
        alive = (slots[None, :] >= p.since[p.subject, None]) & (slots[None, :] < p.until[p.subject, None])
        slot, pair = np.nonzero((active & alive).T)
        subject = p.subject[pair]
        place = places[subject, slot]
        n = len(slot)
        mean = np.array([USE[k][2] for k in self.shapes])[self.shape[pair]]
        return Day(
            number=number,
            slots=slots,
            slot=slot,
            pair=pair,
            subject=subject,
            place=place,
            serving=self._serving(rng, subject, place, len(slots), slot),
            sessions=np.clip(1 + rng.poisson(mean - 1), 1, _MOST),
            z=rng.standard_normal((n, 8)),
            fails=rng.random((n, _MOST)),
            luck=rng.random((n, 4)),
        )

    def _active(self, rng: Rng, number: int, slots: Int64) -> Bool:
        hours = self.calendar.hours(slots)
        rates = np.stack([self._rate(k, number, hours) for k in self.shapes])
        mood = np.exp(rng.normal(-0.02, 0.2, self.population.pairs))
        chance = np.clip(rates[self.shape] * (self.population.appetite * mood)[:, None], 0, 0.92)
        start = rng.random(chance.shape) < chance * 0.78
        goes_on = rng.random((chance.shape[0], chance.shape[1] - 1)) < 0.28
        start[:, 1:] |= start[:, :-1] & goes_on & (chance[:, 1:] > 0.01)
        return np.asarray(start)

    def _rate(self, key: tuple[str, str], number: int, hours: Float64) -> Float64:
        records, shape, _ = USE[key]
        weight = curve(shape, hours)
        factor = 1.0
        if self.calendar.rest(number):
            factor = {"plc": 0.35, "car": 0.7}.get(key[0], 1.1 if shape is LIVING else 0.9)
        return np.asarray(records * factor * weight / weight.sum() * len(hours) / 96)

    def _places(self, rng: Rng, number: int, slots: Int64) -> Int64:
        """(subjects, slots): where each is."""
        n = len(self.population.kind)
        hours = self.calendar.hours(slots)[None, :]
        out = np.zeros((n, len(slots)), dtype=np.int64)
        goes = self.works & (rng.random(n) < (0.12 if self.calendar.rest(number) else 0.9))
        leaves = (self.leaves + rng.normal(0, 0.4, n))[:, None]
        returns = (self.returns + rng.normal(0, 0.6, n))[:, None]
        out[(hours >= leaves) & (hours < returns) & goes[:, None]] = 1
        visits = rng.random(n) < (0.5 if self.calendar.rest(number) else 0.25)
        begin = rng.uniform(11, 20, n)[:, None]
        long = rng.uniform(1, 3.5, n)[:, None]
        where = rng.integers(2, PLACES, n)
        away = (hours >= begin) & (hours < begin + long) & visits[:, None] & (out == 0)
        out = np.where(away, where[:, None], out)
        drives = self.population.kind == KINDS.index("car")
        wander = rng.integers(0, PLACES, (n, (len(slots) + 5) // 6)).repeat(6, axis=1)[:, : len(slots)]
        return np.where(drives[:, None], wander, out)

    def _serving(self, rng: Rng, subject: Int64, place: Int64, slots: int, slot: Int64) -> Int64:
        """A device holds its usual cell most of the time; all its services share it within a slot."""
        turn = rng.random((len(self.population.kind), slots))[subject, slot]
        which = np.where(turn < 0.8, 0, np.where(turn < 0.92, 1, 2))
        serving = self.population.cells[subject, place, which]
        spare = self.population.spare[subject, place]
        return np.asarray(np.where((turn > 0.975) & (spare >= 0), spare, serving))
