from pathlib import Path

import pytest

from cemcore import plugins
from cemcore.catalogue import Catalogue
from cemcore.frames import KQIS

ROOT = Path(__file__).parents[2]
FILE = ROOT / "config" / "services.toml"
CATALOGUE = Catalogue.load(FILE)


def test_it_knows_the_kqis_that_quality_records_carry_in_their_units():
    assert CATALOGUE.kqis == tuple(KQIS)
    assert {k: CATALOGUE.kqi(k).unit for k in CATALOGUE.kqis} == {k: c.unit for k, c in KQIS.items()}


def test_every_indicator_names_a_plug_in_that_builds():
    for request in CATALOGUE.models:
        assert plugins.build("experience_models", request.plugin, request.options).kqis


def test_people_and_things_have_profiles_of_their_own():
    kinds = {(p.service, p.kind) for p in CATALOGUE.profiles}
    assert {("voice", "user"), ("web", "user"), ("web", "thing"), ("iot_telemetry", "thing")} <= kinds
    assert [p.service for p in CATALOGUE.profiles if p.essential] == ["slice_control"]


def test_every_requirement_says_where_it_comes_from():
    for p in CATALOGUE.profiles:
        assert len(p.source) > 20, p.name
        assert p.version, p.name


def test_the_best_value_of_a_kqi_is_the_end_of_its_range():
    assert CATALOGUE.best("latency_ms") == 0
    assert CATALOGUE.best("setup_success_ratio") == 1
    assert CATALOGUE.best("mos") == 5


def test_the_new_service_of_the_documentation_can_be_added_as_it_stands(tmp_path):
    page = (ROOT / "docs" / "services.md").read_text(encoding="utf-8")
    example = page.split("```toml\n")[1].split("```")[0]
    file = tmp_path / "services.toml"
    file.write_text(FILE.read_text(encoding="utf-8") + "\n" + example, encoding="utf-8")
    catalogue = Catalogue.load(file)
    assert catalogue.services == (*CATALOGUE.services, "alarm_button")
    for request in catalogue.models:
        plugins.build("experience_models", request.plugin, request.options)


def test_the_requirements_in_the_documentation_are_those_that_ship():
    page = (ROOT / "docs" / "services.md").read_text(encoding="utf-8")
    for p in CATALOGUE.profiles:
        essential = ", essential" if p.essential else ""
        assert f"| {p.service} | {p.kind} | {p.requirement:g}{essential} |" in page


def test_it_is_frozen():
    with pytest.raises(ValueError, match="frozen"):
        CATALOGUE.floor = 0


def test_codes_follow_the_order_of_the_file():
    order = [
        line.split(".")[1].rstrip("]\n")
        for line in FILE.read_text(encoding="utf-8").splitlines()
        if line.startswith("[services.") and line.count(".") == 1
    ]
    assert list(CATALOGUE.services) == order
