"""ITU-T G.107.1: values recomputed by an independent program from a public implementation. G.107.2: form only."""

import numpy as np
import pytest

from models.experience import emodel, emodel_wide
from models.experience.emodel_wide import FULLBAND, WIDEBAND
from models.experience.voice_wide import VoiceFullband, VoiceWideband


def near(expected):
    return pytest.approx(expected, abs=1e-3)


def column(*values):
    return np.array(values, dtype=np.float64)


def test_an_undisturbed_wideband_call():
    r = emodel_wide.rating(WIDEBAND)
    assert emodel_wide.listener_echo(0.0) == near(0.1537)
    assert r[0] == near(128.8463)
    assert emodel_wide.mos(WIDEBAND, r)[0] == near(4.4992)


def test_a_wideband_call_with_delay_and_echo():
    r = emodel_wide.rating(WIDEBAND, ta=50.0, t=50.0)
    assert r[0] == near(128.2550)
    assert emodel_wide.mos(WIDEBAND, r)[0] == near(4.4956)


def test_absolute_delay_costs_1_29_times_what_it_costs_in_narrowband():
    assert emodel_wide.too_late(WIDEBAND, 200.0)[0] == near(3.9273)
    delays = np.linspace(0, 900, 50)
    narrow = emodel.too_late(emodel.Transmission(), delays)
    assert emodel_wide.too_late(WIDEBAND, delays) == pytest.approx(1.29 * narrow)
    assert emodel_wide.too_late(FULLBAND, delays) == pytest.approx(1.48 * narrow)


def test_a_wideband_codec_costs_its_impairment():
    r = emodel_wide.rating(WIDEBAND, ie=5.0)
    assert r[0] == near(123.8463)
    assert emodel_wide.mos(WIDEBAND, r)[0] == near(4.4568)


@pytest.mark.parametrize(("band", "most"), [(WIDEBAND, 95.0), (FULLBAND, 132.0)])
def test_loss_takes_away_up_to_a_bound_with_half_of_it_at_bpl(band, most):
    assert emodel_wide.equipment(band, 7.0, 10.0, 10.0) == pytest.approx(7 + (most - 7) / 2)
    assert emodel_wide.equipment(band, 7.0, 10.0, 0.0) == 7.0
    assert emodel_wide.equipment(band, 0.0, 10.0, 5.0, burst_ratio=2.0) > emodel_wide.equipment(band, 0.0, 10.0, 5.0)


def test_the_score_is_the_mos_scale_from_1_to_4_5_on_100():
    kqis = {"latency_ms": column(50), "loss_pct": column(0)}
    assert VoiceWideband(ie=5.0).score(kqis)[0] == pytest.approx((4.4568 - 1) / 3.5 * 100, abs=0.03)
    assert VoiceFullband().score(kqis)[0] == pytest.approx(100.0)


def test_each_codec_of_the_table_can_be_named():
    kqis = {"latency_ms": column(50), "loss_pct": column(0)}
    best = VoiceWideband().score(kqis)[0]
    for codec, ie in emodel_wide.CODECS_WIDEBAND.items():
        got = VoiceWideband(codec=codec).score(kqis)[0]
        assert got == VoiceWideband(ie=ie).score(kqis)[0]
        assert got <= best


def test_jitter_beyond_the_buffer_is_loss_and_delay_can_be_added():
    lost = 100 * np.exp(-60 / 30)
    jittery = VoiceWideband().score({"latency_ms": column(50), "loss_pct": column(0), "jitter_ms": column(30)})
    as_loss = VoiceWideband().score({"latency_ms": column(50), "loss_pct": column(lost)})
    assert jittery == pytest.approx(as_loss)
    later = VoiceWideband(added_delay_ms=150.0).score({"latency_ms": column(100), "loss_pct": column(0)})
    assert later == pytest.approx(VoiceWideband().score({"latency_ms": column(250), "loss_pct": column(0)}))


def test_a_measured_mos_counts_as_in_narrowband():
    kqis = {"latency_ms": column(50, np.nan), "loss_pct": column(0, 0), "mos": column(2.0, 3.0)}
    assert VoiceWideband().score(kqis) == pytest.approx([100 / 3.5, 200 / 3.5])
    rating_first = VoiceWideband(measured="fallback").score(kqis)
    assert rating_first[0] > 99
    assert rating_first[1] == pytest.approx(200 / 3.5)
    assert np.isnan(VoiceWideband(measured="ignore").score(kqis)).tolist() == [False, True]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"codec": "G.729A"}, "unknown codec G.729A"),
        ({"measured": "often"}, "measured"),
        ({"advantage": 21.0}, "advantage"),
        ({"bpl": 0.0}, "bpl"),
        ({"ie": 95.0}, "ie is 0 to 95"),
        ({"ie": "low"}, "ie is a number"),
        ({"burst_ratio": float("nan")}, "burst_ratio is a number"),
    ],
)
def test_impossible_options_are_refused(options, reason):
    with pytest.raises(ValueError, match=reason):
        VoiceWideband(**options)
