"""The zoom on a town's problems: bounded, audited, once; what it finds is in ledger, problem and archive."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from cemcore import Cem
from cemcore.application.evaluate import folder_settings
from cemcore.settings import Settings
from cemcore.zooming import DetailState, Look
from tests.route.whole.conftest import ends
from tests.route.whole.contents import contents, differences

QUICK: dict[str, object] = {"series_per_run": 3, "examiners": ("statespace",)}


def _open(operator: Path, state: Path, at: datetime | None = None, **overrides: object) -> Cem:
    settings = folder_settings(operator, state)
    zoom = settings.zoom.model_copy(update=overrides)
    changed: Settings = settings.model_copy(update={"zoom": zoom})
    return Cem.open(changed, clock=lambda: at or ends(operator))


def _worst(cem: Cem) -> str:
    return cem.problems()[0].problem.problem_id


def test_a_true_problem_is_borne_out_with_figures(copy_of: Path, opened: Callable[[Path], Cem]) -> None:
    cem = opened(copy_of)
    problem = _worst(cem)
    before = cem.problem(problem).problem
    done = cem.zoom(problem)
    verdicts = [f.verdict for _, f in done.looks]
    assert len(verdicts) == cem.house.settings.zoom.series_per_run
    assert sum(v in (Look.CONFIRMED, Look.CORRECTED) for v in verdicts) > len(verdicts) / 2
    view = cem.problem(problem)
    assert view.problem.revision == before.revision + 1
    assert view.problem.change.startswith("zoom: ")
    assert (view.problem.status, view.problem.end) == (before.status, before.end)
    (line,) = [e for e in view.problem.causes[0].evidence if e.kind == "zoom"]
    assert line.log_odds > 0
    assert "expected" in line.text
    assert {f.examiner for f in view.findings} == {"stl", "statespace", "multivariate", "all"}


def test_twice_on_the_same_state_changes_nothing(operator: Path, copy_of: Path) -> None:
    with _open(operator, copy_of, **QUICK) as cem:
        problem = _worst(cem)
        cem.zoom(problem)
        before, asked, audit = contents(cem), repr(cem.detail_requests()), len(cem.house.ledger.audit(1000))
        again = cem.zoom(problem)
        assert again.looks == ()
        assert differences(before, contents(cem)) == []
        assert repr(cem.detail_requests()) == asked
        assert len(cem.house.ledger.audit(1000)) == audit


def test_a_dry_run_says_what_it_would_ask_and_writes_nothing(copy_of: Path, opened: Callable[[Path], Cem]) -> None:
    cem = opened(copy_of)
    before = contents(cem)
    done = cem.zoom(_worst(cem), dry_run=True)
    assert done.planned
    assert cem.detail_requests() == []
    assert differences(before, contents(cem)) == []


def test_every_request_ends_and_leaves_its_lines_in_the_audit(operator: Path, copy_of: Path) -> None:
    with _open(operator, copy_of, **QUICK) as cem:
        done = cem.zoom(_worst(cem))
        ids = {r.request_id for r, _ in done.looks}
        entries = cem.detail_requests()
        assert len(ids) == QUICK["series_per_run"]
        assert {e.request.request_id for e in entries} == ids
        assert {e.state for e in entries} == {DetailState.REFUSED}
        trail = cem.house.ledger.audit(1000)
        for step in ("detail requested", "detail refused"):
            assert set(trail.loc[trail["action"] == step, "subject"]) == ids


def test_the_daily_budget_is_kept_and_comes_back(operator: Path, copy_of: Path) -> None:
    with _open(operator, copy_of, requests_per_day=3, series_per_run=2, examiners=("statespace",)) as cem:
        worst = [v.problem.problem_id for v in cem.problems()[:3]]
        counts = [len(cem.zoom(p).looks) for p in worst]
        assert counts == [2, 1, 0]
    tomorrow = ends(operator) + timedelta(days=1, minutes=1)
    with _open(operator, copy_of, at=tomorrow, requests_per_day=3, series_per_run=2, examiners=("statespace",)) as cem:
        assert len(cem.zoom(worst[2]).looks) == 2


def test_a_stop_leaves_the_rest_open_and_the_next_run_or_the_clock_ends_it(operator: Path, copy_of: Path) -> None:
    with _open(operator, copy_of, **QUICK) as cem:
        problem = _worst(cem)
        stopped = cem.zoom(problem, go_on=lambda: False)
        assert stopped.looks == ()
        assert len(stopped.waiting) == 3
        assert [e.state for e in cem.detail_requests()] == [DetailState.OPEN] * 3
        assert len(cem.zoom(problem).looks) == 3
    with _open(operator, copy_of, **QUICK) as cem:
        second = cem.problems()[1].problem.problem_id
        left = cem.zoom(second, go_on=lambda: False).waiting
    with _open(operator, copy_of, at=ends(operator) + timedelta(hours=2), **QUICK) as cem:
        assert set(cem.zoom(second).expired) == set(left)
        assert {e.state for e in cem.detail_requests(second)} == {DetailState.EXPIRED}


@pytest.mark.slow
def test_what_the_zoom_found_survives_later_ticks_and_is_not_known_before_it_was_found(
    operator: Path, assessed: Path, tmp_path: Path, opened: Callable[[Path], Cem]
) -> None:
    every = [
        r
        for p in opened(assessed).house.ledger.problems()
        for r in opened(assessed).house.ledger.revisions(p.problem_id)
    ]
    longest = max(every, key=lambda r: (r.revision, r.problem_id)).problem_id
    middle = [r.known_at for r in every if r.problem_id == longest][1]
    with _open(operator, tmp_path / "state", at=middle + timedelta(minutes=1), **QUICK) as cem:
        cem.collect()
        cem.assess(until=middle)
        assert longest in {v.problem.problem_id for v in cem.problems(open_only=True)}
        cem.zoom(longest)
        zoomed = cem.problem(longest).problem
    with _open(operator, tmp_path / "state", **QUICK) as cem:
        cem.assess()
        later = [r for r in cem.problem(longest).revisions if r.revision > zoomed.revision]
        assert later
        assert all([e.kind for e in r.causes[0].evidence].count("zoom") == 1 for r in later)
        assert cem.problem(longest, as_of=zoomed.known_at).findings
        assert cem.problem(longest, as_of=middle - timedelta(minutes=1)).findings == ()


@pytest.mark.slow
def test_a_source_that_keeps_finer_records_serves_them_into_the_archive(operator: Path, copy_of: Path) -> None:
    settings = folder_settings(operator, copy_of)
    sources = tuple(
        s.model_copy(update={"options": {**s.options, "finer": s.options["pattern"]}})
        if s.collector == "quality_files"
        else s
        for s in settings.sources
    )
    quick = settings.zoom.model_copy(update=QUICK)
    changed = settings.model_copy(update={"sources": sources, "zoom": quick})
    with Cem.open(changed, clock=lambda: ends(operator)) as cem:
        done = cem.zoom(_worst(cem))
        entries = cem.detail_requests()
        assert {e.state for e in entries} == {DetailState.SERVED}
        rows = cem.house.archive.read(cem.house.ledger.files("detail"))
        assert len(rows) == sum(e.rows for e in entries)
        for request, _ in done.looks:
            mine = rows[rows["request_id"] == request.request_id]
            assert (mine["slot"] >= pd.Timestamp(request.begin)).all()
            assert (mine["slot"] < pd.Timestamp(request.end)).all()
