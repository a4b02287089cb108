"""The daemon's small parts: pauses after failures, a clock for simulations, the lease."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cemcore.application.cem import Cem
from cemcore.daemon import Lease, SimulatedClock, working
from cemcore.daemon.backoff import LONGEST_S, Backoff
from cemcore.errors import CemError


class _Hand:
    """A clock that is moved by hand [s]."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_pauses_double_up_to_the_longest_and_a_success_ends_them() -> None:
    hand = _Hand()
    pause = Backoff(30, hand)
    assert pause.ready
    assert [pause.failed() for _ in range(7)] == [30, 60, 120, 240, 480, LONGEST_S, LONGEST_S]
    hand.now += LONGEST_S - 1
    assert not pause.ready
    hand.now += 1
    assert pause.ready
    pause.worked()
    assert pause.failed() == 30


def test_a_simulated_clock_stands_until_it_runs_and_then_runs_fast() -> None:
    hand, start = _Hand(), datetime(2025, 11, 8, tzinfo=UTC)
    clock = SimulatedClock(start, 90, hand)
    hand.now += 5
    assert clock() == start
    clock.run()
    hand.now += 10
    assert clock() == start + timedelta(minutes=15)


def test_a_simulated_clock_waits_at_its_limit_and_goes_on_from_there_at_its_pace() -> None:
    hand, start = _Hand(), datetime(2025, 11, 8, tzinfo=UTC)
    clock = SimulatedClock(start, 90, hand)
    clock.run()
    clock.limit = start + timedelta(minutes=10)
    hand.now += 20
    assert clock() == clock.limit
    clock.limit = start + timedelta(hours=1)
    assert clock() == start + timedelta(minutes=10)
    hand.now += 10
    assert clock() == start + timedelta(minutes=25)


def test_only_one_holds_the_lease_and_gives_it_back(cem: Cem) -> None:
    first, second = Lease(cem, "a"), Lease(cem, "b")
    assert first.claim()
    assert first.claim()
    assert not second.claim()
    assert second.other == "a"
    first.release()
    assert second.claim()
    second.release()


def test_the_lease_of_a_process_that_is_gone_runs_out(cem: Cem) -> None:
    assert Lease(cem, "gone", ttl_s=0.2).claim()
    heir = Lease(cem, "heir")
    assert not heir.claim()
    time.sleep(0.25)
    assert heir.claim()


def test_work_by_hand_is_refused_while_a_daemon_is_at_it(cem: Cem, folder: Path) -> None:
    assert Lease(cem, "daemon:1").claim()
    with pytest.raises(CemError, match="daemon:1"), working(cem):
        pass


def test_work_by_hand_gives_the_lease_back_even_when_it_fails(cem: Cem) -> None:
    with pytest.raises(ZeroDivisionError), working(cem):
        raise ZeroDivisionError
    assert Lease(cem, "next").claim()
