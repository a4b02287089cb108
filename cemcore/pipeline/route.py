"""The route: one slot down the corridor, as one pure function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from cemcore.frames import ATTRIBUTES
from cemcore.panel import Float32, Int32, ScoredRows
from cemcore.pipeline import answering, profiles, reporting
from cemcore.pipeline.detection import detect, learning, load, null
from cemcore.pipeline.habit import watch
from cemcore.pipeline.inputs import FREE_DAY, SlotInputs
from cemcore.pipeline.localisation import accounts, demand, explanations, localise, remembering
from cemcore.pipeline.localisation.attributes import adoption
from cemcore.pipeline.localisation.state import Evidenced, LocaliseState, Settings
from cemcore.pipeline.memory import FALSE_DISCOVERY, Parts, RouteState, initial_state
from cemcore.pipeline.result import SlotResult
from cemcore.pipeline.scoring import score
from cemcore.pipeline.surroundings import listen


def run(
    inputs: SlotInputs, state: RouteState, parts: Parts, left: Callable[[str], None] = lambda stage: None
) -> tuple[SlotResult, RouteState]:
    """Walk one settled slot down the corridor: score, detect, localise, assess. Pure: the old state stays as it was.

    `left` is told each stage that is done, for whoever takes the time.
    """
    rows, free = inputs.rows, inputs.day >= FREE_DAY
    codings = {} if inputs.facts is None else profiles.codings(inputs.facts.codes)
    settings = Settings(len(parts.catalogue.services), inputs.seconds, parts.budget)
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
    around, state = listen(inputs, state)
    usual = state.chronic.usual_bad(rows, settings.services, inputs.seconds / 60)
    before = state.localisation
    if not inputs.learning:
        room = locate(inputs, state.localisation, settings, scored, found, usual, (path, made))
        when, where = load.crowded(watched, inputs.slot, inputs.hour)
        noted = demand.note(room.known, room.problems, inputs.topology, when, where, inputs.seconds)
        state = replace(state, localisation=replace(room, problems=noted))
    left("localise")
    answer = answering.answer(inputs, state, before, parts, scored, found, usual, watched_habit, around)
    left("assess")
    return answer


def locate(
    inputs: SlotInputs,
    room: LocaliseState,
    settings: Settings,
    scored: ScoredRows,
    found: detect.Detection,
    usual: Float32,
    keys: tuple[Int32, Int32],
) -> LocaliseState:
    """Room three: the rows of the tick remembered, what stands out sought, problems opened, followed and cleared.

    usual: bad minutes of each row to be expected in any case; keys = (path, made) of each row.
    """
    rows = inputs.rows
    blamed = scored.below & found.bad & ~found.rows.blind
    minutes = np.where(blamed, inputs.seconds / 60 - usual, 0).astype(np.float32)
    seen = Evidenced(
        rows.slot, *keys, rows.subject, rows.service, rows.resource, found.rows.surprise, found.bad, found.effect,
        found.failed, found.failures_expected, found.usual, found.silent, found.silence, minutes,
        np.nan_to_num(scored.depth).astype(np.float32),
    )  # fmt: skip
    if found.again is not None:
        a = found.again
        room = remembering.revise(room, a.slot, a.pair, a.surprise, (a.bad, a.effect), (a.failed, a.failures_expected))
    after = remembering.remember(room, settings, seen, inputs.slot, inputs.hour)
    session = len(ATTRIBUTES)
    after = adoption.refreshed(after, len(explanations.attribute_names(inputs.population, ATTRIBUTES)), session)
    bonus = reporting.bonus(after.known, inputs.topology, inputs.alarms, inputs.known_at)
    return localise.localise(after, settings, inputs.topology, inputs.slot, inputs.known_at, bonus)


def _refit_due(inputs: SlotInputs, state: RouteState) -> bool:
    """At the first slot of a local day, and where learning ends without anything learned."""
    if not state.detection.past:
        return False
    midnight = inputs.hour == 0 and state.last_hour != 0
    return (midnight or state.detection.learned is None) and not inputs.learning


def _refit(inputs: SlotInputs, state: RouteState, parts: Parts, settings: Settings) -> RouteState:
    """Learn anew from the remembered rows that no problem explains, then calibrate the thresholds on them."""
    past = learning.remembered(state.detection)
    masked = accounts.explained(state.localisation, past.slot, past.path, past.made, past.subject)
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


__all__ = [
    "FALSE_DISCOVERY",
    "Parts",
    "RouteState",
    "SlotInputs",
    "SlotResult",
    "initial_state",
    "run",
]
