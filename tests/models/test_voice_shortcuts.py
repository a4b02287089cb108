"""Shortcuts for calls: the formulas in use, computed by hand."""

import numpy as np
import pytest

from models.experience.shortcuts import RtcShortcut, VoipShortcut, opus_impairment, rtc_rating, voip_rating


@pytest.mark.parametrize(
    ("latency", "jitter", "loss", "r"),
    [
        (50, 5, 0, 93.2 - 70 / 40),
        (50, 5, 2, 93.2 - 70 / 40 - 5),
        (150, 0, 0, 93.2 - 4),
        (200, 15, 1, 93.2 - (240 - 120) / 10 - 2.5),
    ],
)
def test_voip(latency, jitter, loss, r):
    assert voip_rating(latency, jitter, loss) == pytest.approx(r)


@pytest.mark.parametrize(
    ("rtt", "buffer", "loss", "robustness", "r"),
    [
        (100, 30, 0, 10, 100 - 6 - 0.03 * 100),
        (100, 30, 10, 10, 100 - (6 + 94 / 2) - 3),
        (100, 30, 10, 20, 100 - (6 + 94 / 3) - 3),
        (280, 0, 0, 10, 100 - 6 - (0.03 * 160 + 0.1 * 100)),
    ],
)
def test_rtc(rtt, buffer, loss, robustness, r):
    assert rtc_rating(rtt, loss, buffer, robustness=robustness) == pytest.approx(r)


def test_the_impairment_of_a_rate():
    assert opus_impairment(32_000) == pytest.approx(55 - 4.6 * np.log(32_000))
    assert opus_impairment(1) == 30
    assert opus_impairment(1e9) == 0


def test_scores_are_g107_opinions_of_the_rating():
    kqis = {"latency_ms": np.array([150.0]), "loss_pct": np.array([0.0])}
    r = 93.2 - 4
    mos = 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6
    assert VoipShortcut().score(kqis)[0] == pytest.approx((mos - 1) / 3.5 * 100)


def test_the_buffer_may_come_from_records():
    kqis = {"latency_ms": np.array([150.0, 150.0]), "loss_pct": np.zeros(2), "buffer_ms": np.array([90.0, np.nan])}
    told = RtcShortcut(buffer_ms=20.0, inputs={"buffer": "buffer_ms"}).score(kqis)
    assert told == pytest.approx([RtcShortcut(buffer_ms=b).score(kqis)[0] for b in (90.0, 20.0)])


def test_repairs_and_rate_are_options():
    kqis = {"latency_ms": np.array([100.0]), "loss_pct": np.array([3.0])}
    assert RtcShortcut(fec=True).score(kqis) > RtcShortcut().score(kqis)
    assert RtcShortcut(bits_per_s=300_000.0).score(kqis) > RtcShortcut(bits_per_s=8_000.0).score(kqis)
    with pytest.raises(ValueError, match="buffer_ms"):
        RtcShortcut(buffer_ms=-1.0)
