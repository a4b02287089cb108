from pathlib import Path

import pytest

from cemcore.catalogue import Catalogue
from cemcore.codes import Codes
from cemcore.errors import ConfigError
from cemcore.pipeline import scoring

PAGE = {"startup_s": 1.0}
NARROW = """
[[profiles]]
service = "web"
kind = "{kind}"
requirement = {requirement}
version = "t"
source = "test"
{where}
"""


def narrowed(ground, tmp_path, *extra):
    """The shipped catalogue with more profiles."""
    text = Path(ground.catalogue.file).read_text(encoding="utf-8")
    file = tmp_path / "services.toml"
    more = "".join(NARROW.format(kind=k, requirement=r, where="\n".join(w)) for k, r, w in extra)
    file.write_text(text + more, encoding="utf-8")
    return Catalogue.load(file)


def test_users_and_things_have_their_own_requirement(ground):
    got = ground.score(("web", 0, PAGE), ("web", 1, PAGE))
    names = [ground.catalogue.profiles[p].name for p in got.profile]
    assert names == ["web/user", "web/thing"]
    assert got.requirement.tolist() == [ground.catalogue.profiles[p].requirement for p in got.profile]


def test_who_is_of_unknown_kind_or_unknown_altogether_counts_as_a_user(ground):
    got = ground.score(("web", 2, PAGE), ("web", -1, PAGE), ("web", 99, PAGE))
    assert {ground.catalogue.profiles[p].name for p in got.profile} == {"web/user"}


def test_a_service_with_one_profile_uses_it_for_both_kinds(ground):
    got = ground.score(("iot_telemetry", 0, {"delivery_ratio": 1}), ("voice", 1, {"setup_success_ratio": 1}))
    assert [ground.catalogue.profiles[p].name for p in got.profile] == ["iot_telemetry/thing", "voice/user"]


def test_the_narrowest_profile_wins_and_slice_goes_before_plan(ground, tmp_path):
    catalogue = narrowed(
        ground,
        tmp_path,
        ("user", 81, ['slice = "1-A"', 'plan = "Gold"']),
        ("user", 82, ['plan = "Gold"']),
        ("user", 83, ['slice = "1-A"']),
    )
    codes = {"slice": Codes(["1-A", "1-B"]), "plan": Codes(["Gold", "Basic"])}
    gold, basic, missing = [0], [1], [-1]
    people = ground.people((0, 0, 0), ("plan",), [gold, basic, missing])

    def required(subject, slice_code):
        rows = ground.rows(("web", subject, PAGE), slice_code=slice_code)
        return float(scoring.score(rows, catalogue, ground.models, people, codes).requirement[0])

    assert required(0, 0) == 81
    assert required(0, 1) == 82
    assert required(1, 0) == 83
    assert required(1, 1) == 70
    assert required(2, -1) == 70


def test_the_slice_of_the_session_goes_before_that_of_the_inventory(ground, tmp_path):
    catalogue = narrowed(ground, tmp_path, ("user", 83, ['slice = "1-A"']))
    codes = {"slice": Codes(["1-A", "1-B"])}
    people = ground.people((0,), ("slice",), [[0]])
    for seen, wanted in ((-1, 83), (0, 83), (1, 70)):
        rows = ground.rows(("web", 0, PAGE), slice_code=seen)
        assert scoring.score(rows, catalogue, ground.models, people, codes).requirement[0] == wanted


def test_a_narrow_profile_holds_for_its_kind_only(ground, tmp_path):
    catalogue = narrowed(ground, tmp_path, ("thing", 95, ['slice = "1-A"']))
    codes = {"slice": Codes(["1-A"])}
    rows = ground.rows(("web", 0, PAGE), ("web", 1, PAGE), slice_code=0)
    got = scoring.score(rows, catalogue, ground.models, ground.people(), codes)
    assert got.requirement.tolist() == [70, 95]


def test_a_slice_that_nobody_has_changes_nothing(ground, tmp_path):
    catalogue = narrowed(ground, tmp_path, ("user", 83, ['slice = "9-Z"']))
    rows = ground.rows(("web", 0, PAGE), slice_code=-1)
    got = scoring.score(rows, catalogue, ground.models, ground.people(), {"slice": Codes(["1-A"])})
    assert got.requirement[0] == 70


def test_a_profile_by_slice_is_refused_where_slices_are_not_known(ground, tmp_path):
    catalogue = narrowed(ground, tmp_path, ("user", 83, ['slice = "1-A"']))
    with pytest.raises(ConfigError, match="nothing here knows the slice"):
        scoring.score(ground.rows(("web", 0, PAGE)), catalogue, ground.models, ground.people())
