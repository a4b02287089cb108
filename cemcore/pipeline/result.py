"""What a tick gives: the corridor's answer about one slot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cemcore.domain import Impact, ServiceProblem
from cemcore.panel import Bool, DetectedRows, Float32, Int8, Int32, Rows, ScoredRows
from cemcore.pipeline.habit import HabitRows
from cemcore.pipeline.impact import Attribution
from cemcore.pipeline.watching import NOTHING, Findings


@dataclass(frozen=True)
class Memberships(Rows):
    """Members of problems as revised at a tick, n rows; the newest tick's rows of a problem are its members.

    problem int32 indexes `SlotResult.problem_ids`; service, subject int32 codes; state int8 (0 affected, 1 unknown,
    2 at risk); posterior float32; bad, total int32: rows of the pair that were bad, and all of them, over the
    problem's life.
    """

    problem: Int32
    service: Int32
    subject: Int32
    state: Int8
    posterior: Float32
    bad: Int32
    total: Int32

    @classmethod
    def none(cls) -> Memberships:
        """No members."""
        i4 = np.zeros(0, np.int32)
        return cls(i4, i4, i4, np.zeros(0, np.int8), np.zeros(0, np.float32), i4, i4)


@dataclass(frozen=True)
class SlotResult:
    """The answer of one tick.

    scored, detected: aligned with the inputs' rows. degraded: bool a row, worse than its habit by what a user would
    notice. problems: revisions made at this tick. problem_ids: ids of all problems ever, the meaning of problem
    indices. row_problem: int32 a row, the open problem that explains it, -1 none. memberships: of the problems
    revised. attribution: bad minutes of this tick's rows, and of earlier rows that a problem confirmed now explains
    (their lines replace the earlier ones of the same slot, subject and service). impacts: totals by problem id. blind:
    bool a domain. counts: for health. findings: what the watches of groups, usage and single series tell.
    """

    scored: ScoredRows
    detected: DetectedRows
    degraded: Bool
    problems: tuple[ServiceProblem, ...]
    problem_ids: tuple[str, ...]
    row_problem: Int32
    memberships: Memberships
    attribution: Attribution
    impacts: Mapping[str, Impact]
    blind: Bool
    counts: Mapping[str, int]
    habit: HabitRows
    findings: Findings = NOTHING
