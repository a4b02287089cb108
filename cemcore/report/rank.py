"""Which problem first: by what customers lost, held still against noise.

A problem stands by the figures of its impact as of when they last moved by more than a tenth (`standing`, kept with
each revision). So the list changes its order when something happened, not when a slot more was counted; and as the
figures stand in the ledger, the list of a past moment is the same whenever it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cemcore.domain import ImpactLine
from cemcore.views import ProblemView

STEP = 0.1
"""A figure is taken anew when it has moved by more than this share of what it stood at."""


def rank(views: Iterable[ProblemView]) -> list[ProblemView]:
    """Worst first: depth minutes, then bad minutes, then how many are affected; equals stand in order of their id.

    Problems that were merged into another are left out: what they did is part of that one.
    """
    return sorted((v for v in views if v.problem.merged_into is None), key=place)


def place(view: ProblemView) -> tuple[float, float, float, str]:
    """What a problem is sorted by: what it stands at, else its impact, worst first; then its id."""
    depth, bad, affected = view.problem.standing or _figures(view.impact.total)
    return -depth, -bad, -affected, view.problem.problem_id


def standing(before: Sequence[float], total: ImpactLine) -> tuple[float, ...]:
    """What a problem stands at after a revision with these totals; `before` = at its revision before, empty = none."""
    now = _figures(total)
    if len(before) != len(now):
        return now
    return tuple(b if abs(n - b) <= STEP * b else n for b, n in zip(before, now, strict=True))


def _figures(t: ImpactLine) -> tuple[float, float, float]:
    return t.depth_minutes, t.bad_minutes, float(t.affected_users + t.affected_things)
