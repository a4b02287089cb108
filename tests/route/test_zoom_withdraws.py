"""A problem over usual records is doubted with the reason and stays open; a true one beside it is borne out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cemcore import Cem
from cemcore.domain import Cause, Evidence, ServiceProblem
from cemcore.settings import Settings, shipped
from cemcore.zooming import Level, Look

END = datetime(2026, 3, 16, 18, tzinfo=UTC)
HURT = 6
SETTINGS = """[operator]
timezone = "UTC"
slot_minutes = 60

[zoom]
examiners = ["stl", "statespace"]
series_per_run = 6
"""


@pytest.fixture
def cem(tmp_path: Path) -> Iterator[Cem]:
    (tmp_path / "services.toml").write_text(shipped("services.toml").read_text())
    (tmp_path / "cem.toml").write_text(SETTINGS)
    with Cem.open(Settings.load(tmp_path / "cem.toml"), clock=lambda: END + timedelta(minutes=7)) as opened:
        yield opened


def _assessed(cem: Cem, drops: dict[str, float]) -> None:
    """Two weeks of web scores of three subjects a cell; the last six hours of each cell stand under a problem of its
    name, lower by `drops`.
    """
    rng = np.random.default_rng(8)
    slots = pd.date_range(END - timedelta(days=14), END, freq="h", inclusive="left").as_unit("us")
    hour, parts = slots.hour.to_numpy(), []
    late = np.asarray(slots >= END - timedelta(hours=HURT))
    for cell, drop in drops.items():
        for s in range(3):
            score = 85 - 5 * np.cos(2 * np.pi * hour / 24) + rng.normal(0, 3, len(slots)) - drop * late
            rows = pd.DataFrame({"slot": slots, "subject_id": f"{cell}-{s}", "score": score})
            problem = pd.Series(np.where(late, f"P-{cell}", None), dtype="str")
            parts.append(rows.assign(resource_id=f"CELL-{cell}", problem_id=problem, habit_expected=85.0))
    frame = pd.concat(parts, ignore_index=True).assign(service="web", requirement=88.0)
    frame = frame.assign(recorded_at=frame["slot"] + pd.Timedelta(minutes=65))
    file = cem.house.archive.write("scores", "some", frame)
    begin = END - timedelta(hours=HURT)
    with cem.house.ledger.begin() as tx:
        tx.register_file(file)
        for cell in drops:
            cause = Cause("resource", f"CELL-{cell}", evidence=(Evidence("scan", "all of them", 8.0),))
            tx.put_problem(ServiceProblem(f"P-{cell}", 1, END, begin, END, None, (cause,), ("web",), 0.9), None)
        tx.set_watermark("slot", int(END.timestamp()) - 3600)
        tx.set_watermark("known_at", int(END.timestamp()) + 300)


def test_usual_records_under_a_problem_are_withdrawn_and_the_problem_says_so_and_stays_open(cem: Cem) -> None:
    _assessed(cem, {"calm": 0.0})
    done = cem.zoom()
    assert done.revised == ("P-calm",)
    assert {f.verdict for _, f in done.looks} == {Look.WITHDRAWN}
    after = cem.problem("P-calm").problem
    assert after.revision == 2
    assert after.end is None
    assert after in [v.problem for v in cem.problems(open_only=True)]
    assert after.confidence < 0.9
    assert "no series that was looked at bears it out, confidence lowered" in after.change
    (line,) = [e for e in after.causes[0].evidence if e.kind == "zoom"]
    assert line.log_odds < 0


def test_beside_it_a_true_fall_is_borne_out_by_subject_and_by_cell(cem: Cem) -> None:
    _assessed(cem, {"calm": 0.0, "hurt": 18.0})
    done = cem.zoom()
    by = {(r.problem_id, r.level): f.abnormal for r, f in done.looks}
    assert by[("P-hurt", Level.SUBJECT)]
    assert by[("P-hurt", Level.RESOURCE)]
    assert not by[("P-calm", Level.SUBJECT)]
    assert cem.problem("P-hurt").problem.confidence == 0.9
    (cell,) = [f for r, f in done.looks if r.key == "CELL-hurt"]
    assert cell.observed == pytest.approx(cell.expected - 18, abs=3)


def test_records_that_arrive_after_the_last_tick_are_not_looked_at(cem: Cem) -> None:
    _assessed(cem, {"calm": 0.0})
    late = cem.house.archive.read(cem.house.ledger.files("scores"))
    late = late[late["problem_id"].notna()].assign(score=5.0, recorded_at=pd.Timestamp(END + timedelta(hours=2)))
    with cem.house.ledger.begin() as tx:
        tx.register_file(cem.house.archive.write("scores", "late", late))
    assert {f.verdict for _, f in cem.zoom().looks} == {Look.WITHDRAWN}
