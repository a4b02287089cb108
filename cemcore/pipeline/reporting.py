"""From what room three holds to revisions of service problems: when there is news, with members, impact and words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

import numpy as np

from cemcore.domain import Alarm, Cause, Impact, PlannedWork, ProblemStatus, ServiceProblem
from cemcore.frames import ATTRIBUTES
from cemcore.panel import Bool, Int32, Population
from cemcore.pipeline.impact import Members, Names, Pairs, Tally, assess, exposure
from cemcore.pipeline.localisation import absence, demand, explanations, localise, membership
from cemcore.pipeline.localisation import causes as words
from cemcore.pipeline.localisation.live import Live
from cemcore.pipeline.result import Memberships
from cemcore.topology import Facts, Topology

GROWTH = 0.2
"""A change of the affected pairs by this share is news."""

PACE = 4
"""An open problem is looked at for news every so many slots."""

bonus = words.alarm_bonus


class Inputs(Protocol):
    """What is read of `route.SlotInputs`."""

    @property
    def slot(self) -> int:
        """As there."""
        ...

    @property
    def known_at(self) -> int:
        """As there."""
        ...

    @property
    def seconds(self) -> int:
        """As there."""
        ...

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """As there."""
        ...

    @property
    def work(self) -> tuple[PlannedWork, ...]:
        """As there."""
        ...

    @property
    def topology(self) -> Topology:
        """As there."""
        ...

    @property
    def population(self) -> Population:
        """As there."""
        ...

    @property
    def facts(self) -> Facts | None:
        """As there."""
        ...


@dataclass(frozen=True)
class Told:
    """News of a tick, and the room with what was said remembered."""

    problems: tuple[ServiceProblem, ...]
    ids: tuple[str, ...]
    memberships: Memberships
    impacts: dict[str, Impact]
    room: localise.LocaliseState


@dataclass(frozen=True)
class Whereabouts:
    """Where subjects are taken to be: int32 access resource by subject code (-1 unknown); coverage domain of each
    resource; bool by domain, whether it is blind.
    """

    access: Int32
    domain_of: Int32
    blind: Bool

    def unseen(self, subject: Int32) -> Bool:
        """Whether each subject is in a blind domain."""
        at = self.access[subject]
        domain = np.where(at >= 0, self.domain_of[at], -1)
        blind = np.append(self.blind, False)
        return np.asarray(blind[np.where(domain < len(self.blind), domain, -1)])


def problem_id(p: Live) -> str:
    """`P-<slot at which it opened>-<number>`: the same in every replay."""
    return f"P-{p.opened}-{p.number}"


def report(
    inputs: Inputs,
    before: localise.LocaliseState,
    room: localise.LocaliseState,
    tally: Tally,
    services: int,
    service_names: Sequence[str],
    activity: absence.Activity | None,
    whereabouts: Whereabouts,
) -> Told:
    """Revisions of the problems that there is news about."""
    ids = tuple(problem_id(p) for p in room.problems)
    scene = words.Scene(inputs.topology, inputs.facts, inputs.alarms, inputs.work, inputs.seconds)
    names = explanations.attribute_names(inputs.population, ATTRIBUTES)
    old = {p.number: p for p in before.problems}
    problems, parts, impacts, kept = [], [], {}, []
    for i, p in enumerate(room.problems):
        was = old.get(p.number)
        if p.confirmed_at == 0 or (was is not None and not was.open):
            kept.append(p)
            continue
        if was is not None and was.reported and p.open and inputs.slot // inputs.seconds % PACE:
            kept.append(p)
            continue
        until = p.end or inputs.slot + inputs.seconds
        log = room.log or room.blocks
        gone = absence.missing(
            room.known, p.candidate, log, (p.begin, until), activity, inputs.topology, inputs.population, services
        )
        who = membership.members(room.known, log, p.candidate, p.number, (p.begin, until), services, gone)
        change = _news(was, p, who)
        if not change:
            kept.append(p)
            continue
        affected = int(who.affected.sum())
        p = replace(p, revision=p.revision + 1, reported=(affected, p.candidate))
        kept.append(p)
        found = words.causes(room.known, names, p, who, scene, demand.crowded_places(room.known, log, p))
        exposed, unknown = _exposed(inputs, found, who, services, whereabouts)
        parts += [_lines(i, who, services), _unknown(i, unknown)]
        impacts[ids[i]] = _impact(inputs, exposed, _lines(0, who, services), unknown, tally.of(i), service_names)
        problems.append(_problem(p, ids, found, who, services, service_names, inputs, change))
    memberships = Memberships.concat(parts) if parts else Memberships.none()
    return Told(tuple(problems), ids, memberships, impacts, replace(room, problems=tuple(kept)))


def _news(was: Live | None, p: Live, who: membership.Members) -> str:
    if not p.reported:
        return "opened"
    if p.merged_into >= 0:
        return "merged"
    if p.end:
        return "cleared"
    if p.reported[1] != p.candidate:
        return "cause changed"
    n = int(who.affected.sum())
    if abs(n - p.reported[0]) > max(1.0, GROWTH * p.reported[0]):
        return "grew" if n > p.reported[0] else "shrank"
    return ""


def _lines(i: int, who: membership.Members, services: int) -> Memberships:
    of = who.affected
    n = int(of.sum())
    pair = who.pair[of]
    return Memberships(
        np.full(n, i, np.int32), (pair % services).astype(np.int32), (pair // services).astype(np.int32),
        np.zeros(n, np.int8), who.posterior[of], who.bad[of], who.total[of],
    )  # fmt: skip


def _exposed(
    inputs: Inputs, found: tuple[Cause, ...], who: membership.Members, services: int, where: Whereabouts
) -> tuple[Pairs, Pairs]:
    """(pairs that hang on the first cause and can be seen, those that hang on it in a blind coverage domain), without
    the affected.
    """
    if not found or found[0].resource_id is None:
        return Pairs.none(), Pairs.none()
    down = [inputs.topology.index[found[0].resource_id]]
    pairs = exposure(down, inputs.topology, inputs.population, where.access).exposed
    key = pairs.subject.astype(np.int64) * services + pairs.service
    pairs = pairs.take(~np.isin(key, who.pair[who.affected]))
    blind = where.unseen(pairs.subject)
    return pairs.take(~blind), pairs.take(blind)


def _unknown(i: int, pairs: Pairs) -> Memberships:
    n = len(pairs)
    nothing = np.zeros(n, np.int32)
    posterior = np.full(n, np.nan, np.float32)
    return Memberships(
        np.full(n, i, np.int32), pairs.service, pairs.subject, np.ones(n, np.int8), posterior, nothing, nothing
    )


def _impact(
    inputs: Inputs, exposed: Pairs, affected: Memberships, unknown: Pairs, tally: Tally, names: Sequence[str]
) -> Impact:
    lines = Memberships.concat([affected, _unknown(0, unknown)])
    members = Members(lines.problem, lines.service, lines.subject, lines.state)
    return assess(members, exposed, tally, inputs.population, Names(names, _segment_names(inputs)))


def _segment_names(inputs: Inputs) -> list[str]:
    n = int(inputs.population.segment.max(initial=-1)) + 1
    return [(inputs.facts.segment(i) if inputs.facts else None) or str(i) for i in range(n)]


def _problem(
    p: Live,
    ids: tuple[str, ...],
    found: tuple[Cause, ...],
    who: membership.Members,
    services: int,
    names: Sequence[str],
    inputs: Inputs,
    change: str,
) -> ServiceProblem:
    hit = sorted({names[int(s)] for s in np.unique(who.pair[who.affected] % services)})
    alarms = tuple(dict.fromkeys(e.refers_to for c in found[:1] for e in c.evidence if e.kind == "alarm"))
    work = tuple(dict.fromkeys(c.work_id for c in found[:1] if c.work_id))
    return ServiceProblem(
        problem_id=ids[p.number],
        revision=p.revision,
        known_at=_time(inputs.known_at),
        begin=_time(p.begin),
        detected_at=_time(p.confirmed_at),
        end=_time(p.end) if p.end else None,
        causes=found,
        services=tuple(hit),
        confidence=found[0].confidence if found else 0.0,
        status=ProblemStatus.CLOSED if p.end or p.merged_into >= 0 else ProblemStatus.IN_PROGRESS,
        change=change,
        alarms=alarms,
        work=work,
        merged_into=ids[p.merged_into] if p.merged_into >= 0 else None,
    )


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
