"""Weights of evidence as of a time: from the verdicts given by then, and from nothing that came later."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cemcore.application.cem import Cem
from cemcore.application.weighing import Weigher
from cemcore.domain import Cause, Evidence, ServiceProblem
from cemcore.pipeline.localisation.causes import STATED
from cemcore.settings import Settings, shipped

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Clock:
    """A clock that a test sets."""

    now = NOON

    def __call__(self) -> datetime:
        return self.now


def problem(number: int, revision: int = 1, known: datetime = NOON) -> ServiceProblem:
    """AGG has a standing alarm, LINK explains somewhat more records."""
    records = Evidence("records", "41 of 50", 8.0, "", 8.0)
    link = Cause("resource", "LINK", evidence=(records,))
    agg = Cause("resource", "AGG", evidence=(replace(records, amount=5.0), Evidence("alarm", "down", 3.0, "A", 1.0)))
    return ServiceProblem(f"P-{number}", revision, known, NOON - HOUR, NOON, None, (link, agg), ("web",), 0.5)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cem(tmp_path: Path, clock: Clock) -> Cem:
    (tmp_path / "services.toml").write_text(shipped("services.toml").read_text())
    (tmp_path / "cem.toml").write_text('[operator]\nname = "Lechistan"\n')
    opened = Cem.open(Settings.load(tmp_path / "cem.toml"), clock=clock)
    with opened.house.ledger.begin() as tx:
        for n in range(12):
            tx.put_problem(problem(n), None)
    return opened


def resolve(cem: Cem, clock: Clock, number: int, minutes: float, cause: str = "AGG") -> None:
    clock.now = NOON + timedelta(minutes=minutes)
    cem.settle(f"P-{number}", "resolve", "ann", cause=cause)


def seconds(minutes: float) -> int:
    return int((NOON + timedelta(minutes=minutes)).timestamp())


def test_as_stated_until_somebody_says_what_it_was(cem: Cem, clock: Clock) -> None:
    weigher = Weigher(cem.house.ledger)
    weigher.refresh()
    assert weigher.at(seconds(600)) == STATED
    cem.settle("P-1", "ack", "ann")
    cem.settle("P-2", "resolve", "ann", note="went away")
    weigher.refresh()
    assert weigher.at(seconds(600)).values == STATED.values


def test_a_tick_uses_what_was_said_by_its_known_time_whenever_it_is_walked(cem: Cem, clock: Clock) -> None:
    weigher = Weigher(cem.house.ledger)
    seen = []
    for n in range(8):
        resolve(cem, clock, n, 10.0 * n + 5)
        weigher.refresh()
        seen.append(weigher.at(seconds(10 * n + 6)))
    again = Weigher(cem.house.ledger)
    again.refresh()
    assert [again.at(seconds(10 * n + 6)) for n in range(8)] == seen
    assert again.at(seconds(4)) == STATED
    alarms = [w.of("alarm") for w in seen]
    assert alarms == sorted(alarms)
    assert alarms[0] > STATED.of("alarm")
    assert [w.problems for w in seen] == list(range(1, 9))


def test_revisions_of_ticks_that_were_caught_up_on_later_change_no_weight(cem: Cem, clock: Clock) -> None:
    """The daemon was down when the verdict was given; its later ticks are known earlier than that."""
    resolve(cem, clock, 0, 60)
    weigher = Weigher(cem.house.ledger)
    weigher.refresh()
    before = weigher.at(seconds(61))
    late = replace(problem(0, 3, NOON + timedelta(minutes=30)), causes=problem(0).causes[:1], change="grew")
    with cem.house.ledger.begin() as tx:
        tx.put_problem(late, None)
    weigher = Weigher(cem.house.ledger)
    weigher.refresh()
    assert weigher.at(seconds(61)) == before


def test_the_latest_verdict_of_a_problem_counts(cem: Cem, clock: Clock) -> None:
    resolve(cem, clock, 0, 5, "LINK")
    resolve(cem, clock, 0, 9, "AGG")
    resolve(cem, clock, 1, 9, "AGG")
    assert cem.evidence(NOON + timedelta(minutes=6)).problems == 1
    view = cem.evidence()
    assert view.problems == 2
    alarm = next(w for w in view.weights if w.kind == "alarm")
    assert alarm.low < alarm.stated < alarm.learned < alarm.high
    assert alarm.problems == 2


def test_a_rejected_problem_says_that_none_of_its_causes_was_it(cem: Cem, clock: Clock) -> None:
    clock.now = NOON + HOUR
    cem.settle("P-3", "reject", "ann")
    unknown = next(w for w in cem.evidence().weights if w.kind == "unknown")
    assert unknown.learned > unknown.stated
