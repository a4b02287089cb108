"""Impact as totals: by everything, by the customer's declared segment, by service, and by any lens."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from cemcore.domain import Impact
from cemcore.panel import Int32, Population
from cemcore.pipeline.impact.counting import Counted
from cemcore.pipeline.impact.exposure import Exposure, exposure
from cemcore.pipeline.impact.foreseen import foreseen
from cemcore.pipeline.impact.lenses import LEAST_GROUP, by_service, by_subject
from cemcore.pipeline.impact.rows import Members, Pairs, Tally
from cemcore.topology import Topology


@dataclass(frozen=True)
class Names:
    """Texts of the codes that impact lines are named after: services and segments in the order of their codes."""

    services: Sequence[str]
    segments: Sequence[str]


@dataclass(frozen=True)
class Prediction:
    """What topology says that the loss of some resources means: totals (affected = lost), the pairs, and how many
    subjects are saved by redundancy.
    """

    impact: Impact
    exposure: Exposure
    protected: int


def assess(
    members: Members, exposed: Pairs, tally: Tally, population: Population, names: Names, least: int = LEAST_GROUP
) -> Impact:
    """Totals of one problem from its members, its exposed pairs, and its sums so far.

    Affected and unknown come from `members` (of this problem only). Exposed pairs that are neither are at risk. A
    subject is counted once a line: affected before unknown before at risk. Customers are those who pay for affected
    subjects; a subject of unknown kind counts as a user. Totals are exact; segment lines of fewer than `least`
    subjects are put together.
    """
    return totals(Counted.of(members, exposed, tally, population), names, least)


def totals(counted: Counted, names: Names, least: int = LEAST_GROUP) -> Impact:
    """The three ways in which every impact is told: all, by declared segment, by service."""
    return Impact(
        counted.total(),
        counted.by(by_subject("segment", names.segments, counted.population.segment), least),
        counted.by(by_service(names.services), least),
    )


def impact_of(
    down: Collection[int],
    topology: Topology,
    population: Population,
    names: Names,
    access: Int32 | None = None,
    least: int = LEAST_GROUP,
) -> Prediction:
    """What it means when all the resources `down` fail together: by topology, redundancy looked at, nothing observed.

    Affected = services lost; at risk = services that lose their protection. `access`: see `exposure`.
    """
    quick = foreseen(down, topology, population, names.services, names.segments, access, least)
    if quick is not None:
        return Prediction(*quick)
    found = exposure(down, topology, population, access)
    n = len(found.lost)
    lost = Members(np.zeros(n, np.int32), found.lost.service, found.lost.subject, np.zeros(n, np.int8))
    impact = assess(lost, found.at_risk, Tally.none(), population, names, least)
    saved = np.setdiff1d(found.protected.subject, found.lost.subject)
    return Prediction(impact, found, len(saved))
