"""Audio, video and audio-visual quality: values printed in the reference's own tests, and recomputed independently."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.experience.p1203_derived import quality

HD, FULL = 1280 * 720, 1920 * 1080


def near(expected):
    return pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(
    ("codec", "kbps", "o21"),
    [
        ("aaclc", 331.46, 4.559588),
        ("aaclc", 128, 4.553814),
        ("aaclc", 64, 4.407675),
        ("aaclc", 32, 3.643341),
        ("aaclc", 8, 1.320202),
        ("heaac", 32, 4.224362),
    ],
)
def test_audio(codec, kbps, o21):
    assert quality.audio(kbps, codec) == pytest.approx(o21, abs=1e-6)


@pytest.mark.parametrize(
    ("kbps", "pixels", "fps", "o22"),
    [
        (691.72, FULL, 25, 4.0725),
        (4158.04, FULL, 25, 4.3878),
        (7172.66, FULL, 25, 4.4684),
        (6593.59, FULL, 25, 4.4573),
        (1000, FULL, 25, 4.1367),
        (2500, HD, 25, 3.8430),
        (1000, 854 * 480, 25, 2.7993),
        (600, 640 * 360, 25, 1.9610),
        (2500, HD, 15, 3.3349),
    ],
)
def test_video_on_a_full_hd_screen(kbps, pixels, fps, o22):
    assert quality.video(kbps, pixels, fps) == near(o22)


def test_a_small_screen_forgives():
    assert quality.video(2500, HD, 25, device="mobile") == near(4.0388)


@pytest.mark.parametrize("codec", ["hevc", "vp9"])
def test_other_codecs_are_a_polynomial_of_the_h264_quality(codec):
    h264 = float(quality.video(2500, HD, 25))
    a, b, c, d = quality.OTHER_CODECS[codec]
    assert quality.video(2500, HD, 25, codec=codec) == pytest.approx(a * h264**3 + b * h264**2 + c * h264 + d)
    assert quality.video(2500, HD, 25, codec=codec) > h264


def test_quality_and_mos_are_each_others_inverse():
    q = np.linspace(3.3, 100, 977)
    assert quality.quality_of_mos(quality.mos_of_quality(q)) == pytest.approx(q, abs=2e-5)
    assert quality.quality_of_mos([1.0, 1.05, 4.9, 5.0]).tolist() == [0, 0, 100, 100]


RATE = st.floats(0, 200_000)
SCREEN = st.sampled_from([640 * 360, HD, FULL, 3840 * 2160])


@given(
    RATE,
    RATE,
    SCREEN,
    st.floats(1, 120),
    SCREEN,
    st.sampled_from(["pc", "mobile"]),
    st.sampled_from(["h264", "hevc", "vp9"]),
)
def test_more_rate_is_never_worse_and_all_stays_on_the_scale(one, other, pixels, fps, display, device, codec):
    low, high = quality.video(sorted([one, other]), pixels, fps, display, device, codec)
    assert 1 <= low <= high + 1e-9
    assert high <= 5


@given(st.floats(1, 5), st.floats(1, 5), st.floats(1, 5))
def test_better_audio_or_video_is_never_worse(one, other, fixed):
    low, high = sorted([one, other])
    assert quality.audiovisual(low, fixed) <= quality.audiovisual(high, fixed)
    assert quality.audiovisual(fixed, low) <= quality.audiovisual(fixed, high)
    assert 1 <= quality.audiovisual(low, fixed) <= 5


def test_what_is_not_known_stays_unknown():
    for arguments in ((np.nan, HD, 25), (2500, np.nan, 25), (2500, HD, np.nan)):
        assert np.isnan(quality.video(*arguments))
    assert np.isnan(quality.audio(np.nan))
