"""Habits follow the local clock: daylight saving, half-hour zones, holidays."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from cemcore.application.gather import local
from cemcore.settings import Operator

BERLIN = Operator(timezone="Europe/Berlin", holidays=(date(2026, 12, 25),))


def hour_of(text: str, operator: Operator = BERLIN) -> tuple[int, int]:
    return local(int(datetime.fromisoformat(text).timestamp()), operator)


@pytest.mark.parametrize(
    ("utc", "hour", "day"),
    [
        ("2026-03-28T19:00:00Z", 20, 5),
        ("2026-03-29T00:45:00Z", 1, 6),
        ("2026-03-29T01:00:00Z", 3, 6),  # the clock goes forward: no hour 2 on that Sunday
        ("2026-03-29T18:00:00Z", 20, 6),
        ("2026-10-25T00:00:00Z", 2, 6),
        ("2026-10-25T01:00:00Z", 2, 6),  # and back: hour 2 comes twice
        ("2026-10-25T02:00:00Z", 3, 6),
        ("2026-10-26T19:00:00Z", 20, 0),
    ],
)
def test_the_evening_stays_the_evening_when_the_clock_changes(utc: str, hour: int, day: int) -> None:
    assert hour_of(utc) == (hour, day)


def test_a_holiday_counts_as_a_sunday_by_the_local_date() -> None:
    assert hour_of("2026-12-24T23:30:00Z") == (0, 6)
    assert hour_of("2026-12-24T22:30:00Z") == (23, 3)
    assert hour_of("2026-12-25T23:00:00Z") == (0, 5)


def test_a_zone_of_half_an_hour_changes_hours_within_one_of_utc() -> None:
    kolkata = Operator(timezone="Asia/Kolkata")
    assert hour_of("2026-11-02T00:15:00Z", kolkata) == (5, 0)
    assert hour_of("2026-11-02T00:30:00Z", kolkata) == (6, 0)
