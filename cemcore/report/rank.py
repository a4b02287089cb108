"""Which problem first: by what customers lost."""

from __future__ import annotations

from collections.abc import Iterable

from cemcore.views import ProblemView


def rank(views: Iterable[ProblemView]) -> list[ProblemView]:
    """Worst first: depth minutes, then bad minutes, then how many are affected; equals stand in order of their id.

    Problems that were merged into another are left out: what they did is part of that one.
    """
    return sorted((v for v in views if v.problem.merged_into is None), key=_loss)


def _loss(view: ProblemView) -> tuple[float, float, int, str]:
    t = view.impact.total
    return -t.depth_minutes, -t.bad_minutes, -(t.affected_users + t.affected_things), view.problem.problem_id
