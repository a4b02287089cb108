"""Distinguished names (TS 32.300), periods (ISO 8601) and what else a PM file writes as text."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

_RDN = re.compile(r"(?<!\\),")
_DURATION = re.compile(r"(-)?P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=1 << 18)
def join(left: str, right: str) -> str:
    """`left` and `right` as one distinguished name.

    RDNs that `right` repeats from the end of `left` are written once; a bare name (without `=`) at the end of `left`
    is left out where `right` starts with an RDN of that value, as one vendor writes it.
    """
    if not left or not right:
        return left or right
    a, b = _RDN.split(left), _RDN.split(right)
    for k in range(min(len(a), len(b)), 0, -1):
        if a[-k:] == b[:k]:
            return ",".join(a + b[k:])
    if "=" not in a[-1] and b[0].partition("=")[2] == a[-1]:
        a.pop()
    return ",".join(a + b)


@lru_cache(maxsize=1 << 12)
def duration_us(text: str | None) -> int:
    """Microseconds of an xs:duration of days down to seconds; ValueError for what is none, negative or empty."""
    found = _DURATION.fullmatch((text or "").strip())
    if found is None or not any(found.groups()[1:]):
        raise ValueError(
            f"granPeriod duration {text!r} is not a duration" if text else "granPeriod duration is missing"
        )
    if found[1]:
        raise ValueError(f"granPeriod duration {text!r} is negative")
    days, hours, minutes, seconds = (float(g or 0) for g in found.groups()[1:])
    total = round((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1e6)
    if total <= 0:
        raise ValueError(f"granPeriod duration {text!r} is nothing")
    return total


@lru_cache(maxsize=1 << 12)
def time_us(text: str | None, what: str) -> int:
    """Microseconds since the epoch of an xs:dateTime with offset; ValueError for what is none."""
    if not text:
        raise ValueError(f"{what} is missing")
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{what} {text!r} is not a time") from None
    if at.tzinfo is None:
        raise ValueError(f"{what} {text!r} has no time zone")
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
