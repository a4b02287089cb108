"""The route: one slot down the corridor, as one pure function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cemcore.catalogue import Catalogue
from cemcore.codes import Codes
from cemcore.domain import Alarm, Impact, PlannedWork, ServiceProblem
from cemcore.frames import ATTRIBUTES
from cemcore.panel import Bool, Float32, Int32, Int64, MeasurementRows, Population, QualityRows, ScoredRows
from cemcore.pipeline import impact, profiles, reporting, snapshot, watching
from cemcore.pipeline.chronic import Chronic
from cemcore.pipeline.detection import blindness, detect, discovery, expectation, history, learning, load, null
from cemcore.pipeline.detection import state as remembering
from cemcore.pipeline.detection.transform import scales
from cemcore.pipeline.habit import HabitRows, HabitState, masking, pair_of, watch
from cemcore.pipeline.impact import Attribution, Tally
from cemcore.pipeline.localisation import absence, blocks, demand, explanations, live, localise, thresholds
from cemcore.pipeline.result import SlotResult
from cemcore.pipeline.scoring import score
from cemcore.protocols import Detector, ExperienceModel
from cemcore.settings import Settings
from cemcore.topology import Facts, Topology

FREE_DAY = 5
"""From this day of the week on (Saturday; holidays count as Sunday) a day is free."""
FALSE_DISCOVERY = 0.05
"""Share of the rows called degraded, one by one, that may be so by chance."""
DAY = 86_400


@dataclass(frozen=True)
class SlotInputs:
    """All that is newly known at one tick, in the corridor's integers.

    slot, known_at, seconds: start of the slot, known-time of the tick, length of a slot [s]. hour, day: local hour 0-23
    and day of week 0-6 (a public holiday counts as 6, Sunday). learning: learn, open nothing. rows: quality records
    that became known since the last tick, each (slot, subject, service) once; mostly of `slot`, late ones of earlier
    slots too. measurements: likewise. alarms: as known, standing or cleared within the last day, `resource_id` joined.
    work: as known, planned or actual within a day of the slot. domain_of: int32 per resource, its coverage domain for
    quality records (-1 none). facts: what the codes mean, for words; without it codes are written as numbers.
    """

    slot: int
    known_at: int
    seconds: int
    hour: int
    day: int
    learning: bool
    rows: QualityRows
    measurements: MeasurementRows
    kpis: tuple[str, ...]
    alarms: tuple[Alarm, ...]
    work: tuple[PlannedWork, ...]
    topology: Topology
    population: Population
    domain_of: Int32
    facts: Facts | None = None


FirstRooms = Callable[
    [SlotInputs, HabitState, Mapping[str, Codes]], tuple[ScoredRows, HabitRows, HabitState]
]  # fmt: skip
"""Scores and watches a tick's rows, given the codings that profiles need."""


@dataclass(frozen=True)
class Parts:
    """What the corridor works with: catalogue and models of room one, settings of rooms two and three.

    first: who walks rooms one and two, where that is not this process.
    """

    catalogue: Catalogue
    models: Mapping[str, ExperienceModel]
    detection: remembering.Settings
    budget: float
    detector: Detector
    false_discovery: float = FALSE_DISCOVERY
    first: FirstRooms | None = None

    @classmethod
    def build(
        cls, catalogue: Catalogue, models: Mapping[str, ExperienceModel], detector: Detector, settings: Settings
    ) -> Parts:
        """Parts as the settings want them."""
        kpis = dict.fromkeys(settings.assess.load_kpis, 1.0)
        found = remembering.Settings(scales(catalogue), len(catalogue.services), load=kpis)
        limits = settings.assess
        return cls(catalogue, models, found, limits.false_alarm_budget, detector, limits.false_discovery)


@dataclass(frozen=True)
class RouteState:
    """Everything the corridor remembers between ticks: plain arrays and values, never changed once made.

    tally: sums of attributed minutes; claims: keys of the (slot, pair)s of the last day whose missing record was
    attributed.
    """

    detection: remembering.DetectionState = field(default_factory=remembering.DetectionState)
    localisation: localise.LocaliseState = field(default_factory=localise.LocaliseState)
    chronic: Chronic = field(default_factory=Chronic)
    tally: Tally = field(default_factory=Tally.none)
    last_hour: int = -1
    habit: HabitState = field(default_factory=HabitState)
    claims: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))
    watches: watching.WatchState = field(default_factory=watching.WatchState)

    def get_state(self) -> dict[str, NDArray[Any]]:
        """The state as plain arrays."""
        return snapshot.flatten(self)

    def set_state(self, arrays: Mapping[str, NDArray[Any]]) -> RouteState:
        """The state that `get_state` wrote; StorageError where it is none."""
        out: RouteState = snapshot.restore(arrays, CLASSES)
        return out


CLASSES: tuple[type, ...] = (
    RouteState, remembering.DetectionState, remembering.Learned, remembering.PairPlaces,
    history.Past, expectation.Expectation, blindness.Activity,
    null.ShrunkenNull, null.Tail, localise.LocaliseState, explanations.Explanations, explanations.Table, blocks.Block,
    thresholds.Thresholds, live.Live, Tally, HabitState, Chronic,
    *watching.CLASSES,
)  # fmt: skip
"""Classes that a state is made of."""


def initial_state(parts: Parts) -> RouteState:
    """The state before the first tick."""
    return RouteState()


def run(
    inputs: SlotInputs, state: RouteState, parts: Parts, left: Callable[[str], None] = lambda stage: None
) -> tuple[SlotResult, RouteState]:
    """Walk one settled slot down the corridor: score, detect, localise, assess. Pure: the old state stays as it was.

    `left` is told each stage that is done, for whoever takes the time.
    """
    rows, free = inputs.rows, inputs.day >= FREE_DAY
    codings = {} if inputs.facts is None else profiles.codings(inputs.facts.codes)
    settings = localise.Settings(len(parts.catalogue.services), inputs.seconds, parts.budget)
    if parts.first is not None:
        scored, watched_habit, habit = parts.first(inputs, state.habit, codings)
        left("score")
    else:
        scored = score(rows, parts.catalogue, parts.models, inputs.population, codings)
        left("score")
        watched_habit, habit = watch(
            state.habit, parts.detector, rows, scored, inputs.population,
            (inputs.slot, inputs.day * 24 + inputs.hour), settings.services,
        )  # fmt: skip
    state = replace(state, habit=habit)
    left("watch")
    if _refit_due(inputs, state):
        state = _refit(inputs, state, parts, settings)
    known, path, made = explanations.explain(
        state.localisation.known, rows, rows.resource, inputs.topology, inputs.population, ATTRIBUTES
    )
    watched = load.watch_load(state.detection, inputs.measurements, inputs.kpis, parts.detection)
    model = rows.attributes[:, ATTRIBUTES.index("device_model")]
    found, remembered = detect.detect(
        watched, parts.detection, rows, (inputs.slot, inputs.hour, free), (path, made, model), inputs.domain_of,
        inputs.alarms, inputs.topology,
    )  # fmt: skip
    state = replace(
        state, detection=remembered, localisation=replace(state.localisation, known=known), last_hour=inputs.hour
    )
    left("detect")
    usual = state.chronic.usual_bad(rows, settings.services, inputs.seconds / 60)
    before = state.localisation
    if not inputs.learning:
        blamed = scored.below & found.bad & ~found.rows.blind
        minutes = np.where(blamed, inputs.seconds / 60 - usual, 0).astype(np.float32)
        seen = localise.Evidenced(
            rows.slot, path, made, rows.subject, rows.service, rows.resource, found.rows.surprise, found.bad,
            found.failed, found.failures_expected, found.usual, found.silent, found.silence, minutes,
            np.nan_to_num(scored.depth).astype(np.float32),
        )  # fmt: skip
        room = state.localisation
        if found.again is not None:
            a = found.again
            room = localise.revise(room, a.slot, a.pair, a.surprise, a.bad, (a.failed, a.failures_expected))
        after = localise.remember(room, settings, seen, inputs.slot, inputs.hour)
        bonus = reporting.bonus(known, inputs.topology, inputs.alarms, inputs.known_at)
        room = localise.localise(after, settings, inputs.topology, inputs.slot, inputs.known_at, bonus)
        when, where = load.crowded(watched, inputs.slot, inputs.hour)
        noted = demand.note(known, room.problems, inputs.topology, when, where, inputs.seconds)
        state = replace(state, localisation=replace(room, problems=noted))
    left("localise")
    answer = _answer(inputs, state, before, parts, scored, found, usual, watched_habit)
    left("assess")
    return answer


def _answer(
    inputs: SlotInputs,
    state: RouteState,
    before: localise.LocaliseState,
    parts: Parts,
    scored: ScoredRows,
    found: detect.Detection,
    usual: Float32,
    habit: HabitRows,
) -> tuple[SlotResult, RouteState]:
    """The result of a tick, and the state with what it attributed."""
    room, rows, services = state.localisation, inputs.rows, len(parts.catalogue.services)
    owner = localise.owners(room, rows.slot)
    blamed = np.where(found.bad, owner, -1).astype(np.int32)
    fresh = ~np.isin(_claim(rows.slot, pair_of(rows, services)), state.claims)
    parts_of = [
        impact.attribute(rows.take(fresh), scored.take(fresh), blamed[fresh], usual[fresh], inputs.seconds / 60)
    ]
    earlier = localise.credited(before, room, inputs.slot, services)
    if earlier is not None:
        parts_of.append(Attribution(*earlier))
    learned = state.detection.learned
    places = learned.pair_places if learned is not None else None
    active = absence.Activity(places.pair, places.resource, places.block, places.rate) if places is not None else None
    where = reporting.Whereabouts(_access(inputs, state), inputs.domain_of, found.blind)
    gone, claims = _of_the_missing(inputs, before, state, active, where, services)
    attribution = Attribution.concat([*parts_of, *gone])
    tally = state.tally.plus(attribution)
    told = reporting.report(inputs, before, room, tally, services, parts.catalogue.services, active, where)
    masked = masking(state.habit, rows, (owner >= 0) | found.rows.blind, services)
    state = replace(state, localisation=told.room, tally=tally, habit=masked, claims=claims)
    expected = state.chronic.expected(rows, services)
    healthy = (owner < 0) & ~found.rows.blind
    state = replace(state, chronic=state.chronic.learned(rows, scored, healthy, services))
    degraded = _degraded(found, owner, parts.false_discovery)
    findings, watches = watching.watch(
        state.watches, _watched(inputs, found, owner, habit, services), parts.false_discovery,
        watching.alarmed(inputs.alarms, inputs.work, inputs.topology),
    )  # fmt: skip
    state = replace(state, watches=watches)
    counts = {
        "rows": len(rows), "late_rows": int((rows.slot < inputs.slot).sum()), "degraded": int(degraded.sum()),
        "blind_rows": int(found.rows.blind.sum()), "blind_domains": int(found.blind.sum()),
        "young_rows": int(np.isnan(found.rows.surprise).sum()), "open_problems": sum(p.open for p in room.problems),
        "explanations": len(room.known), **findings.counts(),
    }  # fmt: skip
    impacts: dict[str, Impact] = told.impacts
    problems: tuple[ServiceProblem, ...] = told.problems
    detected = replace(found.rows, expected=expected)
    result = SlotResult(
        scored,
        detected,
        degraded,
        problems,
        told.ids,
        owner,
        told.memberships,
        attribution,
        impacts,
        found.blind,
        counts,
        habit,
        findings,
    )
    return result, state


def _of_the_missing(
    inputs: SlotInputs,
    before: localise.LocaliseState,
    state: RouteState,
    active: absence.Activity | None,
    where: reporting.Whereabouts,
    services: int,
) -> tuple[list[Attribution], Int64]:
    """Bad minutes of records that a reported problem kept from coming (a slot's minutes times how many were to be
    expected), each (slot, pair) once; and the claims with theirs. Who is in a blind domain may be well: left out.
    """
    room, claims = state.localisation, state.claims
    told = {p.number for p in before.problems if p.confirmed_at}
    out, log = [], room.log or room.blocks
    for p in room.problems:
        if not p.open or not p.confirmed_at or p.merged_into >= 0:
            continue
        slots = [inputs.slot] if p.number in told else [b.slot for b in log if b.slot >= p.begin]
        for slot, pair, gone in absence.missing_by_slot(
            room.known, p.candidate, log, p.begin, slots, active, inputs.topology, inputs.population, services
        ):
            key = _claim(np.full(len(pair), slot, np.int64), pair)
            subject = (pair // services).astype(np.int32)
            of = ~where.unseen(subject) & ~np.isin(key, claims)
            claims = np.concatenate([claims, key[of]])
            n = int(of.sum())
            number, depth = np.full(n, p.number, np.int32), np.ones(n, np.float32)
            minutes = (gone[of] * inputs.seconds / 60).astype(np.float32)
            service = (pair[of] % services).astype(np.int32)
            out.append(Attribution(np.full(n, slot, np.int64), number, service, subject[of], minutes, depth))
    return out, claims[claims >= _claim(np.array([inputs.slot - DAY]), np.zeros(1, np.int64))]


def _claim(slot: Int64, pair: Int64) -> Int64:
    """One whole number for a (slot, pair), in the order of slots."""
    return slot // 60 * (1 << 36) + pair


def _access(inputs: SlotInputs, state: RouteState) -> Int32:
    """Access resource of each subject: its fixed line, else where it usually is at this time, else where it was just
    seen.
    """
    access = inputs.population.access.copy()
    learned, rows = state.detection.learned, inputs.rows
    seen = np.full(len(access), -1, np.int32)
    seen[rows.subject] = rows.resource
    if learned is not None:
        n = min(len(access), len(learned.usual))
        usual = learned.usual[:n, inputs.hour // 4]
        seen[:n] = np.where(usual >= 0, usual, seen[:n])
    return np.where(access >= 0, access, seen).astype(np.int32)


def _refit_due(inputs: SlotInputs, state: RouteState) -> bool:
    """At the first slot of a local day, and where learning ends without anything learned."""
    if not state.detection.past:
        return False
    midnight = inputs.hour == 0 and state.last_hour != 0
    return (midnight or state.detection.learned is None) and not inputs.learning


def _refit(inputs: SlotInputs, state: RouteState, parts: Parts, settings: localise.Settings) -> RouteState:
    """Learn anew from the remembered rows that no problem explains, then calibrate the thresholds on them."""
    past = learning.remembered(state.detection)
    masked = localise.explained(state.localisation, past.slot, past.path, past.made, past.subject)
    kinds = {t: i for i, t in enumerate(sorted(set(inputs.topology.types)))}
    technology = np.array([kinds[t] for t in inputs.topology.types], dtype=np.int32)
    learned, rehearsal = learning.refit(
        state.detection, parts.detection, null.ShrunkenNull(), inputs.slot, masked, len(inputs.population.kind),
        technology, inputs.seconds,
    )  # fmt: skip
    room = state.localisation
    if rehearsal is not None and room.thresholds is None:
        room = localise.calibrated(
            room, settings, rehearsal.past.slot, (rehearsal.past.path, rehearsal.past.made, rehearsal.past.subject),
            rehearsal.surprise, (rehearsal.past.failed, rehearsal.failures_expected),
        )  # fmt: skip
    return replace(state, detection=learned, localisation=room)


def _degraded(found: detect.Detection, owner: Int32, q: float) -> Bool:
    """Rows noticeably worse than their habit that an open problem explains, or whose surprise passes
    Benjamini-Hochberg over the tick's rows.
    """
    surprise = found.rows.surprise
    return np.asarray(found.bad & ((owner >= 0) | (surprise >= discovery.limit(surprise, q, len(surprise)))))


def _watched(
    inputs: SlotInputs, found: detect.Detection, owner: Int32, habit: HabitRows, services: int
) -> watching.Slot:
    """The slot as the watches see it."""
    clock = (inputs.slot, inputs.seconds, inputs.hour, inputs.day >= FREE_DAY)
    return watching.Slot(
        inputs.rows, habit.z, habit.surprise, owner >= 0, found.rows.blind, inputs.population, clock,
        inputs.domain_of, found.blind, services, not inputs.learning,
    )  # fmt: skip


__all__ = ["Parts", "RouteState", "SlotInputs", "SlotResult", "initial_state", "run"]
