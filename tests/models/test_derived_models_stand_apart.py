"""The models with strings attached can be taken out: nothing else needs them, and what ships does not use them."""

import re
import tomllib
from pathlib import Path

import pytest

from models.experience import g1072_derived, p1203_derived
from models.experience.g1072_derived import GamingG1072Derived
from models.experience.p1203_derived.records import VideoP1203Derived

ROOT = Path(__file__).parents[2]
NAMES = {"p1203_derived": "video_p1203_derived", "g1072_derived": "gaming_g1072_derived"}


@pytest.mark.parametrize("module", NAMES)
def test_no_other_code_imports_it(module):
    imports = re.compile(rf"^\s*(?:from|import) .*\b{module}\b", re.MULTILINE)
    files = [p for base in ("cemcore", "collectors", "models") for p in (ROOT / base).rglob("*.py")]
    found = [p for p in files if imports.search(p.read_text(encoding="utf-8"))]
    assert [p for p in found if module not in p.parts and p.stem != module] == []


@pytest.mark.parametrize("plugin", NAMES.values())
def test_the_shipped_catalogue_does_not_use_it(plugin):
    shipped = tomllib.loads((ROOT / "config" / "services.toml").read_text(encoding="utf-8"))
    used = {i.get("model") for s in shipped["services"].values() for i in s["indicators"].values()}
    assert plugin not in used


@pytest.mark.parametrize("about", [p1203_derived.__doc__, g1072_derived.__doc__])
def test_it_says_what_it_is_and_what_it_is_not(about):
    assert "clean-room" in about
    assert "What it is:" in about
    assert "What it is not:" in about


def test_the_plug_ins_say_so_in_their_first_line():
    assert "not ITU-T P.1203" in VideoP1203Derived.__doc__.split("\n")[0]
    assert "clean-room" in GamingG1072Derived.__doc__.split("\n")[0]
