"""Alarms against problems: with pain, without, unknown; problems without an alarm; how sure the shares are."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from cemcore.domain import Cause, ServiceProblem
from cemcore.pipeline.impact import reconciliation as room
from tests.route.folding.small_networks import NOON, alarm, network

TOPOLOGY = network(
    ("agg1", "c1", "uplink", "la"), ("r1", "agg1", "uplink", "l1"), ("r2", "agg1", "uplink", "l2"),
    ("r1", "s1", "locatedAt"), ("s1", "mains1", "poweredBy"), ("g1", "r1", "uplink"), ("cell1", "g1", "containedIn"),
    ("cell2", "r2", "containedIn"),
)  # fmt: skip
HOUR = 3600.0
UNTIL = NOON.timestamp() + 12 * HOUR


def seen(**changed: object) -> room.Seen:
    """Everything is used, and seen in every slot."""
    n = len(TOPOLOGY)
    slots = np.arange(int(NOON.timestamp()) - 12 * 3600, int(UNTIL), 900)
    whole = room.Seen(np.ones(n, np.bool_), np.zeros(n, np.int32), slots, np.ones((len(slots), 1), np.bool_), 900)
    return replace(whole, **changed)  # type: ignore[arg-type]


def problem(cause: str, begin: float = 0.0, end: float | None = 2 * HOUR, **more: object) -> ServiceProblem:
    """A problem from `begin` to `end` seconds after noon."""
    start = NOON + timedelta(seconds=begin)
    stop: datetime | None = None if end is None else NOON + timedelta(seconds=end)
    found = ServiceProblem(f"P-{cause}", 1, start, start, start, stop, (Cause("resource", cause),), ("web",), 0.9)
    return replace(found, **more)  # type: ignore[arg-type]


def verdicts(alarms: list, problems: list, where: room.Seen | None = None) -> dict[str, str]:
    found = room.reconcile(alarms, problems, TOPOLOGY, where or seen(), UNTIL)
    return {a.alarmed_object: j.verdict for a, j in zip(alarms, found, strict=True)}


def test_an_alarm_on_the_cause_below_it_and_close_above_it_is_with_pain() -> None:
    alarms = [alarm("r1", cleared=HOUR), alarm("cell1", 60, cleared=HOUR), alarm("s1", 30, cleared=HOUR)]
    found = room.reconcile(alarms, [problem("r1")], TOPOLOGY, seen(), UNTIL)
    assert [j.verdict for j in found] == ["with_pain"] * 3
    assert [j.problems for j in found] == [("P-r1",)] * 3
    assert len({j.why for j in found}) == 3


def test_an_alarm_elsewhere_far_above_or_at_another_time_is_without_pain() -> None:
    alarms = [
        alarm("cell2", 60, cleared=HOUR),
        alarm("agg1", 4 * HOUR, cleared=5 * HOUR),
        alarm("c1", 60, cleared=HOUR),
        alarm("r1", -9 * HOUR, cleared=-8 * HOUR),
    ]
    assert set(verdicts(alarms, [problem("cell1")]).values()) == {"without_pain"}


def test_what_stood_long_before_says_nothing_of_a_problem() -> None:
    assert verdicts([alarm("r1", -7 * HOUR)], [problem("r1")]) == {"r1": "without_pain"}
    assert verdicts([alarm("r1", -5 * HOUR)], [problem("r1")]) == {"r1": "with_pain"}


def test_an_alarm_that_a_problem_names_is_with_pain_wherever_it_is() -> None:
    named = alarm("cell2", 60)
    firmware = Cause("attribute", attributes=(("firmware", "1"),))
    held = problem("r1", causes=(firmware,), alarms=(named.alarm_id,))
    assert verdicts([named], [held]) == {"cell2": "with_pain"}


def test_a_tied_cause_counts_as_the_cause() -> None:
    tied = problem("r1", causes=(Cause("resource", "r1", tied_with=("l1",)),))
    assert verdicts([alarm("l1", 10)], [tied]) == {"l1": "with_pain"}


def test_nobody_there_nothing_seen_and_no_such_object_are_unknown() -> None:
    used = np.ones(len(TOPOLOGY), np.bool_)
    used[TOPOLOGY.index["cell2"]] = False
    assert verdicts([alarm("cell2")], [], seen(used=used)) == {"cell2": "unknown"}
    dark = seen(covered=np.zeros((len(seen().slots), 1), np.bool_))
    assert verdicts([alarm("r1", cleared=HOUR)], [], dark) == {"r1": "unknown"}
    assert verdicts([alarm("stranger")], []) == {"stranger": "unknown"}


def test_a_domain_that_was_seen_for_one_slot_of_the_alarm_is_not_blind() -> None:
    slots = seen().slots
    one = (slots == int(NOON.timestamp()) + 1800)[:, None]
    assert verdicts([alarm("r1", cleared=HOUR)], [], seen(covered=one)) == {"r1": "without_pain"}
    assert verdicts([alarm("r1", cleared=600)], [], seen(covered=one)) == {"r1": "unknown"}


def test_problems_without_an_alarm_are_silent_merged_ones_are_not() -> None:
    problems = [problem("r1"), problem("cell2", HOUR), problem("g1", merged_into="P-r1")]
    judged = room.reconcile([alarm("r1")], problems, TOPOLOGY, seen(), UNTIL)
    assert [p.problem_id for p in room.silent(problems, judged)] == ["P-cell2"]


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_intervals_are_those_of_newcombe_1998_table_i_method_3(hits: int, n: int, low: float, high: float) -> None:
    assert room.wilson(hits, n) == pytest.approx((low, high), abs=5e-5)


def test_nothing_seen_leaves_everything_open() -> None:
    assert room.wilson(0, 0) == (0.0, 1.0)
