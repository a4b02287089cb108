"""The documentation knows every setting, column, plug-in option and verb, and every link and default in it is right."""

import inspect
import re
import runpy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import typer.main
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cemcore import catalogue, plugins, settings
from cemcore.cli.app import app

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / n for n in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "DECISIONS.md")] + sorted(
    ROOT.glob("docs/*.md")
)
SECTIONS: dict[str, type[BaseModel]] = {
    "`[operator]`": settings.Operator,
    "`[storage]`": settings.Storage,
    "`[assess]`": settings.Assess,
    "`[coverage]`": settings.Coverage,
    "`[joining]`": settings.Joining,
    "`[zoom]`": settings.Zoom,
    "`[warn]`": settings.Warn,
    "`[engine]`": settings.Engine,
    "`[api]`": settings.Api,
    "`[[sources]]`": settings.Source,
    "Top level": catalogue.Catalogue,
    "`[kqis.NAME]`": catalogue.Kqi,
    "`[counters.NAME]`": catalogue.Counter,
    "`[kpis.NAME]`": catalogue.Kpi,
    "`[services.NAME]`": catalogue.Service,
    "`[services.NAME.indicators.NAME]`": catalogue.Indicator,
    "`[moments]`": catalogue.Moments,
    "`[[profiles]]`": catalogue.Profile,
}
ELSEWHERE = {
    "file",
    "root",
    "kqi_table",
    "service_table",
    "profiles",
    "counters",
    "kpis",
    "moments",
}  # set by the program, or a table of its own


def configuration() -> dict[str, dict[str, str]]:
    """Section -> (key -> default) as docs/configuration.md has them."""
    sections: dict[str, dict[str, str]] = {}
    for line in (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            rows = sections.setdefault(line[3:], {})
        elif found := re.match(r"\| `(\w+)` \| (\S.*?) \|", line):
            rows[found[1]] = found[2].strip("`")
    return sections


def written(default: Any) -> str:
    """A default as TOML has it."""
    if default is None:
        return "none"
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, str):
        return f'"{default}"'
    if isinstance(default, Mapping):
        return "{}"
    if isinstance(default, tuple):
        return "[" + ", ".join(written(d) for d in default) + "]"
    return f"{default:g}"


def default_of(field: FieldInfo) -> str:
    return "needed" if field.is_required() else written(field.get_default(call_default_factory=True))


@pytest.mark.parametrize("section", SECTIONS)
def test_every_setting_is_documented_with_its_default(section):
    fields = {n: default_of(f) for n, f in SECTIONS[section].model_fields.items() if n not in ELSEWHERE}
    assert configuration()[section] == fields


def test_every_table_of_the_settings_has_its_section():
    tables = [n for n in settings.Settings.model_fields if n not in ELSEWHERE]
    assert [f"`[{n}]`" if n != "sources" else "`[[sources]]`" for n in tables] == list(SECTIONS)[: len(tables)]


def test_the_reference_is_what_the_code_says_now():
    script = runpy.run_path(str(ROOT / "scripts" / "reference.py"))
    now = script["FILE"].read_text(encoding="utf-8")
    assert now == script["document"](), "make docs"


@pytest.mark.parametrize("info", plugins.describe(), ids=lambda p: p.name)
def test_every_plug_in_loads_and_says_what_its_options_mean(info):
    said = inspect.getdoc(plugins.load(info.kind, info.name)) or ""
    assert info.about
    assert [name for name, *_ in info.options if not re.search(rf"\b{name}\b", said)] == []


def test_every_verb_is_documented():
    text = "\n".join(p.read_text(encoding="utf-8") for p in PAGES)
    verbs = list(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    assert len(verbs) > 10
    assert [v for v in verbs if f"cem {v}" not in text] == []


def test_no_page_names_a_verb_that_there_is_not():
    verbs = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    named = {(p.name, v) for p in PAGES for v in re.findall(r"`cem ([a-z]+)", p.read_text(encoding="utf-8"))}
    assert {(page, v) for page, v in named if v not in verbs} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_link_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        where = (page.parent / file).resolve() if file else page
        assert where.exists(), target
        if anchor:
            heads = re.findall(r"^#+ (.*)$", where.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in heads}, target
