"""Lists that don't jump: problems stand by what customers lost, and equals by their id."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from cemcore.domain import Impact, ImpactLine, ServiceProblem
from cemcore.report import rank
from cemcore.views import ProblemView

_T = datetime(2025, 11, 8, 13, 15, tzinfo=UTC)


def _view(number: int, depth: float, bad: float, users: int) -> ProblemView:
    p = ServiceProblem(f"P-{number:03d}", 1, _T, _T, _T, None, (), ("voice",), 0.9)
    line = ImpactLine("total", affected_users=users, bad_minutes=bad, depth_minutes=depth)
    return ProblemView(p, Impact(line))


_losses = st.lists(st.tuples(st.sampled_from([0.0, 1.5, 9.0]), st.sampled_from([0.0, 3.0]), st.integers(0, 2)))


@given(_losses, st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_the_order_it_came_in(
    losses: list[tuple[float, float, int]], random: object
) -> None:
    views = [_view(i, *loss) for i, loss in enumerate(losses)]
    shuffled = list(views)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert rank(shuffled) == rank(views)


@given(_losses)
def test_nobody_stands_before_a_worse_one(losses: list[tuple[float, float, int]]) -> None:
    ranked = [v.impact.total for v in rank(_view(i, *loss) for i, loss in enumerate(losses))]
    keys = [(t.depth_minutes, t.bad_minutes, t.affected_users) for t in ranked]
    assert keys == sorted(keys, reverse=True)


def test_what_was_merged_into_another_is_not_listed_beside_it() -> None:
    part = _view(1, 9, 9, 9)
    merged = ProblemView(replace(part.problem, merged_into="P-002"), part.impact)
    assert [v.problem.problem_id for v in rank([merged, _view(2, 1, 1, 1)])] == ["P-002"]


def test_equals_stand_by_their_id() -> None:
    ranked = rank([_view(3, 1, 1, 1), _view(1, 1, 1, 1), _view(2, 1, 1, 1)])
    assert [v.problem.problem_id for v in ranked] == ["P-001", "P-002", "P-003"]
