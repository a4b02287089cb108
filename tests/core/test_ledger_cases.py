"""Problems, impacts, alarms, verdicts, audit and leases, on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cemcore.domain import Alarm, Cause, Evidence, Impact, ImpactLine, ProblemStatus, ServiceProblem, Severity, Verdict
from cemcore.errors import StorageError
from cemcore.storage import Ledger

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
CAUSE = Cause(
    "resource", "cell-1", domain="access", confidence=0.8, evidence=(Evidence("alarm", "standing", 2.5, "a1"),)
)


def problem(problem_id: str = "p1", revision: int = 1, known: datetime = NOON, **other: object) -> ServiceProblem:
    first = ServiceProblem(problem_id, revision, known, NOON - HOUR, NOON, None, (CAUSE,), ("voice", "web"), 0.8)
    return replace(first, **other)  # type: ignore[arg-type]


def impact(minutes: float) -> Impact:
    line = ImpactLine("all", affected_users=3, bad_minutes=minutes)
    return Impact(line, by_segment=(replace(line, group="gold"),))


def put(ledger: Ledger, p: ServiceProblem, i: Impact | None = None) -> None:
    with ledger.begin() as t:
        t.put_problem(p, i)


def test_a_problem_is_read_as_it_was_known_at_any_moment(ledger: Ledger) -> None:
    first, second = problem(), problem(revision=2, known=NOON + HOUR, end=NOON + HOUR, change="cleared")
    put(ledger, first, impact(10))
    put(ledger, second, impact(25))
    assert ledger.problem("p1") == second
    assert ledger.problem("p1", as_of=NOON + HOUR / 2) == first
    assert ledger.problem("p1", as_of=NOON - HOUR) is None
    assert ledger.problem("p9") is None
    assert ledger.revisions("p1") == [first, second]
    assert ledger.impact("p1") == impact(25)
    assert ledger.impact("p1", as_of=NOON) == impact(10)
    assert ledger.impact("p1", as_of=NOON - HOUR) is None
    assert ledger.problems() == [second]
    assert ledger.problems(as_of=NOON) == [first]
    assert ledger.problems(as_of=NOON - HOUR) == []


def test_problems_come_by_id_and_can_be_asked_by_time_and_openness(ledger: Ledger) -> None:
    standing = problem("b")
    over = problem("a", begin=NOON - 5 * HOUR, end=NOON - 3 * HOUR)
    settled = problem("B", status=ProblemStatus.RESOLVED)
    for p in (standing, over, settled):
        put(ledger, p)
    assert [p.problem_id for p in ledger.problems()] == ["B", "a", "b"]
    assert ledger.problems(open_only=True) == [standing]
    assert ledger.problems(during=(NOON - 4 * HOUR, NOON - 2 * HOUR)) == [over]
    assert ledger.problems(during=(NOON - 3 * HOUR, NOON - HOUR)) == []
    assert ledger.problems(during=(NOON + 9 * HOUR, NOON + 10 * HOUR)) == [settled, standing]


def test_a_problem_that_cleared_later_was_open_before(ledger: Ledger) -> None:
    put(ledger, problem())
    put(ledger, problem(revision=2, known=NOON + HOUR, end=NOON + HOUR))
    assert ledger.problems(open_only=True) == []
    assert ledger.problems(open_only=True, as_of=NOON) == [problem()]


def test_a_revision_is_written_once_and_for_good(ledger: Ledger) -> None:
    put(ledger, problem(), impact(10))
    put(ledger, problem(), impact(10))
    with pytest.raises(StorageError, match="another content"):
        put(ledger, problem(confidence=0.9), impact(10))
    with pytest.raises(StorageError, match="another content"):
        put(ledger, problem(), impact(11))
    put(ledger, problem(revision=3))
    with pytest.raises(StorageError, match="too late"):
        put(ledger, problem(revision=2))
    assert ledger.revisions("p1") == [problem(), problem(revision=3)]
    assert ledger.impact("p1") == impact(10)


def test_what_was_read_can_be_put_again(ledger: Ledger) -> None:
    put(ledger, problem(confidence=1), impact(10))
    back = ledger.problem("p1")
    assert back is not None
    put(ledger, back, ledger.impact("p1"))
    assert len(ledger.revisions("p1")) == 1


def test_alarms_are_read_as_they_were_known(ledger: Ledger) -> None:
    raised = Alarm("a1", "cell-1", Severity.MAJOR, "communicationsAlarm", "lossOfSignal", "LOS", NOON, NOON + HOUR / 60)
    cleared = replace(raised, severity=Severity.CLEARED, cleared_at=NOON + HOUR)
    other = replace(raised, alarm_id="a0", resource_id="cell-1")
    with ledger.begin() as t:
        for alarm in (raised, cleared, other, other):
            t.put_alarm(alarm)
    assert ledger.alarms() == [other, cleared]
    assert ledger.alarms(standing_only=True) == [other]
    assert ledger.alarms(as_of=NOON + HOUR / 2) == [other, raised]
    assert ledger.alarms(as_of=NOON) == []
    assert ledger.alarms(since=NOON + 2 * HOUR) == [other]


def test_verdicts_and_audit_keep_their_order(ledger: Ledger) -> None:
    put(ledger, problem())
    said = [Verdict("p1", "acknowledge", "ana", NOON), Verdict("p1", "resolve", "bo", NOON + HOUR, "done", "cell-1")]
    with ledger.begin() as t:
        for v in said:
            t.put_verdict(v)
            t.audit(v.by, v.action, v.problem_id, v.note, v.at)
        t.audit("cli", "backfill", "", "no time said")
    assert ledger.verdicts("p1") == said
    assert ledger.verdicts() == said
    assert ledger.verdicts("p2") == []
    assert ledger.audit()["actor"].tolist() == ["ana", "bo", "cli"]
    assert ledger.audit()["at"].iloc[1] == NOON + HOUR
    assert ledger.audit(limit=1)["action"].tolist() == ["backfill"]


def test_a_verdict_needs_its_problem(ledger: Ledger) -> None:
    with pytest.raises(StorageError, match="no problem p1"), ledger.begin() as t:
        t.put_verdict(Verdict("p1", "note", "ana", NOON))


def test_a_lease_has_one_holder_until_it_runs_out_or_is_given_back(ledger: Ledger) -> None:
    with ledger.begin() as t:
        assert t.claim_lease("assessor", "one", NOON, 60)
        assert not t.claim_lease("assessor", "two", NOON + timedelta(seconds=59), 60)
        assert t.claim_lease("assessor", "one", NOON + timedelta(seconds=59), 60)
        assert t.renew_lease("assessor", "one", NOON + timedelta(seconds=100), 60)
        assert not t.renew_lease("assessor", "two", NOON, 60)
        assert not t.renew_lease("assessor", "one", NOON + timedelta(seconds=160), 60)
        assert t.claim_lease("assessor", "two", NOON + timedelta(seconds=160), 60)
        assert not t.release_lease("assessor", "one")
        assert t.release_lease("assessor", "two")
        assert t.claim_lease("assessor", "one", NOON + timedelta(seconds=161), 60)


def test_a_time_without_a_zone_is_refused(ledger: Ledger) -> None:
    with pytest.raises(StorageError, match="time zone"):
        put(ledger, problem(begin=datetime(2026, 3, 1)))
    with pytest.raises(StorageError, match="time zone"):
        ledger.problems(as_of=datetime(2026, 3, 1))
