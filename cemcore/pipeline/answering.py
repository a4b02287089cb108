"""What a tick tells: who owes which bad minutes, what is news, and what is remembered of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cemcore.domain import Impact, ServiceProblem
from cemcore.panel import Bool, Float32, Int32, Int64, ScoredRows
from cemcore.pipeline import impact, reporting, watching
from cemcore.pipeline.detection import detect, discovery
from cemcore.pipeline.habit import HabitRows, masking
from cemcore.pipeline.impact import Attribution
from cemcore.pipeline.inputs import FREE_DAY, SlotInputs
from cemcore.pipeline.localisation import absence, accounts, crediting
from cemcore.pipeline.localisation.state import LocaliseState
from cemcore.pipeline.memory import Parts, RouteState
from cemcore.pipeline.result import SlotResult
from cemcore.pipeline.surroundings import Surroundings

DAY = 86_400


def answer(
    inputs: SlotInputs,
    state: RouteState,
    before: LocaliseState,
    parts: Parts,
    scored: ScoredRows,
    found: detect.Detection,
    usual: Float32,
    habit: HabitRows,
    around: Surroundings,
) -> tuple[SlotResult, RouteState]:
    """The result of a tick, and the state with what it attributed."""
    room, rows, services = state.localisation, inputs.rows, len(parts.catalogue.services)
    owner = accounts.owners(room, rows.slot)
    blamed = np.where(found.bad, owner, -1).astype(np.int32)
    back, claims = impact.came_after_all(state.claims, rows)
    state = replace(state, claims=claims)
    parts_of = [impact.attribute(rows, scored, blamed, usual, inputs.seconds / 60)]
    earlier = Attribution(*crediting.credited(before, room, inputs.slot, services))
    parts_of.append(impact.with_rest(earlier, inputs.seconds / 60))
    learned = state.detection.learned
    places = learned.pair_places if learned is not None else None
    active = absence.Activity(places.pair, places.resource, places.block, places.rate) if places is not None else None
    where = reporting.Whereabouts(_access(inputs, state), inputs.domain_of, found.blind)
    gone, claims = _of_the_missing(inputs, before, state, active, where, services)
    attribution = impact.joined([*parts_of, *gone, impact.withdrawn(back)])
    tally = state.tally.plus(back, -1).plus(attribution)
    told = reporting.report(
        inputs, before, room, tally, services, parts.catalogue.services, active, where, around.folded, around.unwell
    )
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
    before: LocaliseState,
    state: RouteState,
    active: absence.Activity | None,
    where: reporting.Whereabouts,
    services: int,
) -> tuple[list[Attribution], Attribution]:
    """Bad minutes of records that a reported problem kept from coming (a slot's minutes times how many were to be
    expected), each (slot, pair) once; and the claims with theirs. Who is in a blind domain may be well: left out.
    """
    room, held = state.localisation, state.claims
    claims = _claim(held.slot, held.subject.astype(np.int64) * services + held.service)
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
    held = Attribution.concat([held, *out])
    return out, held.take(held.slot >= inputs.slot - DAY)


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
