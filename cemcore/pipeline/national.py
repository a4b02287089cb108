"""Rooms three and four of a national tick: what the partitions told becomes problems, their members and impact.

Pure, as the corridor is. Nothing here is a row for every record: bad rows, rows of followed subjects, a sample, sums.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from cemcore.domain import Impact, ServiceProblem
from cemcore.frames import ATTRIBUTES
from cemcore.panel import Bool, Float32, Float64, Int32, Int64, Population, QualityRows
from cemcore.pipeline import reporting, telling
from cemcore.pipeline.impact import Attribution, Tally
from cemcore.pipeline.inputs import SlotInputs
from cemcore.pipeline.localisation import explanations
from cemcore.pipeline.localisation.blocks import Block
from cemcore.pipeline.localisation.evidence import CHANNELS, weights
from cemcore.pipeline.localisation.explanations import CUSTOMER, TERMINAL, Explanations
from cemcore.pipeline.localisation.live import Live
from cemcore.pipeline.localisation.state import LocaliseState, Settings
from cemcore.pipeline.localisation.wide import room as wide
from cemcore.pipeline.localisation.wide.incidence import Axis, Incidence
from cemcore.pipeline.localisation.wide.slots import WideSlot
from cemcore.pipeline.result import Memberships
from cemcore.pipeline.telling import Said, Spoken

SHARED = 3
"""Subjects that a customer needs to be looked at as a cause of its own."""
FOLLOWED = 2
"""Bad rows in the remembered slots from which on all rows of a subject are told."""
WORSE, BELOW = 2.0, 3.0
"""Effects, in units of what a user notices, that a told row is taken to have: worse than its habit; and below its
requirement, too. Partitions judge scores, which have no unit of their own.
"""


@dataclass(frozen=True)
class Classes:
    """What is alike for subjects: core int32 (n, 2), gateway and endpoint of each core class; made int32 (m, b),
    attributes of each made class.
    """

    core: Int32
    made: Int32

    @classmethod
    def of(cls, people: Population) -> tuple[Classes, Int32, Int32]:
        """(classes, made class of each subject, core class of each (subject, service))."""
        both = np.stack([people.pair_gateway, people.pair_endpoint], axis=-1)
        core, at = np.unique(both.reshape(-1, 2), axis=0, return_inverse=True)
        made, has = np.unique(people.attributes, axis=0, return_inverse=True)
        found = cls(core.astype(np.int32), made.astype(np.int32))
        return found, has.reshape(-1).astype(np.int32), at.reshape(people.pair_gateway.shape).astype(np.int32)


@dataclass(frozen=True)
class NationalState:
    """What is remembered between ticks; plain arrays and values, as `route.RouteState`."""

    known: Explanations = field(default_factory=Explanations)
    room: wide.WideRoom = field(default_factory=wide.WideRoom)
    tally: Tally = field(default_factory=Tally.none)

    def followed(self, subjects: int) -> Bool:
        """Whether all rows of each subject are wanted at the next slot."""
        bad = np.zeros(subjects, np.int64)
        for s in self.room.slots:
            bad += np.bincount(s.subject[: s.sent], minlength=subjects)[:subjects]
        return np.asarray(bad >= FOLLOWED)


CLASSES: tuple[type, ...] = (
    NationalState, wide.WideRoom, WideSlot, Explanations, explanations.Table, Block, Live, Tally,
)  # fmt: skip
"""Classes that the state is made of."""


@dataclass(frozen=True)
class News:
    """The answer of a tick, as in `result.SlotResult`."""

    problems: tuple[ServiceProblem, ...]
    problem_ids: tuple[str, ...]
    memberships: Memberships
    attribution: Attribution
    impacts: Mapping[str, Impact]
    counts: Mapping[str, int]


def run(
    inputs: SlotInputs, said: Sequence[Said], classes: Classes, state: NationalState, services: tuple[str, ...],
    budget: float,
) -> tuple[News, NationalState]:  # fmt: skip
    """One slot: what partitions said of it, in any cut, to problems."""
    settings = Settings(len(services), inputs.seconds, budget)
    rows = Spoken.concat([s.rows for s in said])
    rows = rows.take(np.lexsort((rows.service, rows.subject, rows.kind)))
    paths = telling.summed([s.paths for s in said])
    key = np.unique(np.concatenate([paths[0], telling.path_key(rows.place, rows.core)]))
    known, path, made = _explained(state.known, inputs, classes, key)
    incidence = _incidence(known, inputs)
    slot, block = _slot(inputs, said, rows, incidence, (key, path, made), paths, settings.services)
    room, before = wide.remember(state.room, slot, block, inputs.seconds), state.room
    if inputs.learning:
        room = wide.learn(room, incidence, inputs.seconds)
    else:
        bonus = reporting.bonus(known, inputs.topology, inputs.alarms, inputs.known_at)
        limits = wide.limits_of(room, known, bonus, settings)
        room = wide.localise(room, known, incidence, settings, inputs.topology, inputs.known_at, limits)
    attribution = _attributed(before, room, inputs.slot, settings.services)
    tally = state.tally.plus(attribution)
    where = reporting.Whereabouts(
        inputs.population.access, inputs.domain_of, np.zeros(int(inputs.domain_of.max(initial=-1)) + 1, np.bool_)
    )
    told = reporting.report(
        inputs, _as_corridor(known, before), _as_corridor(known, room), tally, settings.services, services, None, where
    )
    room = replace(room, problems=told.room.problems)
    counts = {
        "open_problems": sum(p.open for p in room.problems), "explanations": len(known),
        "told_rows": int((rows.kind == 0).sum()),
    }  # fmt: skip
    news = News(told.problems, told.ids, told.memberships, attribution, told.impacts, counts)
    return news, NationalState(known, room, tally)


def _as_corridor(known: Explanations, room: wide.WideRoom) -> LocaliseState:
    return LocaliseState(known, room.blocks, room.log, None, room.problems, room.count)


def _explained(
    known: Explanations, inputs: SlotInputs, classes: Classes, key: Int64
) -> tuple[Explanations, Int32, Int32]:
    """(registry, path key of each told key, made key of each made class)."""
    n, cores, mades = len(key), len(classes.core), len(classes.made)
    names = inputs.population.attribute_names
    pairs = np.full((cores + mades, 1), -1, np.int32)
    gateway, endpoint = pairs.copy(), pairs.copy()
    gateway[:cores, 0], endpoint[:cores, 0] = classes.core.T
    attributes = np.full((cores + mades, len(names)), -1, np.int32)
    attributes[cores:] = classes.made
    none = np.zeros(0, np.int32)
    alike = Population(none.astype(np.int8), none, none, none, attributes, names, gateway, endpoint, none)
    seen = np.full((n + mades, len(ATTRIBUTES)), -1, np.int32)
    for i, name in enumerate(ATTRIBUTES):
        if name in names:
            seen[n:, i] = classes.made[:, names.index(name)]
    subject = np.concatenate([(key & 0xFFFFFFFF) - 1, cores + np.arange(mades)]).astype(np.int32)
    place = np.concatenate([key >> 32, np.full(mades, -1)]).astype(np.int32)
    zero, long = np.zeros(n + mades, np.int32), np.zeros(n + mades, np.int64)
    kqis, sessions = np.zeros((n + mades, 0), np.float32), np.zeros(n + mades, np.float32)
    rows = QualityRows(long, subject, zero, place, kqis, sessions, seen, long)
    known, path, made = explanations.explain(known, rows, place, inputs.topology, alike, ATTRIBUTES)
    nobody = rows.take(slice(0, 0))
    known, _, _ = explanations.explain(known, nobody, place[:0], inputs.topology, inputs.population, ATTRIBUTES)
    return known, path[:n], made[n:]


def _incidence(known: Explanations, inputs: SlotInputs) -> Incidence:
    """Axes: path, made, customer, terminal."""
    people = inputs.population
    subjects = len(known.owners.start) - 1
    sizes = np.bincount(people.customer[people.customer >= 0])
    customer, terminal = np.full(len(sizes), -1, np.int32), np.full(subjects, -1, np.int32)
    own = np.repeat(np.arange(subjects), np.diff(known.owners.start))
    kind = known.kind[known.owners.flat]
    of = known.owners.flat[kind == CUSTOMER]
    customer[known.what[of, 0]] = of
    customer[sizes < SHARED] = -1
    terminal[own[kind == TERMINAL]] = known.owners.flat[kind == TERMINAL]
    axes = (
        Axis(known.paths.start, known.paths.flat), Axis(known.mades.start, known.mades.flat), _single(customer),
        replace(_single(terminal), counted=False),
    )  # fmt: skip
    prior = explanations.log_priors(known, inputs.topology.types)
    return Incidence.build(axes, known.kind, prior, subjects=3)


def _single(candidate: Int32) -> Axis:
    """An axis of one candidate a key at most (-1 = none)."""
    start = np.concatenate([[0], np.cumsum(candidate >= 0)]).astype(np.int64)
    return Axis(start, candidate[candidate >= 0])


def _slot(
    inputs: SlotInputs, said: Sequence[Said], rows: Spoken, incidence: Incidence, keys: tuple[Int64, Int32, Int32],
    paths: tuple[Int64, Float64], services: int,
) -> tuple[WideSlot, Block]:  # fmt: skip
    """The slot as the search has it, and its rows as the corridor has them."""
    key, path, made = keys
    at_path = path[np.searchsorted(key, telling.path_key(rows.place, rows.core))]
    at_made = made[rows.made]
    customer = np.where(rows.customer < incidence.axes[2].keys, rows.customer, -1)
    four = np.stack([at_path, at_made, customer, rows.subject]).astype(np.int32)
    mades, customers = telling.summed([s.mades for s in said]), telling.summed([s.customers for s in said])
    goods = (
        _spread(incidence.axes[0], path[np.searchsorted(key, paths[0])], paths[1]),
        _spread(incidence.axes[1], made[mades[0]], mades[1]),
        _spread(incidence.axes[2], customers[0], customers[1]), None,
    )  # fmt: skip
    zero = np.zeros(len(rows), np.float32)
    sent, n = int((rows.kind == 0).sum()), int((rows.kind < 2).sum())
    w = weights(rows.surprise, zero, zero)
    slot = WideSlot.build(inputs.slot, sent, n, four, rows.subject, w, rows.kind == 0, goods)
    few = rows.take(slice(0, n))
    bad, none = few.kind == 0, np.zeros(0, np.int32)
    effect = np.where(bad, np.where(few.minutes > 0, BELOW, WORSE), 0).astype(np.float32)
    tallies = np.zeros((0, CHANNELS), np.float32)
    block = Block(
        slot=inputs.slot, hour=inputs.hour, path=at_path[:n], made=at_made[:n], subject=few.subject,
        pair=few.subject.astype(np.int64) * services + few.service, weights=slot.weights[:n], bad=bad, effect=effect,
        known=np.ones(n, np.bool_), minutes=np.where(bad, few.minutes, 0).astype(np.float32), depth=few.depth,
        place=few.place, usual=few.place, owner=slot.owner[:n], extra_row=none, extra_candidate=none, silent=none,
        silence=np.zeros(0, np.float32), full=tallies, left=tallies,
    )  # fmt: skip
    return slot, block


def _spread(axis: Axis, key: Int32 | Int64, sums: Float64) -> Float32:
    """Sums by key as a table over all keys of an axis."""
    out = np.zeros((axis.keys, CHANNELS))
    inside = (key >= 0) & (key < axis.keys)
    np.add.at(out, key[inside], sums[inside])
    return out.astype(np.float32)


def _attributed(before: wide.WideRoom, room: wide.WideRoom, slot: int, services: int) -> Attribution:
    """Bad minutes of rows that reported problems explain: of this slot, and of earlier ones where it is reported now
    for the first time.
    """
    told = np.array([p.number for p in room.problems if p.confirmed_at], np.int32)
    old = {p.number for p in before.problems if p.confirmed_at}
    new = np.array([n for n in told if n not in old], np.int32)
    parts = []
    for b in room.blocks:
        of = np.isin(b.owner, told if b.slot == slot else new) & (b.minutes > 0)
        if of.any():
            pair = b.pair[of]
            parts.append(Attribution(
                np.full(int(of.sum()), b.slot, np.int64), b.owner[of], (pair % services).astype(np.int32),
                (pair // services).astype(np.int32), b.minutes[of], b.depth[of],
            ))  # fmt: skip
    return Attribution.concat(parts) if parts else Attribution.none()
