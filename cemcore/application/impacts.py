"""Impact of a problem, as recorded; and of any set of resources, by the topology as known at a time."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from cemcore.application.house import House
from cemcore.application.world import World
from cemcore.domain import Feed
from cemcore.errors import NotFoundError, TopologyError
from cemcore.panel import Int32
from cemcore.pipeline import impact as room
from cemcore.topology import grown
from cemcore.views import ImpactView

LOOK_BACK_S = 7 * 86_400
"""Where a subject was last served, looked for so far back."""


def impact(
    house: House,
    problem_id: str | None,
    resources: tuple[str, ...],
    at: datetime | None,
    during: tuple[datetime, datetime] | None,
) -> ImpactView:
    """Impact of one problem, or of all of `resources` failing together `at` a time; one of the two must be given.

    Raises NotFoundError for an unknown problem, TopologyError for an unknown resource, ValueError for neither or both.
    """
    if (problem_id is None) == (not resources):
        raise ValueError("ask for the impact of a problem, or of resources: one of the two")
    moment = (at or house.known_now()).astimezone(UTC)
    if problem_id is not None:
        return _of_problem(house, problem_id, at, moment, during)
    world = house.worlds.at(int(moment.timestamp())) if at is not None else house.worlds.newest()
    down = _codes(world, resources)
    subjects = house.registry.codes("subject")
    population = grown(world.population, len(subjects))
    access = _access(house, world, moment, population.access)
    found = room.impact_of(down, world.topology, population, names(house), access, house.settings.assess.small_group)
    return ImpactView(
        basis="predicted",
        subject=" + ".join(resources),
        at=moment,
        during=during,
        impact=found.impact,
        resources=resources,
        protected=found.protected,
    )


def names(house: House) -> room.Names:
    """What impact lines are called."""
    return room.Names(house.catalogue.services, house.registry.codes("segment").texts)


def _of_problem(
    house: House, problem_id: str, at: datetime | None, moment: datetime, during: tuple[datetime, datetime] | None
) -> ImpactView:
    problem, found = house.ledger.problem(problem_id, at), house.ledger.impact(problem_id, at)
    if problem is None:
        raise NotFoundError(f"no problem {problem_id}")
    if found is None:
        raise NotFoundError(f"problem {problem_id} has no recorded impact yet")
    resources = tuple(c.resource_id for c in problem.causes[:1] if c.resource_id)
    return ImpactView("observed", problem_id, moment, during, found, resources)


def _codes(world: World, resources: tuple[str, ...]) -> list[int]:
    unknown = [r for r in resources if r not in world.topology.index]
    if unknown:
        raise TopologyError(f"no resource {', '.join(unknown)} in the inventory")
    return [world.topology.index[r] for r in resources]


def _access(house: House, world: World, moment: datetime, lines: Int32) -> Int32:
    """Access resource of each subject: its fixed line, else where it was last served before `moment`."""
    end = int(moment.timestamp())
    slots, recorded = (end - LOOK_BACK_S, end), (None, end)
    files = house.ledger.files(str(Feed.QUALITY), slots=slots, recorded=recorded)
    frame = house.archive.read(files, columns=["slot", "subject_id", "resource_id"], slots=slots, recorded=recorded)
    out = lines.copy()
    if len(frame):
        last = frame.sort_values("slot", kind="stable").drop_duplicates("subject_id", keep="last")
        subject = house.registry.codes("subject").find(last["subject_id"])
        place = last["resource_id"].map(world.topology.index).fillna(-1).to_numpy(np.int32)
        fits = (subject >= 0) & (subject < len(out)) & (place >= 0)
        subject, place = subject[fits], place[fits]
        free = out[subject] < 0
        out[subject[free]] = place[free]
    return out
