"""Impact as totals: by everything, by the customer's declared segment, by service."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from cemcore.domain import Impact, ImpactLine
from cemcore.panel import Bool, Float64, Int32, Population
from cemcore.pipeline.impact.exposure import Exposure, exposure
from cemcore.pipeline.impact.rows import AFFECTED, Members, Pairs, Tally
from cemcore.topology import Topology

UNDECLARED = "(undeclared)"
SMALL_GROUPS = "(small groups)"
LEAST_GROUP = 5
"""Segment lines of fewer subjects go into one line, so that none is about a person."""

THING = 1


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
    affected = members.take(members.state == AFFECTED)
    unknown = members.take(members.state != AFFECTED)
    groups = (
        (affected.subject, affected.service),
        (unknown.subject, unknown.service),
        (exposed.subject, exposed.service),
        (tally.subject, tally.service),
    )
    subject = np.concatenate([g[0] for g in groups]).astype(np.int32)
    service = np.concatenate([g[1] for g in groups]).astype(np.int32)
    role = np.repeat(np.arange(4, dtype=np.int32), [len(g[0]) for g in groups])
    minutes, depths = np.zeros(len(subject)), np.zeros(len(subject))
    minutes[role == 3], depths[role == 3] = tally.bad_minutes, tally.depth_minutes
    rows = _Rows(subject, role, minutes, depths, population)
    segments, labels = _segments(rows, population, names.segments, least)
    return Impact(
        total=rows.line("total", np.ones(len(subject), np.bool_)),
        by_segment=tuple(rows.line(text, segments == i) for i, text in enumerate(labels)),
        by_service=tuple(rows.line(names.services[s], service == s) for s in np.unique(service).tolist()),
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
    found = exposure(down, topology, population, access)
    n = len(found.lost)
    lost = Members(np.zeros(n, np.int32), found.lost.service, found.lost.subject, np.zeros(n, np.int8))
    impact = assess(lost, found.at_risk, Tally.none(), population, names, least)
    saved = np.setdiff1d(found.protected.subject, found.lost.subject)
    return Prediction(impact, found, len(saved))


@dataclass(frozen=True)
class _Rows:
    """Everything that is said of a problem's pairs: role 0 affected, 1 unknown, 2 exposed, 3 sums."""

    subject: Int32
    role: Int32
    minutes: Float64
    depths: Float64
    population: Population

    def line(self, group: str, of: Bool) -> ImpactLine:
        subject, role = self.subject[of], self.role[of]
        affected = np.unique(subject[role == 0])
        unknown = np.setdiff1d(subject[role == 1], affected)
        at_risk = np.setdiff1d(np.setdiff1d(subject[role == 2], affected), unknown)
        things = int((self.population.kind[affected] == THING).sum())
        payers = np.unique(self.population.customer[affected])
        return ImpactLine(
            group=group,
            affected_users=len(affected) - things,
            affected_things=things,
            at_risk=len(at_risk),
            unknown=len(unknown),
            customers=int((payers >= 0).sum()),
            bad_minutes=float(self.minutes[of].sum()),
            depth_minutes=float(self.depths[of].sum()),
        )


def _segments(rows: _Rows, population: Population, names: Sequence[str], least: int) -> tuple[Int32, list[str]]:
    """(line index by row, line names): segments that are large enough, the undeclared, and the small groups in one."""
    segment = population.segment[rows.subject]
    people, first = np.unique(rows.subject, return_index=True)
    found, size = np.unique(segment[first], return_counts=True)
    large = found[size >= least]
    line = np.full(len(segment), len(large), np.int32)
    place = np.searchsorted(large, segment) if len(large) else np.zeros(len(segment), np.int64)
    hit = np.isin(segment, large)
    line[hit] = place[hit]
    labels = [UNDECLARED if s < 0 else names[s] for s in large.tolist()]
    return line, [*labels, SMALL_GROUPS] if len(large) < len(found) and len(people) else labels
