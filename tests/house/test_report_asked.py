"""Times and periods as people write them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from cemcore.report.asked import parse_period, parse_time, span

_WARSAW = ZoneInfo("Europe/Warsaw")


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2025-11-08T14:15", "2025-11-08T13:15"),
        ("2025-07-08T14:15", "2025-07-08T12:15"),
        ("2025-11-08T14:15Z", "2025-11-08T14:15"),
        ("2025-11-08T14:15:00+05:00", "2025-11-08T09:15"),
        ("2025-11-08T14:15:00 05:00", "2025-11-08T09:15"),
        ("2025-11-08", "2025-11-07T23:00"),
        ("2025-11-08 14:15", "2025-11-08T13:15"),
    ],
)
def test_a_time_without_a_zone_is_the_operators_own(text: str, utc: str) -> None:
    assert parse_time(text, _WARSAW) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "yesterday", "2025-13-01", "14:15", "2025-11-08T25:00"])
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="such as 2025-11-08T14:15"):
        parse_time(text, _WARSAW)


def test_a_period_has_two_ends_in_order() -> None:
    first, last = parse_period("2025-11-08..2025-11-09T12:00Z", _WARSAW)
    assert (first.astimezone(UTC).hour, last.astimezone(UTC).hour) == (23, 12)


@pytest.mark.parametrize("text", ["2025-11-08", "..2025-11-08", "2025-11-08..", "2025-11-09..2025-11-08", "a..b"])
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"period|ISO 8601"):
        parse_period(text, _WARSAW)


def test_a_span_ends_now_and_is_a_day_long_where_nothing_is_said() -> None:
    now = datetime(2025, 11, 8, 12, tzinfo=UTC)
    assert span(None, None, now, _WARSAW) == (datetime(2025, 11, 7, 12, tzinfo=UTC), now)
    with pytest.raises(ValueError, match="not before"):
        span("2025-11-09", None, now, _WARSAW)
