"""Lists do not jump: noise in what customers lost leaves the order alone, a real change does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from cemcore.domain import Impact, ImpactLine, ServiceProblem
from cemcore.report.rank import STEP, rank, standing
from cemcore.views import ProblemView

_T = datetime(2025, 11, 8, 13, 15, tzinfo=UTC)


def _view(number: int, history: list[float]) -> ProblemView:
    """A problem whose depth minutes went through `history`, a revision each."""
    p = ServiceProblem(f"P-{number:03d}", 1, _T, _T, _T, None, (), ("voice",), 0.9)
    line = ImpactLine("total")
    for depth in history:
        line = ImpactLine("total", affected_users=round(depth), bad_minutes=2 * depth, depth_minutes=depth)
        p = replace(p, standing=standing(p.standing, line))
    return ProblemView(p, Impact(line))


_NOISE = st.lists(st.floats(-0.045, 0.045), min_size=1, max_size=12)


@given(st.lists(st.floats(100, 10_000), min_size=2, max_size=6), st.data())
def test_noise_of_a_few_percent_never_reorders(levels: list[float], data: st.DataObject) -> None:
    before = [_view(i, [level]) for i, level in enumerate(levels)]
    noisy = [
        _view(
            i, [level, *(level * (1 + e) for e in data.draw(_NOISE)), level * (1 + data.draw(st.floats(-0.04, 0.04)))]
        )
        for i, level in enumerate(levels)
    ]
    assert [v.problem.problem_id for v in rank(noisy)] == [v.problem.problem_id for v in rank(before)]


@given(st.lists(st.lists(st.floats(0, 10_000), min_size=1, max_size=8), min_size=2, max_size=6))
def test_nobody_stands_before_one_that_is_worse_by_far(histories: list[list[float]]) -> None:
    ranked = [v.impact.total.depth_minutes for v in rank(_view(i, h) for i, h in enumerate(histories))]
    for i, first in enumerate(ranked):
        for later in ranked[i + 1 :]:
            assert later * (1 - STEP) <= first * (1 + STEP) + 1e-6


def test_a_problem_that_doubles_passes_the_other() -> None:
    assert [v.problem.problem_id for v in rank([_view(1, [100]), _view(2, [90, 95, 200])])] == ["P-002", "P-001"]


def test_slow_growth_is_followed_a_tenth_at_a_time() -> None:
    held = [()]
    for depth in range(100, 201, 5):
        held.append(standing(held[-1], ImpactLine("total", depth_minutes=float(depth))))
    stood = [h[0] for h in held[1:]]
    assert stood == sorted(stood)
    assert len(set(stood)) < 10
    assert abs(stood[-1] - 200) <= 0.1 * stood[-1]
