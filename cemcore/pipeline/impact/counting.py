"""Counting subjects and summing minutes by any line: everything that is said of a problem's pairs, in one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cemcore.domain import ImpactLine
from cemcore.panel import Bool, Float64, Int32, Int64, Population
from cemcore.pipeline.impact.lenses import SMALL_GROUPS, UNDECLARED, Lens
from cemcore.pipeline.impact.rows import AFFECTED, AT_RISK, UNKNOWN, Members, Pairs, Tally

IS_AFFECTED, IS_UNKNOWN, IS_AT_RISK, IS_SUM = AFFECTED, UNKNOWN, AT_RISK, 3
"""Roles of a row (those of members are their states), the first that a subject has in a line counts; a sum alone makes
nobody affected.
"""

THING = 1


@dataclass(frozen=True)
class Counted:
    """Everything that is said of some pairs, n rows: int32 subject, service and role; float64 minutes and minutes x
    depth (of sums only); float64 monthly spend by customer code, where it is known.
    """

    subject: Int32
    service: Int32
    role: Int32
    minutes: Float64
    depths: Float64
    population: Population
    spend: Float64 | None = None

    @classmethod
    def of(
        cls, members: Members, exposed: Pairs, tally: Tally, population: Population, spend: Float64 | None = None
    ) -> Counted:
        """Members, pairs that hang on the cause (at risk where they are no members), and sums."""
        subject = np.concatenate([members.subject, exposed.subject, tally.subject]).astype(np.int32)
        service = np.concatenate([members.service, exposed.service, tally.service]).astype(np.int32)
        hanging, sums = np.full(len(exposed), IS_AT_RISK, np.int32), np.full(len(tally), IS_SUM, np.int32)
        role = np.concatenate([members.state.astype(np.int32), hanging, sums])
        minutes, depths = np.zeros(len(subject)), np.zeros(len(subject))
        minutes[role == IS_SUM], depths[role == IS_SUM] = tally.bad_minutes, tally.depth_minutes
        return cls(subject, service, role, minutes, depths, population, spend)

    def total(self) -> ImpactLine:
        """One line of everything."""
        return self.lines(np.zeros(len(self.subject), np.int64), ["total"])[0]

    def by(self, lens: Lens, least: int) -> tuple[ImpactLine, ...]:
        """A line for each group that there is, in the order of the lens's labels.

        Groups of fewer than `least` subjects go into one line, unless the lens is exact. The lines add up to the
        total: minutes always, subjects where the lens parts subjects (of one that parts pairs, a subject may stand in
        several lines).
        """
        code = lens.codes(self.subject, self.service)
        people = int(self.subject.max(initial=0)) + 1
        each = np.unique((code.astype(np.int64) + 1) * people + self.subject)
        found, size = np.unique(each // people - 1, return_counts=True)
        large = found if lens.exact else found[size >= least]
        line = np.full(len(code), len(large), np.int64)
        hit = np.isin(code, large)
        line[hit] = np.searchsorted(large, code[hit])
        labels = [UNDECLARED if c < 0 else lens.labels[c] for c in large.tolist()]
        return self.lines(line, [*labels, SMALL_GROUPS] if len(large) < len(found) else labels)

    def lines(self, line: Int64, names: Sequence[str]) -> tuple[ImpactLine, ...]:
        """One line a name; `line` says for each row in which it counts. A subject is counted once a line."""
        n, people = len(names), int(self.subject.max(initial=0)) + 1
        order = np.lexsort((self.role, line * people + self.subject))
        at, subject, role = line[order], self.subject[order], self.role[order]
        worst = np.ones(len(order), np.bool_)
        worst[1:] = (at[1:] != at[:-1]) | (subject[1:] != subject[:-1])
        at, subject, role = at[worst], subject[worst], role[worst]

        def count(which: Bool) -> list[int]:
            return np.bincount(at[which], minlength=n).tolist()

        affected, thing = role == IS_AFFECTED, self.population.kind[subject] == THING
        payer = self.population.customer[subject]
        most = int(payer.max(initial=0)) + 1
        payers = np.unique((at * most + payer)[affected & (payer >= 0)])
        columns = (
            count(affected & ~thing),
            count(affected & thing),
            count(role == IS_AT_RISK),
            count(role == IS_UNKNOWN),
            np.bincount(payers // most, minlength=n).tolist(),
            np.bincount(line, self.minutes, n).tolist(),
            np.bincount(line, self.depths, n).tolist(),
            self._spent(payers % most, payers // most, n),
        )
        return tuple(ImpactLine(*one) for one in zip(names, *columns, strict=True))

    def _spent(self, payer: Int64, line: Int64, n: int) -> list[float | None]:
        """Monthly spend of the payers of each line; one without a known spend counts as nothing."""
        if self.spend is None:
            return [None] * n
        known = payer < len(self.spend)
        amount = np.nan_to_num(self.spend[payer[known]])
        return [round(x, 2) for x in np.bincount(line[known], amount, n).tolist()]
