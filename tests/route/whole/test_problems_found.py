from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from cemcore import Cem
from cemcore.application.evaluate import judge, predicted
from cemcore.domain import ServiceProblem


def _survivor(every: dict[str, ServiceProblem], problem_id: str) -> str:
    """The problem that one lives on in; itself where it was not merged."""
    into = every[problem_id].merged_into
    return problem_id if into is None else _survivor(every, into)


def test_planted_troubles_are_found_with_cause_and_customers_and_none_before_learning_ended(
    operator: Path, assessed: Path, opened: Callable[[Path], Cem]
) -> None:
    scores = judge(operator, predicted(opened(assessed)))

    assert scores is not None
    figures = scores.document()
    assert figures["incidents"]["recall"] >= 0.7
    assert figures["incidents"]["precision"] >= 0.6
    assert figures["root_cause"]["top1"] >= 0.7
    assert figures["affected_pairs"]["macro_matched"]["f1"] >= 0.6
    assert figures["incidents"]["before_training_end"] == 0
    assert figures["data_gap_false_alarms"] == 0


def test_a_bad_minute_belongs_to_one_problem_or_to_none(assessed: Path, opened: Callable[[Path], Cem]) -> None:
    cem = opened(assessed)
    minutes = cem.house.archive.read(cem.house.ledger.files("attribution"))
    held = minutes[minutes["problem_id"].notna()].groupby(["slot", "service", "subject_id"], observed=True)

    assert held.ngroups > 100
    assert held["problem_id"].nunique().max() == 1
    assert held["bad_minutes"].sum().max() <= cem.house.settings.operator.slot_minutes + 1e-3


def test_what_problems_are_said_to_have_cost_is_what_is_attributed_to_them(
    assessed: Path, opened: Callable[[Path], Cem]
) -> None:
    cem = opened(assessed)
    every = {v.problem.problem_id: v.problem for v in cem.problems()}
    minutes = cem.house.archive.read(cem.house.ledger.files("attribution"))
    for view in cem.problems():
        known = minutes[minutes["recorded_at"] <= view.problem.known_at]
        told = known.groupby(["slot", "service", "subject_id"], observed=True)["tick"].transform("max")
        parts = [i for i, p in every.items() if _survivor(every, p.problem_id) == view.problem.problem_id]
        mine = known[(known["tick"] == told) & known["problem_id"].isin(parts)]

        if view.problem.merged_into is None:
            assert view.impact.total.bad_minutes == pytest.approx(mine["bad_minutes"].sum(), rel=1e-4, abs=1e-3)


def test_the_impact_report_adds_up_over_segments_and_services(assessed: Path, opened: Callable[[Path], Cem]) -> None:
    views = opened(assessed).problems()

    assert views
    for view in views:
        total = view.impact.total
        for lines in (view.impact.by_segment, view.impact.by_service):
            assert sum(line.bad_minutes for line in lines) == pd.Series([total.bad_minutes]).round(6)[0] or abs(
                sum(line.bad_minutes for line in lines) - total.bad_minutes
            ) < 1e-3 * max(1.0, total.bad_minutes)
        assert sum(line.affected_users for line in view.impact.by_segment) == total.affected_users
        assert sum(line.affected_things for line in view.impact.by_segment) == total.affected_things


def test_problems_are_ranked_by_what_customers_lost(assessed: Path, opened: Callable[[Path], Cem]) -> None:
    lost = [v.impact.total.depth_minutes for v in opened(assessed).problems()]

    assert lost == sorted(lost, reverse=True)
    assert lost[0] > 0


def test_as_of_a_time_only_what_was_said_by_then_is_known(assessed: Path, opened: Callable[[Path], Cem]) -> None:
    cem = opened(assessed)
    last = max((v.problem for v in cem.problems()), key=lambda p: p.detected_at)
    earlier = cem.problems(as_of=last.detected_at.replace(microsecond=0) - pd.Timedelta("1min").to_pytimedelta())

    assert last.problem_id not in {v.problem.problem_id for v in earlier}
    assert all(v.problem.known_at < last.detected_at for v in earlier)


def test_every_measurement_that_can_be_joined_is_and_the_rest_is_listed(
    operator: Path, assessed: Path, opened: Callable[[Path], Cem]
) -> None:
    health = opened(assessed).health()
    pm = next(f for f in health.feeds if f.source == "pm")

    assert pm.joined_share is not None
    assert pm.joined_share >= 0.995
    assert sum(pm.unjoined.values()) == pm.counts.get("unjoined", 0)
    assert pm.counts["quarantined"] == sum(pm.reasons.values()) > 0
    assert json.loads((operator / "operator.json").read_text())["coverage_domains"]
