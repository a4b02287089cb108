"""Distinguished names, periods and times as performance files write them (TS 32.300, ISO 8601)."""

import pytest

from collectors import pm_dn


@pytest.mark.parametrize(
    ("left", "right", "whole"),
    [
        ("", "", ""),
        ("DC=x", "", "DC=x"),
        ("", "ManagedElement=1", "ManagedElement=1"),
        ("DC=x,SubNetwork=1", "ManagedElement=1", "DC=x,SubNetwork=1,ManagedElement=1"),
        ("SubNetwork=1,ManagedElement=g", "ManagedElement=g,Cell=3", "SubNetwork=1,ManagedElement=g,Cell=3"),
        (
            "SubNetwork=1,ManagedElement=g",
            "ManagedElement=h,Cell=3",
            "SubNetwork=1,ManagedElement=g,ManagedElement=h,Cell=3",
        ),
        ("DC=x,A=1,B=2", "A=1,B=2,C=3", "DC=x,A=1,B=2,C=3"),
        ("SubNetwork=G3,seli87", "ManagedElement=seli87,Cell=3", "SubNetwork=G3,ManagedElement=seli87,Cell=3"),
        ("seli87", "ManagedElement=seli87,Cell=3", "ManagedElement=seli87,Cell=3"),
        ("Dublin1", "objLdn", "Dublin1,objLdn"),
        (r"A=x\,y", "B=1", r"A=x\,y,B=1"),
        (r"A=1,B=x\,C=2", "C=2,D=3", r"A=1,B=x\,C=2,C=2,D=3"),
        ("A=1,B=2", "A=1,B=2", "A=1,B=2"),
    ],
)
def test_parts_are_joined_without_repeating_what_both_name(left, right, whole):
    assert pm_dn.join(left, right) == whole


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("PT900S", 900), ("PT15M", 900), ("PT1H", 3600), ("P1D", 86400), ("P1DT1H1M1.5S", 90061.5), (" PT5M ", 300)],
)
def test_durations(text, seconds):
    assert pm_dn.duration_us(text) == seconds * 1e6


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "missing"),
        ("", "missing"),
        ("900", "not a duration"),
        ("P", "not a duration"),
        ("PT", "not a duration"),
        ("P1M", "not a duration"),
        ("-PT900S", "negative"),
        ("PT0S", "nothing"),
    ],
)
def test_what_is_no_period_says_so(text, reason):
    with pytest.raises(ValueError, match=reason):
        pm_dn.duration_us(text)


def test_times_carry_an_offset():
    assert pm_dn.time_us("2000-03-01T14:14:30+02:00", "t") == 951_912_870_000_000
    assert pm_dn.time_us("2000-03-01T12:14:30Z", "t") == 951_912_870_000_000


@pytest.mark.parametrize(
    ("text", "reason"),
    [(None, "t is missing"), ("noon", "is not a time"), ("2000-03-01T14:14:30", "has no time zone")],
)
def test_what_is_no_time_says_so(text, reason):
    with pytest.raises(ValueError, match=reason):
        pm_dn.time_us(text, "t")
