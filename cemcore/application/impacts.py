"""Impact of a problem, as recorded, by lens or over a period; and of any set of resources."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from cemcore.application import attributed, predictions
from cemcore.application.house import House
from cemcore.application.lenses import known_lenses
from cemcore.application.places import facts_at, names
from cemcore.errors import NotFoundError
from cemcore.pipeline import impact as room
from cemcore.views import ImpactView, LensView

Period = tuple[datetime, datetime]


@dataclass(frozen=True)
class Asked:
    """What is asked of an impact besides whose: as it was (resources) or was known (problems) at a time, over a period,
    by which lenses, whether it is to be told who is saved by redundancy, and (resources) as known when.
    """

    at: datetime | None = None
    during: Period | None = None
    lenses: tuple[str, ...] = ()
    protected: bool = False
    as_of: datetime | None = None


def impact(house: House, problem_id: str | None, resources: tuple[str, ...], asked: Asked) -> ImpactView:
    """Impact of one problem, or of all of `resources` failing together; one of the two must be given.

    Raises NotFoundError for an unknown problem, TopologyError for an unknown resource, ValueError for neither or both
    and for an unknown lens.
    """
    if (problem_id is None) == (not resources):
        raise ValueError("ask for the impact of a problem, or of resources: one of the two")
    lenses = known_lenses(asked.lenses)
    if problem_id is not None:
        return _of_problem(house, problem_id, asked.at, asked.during, lenses)
    return predictions.predicted(house, resources, asked.at, asked.during, lenses, asked.protected, asked.as_of)


def _of_problem(
    house: House, problem_id: str, as_of: datetime | None, during: Period | None, lenses: tuple[str, ...]
) -> ImpactView:
    problem, recorded = house.ledger.problem(problem_id, as_of), house.ledger.impact(problem_id, as_of)
    if problem is None:
        raise NotFoundError(f"no problem {problem_id}")
    if recorded is None:
        raise NotFoundError(f"problem {problem_id} has no recorded impact yet")
    moment = (as_of or house.known_now()).astimezone(UTC)
    resources = tuple(c.resource_id for c in problem.causes[:1] if c.resource_id)
    notes = (f"merged into {problem.merged_into}, where its minutes count",) if problem.merged_into else ()
    by: tuple[LensView, ...] = ()
    if during is not None or lenses:
        into = attributed.survivors(house.ledger.problems(as_of=as_of))
        found = attributed.read(house, attributed.span(during, [problem]), as_of, into)
        facts = facts_at(house, problem.end or moment, as_of)
        members = attributed.members_of(house, [problem_id], as_of)[problem_id]
        counted = facts.counted(members, room.Pairs.none(), found.of(problem_id))
        least = house.settings.assess.small_group
        recorded = room.totals(counted, names(house), least)
        by = tuple(LensView(lens.name, counted.by(lens, least)) for lens in facts.lenses(lenses))
    return ImpactView("observed", problem_id, moment, during, recorded, resources, notes=notes, lenses=by)
