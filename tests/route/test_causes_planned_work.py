"""Every way that planned work can stand to a problem: said, weighed, and never only a mute."""

from __future__ import annotations

from typing import Any

import pytest

from cemcore.domain import Evidence, PlannedWork
from cemcore.pipeline.localisation.causes.planned import declared
from tests.route.causes_scene import Operator, Trouble, at, work


@pytest.fixture(scope="module")
def station() -> Trouble:
    """GNB-1 and its link are bad for an hour."""
    return Operator().trouble("GNB-1", lambda cell, who: cell < 2)


def told(station: Trouble, w: PlannedWork, name: str = "GNB-1") -> tuple[Any, Evidence | None]:
    """The cause of that name, and what its evidence says of the work."""
    causes = station.rank(works=[w]).causes
    cause = next(c for c in causes if name in (c.name, *c.tied_with))
    return cause, next((e for e in cause.evidence if e.refers_to == w.work_id), None)


def test_inside_its_plan(station: Trouble) -> None:
    cause, line = told(station, work(["GNB-1"], -10, 120))
    assert (cause.name, cause.label, cause.work_id) == ("GNB-1", "planned_work", "CHG-1")
    assert line is not None
    assert "inside its plan" in line.text
    assert line.log_odds == 4
    assert cause.confidence > 0.9


def test_overrunning_its_plan(station: Trouble) -> None:
    cause, line = told(station, work(["GNB-1"], -40, 10, actual_end=at(55)))
    assert line is not None
    assert cause.label == "planned_work"
    assert "overrunning its plan" in line.text


def test_before_its_start(station: Trouble) -> None:
    cause, line = told(station, work(["GNB-1"], 10, 120))
    assert line is not None
    assert cause.label == "planned_work"
    assert "before its planned start" in line.text
    assert 0 < line.log_odds < 4


@pytest.mark.parametrize("impact", ["No customer impact expected", "Services at risk", "none"])
def test_outside_what_it_declared(station: Trouble, impact: str) -> None:
    cause, line = told(station, work(["GNB-1"], -10, 120, impact))
    assert line is not None
    assert cause.label == "planned_work"
    assert line.text.startswith("outside its declared scope")
    assert "while 20 are affected" in line.text
    assert impact in line.text


def test_outside_the_resources_that_it_declared(station: Trouble) -> None:
    """Work on CELL-11 alone, and all of GNB-1 is bad: it hangs together, and was not declared."""
    cause, line = told(station, work(["CELL-11"], -10, 120))
    assert line is not None
    assert cause.label == "planned_work"
    assert line.text.startswith("outside its declared scope")
    assert "CELL-11 only" in line.text
    assert 0 < line.log_odds < 2


def test_on_what_the_cause_hangs_on(station: Trouble) -> None:
    _, line = told(station, work(["AGG-3"], -10, 120))
    assert line is not None
    assert "AGG-3, which it hangs on" in line.text
    assert line.log_odds == 2


def test_unrelated_work_nearby_is_said_and_weighs_nothing(station: Trouble) -> None:
    cause, line = told(station, work(["LINK-8"], -10, 120))
    assert line is not None
    assert (cause.label, cause.work_id, line.log_odds) == ("fault", None, 0.0)
    assert "unrelated" in line.text


def test_work_far_away_or_at_another_time_is_not_mentioned(station: Trouble) -> None:
    assert told(station, work(["FAR-9"], -10, 120))[1] is None
    assert told(station, work(["GNB-1"], -900, -600, actual_end=at(-620)))[1] is None


@pytest.mark.parametrize("status", ["cancelled", "rejected"])
def test_work_that_nobody_does_counts_for_nothing(station: Trouble, status: str) -> None:
    cause, line = told(station, work(["GNB-1"], -10, 120, status=status))
    assert line is None
    assert cause.label == "fault"


def test_work_that_is_not_known_to_have_begun_counts_less(station: Trouble) -> None:
    begun = told(station, work(["GNB-1"], -10, 120))[1]
    planned = told(station, work(["GNB-1"], -10, 120, status="scheduled", actual_start=None))[1]
    assert begun is not None
    assert planned is not None
    assert 0 < planned.log_odds < begun.log_odds
    assert "not known to have begun" in planned.text


def test_a_change_shortly_before_counts_by_how_recent_it_is(station: Trouble) -> None:
    near = told(station, work(["GNB-1"], -100, -40, actual_end=at(-40)))
    far = told(station, work(["GNB-1"], -200, -100, actual_end=at(-100)))
    assert near[1] is not None
    assert far[1] is not None
    assert near[1].kind == far[1].kind == "change"
    assert near[1].log_odds > far[1].log_odds > 0
    assert (near[0].label, near[0].work_id) == ("fault", "CHG-1")


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("No customer impact expected; restart of some minutes", "none"),
        ("None", "none"),
        ("Redundancy reduced", "at risk"),
        ("Interruption of all lines for up to 60 minutes", "impact"),
        ("", ""),
    ],
)
def test_what_a_work_declares_is_read_from_its_words(text: str, means: str) -> None:
    assert declared(work(["GNB-1"], 0, 1, text)) == means
