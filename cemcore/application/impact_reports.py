"""The impact report: every problem with what it cost, and over a period all bad minutes, each in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from cemcore.application import attributed, queries
from cemcore.application.attributed import Attributed
from cemcore.application.house import House
from cemcore.application.lenses import Facts, known_lenses
from cemcore.application.places import facts_at, names
from cemcore.domain import ImpactLine, ServiceProblem
from cemcore.pipeline import impact as room
from cemcore.pipeline.impact import Members, Pairs, Tally
from cemcore.report.rank import rank
from cemcore.views import ImpactReport, LensView, Problems, ProblemView, Sums

Period = tuple[datetime, datetime]


def report(
    house: House,
    as_of: datetime | None = None,
    during: Period | None = None,
    open_only: bool = False,
    lenses: Sequence[str] = (),
) -> ImpactReport:
    """Problems by what customers lost, as known at `as_of`.

    Without period and lenses, each has the impact of its newest revision. With `during`, the problems that lasted or
    lost minutes in it, with the minutes of the period; with those of none they are all bad minutes there. ValueError
    for an unknown lens.
    """
    wanted = known_lenses(lenses)
    if during is None and not wanted:
        return ImpactReport(queries.problems(house, as_of, None, open_only), as_of, during, open_only)
    every = {p.problem_id: p for p in house.ledger.problems(as_of=as_of)}
    listed = house.ledger.problems(as_of=as_of, during=during, open_only=open_only)
    found = attributed.read(house, attributed.span(during, listed), as_of, attributed.survivors(list(every.values())))
    told = {p.problem_id: p for p in listed}
    if during is not None and not open_only:
        told.update({i: every[i] for i in found.ids if i in every})
    facts = facts_at(house, as_of or (during[1] if during is not None else None), as_of)
    members = attributed.members_of(house, list(told), as_of)
    views = _views(house, facts, told, found, members, wanted)
    empty = ImpactReport(views, as_of, during, open_only)
    both = _together(facts, [members[i] for i in told], found)
    least = house.settings.assess.small_group
    by = tuple(LensView(lens.name, both.by(lens, least)) for lens in facts.lenses(wanted)) if during else ()
    return replace(empty, lenses=by, sums=_sums(facts, both, found) if during is not None else None)


def _views(
    house: House,
    facts: Facts,
    told: Mapping[str, ServiceProblem],
    found: Attributed,
    members: Mapping[str, Members],
    wanted: Sequence[str],
) -> Problems:
    least, called, lenses = house.settings.assess.small_group, names(house), facts.lenses(wanted)
    views = []
    for i, problem in told.items():
        counted = facts.counted(members[i], Pairs.none(), found.of(i))
        by = tuple(LensView(lens.name, counted.by(lens, least)) for lens in lenses)
        views.append(ProblemView(replace(problem, standing=()), room.totals(counted, called, least), lenses=by))
    return Problems(rank(views))


def _together(facts: Facts, members: Sequence[Members], found: Attributed) -> room.Counted:
    """Everybody under any problem; who is under several counts once: affected before unknown before at risk."""
    whole = Members.concat(list(members)) if members else Members(*(np.zeros(0, np.int32),) * 3, np.zeros(0, np.int8))
    return facts.counted(whole, Pairs.none(), found.any())


def _sums(facts: Facts, both: room.Counted, found: Attributed) -> Sums:
    none = _line(facts, found.none(), "no problem")
    all_of_it = _line(facts, attributed.summed(found.rows), "all")
    return Sums(replace(both.total(), group="problems"), none, all_of_it)


def _line(facts: Facts, tally: Tally, name: str) -> ImpactLine:
    nobody = Members(*(np.zeros(0, np.int32),) * 3, np.zeros(0, np.int8))
    return replace(facts.counted(nobody, Pairs.none(), tally).total(), group=name, spend=None)
