"""What holds for every registered collector, ours and a stranger's: window in, batches out; asking again is harmless;
bad input is quarantined; options are fields, and said what they are."""

import dataclasses
import re
import tomllib
from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

import pandas as pd
import pytest

from cemcore.domain import Batch, Content, Feed, Window
from cemcore.errors import CollectError
from cemcore.frames import QUARANTINE, conform

ROOT = Path(__file__).parents[2]
GROUP = "cemcore.collectors"
NAMES = {"path": "", "feed": "resources", "source": "law", "pattern": "*"}


def registered():
    """Name -> class, by entry point; from a bare checkout, as pyproject.toml declares them."""
    found = {p.name: p.load() for p in entry_points(group=GROUP)}
    if found:
        return found
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"][GROUP]
    split = {name: where.split(":") for name, where in declared.items()}
    return {name: getattr(import_module(module), cls) for name, (module, cls) in split.items()}


CLASSES = registered()
OF_FILES = {n: c for n, c in CLASSES.items() if {"path", "pattern"} <= {f.name for f in dataclasses.fields(c)}}
BAD = {
    "nothing": b"",
    "blank": b"\n \n",
    "bytes": bytes(range(256)) * 20,
    "text": b"hello\nworld\n",
    "json": b'{"a": [1, {"b": null}]}\n',
    "array": b"[1, null, [], {}]",
    "csv": b"a,b,c\n1,2,3\n",
    "xml": b"<?xml version='1.0'?><a><b/></a>",
    "parquet": b"PAR1" + bytes(100) + b"PAR1",
    "gzip": b"\x1f\x8b\x08\x00" + bytes(6) + b"broken",
}
ENDINGS = (".csv", ".json", ".jsonl", ".parquet", ".xml", ".xml.gz", ".csv.gz", "")


def build(cls, folder):
    needed = [f.name for f in dataclasses.fields(cls) if f.default is f.default_factory is dataclasses.MISSING]
    options = {n: NAMES[n] for n in (*needed, "pattern")} | {"path": str(folder)}
    return cls(**options)


@pytest.fixture
def window():
    return Window.until(datetime.now(UTC) + timedelta(hours=1))


@pytest.fixture
def heap(tmp_path):
    """A folder full of what no collector can want."""
    for name, data in BAD.items():
        for ending in ENDINGS:
            (tmp_path / (name + ending)).write_bytes(data)
    return tmp_path


def test_there_are_collectors():
    assert set(CLASSES) >= {"quality_files", "pm_xml", "kpi_files", "alarm_files", "inventory_files", "work_files"}


@pytest.mark.parametrize("name", list(CLASSES))
def test_its_options_are_the_fields_of_a_frozen_dataclass_and_each_is_explained(name):
    cls = CLASSES[name]
    assert dataclasses.is_dataclass(cls)
    assert cls.__dataclass_params__.frozen
    assert cls.__doc__
    for f in dataclasses.fields(cls):
        assert re.search(rf"^\s+{f.name}\s{{2,}}\S", cls.__doc__, re.MULTILINE), f"{f.name} is not explained"
    assert "feed" in {f.name for f in dataclasses.fields(cls)} or cls.feed in Feed


@pytest.mark.parametrize("name", list(OF_FILES))
def test_a_folder_without_files_is_asked_and_has_nothing(name, tmp_path, window):
    assert list(build(OF_FILES[name], tmp_path).collect(window)) == []


@pytest.mark.parametrize("name", list(OF_FILES))
def test_a_folder_that_is_not_there_is_a_transient_failure(name, tmp_path, window):
    with pytest.raises(CollectError) as e:
        list(build(OF_FILES[name], tmp_path / "none").collect(window))
    assert (e.value.source, e.value.transient) == ("law", True)


@pytest.mark.parametrize("name", list(OF_FILES))
def test_asking_again_gives_the_same_batches(name, heap, window):
    collector = build(OF_FILES[name], heap)
    first = list(collector.collect(window))
    assert len(first) == len(BAD) * len(ENDINGS)
    assert all(isinstance(b, Batch) and b.source == "law" for b in first)
    assert len({b.batch_id for b in first}) == len(first)
    again = build(OF_FILES[name], heap).collect(Window(window.end - timedelta(minutes=1), window.end))
    assert [(b.feed, b.batch_id, b.origin) for b in again] == [(b.feed, b.batch_id, b.origin) for b in first]


@pytest.mark.parametrize("name", list(OF_FILES))
def test_bad_input_is_quarantined_and_what_is_taken_obeys_the_contract(name, heap, window):
    for batch in build(OF_FILES[name], heap).collect(window):
        content = batch.read()
        assert isinstance(content, Content)
        assert tuple(content.quarantine.columns) == QUARANTINE
        assert len(content.frame) + len(content.quarantine) > 0, batch.origin
        assert content.quarantine["reason"].str.len().gt(3).all()
        held, refused = conform(batch.feed, content.frame)
        pd.testing.assert_frame_equal(held, content.frame)
        assert refused.empty
        assert all(isinstance(n, int) for n in content.counts.values())


@pytest.mark.parametrize("name", list(OF_FILES))
def test_reading_twice_gives_the_same(name, heap, window):
    for batch in list(build(OF_FILES[name], heap).collect(window))[::7]:
        one, other = batch.read(), batch.read()
        pd.testing.assert_frame_equal(one.frame, other.frame)
        pd.testing.assert_frame_equal(one.quarantine, other.quarantine)
        assert one.counts == other.counts
