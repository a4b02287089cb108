"""The code in docs/plugins.md works as it stands there."""

import re
import sqlite3
import sys
import types
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from cemcore.domain import Window
from cemcore.errors import CollectError
from cemcore.protocols import Collector, ExperienceModel

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "plugins.md").read_text(encoding="utf-8")
COLLECTOR, MODEL = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def example(code: str, monkeypatch) -> types.ModuleType:
    module = types.ModuleType("docs_example")
    monkeypatch.setitem(sys.modules, "docs_example", module)
    exec(compile(code, "docs/plugins.md", "exec"), module.__dict__)
    return module


def test_the_example_of_a_collector_collects(tmp_path, monkeypatch):
    with closing(sqlite3.connect(tmp_path / "p.db")) as connection, connection:
        connection.execute("CREATE TABLE result (slot TEXT, subject_id TEXT, service TEXT, latency_ms REAL)")
        rows = [("2026-03-02T12:00:00Z", "s1", "web", 40), ("2026-03-02T12:15:00Z", "s1", "web", -1)]
        later = ("2026-03-02T13:00:00Z", "s1", "web", 41)
        connection.executemany("INSERT INTO result VALUES (?, ?, ?, ?)", [*rows, later])
    collector = example(COLLECTOR, monkeypatch).ProbeDatabase("probe", str(tmp_path / "p.db"))
    assert isinstance(collector, Collector)
    at = datetime(2026, 3, 2, 13, 20, tzinfo=UTC)
    (batch,) = collector.collect(Window.until(at))
    content = batch.read()
    assert content.frame["latency_ms"].tolist() == [40.0]
    assert content.quarantine["reason"].tolist() == ["latency_ms is below 0 ms"]
    assert [b.batch_id for b in collector.collect(Window.until(at))] == [batch.batch_id]
    assert len(list(collector.collect(Window.until(at.replace(hour=14))))) == 2


def test_the_example_of_a_collector_says_when_it_cannot_ask(tmp_path, monkeypatch):
    collector = example(COLLECTOR, monkeypatch).ProbeDatabase("probe", str(tmp_path / "none.db"))
    with pytest.raises(CollectError, match="probe: unable to open database file"):
        list(collector.collect(Window.until(datetime.now(UTC))))
    assert not (tmp_path / "none.db").exists()


def test_the_example_of_a_model_scores(monkeypatch):
    model = example(MODEL, monkeypatch).AllOrNothing(enough=0.99)
    assert isinstance(model, ExperienceModel)
    scores = model.score({"delivery_ratio": np.array([1.0, 0.98, np.nan])})
    assert scores.tolist()[:2] == [100.0, 0.0]
    assert np.isnan(scores[2])
