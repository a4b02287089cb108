"""What evidence weighs, and who has to answer for a problem, as people and programs read it."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

from rich.console import Console

from cemcore import report
from cemcore.application.cem import Cem
from cemcore.domain import Cause, Evidence, Impact, ImpactLine, ServiceProblem
from cemcore.report.evidence_report import evidence_document, evidence_listing, evidence_table
from cemcore.report.tables import problem_detail
from cemcore.views import EvidenceView, ProblemView, WeightView

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
VIEW = EvidenceView((WeightView("alarm", 3.0, 3.4, 1.9, 4.9, 7, "an alarm on it"),), 7, NOON)


def shown(what: object) -> str:
    console = Console(width=160, file=io.StringIO())
    console.print(what)
    return console.file.getvalue()


def test_weights_are_shown_stated_and_learned_with_their_interval() -> None:
    text = shown(evidence_table(VIEW))
    assert all(part in text for part in ("alarm", "+3.00", "+3.40", "+1.90 .. +4.90", "learned from 7 problems"))
    document = evidence_document(VIEW)
    assert document["as_of"] == "2026-03-01T12:00:00Z"
    assert document["weights"][0]["learned"] == 3.4
    assert evidence_listing(VIEW).rows[0][:3] == ("alarm", 3.0, 3.4)


def test_without_verdicts_it_says_that_weights_are_as_stated(cem: Cem) -> None:
    view = cem.evidence()
    assert view.problems == 0
    assert all(w.stated == w.learned for w in view.weights)
    assert "as stated: no problem" in shown(evidence_table(view))


def test_a_problem_says_who_has_to_answer_for_it() -> None:
    unknown = Cause(
        "resource", label="unknown", domain="transport", confidence=0.5,
        evidence=(Evidence("unknown", "somewhere in transport under AGG-3", 1.5, "", 1.0),),
    )  # fmt: skip
    split = (("unknown", 0.5), ("transport", 0.4), ("access", 0.1))
    p = ServiceProblem("P-1", 1, NOON, NOON, NOON, None, (unknown,), ("web",), 0.5, demarcation=split)
    view = ProblemView(p, Impact(ImpactLine("total")))
    text = shown(problem_detail(view, NOON + timedelta(hours=1), UTC))
    assert "unknown 50 % · transport 40 % · access 10 %" in text
    assert "somewhere in transport under AGG-3" in text
    assert report.problem_document(view)["demarcation"][1] == {"domain": "transport", "probability": 0.4}
