"""Weights of evidence at a time: stated, or learned from the verdicts that operators had given by then."""

from __future__ import annotations

from datetime import UTC, datetime

from cemcore.domain import ServiceProblem, Verdict
from cemcore.pipeline.localisation.causes import STATED, Weights
from cemcore.pipeline.localisation.causes.learning import Case, case, learn
from cemcore.storage import Ledger
from cemcore.views import EvidenceView, WeightView

WORDS = {"resolve": "resolved by", "reject": "rejected by"}
"""Verdicts that say what it was (or that it was nothing), and how the revision that they make begins."""


class Weigher:
    """Gives each tick the weights as of its known time; the same verdicts give the same weights in every replay."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._said: list[Verdict] = []
        self._cases: dict[Verdict, Case | None] = {}
        self._kept: tuple[list[Verdict], Weights] = ([], STATED)

    def refresh(self) -> None:
        """Read what has been said by now; before a run of ticks."""
        self._said = _said(self._ledger)

    def at(self, known_at: int) -> Weights:
        """The weights as of a known time [s]."""
        told = [v for v in self._said if v.at.timestamp() <= known_at]
        if told != self._kept[0]:
            self._kept = (told, learn(cases(self._ledger, told, self._cases))[0])
        return self._kept[1]


def view(ledger: Ledger, as_of: datetime | None) -> EvidenceView:
    """Every weight, as stated and as learned from what was said by `as_of` (None: by now)."""
    told = [v for v in _said(ledger) if as_of is None or v.at <= as_of.astimezone(UTC)]
    weights, lines = learn(cases(ledger, told))
    shown = tuple(
        WeightView(x.prior.kind, x.prior.value, x.value, x.low, x.high, x.problems, x.prior.reason) for x in lines
    )
    return EvidenceView(shown, weights.problems, as_of)


def cases(ledger: Ledger, said: list[Verdict], kept: dict[Verdict, Case | None] | None = None) -> list[Case]:
    """What each problem's latest verdict teaches, by the evidence that stood when it was given; `kept` remembers.

    A resolved problem without a cause teaches nothing; a rejected one says that none of the candidates was it.
    """
    latest = {v.problem_id: v for v in said}
    known = {} if kept is None else kept
    for problem_id, verdict in latest.items():
        if verdict not in known:
            mine = [v for v in said if v.problem_id == problem_id]
            known[verdict] = _case(_then(ledger.revisions(problem_id), verdict, mine), verdict)
    found = (known[v] for _, v in sorted(latest.items()))
    return [c for c in found if c is not None]


def _case(problem: ServiceProblem | None, verdict: Verdict) -> Case | None:
    if problem is None or (verdict.action == "resolve" and not verdict.cause):
        return None
    return case(problem, verdict.cause if verdict.action == "resolve" else "")


def _said(ledger: Ledger) -> list[Verdict]:
    return [v for v in ledger.verdicts() if v.action in WORDS]


def _then(revisions: list[ServiceProblem], verdict: Verdict, said: list[Verdict]) -> ServiceProblem | None:
    """The revision that a verdict made, which holds the evidence of its moment; a revision of ticks that were caught up
    on later may be known earlier than the verdict, and must not count.
    """
    made = [r for r in revisions if r.change.startswith(tuple(WORDS.values()))]
    at = said.index(verdict)
    return made[at] if at < len(made) else None
