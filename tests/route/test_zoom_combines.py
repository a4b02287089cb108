"""Several examiners in one finding, findings in a problem's evidence: pure rules, worked by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cemcore.domain import Cause, Evidence, ServiceProblem
from cemcore.pipeline.zooming import POWER, attach, carried, combine, majority, revise, summary
from cemcore.zooming import DetailRequest, Finding, Level, Look

T = datetime(2026, 3, 2, 12, tzinfo=UTC)
LEVEL = 0.01


def _request(key: str = "S-1") -> DetailRequest:
    window = (T, T + timedelta(hours=1), T + timedelta(hours=2), T + timedelta(hours=3))
    return DetailRequest("Z-" + key, "P-1", "web", Level.SUBJECT, key, "score", -1, *window)


def _finding(verdict: Look, p: float, examiner: str = "stl", begin: datetime = T, key: str = "S-1") -> Finding:
    end = T + timedelta(hours=1)
    figures = (p, 5.0, 87.2, 3.1, 61.0)
    return Finding("Z-" + key, "P-1", examiner, verdict, ("because",), begin, end, end, *figures)


def _problem(confidence: float = 0.9) -> ServiceProblem:
    cause = Cause("resource", "R-1", evidence=(Evidence("scan", "12 of 14", 9.0),))
    return ServiceProblem("P-1", 4, T, T, T, None, (cause,), ("web",), confidence)


def test_one_examiner_alone_is_believed_at_its_word() -> None:
    assert majority([0.02]) == 0.02


def test_of_three_the_second_smallest_chance_counts_once_and_a_half() -> None:
    assert majority([1e-9, 0.004, 0.7]) == pytest.approx(0.006)


@given(st.integers(1, 6), st.floats(0, 1))
def test_the_majority_rule_holds_its_level_when_all_examiners_say_the_same(k: int, p: float) -> None:
    assert majority([p] * k) >= min(1.0, p)


def test_the_majority_rule_holds_its_level_for_examiners_that_know_nothing_of_each_other() -> None:
    chances = np.random.default_rng(1).random((4000, 3))
    rate = np.mean([majority(list(row)) <= 0.1 for row in chances])
    assert rate <= 0.1 + 3 * math.sqrt(0.09 / 4000)


def test_two_of_three_carry_a_confirmation() -> None:
    said = [_finding(Look.CONFIRMED, 1e-5), _finding(Look.CONFIRMED, 2e-4, "b"), _finding(Look.WITHDRAWN, 0.4, "c")]
    both = combine(_request(), said, LEVEL)
    assert both.verdict is Look.CONFIRMED
    assert both.reason[0].startswith("2 of 3 examiners")
    assert both.p_value == pytest.approx(3e-4)


def test_one_of_three_does_not() -> None:
    said = [_finding(Look.CONFIRMED, 1e-9), _finding(Look.WITHDRAWN, 0.3, "b"), _finding(Look.WITHDRAWN, 0.4, "c")]
    assert combine(_request(), said, LEVEL).verdict is Look.WITHDRAWN


def test_an_examiner_that_can_not_say_has_no_vote_but_is_heard() -> None:
    silent = replace(_finding(Look.UNCLEAR, math.nan, "c"), reason=("too little history",))
    both = combine(_request(), [_finding(Look.CONFIRMED, 1e-5), silent], LEVEL)
    assert both.verdict is Look.CONFIRMED
    assert "c: too little history" in both.reason


def test_when_none_can_say_it_is_unclear_with_every_reason() -> None:
    silent = [replace(_finding(Look.UNCLEAR, math.nan, n), reason=("too little history",)) for n in ("a", "b")]
    both = combine(_request(), silent, LEVEL)
    assert both.verdict is Look.UNCLEAR
    assert both.reason == ("a: too little history", "b: too little history")


def test_the_onset_is_the_middle_one_of_those_that_found_it_abnormal() -> None:
    early = [T - timedelta(hours=h) for h in (0, 1, 2)]
    said = [_finding(Look.CORRECTED, 1e-6, str(i), begin) for i, begin in enumerate(early)]
    both = combine(_request(), said, LEVEL)
    assert both.verdict is Look.CORRECTED
    assert both.begin == T - timedelta(hours=1)


def test_a_confirmation_speaks_by_its_likelihood_ratio() -> None:
    line = summary([(_request(), _finding(Look.CONFIRMED, 1e-6))], LEVEL)
    assert line.log_odds == pytest.approx(math.log(POWER / LEVEL), abs=1e-3)
    assert "expected 87.2 ± 3.1, saw 61" in line.text


def test_where_everything_is_withdrawn_the_problem_stays_open_is_less_sure_and_says_so() -> None:
    looks = [(_request(k), _finding(Look.WITHDRAWN, 0.4, key=k)) for k in ("S-1", "S-2")]
    after = revise(_problem(), looks, LEVEL)
    assert after is not None
    assert after.revision == 5
    assert after.status is _problem().status
    assert after.end is None
    # odds of 9 times the chance of missing a true degradation over that of passing a usual window
    assert after.confidence == pytest.approx(1 / (1 + 1 / (9 * 0.2 / 0.99)), abs=1e-3)
    assert "no series that was looked at bears it out" in after.change


def test_one_confirmation_among_withdrawals_does_not_lower_the_confidence() -> None:
    looks = [(_request("S-1"), _finding(Look.CONFIRMED, 1e-6))]
    looks += [(_request(f"S-{i}"), _finding(Look.WITHDRAWN, 0.4, key=f"S-{i}")) for i in range(2, 12)]
    after = revise(_problem(), looks, LEVEL)
    assert after is not None
    assert after.confidence == 0.9


def test_the_same_looks_say_nothing_new() -> None:
    looks = [(_request(), _finding(Look.WITHDRAWN, 0.4))]
    after = revise(_problem(), looks, LEVEL)
    assert after is not None
    assert revise(after, looks, LEVEL) is None


def test_a_later_confirmation_takes_an_earlier_withdrawal_back() -> None:
    doubted = revise(_problem(), [(_request(), _finding(Look.WITHDRAWN, 0.4))], LEVEL)
    assert doubted is not None
    again = revise(doubted, [(_request(), _finding(Look.CONFIRMED, 1e-6))], LEVEL)
    assert again is not None
    assert again.confidence == pytest.approx(0.9, abs=1e-3)
    assert [e.kind for e in again.causes[0].evidence] == ["scan", "zoom"]


def test_what_the_zoom_found_outlives_the_next_revision_of_the_corridor() -> None:
    doubted = revise(_problem(), [(_request(), _finding(Look.WITHDRAWN, 0.4))], LEVEL)
    assert doubted is not None
    fresh = replace(_problem(0.95), revision=6, change="grew")
    kept = carried(doubted, fresh)
    assert [e.kind for e in kept.causes[0].evidence] == ["scan", "zoom"]
    assert kept.confidence < 0.95
    assert carried(doubted, kept) == kept
    assert carried(_problem(), fresh) == fresh
    assert attach(replace(fresh, causes=()), kept.causes[0].evidence[-1]).causes == ()
