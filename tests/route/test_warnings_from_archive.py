"""Early warnings over an archive: which series are warned of, and what is left out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cemcore import Cem
from cemcore.settings import Settings, shipped

END = datetime(2026, 3, 30, tzinfo=UTC)
DAYS = 21
SLOTS = pd.date_range(END - timedelta(days=DAYS), END, freq="h", inclusive="left", tz=None).as_unit("us")
PER_DAY = 0.9


@pytest.fixture
def cem(tmp_path: Path) -> Iterator[Cem]:
    (tmp_path / "services.toml").write_text(shipped("services.toml").read_text())
    (tmp_path / "cem.toml").write_text(
        '[operator]\nname = "Lechistan"\ntimezone = "Europe/Warsaw"\nslot_minutes = 60\n'
    )
    with Cem.open(Settings.load(tmp_path / "cem.toml"), clock=lambda: END + timedelta(minutes=7)) as opened:
        yield opened


def _scores(drifting: str = "", problem: str | None = None) -> pd.DataFrame:
    """Hourly web scores of 24 subjects at four cells, an evening dip; those at `drifting` lose 0.9 a day, 12 days."""
    rng, parts = np.random.default_rng(3), []
    hour, day = SLOTS.hour.to_numpy(), np.arange(len(SLOTS)) / 24
    for s in range(24):
        cell = f"CELL-{s % 4}"
        score = 88 + rng.normal(0, 1.5) - 6 * np.exp(-((hour - 20) ** 2) / 6) + rng.normal(0, 2.5, len(SLOTS))
        if cell == drifting:
            score = score - PER_DAY * np.maximum(0, day - (DAYS - 12))
        here = rng.random(len(SLOTS)) < 0.4
        rows = {"slot": SLOTS[here], "subject_id": f"S-{s:02d}", "resource_id": cell, "score": score[here]}
        parts.append(pd.DataFrame(rows))
    frame = pd.concat(parts, ignore_index=True).assign(service="web", requirement=70.0, problem_id=problem)
    return frame.assign(
        recorded_at=frame["slot"] + pd.Timedelta(minutes=65), problem_id=frame["problem_id"].astype("str")
    )


def _kept(cem: Cem, feed: str, frame: pd.DataFrame) -> None:
    file = cem.house.archive.write(feed, "some", frame)
    with cem.house.ledger.begin() as tx:
        tx.register_file(file)
        tx.set_watermark("slot", int(END.timestamp()) - 3600)


def test_a_cell_whose_scores_drift_is_warned_of_with_the_days_that_are_left(cem: Cem) -> None:
    _kept(cem, "scores", _scores("CELL-2"))
    view = cem.warnings()
    (cell,) = [w for w in view.lines if w.level == "resource"]
    assert (cell.service, cell.key, cell.measure, cell.requirement) == ("web", "CELL-2", "score", 70.0)
    now = 88 - 6 * np.exp(-((np.arange(24) - 20.0) ** 2) / 6).mean() - PER_DAY * 12
    assert cell.now == pytest.approx(now, abs=1.5)
    assert cell.per_day == pytest.approx(-PER_DAY, abs=0.25)
    assert cell.days == pytest.approx((now - 70) / PER_DAY, abs=3)
    assert cell.low < cell.days < cell.high
    assert abs(cell.since - (END - timedelta(days=12))) <= timedelta(days=3)
    assert {w.key for w in view.lines if w.level == "subject"} <= {f"S-{s:02d}" for s in range(2, 24, 4)}


def test_an_evening_dip_that_comes_every_day_is_no_drift(cem: Cem) -> None:
    _kept(cem, "scores", _scores())
    view = cem.warnings()
    assert view.lines == ()
    assert (view.watched, view.unknown) == (28, 0)


def test_rows_that_a_problem_explains_are_left_out(cem: Cem) -> None:
    _kept(cem, "scores", _scores("CELL-2", problem="P-1"))
    assert cem.warnings().watched == 0


def test_a_short_horizon_warns_of_less(cem: Cem) -> None:
    _kept(cem, "scores", _scores("CELL-2"))
    assert cem.warnings(timedelta(days=1)).lines == ()
    assert cem.warnings(timedelta(days=1)).drifting == cem.warnings().drifting


def test_a_load_that_grows_is_warned_of_at_its_busiest_hour(cem: Cem) -> None:
    rng = np.random.default_rng(5)
    hour, day = SLOTS.hour.to_numpy(), np.arange(len(SLOTS)) / 24
    parts = []
    for i in range(6):
        load = 40 + 25 * np.exp(-((hour - 20) ** 2) / 6) + rng.normal(0, 1.5, len(SLOTS)) + (0.7 * day if i == 4 else 0)
        parts.append(pd.DataFrame({"slot": SLOTS, "resource_id": f"LNK-{i}", "value": load}))
    frame = pd.concat(parts, ignore_index=True).assign(kpi="util_pct", suspect=False, period_s=3600.0)
    _kept(cem, "measurements", frame.assign(recorded_at=frame["slot"] + pd.Timedelta(hours=1)))
    (line,) = cem.warnings().lines
    assert (line.key, line.measure, line.requirement) == ("LNK-4", "util_pct", 85.0)
    peak = 40 + 25 + 0.7 * DAYS
    assert line.now == pytest.approx(peak, abs=2)
    assert line.low <= (85 - peak) / 0.7 + 2
    assert line.days == pytest.approx((85 - peak) / 0.7, abs=3)


def test_before_the_first_slot_there_is_nothing_to_warn_of(cem: Cem) -> None:
    view = cem.warnings()
    assert (view.lines, view.at, view.watched) == ((), None, 0)
    assert list(view.frame().columns)[:3] == ["service", "level", "key"]
