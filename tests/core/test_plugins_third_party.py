"""Plug-ins are found by entry point: a stranger's work like our own, and faults name the plug-in and what there is."""

import importlib
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent

import pytest

from cemcore import plugins
from cemcore.domain import Feed, Window
from cemcore.errors import PluginError
from cemcore.protocols import Collector

CODE = '''
"""A collector from elsewhere."""
from dataclasses import dataclass, field
from typing import ClassVar

from cemcore.domain import Batch, Content, Feed
from cemcore.frames import conform, quarantined
import pandas as pd


@dataclass(frozen=True)
class Pigeon:
    """Customers by carrier pigeon."""

    source: str
    loft: str
    wings: int = 2

    feed: ClassVar[Feed] = Feed.CUSTOMERS

    def __post_init__(self):
        if self.wings != 2:
            raise ValueError("a pigeon has two wings")

    def collect(self, window):
        read = lambda: Content(conform(self.feed, pd.DataFrame({"customer_id": [self.loft]}))[0], quarantined())
        yield Batch(self.feed, self.source, "pigeon-1", self.loft, read)


@dataclass
class Several:
    """Has a default that is made anew each time."""

    items: list = field(default_factory=list)
    learned_: int = 0
    made: int = field(default=0, init=False)


not_a_class = 3
'''


@pytest.fixture
def install(tmp_path, monkeypatch) -> Callable[..., None]:
    """Installs a distribution of one module with entry points, as pip would lay it down."""

    def _install(name: str, points: str, module: str | None = None, code: str = CODE) -> None:
        folder = tmp_path / name
        info = folder / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(dedent(points))
        file = folder / f"{module or name}.py"
        file.write_text(code)
        monkeypatch.syspath_prepend(str(folder))
        importlib.invalidate_caches()
        monkeypatch.delitem(sys.modules, module or name, raising=False)

    return _install


@pytest.fixture
def acme(install) -> None:
    install("acme_cem", "[cemcore.collectors]\npigeon = acme_cem:Pigeon\nseveral = acme_cem:Several\n")


@pytest.mark.usefixtures("acme")
def test_a_third_partys_collector_is_listed_built_and_collects():
    assert "pigeon" in plugins.names("collectors")
    collector = plugins.build("collectors", "pigeon", {"source": "birds", "loft": "K7"})
    assert isinstance(collector, Collector)
    (batch,) = collector.collect(Window.until(datetime.now(UTC)))
    assert batch.feed is Feed.CUSTOMERS
    assert batch.read().frame["customer_id"].tolist() == ["K7"]


@pytest.mark.usefixtures("acme")
def test_a_listing_shows_options_with_their_types_and_defaults():
    (info,) = [p for p in plugins.describe() if p.name == "pigeon"]
    assert info.about == "Customers by carrier pigeon."
    assert info.options == (("source", "str", "(needed)"), ("loft", "str", "(needed)"), ("wings", "int", "2"))
    (several,) = [p for p in plugins.describe() if p.name == "several"]
    assert several.options == (("items", "list", "[]"),)


@pytest.mark.usefixtures("acme")
def test_what_a_plug_in_has_learned_is_no_option():
    with pytest.raises(PluginError, match=r"several: unknown option learned_ \(there are: items\)"):
        plugins.build("collectors", "several", {"learned_": 3})


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"loft": "K7", "colour": "grey"}, r"pigeon: unknown option colour \(there are: source, loft, wings\)"),
        ({"loft": "K7"}, "pigeon: option source is missing"),
        ({"source": "s", "loft": "K7", "wings": 3}, "pigeon: a pigeon has two wings"),
    ],
)
def test_a_refused_option_says_which_and_what_there_is(options, reason):
    with pytest.raises(PluginError, match=reason):
        plugins.build("collectors", "pigeon", options)


def test_an_unknown_name_lists_what_there_is():
    with pytest.raises(PluginError, match=r"pm_xm: no such collector \(there are: .*pm_xml") as e:
        plugins.build("collectors", "pm_xm", {})
    assert set(e.value.available) >= {
        "quality_files",
        "pm_xml",
        "kpi_files",
        "alarm_files",
        "inventory_files",
        "work_files",
    }
    with pytest.raises(PluginError, match="no such experience model"):
        plugins.load("experience_models", "tarot")


@pytest.mark.parametrize(
    ("point", "reason"),
    [
        ("gone = no_such_module_anywhere:X", "does not load: ModuleNotFoundError"),
        ("gone = broken_cem:Missing", "does not load: AttributeError"),
        ("gone = broken_cem:not_a_class", "is no class"),
    ],
)
def test_a_plug_in_that_does_not_load_is_told_and_takes_nothing_down(install, point, reason):
    install("broken_cem", f"[cemcore.collectors]\n{point}\n")
    with pytest.raises(PluginError, match=reason):
        plugins.load("collectors", "gone")
    listed = {p.name: p.about for p in plugins.describe() if p.kind == "collectors"}
    assert "does not load" in listed["gone"]
    assert "does not load" not in listed["pm_xml"]


def test_a_module_that_fails_on_import_is_told(install):
    install("boom_cem", "[cemcore.collectors]\nboom = boom_cem:X\n", code="raise RuntimeError('no licence')")
    with pytest.raises(PluginError, match="RuntimeError: no licence"):
        plugins.load("collectors", "boom")


@pytest.mark.parametrize(("kind", "package"), [("collectors", "collectors"), ("detectors", "models")])
def test_a_strangers_module_with_the_name_of_ours_is_refused(install, kind, package):
    install("stranger", f"[cemcore.{kind}]\nimpostor = {package}.sneaky:X\n")
    with pytest.raises(
        PluginError, match=f"stranger offers {package}.sneaky:X, but the package {package} is cemcore's own"
    ):
        plugins.load(kind, "impostor")


def test_one_name_from_two_packages_is_refused_rather_than_guessed(install):
    install("acme_cem", "[cemcore.collectors]\npm_xml = acme_cem:Pigeon\n")
    with pytest.raises(
        PluginError, match=r"pm_xml: several packages offer it: acme_cem:Pigeon, collectors\.pm_xml:PmXml"
    ):
        plugins.load("collectors", "pm_xml")


def test_every_plug_in_of_ours_that_is_registered_stands_in_pyproject():
    import tomllib

    project = tomllib.loads((Path(__file__).resolve().parents[2] / "pyproject.toml").read_text())["project"]
    for kind, group in plugins.GROUPS.items():
        assert set(project["entry-points"][group]) <= set(plugins.names(kind))
