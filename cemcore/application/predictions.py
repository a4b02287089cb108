"""What it means when any set of resources fails together: predicted by topology, and beside it what was observed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime

import numpy as np

from cemcore.application import attributed
from cemcore.application.house import House
from cemcore.application.lenses import Facts
from cemcore.application.places import facts_at, last_served, names, served
from cemcore.application.saviours import saved_by_lens, saved_pairs, saviours
from cemcore.domain import Impact
from cemcore.errors import TopologyError
from cemcore.panel import Int32, Population
from cemcore.pipeline import impact as room
from cemcore.pipeline.impact import AFFECTED, Exposure, Members, Pairs, Tally
from cemcore.views import ImpactView, LensView

Period = tuple[datetime, datetime]


def predicted(
    house: House,
    resources: tuple[str, ...],
    at: datetime | None,
    during: Period | None,
    lenses: Sequence[str],
    protected: bool,
    as_of: datetime | None = None,
) -> ImpactView:
    """Impact of all of `resources` failing together `at` a time; with `during`, for all who were served in the period
    or as it began, wherever they were, beside the bad minutes that those concerned had in it; as known `as_of` a time
    (default: now). TopologyError for an unknown resource.
    """
    moment = (at or (during[1] if during is not None else house.known_now())).astimezone(UTC)
    facts, down, exposure = exposed(house, resources, at, during, as_of)
    tally = Tally.none() if during is None else _observed(house, exposure, during, as_of)
    under = np.concatenate([exposure.exposed.subject, exposure.protected.subject])
    impact, by = _told(house, facts, exposure, tally, lenses, protected)
    return ImpactView(
        basis="predicted" if during is None else "predicted, and observed",
        subject=" + ".join(resources),
        at=moment,
        during=during,
        impact=impact,
        resources=resources,
        protected=len(np.unique(exposure.protected.subject[saved_pairs(exposure)])),
        lenses=by,
        saved=saviours(facts, exposure, down) if protected else (),
        served=None if during is None else len(np.unique(under)),
    )


def exposed(
    house: House,
    resources: Sequence[str],
    at: datetime | None,
    during: Period | None,
    as_of: datetime | None = None,
) -> tuple[Facts, list[int], Exposure]:
    """(facts of the time, positions of the resources, what their failure means to whom); see `predicted`."""
    facts = facts_at(house, at or (during[1] if during is not None else None), as_of)
    down = [facts.world.topology.index[r] for r in _known(facts, resources)]
    if during is not None:
        return facts, down, _over(house, facts, down, during, as_of)
    found = room.impact_of(down, facts.world.topology, facts.population, names(house), facts.access)
    return facts, down, found.exposure


def _known(facts: Facts, resources: Sequence[str]) -> Sequence[str]:
    unknown = [r for r in resources if r not in facts.world.topology.index]
    if unknown:
        raise TopologyError(f"no resource {', '.join(unknown)} in the inventory")
    return resources


def _told(
    house: House, facts: Facts, exposure: Exposure, tally: Tally, lenses: Sequence[str], protected: bool
) -> tuple[Impact, tuple[LensView, ...]]:
    least, n = house.settings.assess.small_group, len(exposure.lost)
    state = np.full(n, AFFECTED, np.int8)
    lost = Members(np.zeros(n, np.int32), exposure.lost.service, exposure.lost.subject, state)
    counted = facts.counted(lost, exposure.at_risk, tally)
    whole = room.totals(counted, names(house), least)
    by = []
    for lens in facts.lenses(lenses):
        saved = saved_by_lens(facts, exposure, lens, least) if protected else ()
        by.append(LensView(lens.name, counted.by(lens, least), saved))
    return whole, tuple(by)


def _over(house: House, facts: Facts, down: Sequence[int], during: Period, as_of: datetime | None = None) -> Exposure:
    """Exposure of everybody wherever they were served in the period, and where they were as it began (in an outage
    nobody is served): each (subject, place) as if it were a subject.
    """
    slots = (int(during[0].timestamp()), int(during[1].timestamp()))
    known = None if as_of is None else int(as_of.timestamp())
    subject, place = served(house, facts.world, slots, known)
    first = last_served(house, facts.world, facts.population.access, (slots[0], known or slots[0]))
    who = np.concatenate([subject, np.arange(len(first), dtype=np.int32)])
    where = np.concatenate([place, first])
    fits = (who >= 0) & (who < len(facts.population.kind)) & (where >= 0)
    both = np.unique(np.stack([who[fits], where[fits]], axis=1), axis=0).astype(np.int32)
    spread = _rows(facts.population, both[:, 0])
    exposure = room.impact_of(down, facts.world.topology, spread, names(house), both[:, 1]).exposure
    back = {f.name: _back(getattr(exposure, f.name), both[:, 0]) for f in fields(exposure)}
    lost = back["lost"]
    kept = {name: _without(pairs, lost) for name, pairs in back.items() if name != "lost"}
    return replace(exposure, lost=lost, **kept)


def _rows(population: Population, subject: Int32) -> Population:
    """The population with a row for each of `subject`, in that order, of which one may stand there several times."""
    each = {f.name: getattr(population, f.name) for f in fields(population) if f.name != "attribute_names"}
    return replace(population, **{name: array[subject] for name, array in each.items()})


def _back(pairs: Pairs, subject: Int32) -> Pairs:
    """Pairs of rows as pairs of subjects, each once."""
    both = np.unique(np.stack([subject[pairs.subject], pairs.service], axis=1), axis=0).astype(np.int32)
    return Pairs(both[:, 0], both[:, 1])


def _without(pairs: Pairs, others: Pairs) -> Pairs:
    most = 1 + max(int(pairs.service.max(initial=0)), int(others.service.max(initial=0)))
    mine = pairs.subject.astype(np.int64) * most + pairs.service
    return pairs.take(~np.isin(mine, others.subject.astype(np.int64) * most + others.service))


def _observed(house: House, exposure: Exposure, during: Period, as_of: datetime | None = None) -> Tally:
    """Bad minutes in the period of those who would lose service or protection: whichever problem's, or none's."""
    all_of_it = attributed.summed(attributed.read(house, attributed.span(during, ()), as_of).rows)
    most = len(house.catalogue.services)
    exposed = exposure.exposed
    keys = exposed.subject.astype(np.int64) * most + exposed.service
    return all_of_it.take(np.isin(all_of_it.subject.astype(np.int64) * most + all_of_it.service, keys))
