"""The arrays of room four: pairs, members, who lost how much, and running sums of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from cemcore.panel import Bool, Float32, Float64, Int8, Int32, Int64, Rows

AFFECTED, UNKNOWN, AT_RISK = 0, 1, 2
"""States of a member: degraded under the problem; dependent, but its coverage domain is blind; dependent or without
protection, and not degraded.
"""

NO_PROBLEM = -1
"""Problem index of bad minutes that are attributed to none: chronic ones, and those that nothing explains."""


@dataclass(frozen=True)
class Pairs(Rows):
    """(subject, service) pairs, n rows of int32 codes, each once."""

    subject: Int32
    service: Int32

    @classmethod
    def none(cls) -> Self:
        """No pairs."""
        return cls(np.zeros(0, np.int32), np.zeros(0, np.int32))


@dataclass(frozen=True)
class Members(Rows):
    """Who belongs to which problem, n rows: problem int32 index, service and subject int32 codes, state int8
    (AFFECTED, UNKNOWN, AT_RISK).
    """

    problem: Int32
    service: Int32
    subject: Int32
    state: Int8


@dataclass(frozen=True)
class Missing(Rows):
    """Rows that were expected and did not come, of outages that have a witness, n rows.

    slot: int64 [s]; subject, service: int32 codes; explained: int32 problem index, -1 none; expected_bad: float32,
    minutes of the slot that would be bad in any case.
    """

    slot: Int64
    subject: Int32
    service: Int32
    explained: Int32
    expected_bad: Float32


@dataclass(frozen=True)
class Attribution(Rows):
    """Bad minutes and to whom they belong, n rows: a pair's slot stands there once for its problem and once for the
    chronic rest.

    slot: int64 [s]; problem: int32 index, -1 = none; service, subject: int32 codes; bad_minutes: float32, zero
    where an earlier telling is withdrawn; depth: float32 0..1.
    """

    slot: Int64
    problem: Int32
    service: Int32
    subject: Int32
    bad_minutes: Float32
    depth: Float32

    @classmethod
    def none(cls) -> Self:
        """No bad minutes."""
        whole, small = np.zeros(0, np.int32), np.zeros(0, np.float32)
        return cls(np.zeros(0, np.int64), whole, whole, whole, small, small)


@dataclass(frozen=True)
class Tally(Rows):
    """Sums over slots, n rows, each (problem, subject, service) once: bad minutes, and bad minutes x depth."""

    problem: Int32
    subject: Int32
    service: Int32
    bad_minutes: Float64
    depth_minutes: Float64

    @classmethod
    def none(cls) -> Self:
        """Nothing lost yet."""
        whole, real = np.zeros(0, np.int32), np.zeros(0, np.float64)
        return cls(whole, whole, whole, real, real)

    def plus(self, more: Attribution, sign: int = 1) -> Tally:
        """The sums with `more` on top; sign -1 takes back what an earlier answer about the same slots had attributed.

        Minutes without a problem are not summed.
        """
        more = more.take(more.problem != NO_PROBLEM)
        minutes = more.bad_minutes.astype(np.float64) * sign
        joined = Tally.concat(
            [self, Tally(more.problem, more.subject, more.service, minutes, minutes * more.depth.astype(np.float64))]
        )
        order, first = _runs(joined.problem, joined.subject, joined.service)
        if not len(order):
            return joined
        held = joined.take(order)
        start = np.flatnonzero(first)
        summed = held.take(start)
        return Tally(
            summed.problem,
            summed.subject,
            summed.service,
            np.add.reduceat(held.bad_minutes, start),
            np.add.reduceat(held.depth_minutes, start),
        )

    def of(self, *problems: int) -> Tally:
        """The part of one problem, or of one and those that were merged into it (see `absorbed`)."""
        return self.take(np.isin(self.problem, problems))


def absorbed(problem: int, merged_into: Sequence[int]) -> tuple[int, ...]:
    """A problem and all that were merged into it, at however many removes; `merged_into` by problem, -1 = not."""
    out = [problem]
    for p in out:
        out += [q for q, into in enumerate(merged_into) if into == p and q not in out]
    return tuple(out)


def _runs(*keys: Int32) -> tuple[Int64, Bool]:
    """(order that sorts by the keys, mask of the first row of each distinct key in that order)."""
    order = np.lexsort(keys[::-1])
    first = np.ones(len(order), np.bool_)
    if len(order):
        changed = [k[order][1:] != k[order][:-1] for k in keys]
        first[1:] = np.logical_or.reduce(changed)
    return order, first
