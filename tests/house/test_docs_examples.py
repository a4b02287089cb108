"""The examples in the documentation work as they stand there."""

import re
import sqlite3
import sys
import tomllib
import types
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from cemcore import plugins
from cemcore.domain import Window
from cemcore.errors import CollectError
from cemcore.protocols import Collector, ExperienceModel
from cemcore.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
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


@pytest.mark.parametrize("page", ["README.md", "docs/plugins.md", "docs/operations.md"])
def test_every_toml_example_is_understood(page, tmp_path, monkeypatch):
    monkeypatch.setenv("CEM_LEDGER", "sqlite:///ledger.db")
    text = (ROOT / page).read_text(encoding="utf-8")
    for n, block in enumerate(re.findall(r"```toml\n(.*?)```", text, re.DOTALL)):
        if "entry-points" in block or "[services." in block:
            continue
        file = tmp_path / f"{n}.toml"
        file.write_text(block)
        settings = Settings.load(file)
        ours = [s for s in settings.sources if s.collector in plugins.names("collectors")]
        for source in ours:
            plugins.build("collectors", source.collector, {"source": source.name, **source.options})


def test_the_example_of_a_source_in_the_readme_reads_such_a_file(tmp_path):
    (block,) = re.findall(r"```toml\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    (source,) = tomllib.loads(block)["sources"]
    (tmp_path / "a.csv").write_text("time,user,kind,cell,rtt\n2026-03-02T12:00:00Z,u1,web,C1,0.04\n")
    options = {**source["options"], "path": str(tmp_path), "quiet_s": 0.0}
    collector = plugins.build("collectors", source["collector"], {"source": source["name"], **options})
    (batch,) = collector.collect(Window.until(datetime.now(UTC)))
    content = batch.read()
    assert content.quarantine.empty
    (row,) = content.frame[["subject_id", "service", "resource_id", "latency_ms"]].to_dict("records")
    assert row == {"subject_id": "u1", "service": "web", "resource_id": "C1", "latency_ms": 40.0}
