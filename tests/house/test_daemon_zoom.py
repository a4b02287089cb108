"""The daemon takes second looks after ticks, as the assessor only, and lets a tick go first."""

from __future__ import annotations

from cemcore.application.cem import Cem
from cemcore.daemon import Daemon


def _daemon(cem: Cem) -> Daemon:
    daemon = Daemon(cem)
    assert daemon.look_after_lease()
    return daemon


def test_nothing_is_looked_at_before_a_tick_brought_something(cem: Cem) -> None:
    daemon = _daemon(cem)
    assert not daemon.zoom()
    daemon.stop()


def test_after_a_tick_one_round_is_taken_and_then_no_other(cem: Cem) -> None:
    daemon = _daemon(cem)
    daemon.has_news()
    assert daemon.zoom()
    assert not daemon.zoom()
    daemon.stop()


def test_who_is_not_the_assessor_looks_at_nothing(cem: Cem) -> None:
    first, second = _daemon(cem), Daemon(cem, holder="another")
    assert not second.look_after_lease()
    second.has_news()
    assert not second.zoom()
    first.stop()
