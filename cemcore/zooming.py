"""Words of the zoom: what is asked for in detail, and what a second look found.

They stand apart from `cemcore.domain` because models (examiners) and collectors (sources of detail) both speak them;
they hold plain values only. Times are timezone-aware UTC.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

SCORE = "score"
"""The measure that is the experience score itself; any other is the name of a KQI."""


class Level(StrEnum):
    """What a series is of: one subject on a service, or all subjects of an access resource on a service."""

    SUBJECT = "subject"
    RESOURCE = "resource"


class Look(StrEnum):
    """What a second look says of a degradation."""

    CONFIRMED = "confirmed"
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"
    UNCLEAR = "unclear"


class DetailState(StrEnum):
    """Life of a request for detail. Every one ends in one of the last three."""

    OPEN = "open"
    SERVED = "served"
    EXPIRED = "expired"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class DetailRequest:
    """A bounded question about one series: was it as bad in [begin, end) as tier 1 said?

    `level` and `key` say whose series of `service` it is, `measure` which of its columns (`score` or a KQI); `worse` is
    -1 where low values are bad and +1 where high ones are. `depth` is the claim, (requirement - score) / requirement
    over the window, `requirement` the profile's (both NaN where there is none). After `expires_at` nobody serves it;
    `rows` bounds what a source may send.

    """

    request_id: str
    problem_id: str
    service: str
    level: Level
    key: str
    measure: str
    worse: int
    begin: datetime
    end: datetime
    requested_at: datetime
    expires_at: datetime
    depth: float = float("nan")
    requirement: float = float("nan")
    rows: int = 10_000
    reason: str = ""

    def __post_init__(self) -> None:
        if self.end <= self.begin:
            raise ValueError(f"a request's window ends ({self.end}) before it begins ({self.begin})")
        if self.worse not in (-1, 1):
            raise ValueError(f"worse is -1 or 1, not {self.worse}")

    @property
    def series(self) -> str:
        """Whose series it is, in words."""
        return f"{self.key} {self.service} {self.measure}"


@dataclass(frozen=True, slots=True)
class DetailEntry:
    """A request as the ledger holds it: its state, since when, who answered, how many rows, and why."""

    request: DetailRequest
    state: DetailState
    changed_at: datetime
    served_by: str = ""
    rows: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one examiner (or all together: `examiner = "all"`) says of one request.

    `p_value`: chance that a window of this series is this bad by itself; `statistic`: mean deviation of the window in
    spreads of its own usual windows, above zero = worse. `expected`, `spread` and `observed` are in the measure's unit.
    `begin` and `depth` repeat the claim, or correct it where the verdict is corrected; `series` says in words whose it
    is. NaN = not known.

    """

    request_id: str
    problem_id: str
    examiner: str
    verdict: Look
    reason: tuple[str, ...]
    begin: datetime
    end: datetime
    found_at: datetime
    p_value: float = float("nan")
    statistic: float = float("nan")
    expected: float = float("nan")
    spread: float = float("nan")
    observed: float = float("nan")
    depth: float = float("nan")
    series: str = ""

    @property
    def abnormal(self) -> bool:
        """Whether the degradation stands, as claimed or corrected."""
        return self.verdict in (Look.CONFIRMED, Look.CORRECTED)


def request_key(problem_id: str, service: str, level: str, key: str, measure: str, begin: datetime, slots: int) -> str:
    """The id of a request. A series is asked about anew each time that its window of `slots` slots has doubled."""
    again = max(slots, 1).bit_length()
    text = "\0".join((problem_id, service, level, key, measure, begin.isoformat(), str(again)))
    return "Z-" + hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
