"""Planned work about the onset: inside its plan, overrunning, before its start, outside its scope, or unrelated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cemcore.domain import Evidence, PlannedWork
from cemcore.pipeline.localisation.causes.scene import Scene
from cemcore.pipeline.localisation.live import Live

NOT_DONE = ("cancelled", "rejected")
"""Statuses (TMF655) of work that nobody does."""
CHANGE_BEFORE = timedelta(hours=2)
FULL, UPSTREAM, BESIDE, NO_START = 1.0, 0.5, 0.3, 0.8
"""Amounts of work on the resource itself, on what it hangs on, and on what hangs together with it; factor of work that
is not known to have begun.
"""
HARMLESS = ("no customer impact", "no impact", "none", "no service impact", "not service affecting", "no outage")
AT_RISK = ("at risk", "at-risk", "redundancy", "protection")


@dataclass(frozen=True)
class Related:
    """How a work stands to a resource: label and work id of the cause, and the line of evidence."""

    label: str
    work_id: str | None
    line: Evidence


def declared(w: PlannedWork) -> str:
    """What a work says it does to customers: "none", "at risk", "impact", or "" where it does not say."""
    text = w.declared_impact.lower()
    if any(x in text for x in HARMLESS):
        return "none"
    if any(x in text for x in AT_RISK):
        return "at risk"
    return "impact" if text.strip() else ""


def related(scene: Scene, resource: int, p: Live, affected: int) -> list[Related]:
    """Works that have to do with a resource at the onset of a problem that hits `affected`, the strongest first; those
    merely nearby come last, with no weight.
    """
    found = [r for w in scene.work if w.status not in NOT_DONE for r in _related(scene, resource, p, w, affected)]
    return sorted(found, key=lambda r: (-abs(r.line.log_odds), r.line.refers_to))


def _related(scene: Scene, resource: int, p: Live, w: PlannedWork, affected: int) -> list[Related]:
    begin, slack = datetime.fromtimestamp(p.begin, UTC), timedelta(seconds=scene.seconds)
    start, end = w.actual_start or w.planned_start, w.actual_end or w.planned_end
    if not start - slack <= begin <= max(end, w.planned_end) + slack:
        own = scene.topology.resource_ids[resource] in w.resources
        if own and w.actual_end is not None and slack < begin - w.actual_end < CHANGE_BEFORE:
            gap = (begin - w.actual_end) / CHANGE_BEFORE
            text = f"{w.description}, ended {w.actual_end:%H:%M} UTC, shortly before the onset"
            return [Related("fault", w.work_id, _line(scene, "change", text, 1 - gap / 2, w.work_id))]
        return []
    place, where = _place(scene, resource, w)
    if place == 0.0:
        near = _nearby(scene, resource, w)
        text = f"{w.description} at the same time nearby ({near}) is unrelated: nothing ties it to this"
        return [Related("fault", None, _line(scene, "planned_work", text, 0.0, w.work_id))] if near else []
    when, factor = _when(w, p)
    said = declared(w)
    text = f"{w.description}{where}, {when}; declared: {w.declared_impact or 'nothing'}"
    if place == BESIDE or (affected and said in ("none", "at risk")):
        text = f"outside its declared scope: {text}" + (f", while {affected} are affected" if affected else "")
    unsure = NO_START if w.actual_start is None else 1.0
    text += "" if w.actual_start is not None else "; not known to have begun"
    line = _line(scene, "planned_work", text, place * factor * unsure, w.work_id)
    return [Related("planned_work", w.work_id, line)]


def _place(scene: Scene, resource: int, w: PlannedWork) -> tuple[float, str]:
    """(how closely a work's resources hang together with the resource, how to say it); 0 where they don't."""
    topology = scene.topology
    if topology.resource_ids[resource] in w.resources:
        return FULL, ""
    at = [topology.index[r] for r in w.resources if r in topology.index]
    for r in at:
        if resource in scene.under(r):
            return UPSTREAM, f", on {topology.resource_ids[r]}, which it hangs on"
    for r in at:
        if r in scene.under(resource) or topology.near(r, resource, 1):
            return BESIDE, f", declared for {topology.resource_ids[r]} only, next to it"
    return 0.0, ""


def _nearby(scene: Scene, resource: int, w: PlannedWork) -> str:
    """The first of a work's resources in the region of a resource, "" where there is none."""
    topology, region = scene.topology, scene.topology.regions[resource]
    for r in w.resources:
        at = topology.index.get(r)
        if at is not None and ((region and topology.regions[at] == region) or topology.near(at, resource, 2)):
            return r
    return ""


def _when(w: PlannedWork, p: Live) -> tuple[str, float]:
    """(how the problem lies to a work's plan, factor of its weight)."""
    if p.begin < w.planned_start.timestamp():
        return "before its planned start", 0.75
    last = p.end or p.last_hit
    return ("overrunning its plan", 1.0) if last > w.planned_end.timestamp() else ("inside its plan", 1.0)


def _line(scene: Scene, kind: str, text: str, x: float, work_id: str) -> Evidence:
    return Evidence(kind, text, round(scene.weights.of(kind) * x, 2), work_id, round(x, 4))
