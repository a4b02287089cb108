"""Ranked causes in words: what speaks for each, as log-odds with a line of evidence, and what the
network itself says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from cemcore.domain import Alarm, Cause, Evidence, PlannedWork
from cemcore.panel import Float32, Int32
from cemcore.pipeline.localisation.explanations import CUSTOMER, RESOURCE, TERMINAL, Explanations
from cemcore.pipeline.localisation.live import Live
from cemcore.pipeline.localisation.membership import Members
from cemcore.topology import Facts, Topology

ALARM = 3.0
"""Log-odds of a grave alarm standing on the candidate itself."""
ALARM_HOURS = 6
"""An alarm that stands longer than this before the onset says nothing about it."""
RANKED = 5
DIRECT_WORK, UPSTREAM_WORK = 4.0, 2.0
"""Log-odds of planned work on the candidate itself at the onset; of work on what it hangs on, and of a change just
before.
"""
CHANGE_BEFORE = timedelta(hours=2)
RECENT_S = 5400


@dataclass(frozen=True)
class Scene:
    """What the words are made from at a tick."""

    topology: Topology
    facts: Facts | None
    alarms: tuple[Alarm, ...]
    work: tuple[PlannedWork, ...]
    seconds: int


def alarm_bonus(known: Explanations, topology: Topology, alarms: Sequence[Alarm], known_at: int) -> Float32:
    """Log-odds of each candidate from alarms of the last hours that stand on it, or were cleared just now; a
    redundancy pair is alarmed when all of its members are.
    """
    out = np.zeros(len(known), dtype=np.float32)
    alarmed: set[int] = set()
    for a in alarms:
        if a.resource_id in topology.index and a.severity.rank >= 3 and _fresh(a, known_at):
            alarmed.add(topology.index[a.resource_id])
    whole = {p for r in alarmed for p in _pairs_of(topology, r) if alarmed.issuperset(_members_of(topology, p))}
    for r in sorted(alarmed | whole):
        c = known.find(RESOURCE, r)
        if c >= 0:
            out[c] = ALARM
    return out


def _pairs_of(topology: Topology, member: int) -> list[int]:
    """The redundancy pairs that a resource is a member of."""
    return [int(p) for p in topology.network.pairs.of(member)]


def _members_of(topology: Topology, pair: int) -> list[int]:
    """The members of a redundancy pair."""
    edges = topology.network.pairs
    return [int(m) for m in edges.reverse().of(pair)]


def _fresh(a: Alarm, known_at: int) -> bool:
    standing = a.cleared_at is None or a.cleared_at.timestamp() > known_at - RECENT_S
    return standing and a.raised_at.timestamp() > known_at - ALARM_HOURS * 3600


def causes(
    known: Explanations, names: Sequence[str], p: Live, members: Members, scene: Scene, crowded: Sequence[int]
) -> tuple[Cause, ...]:
    """The ranked causes of a problem, best first, with evidence and confidence, which candidates that can't be told
    apart share; `names` = of the attributes by number.
    """
    votes = sorted(p.votes, key=lambda v: (v[0] != p.candidate, -v[1], v[0]))[:RANKED]
    out = []
    strength = []
    for c, v in votes:
        lines = [_seen(p, members, v, c == p.candidate)]
        resource = _resource(known, c)
        if resource >= 0:
            lines += _alarms(scene, resource, p)
        strength.append(v / max(p.hits, 1) + sum(e.log_odds for e in lines[1:]))
        out.append(_cause(known, names, c, scene, tuple(lines), p))
    demand = _demand(scene, crowded, out[0]) if out and out[0].label == "fault" else []
    acted_on = {c.resource_id for c in demand}
    kept = [i for i, c in enumerate(out) if c.resource_id is None or c.resource_id not in acted_on]
    out, strength = demand + [out[i] for i in kept], [strength[0]] * len(demand) + [strength[i] for i in kept]
    odds = np.exp(np.array(strength) - max(strength, default=0.0))
    share = odds / (odds.sum() + np.exp(-max(strength, default=0.0)))
    return tuple(
        replace(c, confidence=round(float(s) / (1 + len(c.tied_with)), 4)) for c, s in zip(out, share, strict=True)
    )


def _demand(scene: Scene, crowded: Sequence[int], best: Cause) -> list[Cause]:
    """Causes of the label demand, one a crowded place, with what else speaks for the best cause."""
    line = Evidence(
        "demand",
        "its load is high and far above what is usual at this hour; and it served most of the bad records",
        2.0,
    )
    return [
        Cause(
            "resource",
            scene.topology.resource_ids[r],
            (),
            "demand",
            scene.topology.domains[r],
            0.0,
            None,
            (),
            (line, *best.evidence),
        )
        for r in crowded
    ]


def _seen(p: Live, members: Members, vote: float, best: bool) -> Evidence:
    n, bad = int(members.total.sum()), int(members.bad.sum())
    text = (
        f"{bad} of {n} records that depend on it are worse than their habit" if best else "explains part of the records"
    )
    return Evidence("records", text, round(float(vote), 2))


def _alarms(scene: Scene, resource: int, p: Live) -> list[Evidence]:
    out: list[Evidence] = []
    for a in scene.alarms:
        if (
            a.resource_id == scene.topology.resource_ids[resource]
            and a.severity.rank >= 3
            and a.raised_at.timestamp() > p.begin - ALARM_HOURS * 3600
        ):
            text = f"{a.severity} alarm {a.specific_problem or a.probable_cause} since {a.raised_at:%Y-%m-%d %H:%M} UTC"
            out.append(Evidence("alarm", text, ALARM if not out else 0.0, a.alarm_id))
    return out


def _resource(known: Explanations, candidate: int) -> int:
    return int(known.what[candidate, 0]) if known.kind[candidate] in (RESOURCE, TERMINAL) else -1


def _cause(
    known: Explanations, names: Sequence[str], c: int, scene: Scene, lines: tuple[Evidence, ...], p: Live
) -> Cause:
    resource = _resource(known, c)
    tied = tuple(name(known, names, t, scene) for t in p.ties) if c == p.candidate else ()
    if resource < 0:
        return Cause("attribute", None, _attributes(known, names, c, scene.facts), "fault", "", 0.0, None, tied, lines)
    label, work, more = _label(scene, resource, p)
    domain = scene.topology.domains[resource]
    return Cause("resource", scene.topology.resource_ids[resource], (), label, domain, 0.0, work, tied, lines + more)


def _label(scene: Scene, resource: int, p: Live) -> tuple[str, str | None, tuple[Evidence, ...]]:
    """Whether planned work acts on a resource, or on what it hangs on: (label, work id, lines of evidence)."""
    begin, name_of = datetime.fromtimestamp(p.begin, UTC), scene.topology.resource_ids[resource]
    slack = timedelta(seconds=scene.seconds)
    for w in scene.work:
        at = [scene.topology.index[r] for r in w.resources if r in scene.topology.index]
        direct = name_of in w.resources
        if not direct and not any(resource in scene.topology.dependents(r) for r in at):
            continue
        start, end = w.actual_start or w.planned_start, w.actual_end or w.planned_end
        odds = DIRECT_WORK if direct else UPSTREAM_WORK
        if start - slack <= begin <= max(end, w.planned_end) + slack:
            text = f"{w.description}, {_scope(w, p)}; declared: {w.declared_impact}"
            return "planned_work", w.work_id, (Evidence("planned_work", text, odds, w.work_id),)
        if direct and w.actual_end is not None and slack < begin - w.actual_end < CHANGE_BEFORE:
            text = f"{w.description}, ended {w.actual_end:%H:%M} UTC, shortly before the onset"
            return "fault", w.work_id, (Evidence("change", text, UPSTREAM_WORK, w.work_id),)
    return "fault", None, ()


def _scope(w: PlannedWork, p: Live) -> str:
    if p.begin < w.planned_start.timestamp():
        return "before its planned start"
    last = p.end or p.last_hit
    return "overrunning its plan" if last > w.planned_end.timestamp() else "inside its plan"


def _attributes(known: Explanations, names: Sequence[str], c: int, facts: Facts | None) -> tuple[tuple[str, str], ...]:
    what: Int32 = known.what[c]
    if known.kind[c] == CUSTOMER:
        text = facts.customer(int(what[0])) if facts else None
        return (("customer_id", text or str(int(what[0]))),)
    out = []
    for i in (0, 2):
        if what[i] >= 0:
            attribute, value = names[int(what[i])], int(what[i + 1])
            out.append((attribute, (facts.attribute(attribute, value) if facts else None) or str(value)))
    return tuple(out)


def name(known: Explanations, names: Sequence[str], c: int, scene: Scene) -> str:
    """What people call a candidate."""
    resource = _resource(known, c)
    if resource >= 0:
        return scene.topology.resource_ids[resource]
    return ", ".join(f"{k}={v}" for k, v in _attributes(known, names, c, scene.facts))
