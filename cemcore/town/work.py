"""Planned work: TMF655 v4 change requests, as known at a moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cemcore.town.calendar import iso_ms
from cemcore.town.faults import Fault
from cemcore.town.seeds import Rng, stream
from cemcore.town.world import World

_ROUTINE = ("Parameter audit", "Licence update", "Log level change", "Neighbour list update", "Password rotation")
_HREF = "/tmf-api/changeManagement/v4/changeRequest/"
_RESOURCE = "/tmf-api/resourceInventoryManagement/v4/resource/"


@dataclass(frozen=True)
class Work:
    """One change request; times in epoch seconds."""

    id: str
    resource: str
    description: str
    impact: str
    risk: str
    requested: float
    planned: tuple[float, float]
    actual: tuple[float, float]


def works(world: World, days: int) -> list[Work]:
    """Routine work of `days` days, and that of the faults, in order of its planned start."""
    out = [_of_fault(world, f) for f in world.faults if f.kind.work is not None]
    for day in range(days):
        out += _routine(world, day)
    return sorted(out, key=lambda w: w.planned)


def work_of(fault: Fault) -> str | None:
    """The change request that a fault comes with."""
    return f"CHG9{fault.number:05d}" if fault.kind.work is not None else None


def _of_fault(world: World, fault: Fault) -> Work:
    spec = fault.kind.work
    assert spec is not None
    rng = stream(world.seed, "work", fault.start)
    minutes = (fault.planned_end - fault.start) // 60
    late = float(rng.uniform(0, 300))
    ended = fault.planned_end if spec.hours else fault.end
    return Work(
        f"CHG9{fault.number:05d}", fault.target.id, spec.description.format(id=fault.target.id),
        spec.impact.format(minutes=minutes), spec.risk, _asked(rng, fault.start), (fault.start, fault.planned_end),
        (fault.start + late, ended - late / 3),
    )  # fmt: skip


def _routine(world: World, day: int) -> list[Work]:
    rng = stream(world.seed, "routine-work", day)
    targets = world.net.of("gnb", "agg_router", "olt", "upf", "cdn_node")
    out = []
    for n in range(int(rng.poisson(0.9))):
        start = world.calendar.at(day, float(rng.uniform(0.25, 3.5)))
        end = start + 900 * int(rng.integers(2, 9))
        id = targets[int(rng.integers(len(targets)))]
        what = f"{_ROUTINE[int(rng.integers(len(_ROUTINE)))]} on {id}"
        actual = (start + float(rng.uniform(5, 500)), end - float(rng.uniform(5, 400)))
        out.append(
            Work(
                f"CHG{day:04d}{n:02d}",
                id,
                what,
                "No customer impact expected",
                "low",
                _asked(rng, start),
                (start, end),
                actual,
            )
        )
    return out


def _asked(rng: Rng, start: float) -> float:
    return start - float(rng.uniform(2, 20)) * 86400


def document(items: list[Work], known: float) -> list[dict[str, Any]]:
    """The change requests as known at `known` [s]: those that were asked for, their actual times once they are past."""
    return [_document(w, known) for w in items if w.requested <= known]


def _document(work: Work, known: float) -> dict[str, Any]:
    begun, done = work.actual[0] <= known, work.actual[1] <= known
    out: dict[str, Any] = {
        "id": work.id,
        "href": _HREF + work.id,
        "@type": "ChangeRequest",
        "requestType": "normal",
        "status": "completed" if done else "inProgress" if begun else "acknowledged",
        "description": work.description,
        "impact": work.impact,
        "risk": work.risk,
        "priority": "medium",
        "plannedStartTime": iso_ms(work.planned[0]),
        "plannedEndTime": iso_ms(work.planned[1]),
        "requestDate": iso_ms(work.requested),
        "targetEntity": [
            {"id": work.resource, "href": _RESOURCE + work.resource, "@referredType": "Resource", "role": "target"}
        ],
    }
    if begun:
        out["actualStartTime"] = iso_ms(work.actual[0])
    if done:
        out["actualEndTime"] = iso_ms(work.actual[1])
    return out
