"""Requests for detail and findings in the ledger, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cemcore.errors import StorageError
from cemcore.storage import Ledger
from cemcore.zooming import DetailRequest, DetailState, Finding, Level, Look, request_key

T = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    with Ledger.open(ledger_url) as opened:
        yield opened


def _request(name: str = "Z-1", at: datetime = T, problem: str = "P-1") -> DetailRequest:
    series = ("web", Level.RESOURCE, "CELL-1", "score", -1)
    return DetailRequest(name, problem, *series, T - timedelta(hours=1), T, at, at + timedelta(hours=1), 0.25, 70.0)


def _finding(name: str = "Z-1", examiner: str = "stl", found_at: datetime = T) -> Finding:
    window = (T - timedelta(hours=1), T, found_at)
    return Finding(
        name, "P-1", examiner, Look.CONFIRMED, ("expected 87 ± 3, saw 61",), *window, 1e-9, series="CELL-1 web"
    )


def test_a_request_is_open_until_it_ends_and_then_never_again(ledger: Ledger) -> None:
    with ledger.begin() as tx:
        assert tx.put_request(_request())
    (entry,) = ledger.detail_requests(state=DetailState.OPEN)
    assert entry.request == _request()
    with ledger.begin() as tx:
        tx.end_request("Z-1", DetailState.SERVED, T + timedelta(minutes=5), served_by="probe", rows=12, note="whole")
    (entry,) = ledger.detail_requests()
    assert (entry.state, entry.changed_at) == (DetailState.SERVED, T + timedelta(minutes=5))
    assert (entry.served_by, entry.rows, entry.note) == ("probe", 12, "whole")
    assert ledger.detail_requests(state=DetailState.OPEN) == []
    with pytest.raises(StorageError, match="no open request"), ledger.begin() as tx:
        tx.end_request("Z-1", DetailState.EXPIRED, T)


def test_a_request_is_made_once(ledger: Ledger) -> None:
    with ledger.begin() as tx:
        assert tx.put_request(_request())
        assert not tx.put_request(replace(_request(), reason="another"))
    assert [e.request.reason for e in ledger.detail_requests()] == [""]


def test_the_budget_counts_what_was_asked_since(ledger: Ledger) -> None:
    with ledger.begin() as tx:
        for i, hours in enumerate((0, 5, 30)):
            tx.put_request(_request(f"Z-{i}", T - timedelta(hours=hours)))
    assert ledger.requests_since(T - timedelta(days=1)) == 2
    assert [e.request.request_id for e in ledger.detail_requests()] == ["Z-2", "Z-1", "Z-0"]


def test_requests_and_findings_are_kept_by_problem_and_as_known(ledger: Ledger) -> None:
    later = replace(_finding("Z-2", found_at=T + timedelta(hours=2)), problem_id="P-1")
    with ledger.begin() as tx:
        tx.put_request(_request("Z-1"))
        tx.put_request(_request("Z-9", problem="P-9"))
        tx.put_finding(_finding())
        tx.put_finding(later)
    assert ledger.known_requests("P-1") == {"Z-1"}
    assert repr(ledger.findings("P-1")) == repr([_finding(), later])
    assert repr(ledger.findings("P-1", as_of=T)) == repr([_finding()])
    assert ledger.findings("P-9") == []


def test_a_finding_is_never_replaced_by_another(ledger: Ledger) -> None:
    with ledger.begin() as tx:
        tx.put_finding(_finding())
        tx.put_finding(_finding())
    with pytest.raises(StorageError, match="another finding"), ledger.begin() as tx:
        tx.put_finding(replace(_finding(), p_value=0.5))
    assert len(ledger.findings()) == 1


def test_a_series_is_asked_about_again_only_when_its_window_has_doubled() -> None:
    def key(slots: int) -> str:
        return request_key("P-1", "web", "subject", "S-1", "score", T, slots)

    assert key(4) == key(7) != key(8)
    assert len({key(n) for n in range(1, 97)}) == 7
    assert key(4) != request_key("P-1", "web", "subject", "S-2", "score", T, 4)


@pytest.mark.parametrize(("change", "reason"), [({"end": T - timedelta(hours=2)}, "ends"), ({"worse": 0}, "worse")])
def test_an_impossible_request_is_refused(change: dict[str, object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        replace(_request(), **change)  # type: ignore[arg-type]
