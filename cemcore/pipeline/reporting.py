"""From what room three holds to revisions of service problems: when there is news, with members, impact and words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from cemcore.domain import Cause, Impact, ProblemStatus, ServiceProblem
from cemcore.frames import ATTRIBUTES
from cemcore.panel import Bool, Int32
from cemcore.pipeline.impact import AT_RISK, UNKNOWN, Members, Names, Pairs, Tally, absorbed, assess, exposure
from cemcore.pipeline.inputs import SlotInputs
from cemcore.pipeline.localisation import absence, demand, explanations, membership
from cemcore.pipeline.localisation import causes as words
from cemcore.pipeline.localisation.life import lately
from cemcore.pipeline.localisation.live import Live
from cemcore.pipeline.localisation.state import LocaliseState
from cemcore.pipeline.result import Memberships

GROWTH = 0.2
"""A change of the affected pairs by this share is news."""

LEAST_MORE = 60.0
"""Bad minutes that must have come on top to be news by themselves; and the share GROWTH."""

PACE = 4
"""An open problem is looked at for news every so many slots."""

bonus = words.alarm_bonus


@dataclass(frozen=True)
class Told:
    """News of a tick, and the room with what was said remembered."""

    problems: tuple[ServiceProblem, ...]
    ids: tuple[str, ...]
    memberships: Memberships
    impacts: dict[str, Impact]
    room: LocaliseState


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
    inputs: SlotInputs,
    before: LocaliseState,
    room: LocaliseState,
    tally: Tally,
    services: int,
    service_names: Sequence[str],
    activity: absence.Activity | None,
    whereabouts: Whereabouts,
    folded: words.Folded | None = None,
    unwell: words.Unwell | None = None,
) -> Told:
    """Revisions of the problems that there is news about."""
    ids = tuple(problem_id(p) for p in room.problems)
    scene = words.Scene(
        inputs.topology, inputs.facts, inputs.alarms, inputs.work, inputs.seconds, inputs.known_at, inputs.weights,
        unwell, folded,
    )  # fmt: skip
    names = explanations.attribute_names(inputs.population, ATTRIBUTES)
    old = {p.number: p for p in before.problems}
    problems, parts, impacts, kept = [], [], {}, []
    for i, p in enumerate(room.problems):
        was = old.get(p.number)
        if p.confirmed_at == 0 or not _looked_at(was, p, room, inputs):
            kept.append(p)
            continue
        until = p.end or inputs.slot + inputs.seconds
        log = room.log or room.blocks
        gone = absence.missing(
            room.known, p.candidate, log, (p.begin, until), activity, inputs.topology, inputs.population, services
        )
        who = membership.members(room.known, log, p.candidate, p.number, (p.begin, until), services, gone)
        sums = tally.of(*absorbed(i, [q.merged_into for q in room.problems]))
        lost = float(sums.bad_minutes.sum())
        change = _news(was, p, who, room.problems, lost)
        if not change and not p.open:
            kept.append(p)
            continue
        crowded = demand.crowded_places(room.known, log, p)
        ranking = words.rank(room.known, names, log, p, int(who.affected.sum()), scene, crowded)
        found = ranking.causes
        change = "; ".join(x for x in (change, words.why(p.told, found)) if x)
        if not change:
            kept.append(p)
            continue
        affected = int(who.affected.sum())
        p = replace(p, revision=p.revision + 1, reported=(affected, p.candidate, round(lost)), told=words.brief(found))
        kept.append(p)
        exposed, unknown = _exposed(inputs, found, who, services, whereabouts)
        parts += [_lines(i, who, services), _seen_less(i, unknown, UNKNOWN), _seen_less(i, exposed, AT_RISK)]
        impacts[ids[i]] = _impact(inputs, exposed, _lines(0, who, services), unknown, sums, service_names)
        told = _problem(p, ids, found, who, services, service_names, inputs, change)
        problems.append(replace(told, confidence=ranking.confidence, demarcation=ranking.demarcation))
    memberships = Memberships.concat(parts) if parts else Memberships.none()
    return Told(tuple(problems), ids, memberships, impacts, replace(room, problems=tuple(kept)))


def _looked_at(was: Live | None, p: Live, room: LocaliseState, inputs: SlotInputs) -> bool:
    """Whether there may be news of a reported problem at this tick: what just happened to it at once, what merely
    changes now and then; a closed one as long as late records of its time are still taken in.
    """
    if was is None or not was.reported or was.open != p.open:
        return True
    if not p.open and not lately(p, room.blocks):
        return False
    return inputs.slot // inputs.seconds % PACE == 0


def _news(was: Live | None, p: Live, who: membership.Members, problems: Sequence[Live], lost: float) -> str:
    """What there is to say of a problem beside its causes."""
    if not p.reported:
        return f"split from {problem_id(problems[p.split_from])}" if p.split_from >= 0 else "opened"
    n = int(who.affected.sum())
    more = lost - (p.reported[2] if len(p.reported) > 2 else 0)
    if was is not None and not was.open and not p.open:
        return "revised by late records" if n != p.reported[0] or abs(more) > 1 else ""
    if p.merged_into >= 0:
        return "merged"
    if p.end:
        part = next((q for q in problems if q.split_from == p.number and q.opened >= p.end), None)
        return f"split: the rest is well, {problem_id(part)} goes on" if part is not None else "cleared"
    if was is not None and not was.open:
        return "opened again"
    if abs(n - p.reported[0]) > max(1.0, GROWTH * p.reported[0]):
        return "grew" if n > p.reported[0] else "shrank"
    return "more was lost" if more > max(LEAST_MORE, GROWTH * (lost - more)) else ""


def _lines(i: int, who: membership.Members, services: int) -> Memberships:
    of = who.affected
    n = int(of.sum())
    pair = who.pair[of]
    return Memberships(
        np.full(n, i, np.int32), (pair % services).astype(np.int32), (pair // services).astype(np.int32),
        np.zeros(n, np.int8), who.posterior[of], who.bad[of], who.total[of],
    )  # fmt: skip


def _exposed(
    inputs: SlotInputs, found: tuple[Cause, ...], who: membership.Members, services: int, where: Whereabouts
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


def _seen_less(i: int, pairs: Pairs, state: int) -> Memberships:
    n = len(pairs)
    nothing = np.zeros(n, np.int32)
    posterior = np.full(n, np.nan, np.float32)
    return Memberships(
        np.full(n, i, np.int32), pairs.service, pairs.subject, np.full(n, state, np.int8), posterior, nothing, nothing
    )


def _impact(
    inputs: SlotInputs, exposed: Pairs, affected: Memberships, unknown: Pairs, tally: Tally, names: Sequence[str]
) -> Impact:
    lines = Memberships.concat([affected, _seen_less(0, unknown, UNKNOWN)])
    members = Members(lines.problem, lines.service, lines.subject, lines.state)
    return assess(members, exposed, tally, inputs.population, Names(names, _segment_names(inputs)))


def _segment_names(inputs: SlotInputs) -> list[str]:
    n = int(inputs.population.segment.max(initial=-1)) + 1
    return [(inputs.facts.segment(i) if inputs.facts else None) or str(i) for i in range(n)]


def _problem(
    p: Live,
    ids: tuple[str, ...],
    found: tuple[Cause, ...],
    who: membership.Members,
    services: int,
    names: Sequence[str],
    inputs: SlotInputs,
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
