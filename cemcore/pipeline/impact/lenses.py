"""Lenses: ways to part subjects, or pairs of subject and service, into groups for a report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from cemcore.panel import Int32

UNDECLARED = "(undeclared)"
SMALL_GROUPS = "(small groups)"
LEAST_GROUP = 5
"""Groups of fewer subjects go into one line, so that none is about a person."""


@dataclass(frozen=True)
class Lens:
    """Groups under a name. `codes` gives for (subject, service) codes, int32, the position of their group in `labels`,
    -1 = undeclared. `exact`: an operation's own figures, also of groups of few.
    """

    name: str
    labels: Sequence[str]
    codes: Callable[[Int32, Int32], Int32]
    exact: bool = False


def by_subject(name: str, labels: Sequence[str], group: Int32) -> Lens:
    """A lens from the group of each subject code (-1 = undeclared); subjects beyond its end are undeclared."""

    def codes(subject: Int32, service: Int32) -> Int32:
        known = subject < len(group)
        out = np.full(len(subject), -1, np.int32)
        out[known] = group[subject[known]]
        return out

    return Lens(name, labels, codes)


def by_pair(name: str, labels: Sequence[str], group: Int32) -> Lens:
    """A lens from the group of each (subject, service), as `group[subject, service]`."""

    def codes(subject: Int32, service: Int32) -> Int32:
        known = subject < len(group)
        out = np.full(len(subject), -1, np.int32)
        out[known] = group[subject[known], service[known]]
        return out

    return Lens(name, labels, codes)


def by_service(labels: Sequence[str]) -> Lens:
    """The lens of services: exact, as it is about no person."""
    return Lens("service", labels, lambda subject, service: service, exact=True)


def through(first: Int32, then: Int32) -> Int32:
    """`then[first]` where `first` is known and `then` reaches that far, -1 elsewhere: subject -> customer -> group."""
    out = np.full(len(first), -1, np.int32)
    known = (first >= 0) & (first < len(then))
    out[known] = then[first[known]]
    return out
