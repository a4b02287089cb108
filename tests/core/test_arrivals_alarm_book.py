"""An alarm's lines fold into one alarm: raise, change, clear, late lines, raised again."""

from datetime import UTC, datetime, timedelta

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from cemcore.application.arrivals import AlarmBook
from cemcore.domain import Feed, Severity
from cemcore.frames import conform

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def line(state: str, changed: float, severity: str = "major", raised: float = 0, **more) -> dict:
    base = {
        "alarm_id": "A1", "alarmed_object": "ManagedElement=N1", "state": state, "severity": severity,
        "alarm_type": "equipmentAlarm", "raised_at": at(raised), "reported_at": at(changed), "changed_at": at(changed),
        "cleared_at": at(changed - 0.5) if state == "cleared" else None,
    }  # fmt: skip
    return {**base, **more}


def lines(*rows: dict) -> pd.DataFrame:
    held, rejected = conform(Feed.ALARMS, pd.DataFrame(list(rows)))
    assert rejected.empty
    return held.assign(resource_id=pd.Series(["N1"] * len(held), dtype="str"))


def book(*rows: dict) -> AlarmBook:
    made = AlarmBook()
    made.update(lines(*rows))
    return made


def standing(made: AlarmBook, minutes: float = 60):
    return [a for a in made.standing(int(at(minutes).timestamp())) if a.standing]


def test_a_raised_alarm_stands_with_what_was_said_of_it():
    (alarm,) = standing(book(line("raised", 1)))
    assert (alarm.alarm_id, alarm.severity, alarm.resource_id) == ("A1", Severity.MAJOR, "N1")
    assert (alarm.raised_at, alarm.reported_at, alarm.cleared_at) == (at(0), at(1), None)


def test_a_change_keeps_when_it_was_raised_and_first_reported():
    (alarm,) = standing(book(line("raised", 1), line("updated", 9, "critical", raised=8)))
    assert alarm.severity is Severity.CRITICAL
    assert (alarm.raised_at, alarm.reported_at) == (at(0), at(1))


def test_a_cleared_alarm_no_longer_stands_and_keeps_the_severity_that_it_had():
    made = book(line("raised", 1, "critical"), line("cleared", 30, "cleared"))
    assert standing(made) == []
    (alarm,) = made.standing(int(at(60).timestamp()))
    assert (alarm.severity, alarm.cleared_at) == (Severity.CRITICAL, at(29.5))


def test_a_cleared_alarm_is_let_go_a_day_later():
    made = book(line("raised", 1), line("cleared", 30, "cleared"))
    assert len(made.standing(int(at(60 * 24).timestamp()))) == 1
    assert made.standing(int(at(60 * 24 + 31).timestamp())) == ()


def test_the_same_id_raised_again_is_a_new_life():
    made = book(line("raised", 1), line("cleared", 30, "cleared"), line("raised", 45, "minor", raised=44))
    (alarm,) = standing(made)
    assert (alarm.raised_at, alarm.reported_at, alarm.severity) == (at(44), at(45), Severity.MINOR)


def test_a_line_that_was_overtaken_by_the_clear_does_not_raise_the_alarm_again():
    made = book(line("cleared", 30, "cleared"), line("raised", 1), line("updated", 10, "critical"))
    assert standing(made) == []
    assert len(made.drain()) == 1


def test_a_comment_on_a_cleared_alarm_does_not_raise_it_again():
    made = book(line("raised", 1), line("cleared", 30, "cleared"), line("updated", 35))
    assert standing(made) == []


def test_a_second_clear_does_not_move_the_first():
    made = book(line("raised", 1), line("cleared", 30, "cleared"), line("cleared", 50, "cleared"))
    (alarm,) = made.standing(int(at(60).timestamp()))
    assert alarm.cleared_at == at(29.5)


def test_a_clear_without_its_time_takes_the_time_of_its_line():
    made = book(line("raised", 1), line("cleared", 30, "cleared", cleared_at=None))
    (alarm,) = made.standing(int(at(60).timestamp()))
    assert alarm.cleared_at == at(30)


def test_a_late_line_of_an_alarm_long_gone_is_not_taken_for_a_new_one():
    made = book(line("raised", 1), line("cleared", 30, "cleared"))
    assert made.standing(int(at(60 * 30).timestamp())) == ()
    made.update(lines(line("updated", 10)))
    assert made.standing(int(at(60 * 30).timestamp())) == ()


def test_a_drain_hands_out_each_changed_alarm_once_as_it_is_now():
    made = book(line("raised", 1), line("updated", 5, "critical"), line("raised", 6, alarm_id="A2"))
    assert [(a.alarm_id, a.severity) for a in made.drain()] == [("A1", Severity.CRITICAL), ("A2", Severity.MAJOR)]
    assert made.drain() == []


history = st.lists(
    st.tuples(st.sampled_from(["raised", "updated", "cleared"]), st.sampled_from(["A1", "A2"])), min_size=1, max_size=10
)


@given(history, st.integers(0, 10))
@settings(max_examples=40, deadline=None)
def test_it_does_not_matter_how_lines_are_cut_into_deliveries(events, cut):
    rows = [line(s, n + 1, raised=n, alarm_id=a) for n, (s, a) in enumerate(events)]
    whole = book(*rows)
    parts = AlarmBook()
    for part in (rows[:cut], rows[cut:]):
        if part:
            parts.update(lines(*part))
    assert parts.standing(int(at(60).timestamp())) == whole.standing(int(at(60).timestamp()))


@given(history)
@settings(max_examples=40, deadline=None)
def test_an_alarm_stands_exactly_where_its_last_word_was_not_a_clear(events):
    made = book(*(line(s, n + 1, raised=n, alarm_id=a) for n, (s, a) in enumerate(events)))
    last = {a: s for s, a in events}
    assert {a.alarm_id for a in standing(made)} == {a for a, s in last.items() if s != "cleared"}
