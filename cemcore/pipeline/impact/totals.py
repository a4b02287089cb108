"""Impact as totals: by everything, by the customer's declared segment, by service."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from cemcore.domain import Impact, ImpactLine
from cemcore.panel import Bool, Float64, Int32, Int64, Population
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
    segments, names_of = _segments(rows, population, names.segments, least)
    used, by_service = np.unique(service, return_inverse=True)
    return Impact(
        total=rows.lines(np.zeros(len(subject), np.int64), ["total"])[0],
        by_segment=rows.lines(segments, names_of),
        by_service=rows.lines(by_service, [names.services[s] for s in used.tolist()]),
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

    def lines(self, line: Int64, names: Sequence[str]) -> tuple[ImpactLine, ...]:
        """One line a name; `line` says for each row in which it counts."""
        n, people = len(names), int(self.subject.max(initial=0)) + 1
        order = np.lexsort((self.role, line * people + self.subject))
        at, subject, role = line[order], self.subject[order], self.role[order]
        worst = np.ones(len(order), np.bool_)
        worst[1:] = (at[1:] != at[:-1]) | (subject[1:] != subject[:-1])
        at, subject, role = at[worst], subject[worst], role[worst]

        def count(which: Bool) -> list[int]:
            return np.bincount(at[which], minlength=n).tolist()

        affected, thing = role == 0, self.population.kind[subject] == THING
        payer = self.population.customer[subject]
        most = int(payer.max(initial=0)) + 1
        payers = np.unique((at * most + payer)[affected & (payer >= 0)]) // most
        columns = (
            count(affected & ~thing),
            count(affected & thing),
            count(role == 2),
            count(role == 1),
            np.bincount(payers, minlength=n).tolist(),
            np.bincount(line, self.minutes, n).tolist(),
            np.bincount(line, self.depths, n).tolist(),
        )
        return tuple(ImpactLine(*one) for one in zip(names, *columns, strict=True))


def _segments(rows: _Rows, population: Population, names: Sequence[str], least: int) -> tuple[Int64, list[str]]:
    """(line index by row, line names): segments that are large enough, the undeclared, and the small groups in one."""
    segment = population.segment[rows.subject]
    people, first = np.unique(rows.subject, return_index=True)
    found, size = np.unique(segment[first], return_counts=True)
    large = found[size >= least]
    line = np.full(len(segment), len(large), np.int64)
    place = np.searchsorted(large, segment) if len(large) else np.zeros(len(segment), np.int64)
    hit = np.isin(segment, large)
    line[hit] = place[hit]
    labels = [UNDECLARED if s < 0 else names[s] for s in large.tolist()]
    return line, [*labels, SMALL_GROUPS] if len(large) < len(found) and len(people) else labels
