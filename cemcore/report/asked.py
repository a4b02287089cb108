"""What people and tools ask with: times, periods. One reading of them for CLI and REST."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, tzinfo

_SPAN = re.compile(r"(\d+(?:\.\d+)?)([dh])")
_LOST_PLUS = re.compile(r" (\d{2}:?\d{2})$")


def parse_time(text: str, zone: tzinfo) -> datetime:
    """An ISO 8601 time or date; without a zone it is meant in `zone`. ValueError says what is wanted.

    A blank before an offset is read as the plus sign that it was before somebody forgot to escape it in a URL.
    """
    repaired = _LOST_PLUS.sub(r"+\1", text.strip()) if "T" in text else text.strip()
    try:
        at = datetime.fromisoformat(repaired)
    except ValueError:
        raise ValueError(f"{text!r} is no ISO 8601 time (such as 2025-11-08T14:15 or 2025-11-08T13:15:00Z)") from None
    return at if at.tzinfo is not None else at.replace(tzinfo=zone)


def parse_span(text: str) -> timedelta:
    """A length of time: `14d`, `36h`, `0.5d`, up to a year. ValueError says what is wanted."""
    found = _SPAN.fullmatch(text.strip())
    length = timedelta() if found is None else timedelta(hours=float(found[1]) * (24 if found[2] == "d" else 1))
    if not timedelta() < length <= timedelta(days=366):
        raise ValueError(f"{text!r} is no span (such as 14d or 36h, at most 366d)")
    return length


def parse_period(text: str, zone: tzinfo) -> tuple[datetime, datetime]:
    """`A..B`, both as `parse_time` reads them; A must be before B."""
    first, dots, last = text.partition("..")
    if not dots or not first or not last:
        raise ValueError(
            f"{text!r} is no period (such as 2025-11-08..2025-11-09, or 2025-11-08T14:15..2025-11-08T18:00)"
        )
    period = parse_time(first, zone), parse_time(last, zone)
    if period[0] >= period[1]:
        raise ValueError(f"{text!r}: a period begins before it ends")
    return period


def span(
    start: str | None, end: str | None, now: datetime, zone: tzinfo, hours: float = 24
) -> tuple[datetime, datetime]:
    """[start, end) where either may be left out: up to now, and `hours` back from the end."""
    until = now if end is None else parse_time(end, zone)
    since = until - timedelta(hours=hours) if start is None else parse_time(start, zone)
    if since >= until:
        raise ValueError(f"{since.isoformat()} is not before {until.isoformat()}")
    return since, until
