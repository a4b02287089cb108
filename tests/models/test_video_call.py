"""ITU-T G.1070 video quality, H.264 VGA: values recomputed by an independent program."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.experience.video_call import H264_VGA, VideoCallG1070, video_quality


@pytest.mark.parametrize(
    ("kbps", "fps", "loss", "mos"),
    [
        (500, 15, 0, 3.5258),
        (1000, 30, 0, 3.7991),
        (1000, 30, 0.5, 3.3243),
        (1000, 30, 1, 2.9300),
        (2000, 30, 0, 4.1879),
    ],
)
def test_published_values(kbps, fps, loss, mos):
    assert video_quality(kbps, fps, loss) == pytest.approx(mos, abs=1e-4)


@given(st.floats(0, 200_000), st.floats(1, 60), st.floats(0, 100), st.floats(0, 100))
def test_more_loss_is_never_better_and_all_stays_on_the_scale(kbps, fps, one, other):
    good, bad = video_quality(kbps, fps, sorted([one, other]))
    assert 1.0 <= bad <= good <= 1.0 + H264_VGA[2]


def test_a_slow_stream_has_a_best_number_of_pictures():
    pictures = np.arange(1, 31)
    quality = video_quality(150, pictures)
    best = 5.517 + 0.0129 * 150
    assert abs(pictures[quality.argmax()] - best) <= 1


def test_the_score_is_its_own_scale_and_pictures_may_come_from_records():
    model = VideoCallG1070(fps=30.0)
    kqis = {"bitrate_kbps": np.array([1000.0, 500.0]), "loss_pct": np.array([1.0, 0.0])}
    assert model.score(kqis)[0] == pytest.approx((2.9300 - 1) / 3.459 * 100, abs=0.01)
    told = VideoCallG1070(inputs={"fps": "fps"})
    assert told.score({**kqis, "fps": np.array([np.nan, 15.0])}) == pytest.approx(
        [model.score(kqis)[0], (3.5258 - 1) / 3.459 * 100], abs=0.01
    )


def test_without_rate_or_loss_it_is_unknown():
    model = VideoCallG1070()
    assert np.isnan(model.score({"bitrate_kbps": np.array([500.0])})[0])
    assert np.isnan(model.score({"loss_pct": np.array([0.0])})[0])


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"fps": 60.0}, "fps"),
        ({"coefficients": [1.0, 2.0]}, "twelve"),
        ({"coefficients": ["a"] * 12}, "twelve"),
        ({"coefficients": [0.0] * 12}, "above 0"),
    ],
)
def test_impossible_options_are_refused(options, reason):
    with pytest.raises(ValueError, match=reason):
        VideoCallG1070(**options)
