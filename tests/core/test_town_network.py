"""The town's network fails as its connections say."""

from datetime import date

import numpy as np
import pytest

from cemcore.errors import ConfigError
from cemcore.town import load_spec
from cemcore.town.calendar import Calendar
from cemcore.town.experience import mos
from cemcore.town.layout import lay
from cemcore.town.sizes import SIZES


@pytest.fixture(scope="module")
def net():
    return lay(2, SIZES["small"])


def test_everything_reaches_the_core_when_nothing_is_down(net):
    assert not net.cut_off([]).any()


def test_any_one_ring_link_may_fail_but_not_two(net):
    ring = [r["id"] for r in net.resources.values() if r.get("role") == "ring"]
    assert len(ring) == 4
    assert not any(net.cut_off([link]).any() for link in ring)
    assert net.cut_off(ring[1:3]).any()


def test_either_router_of_a_pair_may_fail_and_both_cut_their_region(net):
    region = net.regions[0]
    a, b = f"AGG-{region}-A", f"AGG-{region}-B"
    assert not net.cut_off([a]).any()
    assert not net.cut_off([b]).any()
    lost = net.cut_off([a, b])
    assert set(net.points.region[lost]) == {0}
    assert (net.points.region[~lost] != 0).all()


def test_a_site_behind_a_microwave_hop_falls_with_the_site_before_it(net):
    hop = next(r for r in net.resources.values() if r.get("medium") == "microwave")
    assert net.cut_off([hop["z_end"]]).sum() > net.cut_off([hop["id"]]).sum() > 0


def test_a_duct_takes_both_fibres_in_it(net):
    for duct in net.of("duct"):
        links = [c["from_id"] for c in net.connections if c["to_id"] == duct]
        assert len(links) == 2
        assert not any(net.cut_off([link]).any() for link in links)
    assert any(net.cut_off([duct]).any() for duct in net.of("duct"))


def test_days_have_as_many_quarters_as_the_clock_has():
    prague = Calendar("Europe/Prague", date(2026, 3, 28), 3, ())
    assert [len(prague.slots(d)) for d in range(3)] == [96, 92, 96]
    autumn = Calendar("Europe/Prague", date(2026, 10, 25), 1, ())
    assert len(autumn.slots(0)) == 100
    assert autumn.at(0, 12) == autumn.midnight(0) + 13 * 3600


def test_voice_opinion_meets_published_points_of_the_e_model():
    """ITU-T G.107 Annex B: R = 93.2 is 4.41; R = 50 is 2.58 (table B.1, within its rounding)."""
    assert mos(np.zeros(1), np.zeros(1), np.zeros(1))[0] == pytest.approx(4.41, abs=0.01)
    assert mos(np.array([900.0]), np.zeros(1), np.zeros(1))[0] < 1.5


def test_the_spec_has_many_kinds_and_holds():
    spec = load_spec()
    roles = [k.role for k in spec.kinds.values()]
    assert roles.count("incident") >= 16
    assert roles.count("distractor") >= 7
    assert [spec.quiet_days(d) for d in (2, 5, 10, 30)] == [1, 4, 7, 7]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = ", "not TOML"),
        ("[town]\nlearn_days = 7", "learn_share"),
        ("[odd]\nrole = 'incident'\ncolour = 3", "odd.colour: unknown key"),
        ("[odd]\nrole = 'incident'", "odd: .*missing"),
        ("[odd]\nrole='x'\ntarget='cpe'\nscope='none'\nhours=[1,2]\nduration_h=[1,2]", "odd.role"),
        ("[odd]\nrole='incident'\ntarget='cpe'\nscope='moon'\nhours=[1,2]\nduration_h=[1,2]", "odd.scope"),
        (
            "[odd]\nrole='incident'\ntarget='cpe'\nscope='none'\nhours=[1,2]\nduration_h=[1,2]\neffect={lag=[1,2]}",
            "odd.effect: 'lag' is none of",
        ),
        ("[odd]\nrole='incident'\ntarget='cpe'\nscope='none'\nhours=[3,2]\nduration_h=[1,2]", "range"),
    ],
)
def test_a_broken_spec_is_refused_with_file_and_key(tmp_path, text, message):
    file = tmp_path / "faults.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_spec(file)
