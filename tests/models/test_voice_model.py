import numpy as np
import pytest

from models.experience.voice import VoiceG107


def column(*values):
    return np.array(values, dtype=np.float64)


def test_the_score_is_the_mos_scale_from_1_to_4_5_on_100():
    # G.711 with concealment, 200 ms mouth to ear, no loss: published MOS 4.3429
    got = VoiceG107().score({"latency_ms": column(200), "loss_pct": column(0), "jitter_ms": column(0)})
    assert got[0] == pytest.approx((4.3429 - 1) / 3.5 * 100, abs=0.01)


def test_the_codec_decides_what_loss_costs():
    kqis = {"latency_ms": column(50), "loss_pct": column(5)}
    published = {"G.711": 2.170, "G.711+PLC": 3.923, "G.729A": 3.340, "AMR-12.2": 3.007}
    for codec, mos in published.items():
        assert VoiceG107(codec=codec).score(kqis)[0] == pytest.approx((mos - 1) / 3.5 * 100, abs=0.05)


def test_ie_and_bpl_speak_for_a_codec_that_is_not_listed():
    own = VoiceG107(codec="EVS", ie=11.0, bpl=19.0)
    kqis = {"latency_ms": column(50), "loss_pct": column(2)}
    assert own.score(kqis) == pytest.approx(VoiceG107(codec="G.729A").score(kqis))


def test_jitter_within_the_buffer_is_harmless_and_beyond_it_loses_packets():
    model = VoiceG107(buffer_ms=60.0)
    jitter = column(0, 3, 10, 30, 60)
    same = np.zeros(5)
    score = model.score({"latency_ms": same + 50, "loss_pct": same, "jitter_ms": jitter})
    assert score[0] - score[1] < 0.01
    lost = 100 * np.exp(-60 / 30)
    as_loss = model.score({"latency_ms": column(50), "loss_pct": column(lost)})
    assert score[3] == pytest.approx(as_loss[0], abs=1e-9)
    assert (np.diff(score) <= 0).all()


def test_delay_that_the_source_leaves_out_can_be_added():
    kqis = {"latency_ms": column(180), "loss_pct": column(0)}
    added = VoiceG107(added_delay_ms=120.0).score(kqis)
    assert added == pytest.approx(VoiceG107().score({**kqis, "latency_ms": column(300)}))


def test_without_latency_or_loss_there_is_no_rating():
    got = VoiceG107().score(
        {"latency_ms": column(50, np.nan), "loss_pct": column(np.nan, 0), "jitter_ms": column(3, 3)}
    )
    assert np.isnan(got).all()


def test_a_measured_mos_speaks_alone_where_there_is_no_rating():
    for measured in ("lower", "fallback"):
        got = VoiceG107(measured=measured).score({"latency_ms": column(np.nan), "mos": column(3.75)})
        assert got[0] == pytest.approx(2.75 / 3.5 * 100)


def test_of_rating_and_measured_mos_the_lower_one_counts():
    kqis = {"latency_ms": column(50, 500), "loss_pct": column(0, 0), "mos": column(2.0, 4.4)}
    clean, slow = VoiceG107(measured="ignore").score(kqis)
    got = VoiceG107().score(kqis)
    assert got[0] == pytest.approx(1.0 / 3.5 * 100)
    assert got[1] == pytest.approx(slow)
    assert VoiceG107(measured="fallback").score(kqis) == pytest.approx([clean, slow])


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"codec": "G.999"}, "unknown codec"),
        ({"measured": "sometimes"}, "measured"),
        ({"advantage": 30.0}, "advantage"),
        ({"buffer_ms": 0.0}, "buffer_ms"),
        ({"burst_ratio": 0.5}, "burst_ratio"),
        ({"ie": -1.0}, "ie"),
        ({"bpl": 0.0}, "bpl"),
    ],
)
def test_impossible_options_are_refused(options, reason):
    with pytest.raises(ValueError, match=reason):
        VoiceG107(**options)
