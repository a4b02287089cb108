"""Alarms as arrays: one line an alarm, in an order that does not depend on how they were handed over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from cemcore.domain import Alarm, Severity
from cemcore.panel import Float64, Int8, Int32, Int64, Rows

CAPABLE = Severity.MINOR.rank
"""From this severity on an alarm may be the top of others: X.733 has warnings before any effect is felt."""

NOT_AFFECTING = Severity.MINOR.rank
"""Up to this severity an alarm says that service is not affected (X.733): a lost protection explains it."""


@dataclass(frozen=True)
class Lines(Rows):
    """Alarms, n lines. resource int32 (-1 = not in the inventory); raised, reported, cleared float64 [s], cleared NaN
    while it stands; severity int8: rank of X.733, 5 = critical; series int64: digest of what repeats (object and
    problem); element: digest of (source system, object), which is whose clock it is; source: digest of the system;
    kind: digest of the problem; alarm: digest of its id.
    """

    resource: Int32
    raised: Float64
    reported: Float64
    cleared: Float64
    severity: Int8
    series: Int64
    element: Int64
    source: Int64
    kind: Int64
    alarm: Int64


def problem_of(a: Alarm) -> str:
    """What an alarm is about: its specific problem (X.733), else its probable cause, else its type."""
    return a.specific_problem or a.probable_cause or a.alarm_type


def lines_of(alarms: Sequence[Alarm], index: Mapping[str, int]) -> tuple[tuple[str, ...], Lines]:
    """(ids, lines) of alarms, sorted by id; `index` gives the position of a resource."""
    ordered = sorted(alarms, key=lambda a: a.alarm_id)
    n = len(ordered)
    digests: dict[str, int] = {}

    def digest(text: str) -> int:
        found = digests.get(text)
        if found is None:
            found = digests[text] = digest_of(text)
        return found

    problems = [problem_of(a) for a in ordered]
    lines = Lines(
        np.fromiter((index.get(a.resource_id or "", -1) for a in ordered), np.int32, n),
        np.fromiter((a.raised_at.timestamp() for a in ordered), np.float64, n),
        np.fromiter((a.reported_at.timestamp() for a in ordered), np.float64, n),
        np.fromiter((a.cleared_at.timestamp() if a.cleared_at else np.nan for a in ordered), np.float64, n),
        np.fromiter((a.severity.rank for a in ordered), np.int8, n),
        np.fromiter((digest(f"{a.alarmed_object}\n{p}") for a, p in zip(ordered, problems, strict=True)), np.int64, n),
        np.fromiter((digest(f"{a.source_system}\n{a.alarmed_object}") for a in ordered), np.int64, n),
        np.fromiter((digest(a.source_system) for a in ordered), np.int64, n),
        np.fromiter((digest(p) for p in problems), np.int64, n),
        np.fromiter((digest_of(a.alarm_id) for a in ordered), np.int64, n),
    )
    return tuple(a.alarm_id for a in ordered), lines


def digest_of(text: str) -> int:
    """63 bits that stand for a text, the same in every process."""
    return int.from_bytes(blake2b(text.encode("utf-8"), digest_size=8).digest(), "big") >> 1
