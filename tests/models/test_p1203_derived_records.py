"""The plug-in for records agrees with the session model on sessions of steady quality."""

import numpy as np
import pytest

from models.experience.p1203_derived.records import CEILING, VideoP1203Derived
from models.experience.p1203_derived.session import AudioSegment, VideoSegment, rate


def record(**values):
    return {k: np.array([v], dtype=np.float64) for k, v in values.items()}


def session(stalls, media=180, kbps=1500, height=720):
    segments = [VideoSegment(kbps, media, height * 16 // 9, height, 25)]
    return rate(segments, [AudioSegment(128, media)], stalls).overall


def test_without_stalls_it_is_the_session_model():
    model = VideoP1203Derived(height=720)
    got = model.mos(record(bitrate_kbps=1500, stall_ratio=0, startup_s=0))[0]
    assert got == pytest.approx(session([]), abs=1e-9)
    waiting = model.mos(record(bitrate_kbps=1500, stall_ratio=0, startup_s=4))[0]
    assert waiting == pytest.approx(session([(0, 4)]), abs=1e-9)


def test_with_stalls_it_is_the_mean_over_sessions_that_stall_at_any_time():
    rng = np.random.default_rng(7)
    inputs = {"stall_count": "stalls", "stall_time": "stalled_s"}
    model = VideoP1203Derived(height=720, inputs=inputs)
    for count, length, loading in ((1, 6.0, 0.0), (3, 4.0, 2.0), (6, 2.0, 1.0)):
        sessions = []
        for _ in range(300):
            at = np.sort(rng.uniform(0.001, 180, count))
            sessions.append(session([(0, loading)] * (loading > 0) + [(p, length) for p in at]))
        got = model.mos(record(bitrate_kbps=1500, stalls=count, stalled_s=count * length, startup_s=loading))[0]
        assert got == pytest.approx(np.mean(sessions), abs=0.02)


def test_a_ratio_stands_for_stalls_of_the_usual_length():
    ratio = 10.0 / 190.0  # ten seconds on 180 of media
    by_ratio = VideoP1203Derived(mean_stall_s=5.0).mos(record(bitrate_kbps=4000, stall_ratio=ratio))
    exact = VideoP1203Derived(inputs={"stall_time": "stalled_s", "stall_count": "stalls"})
    assert by_ratio == pytest.approx(exact.mos(record(bitrate_kbps=4000, stalled_s=10, stalls=2)))


def test_without_rate_or_stalling_the_opinion_is_unknown():
    model = VideoP1203Derived()
    assert np.isnan(model.score(record(bitrate_kbps=np.nan, stall_ratio=0)))
    assert np.isnan(model.score(record(bitrate_kbps=4000, stall_ratio=np.nan, startup_s=1)))
    assert model.score(record(bitrate_kbps=4000, stall_ratio=0, startup_s=np.nan)) == model.score(
        record(bitrate_kbps=4000, stall_ratio=0, startup_s=0)
    )


def test_the_score_is_the_scale_of_its_own_opinions():
    model = VideoP1203Derived()
    kqis = record(bitrate_kbps=1000, stall_ratio=0.02, startup_s=1)
    assert model.score(kqis) == pytest.approx((model.mos(kqis) - 1) / (CEILING - 1) * 100)
    assert pytest.approx(4.9342, abs=1e-4) == CEILING


def test_all_stalled_is_the_worst():
    assert VideoP1203Derived().score(record(bitrate_kbps=8000, stall_ratio=1.0))[0] < 1


def test_height_and_pictures_a_second_may_come_from_records():
    model = VideoP1203Derived(inputs={"height": "video_height", "fps": "fps"})
    assert model.kqis == ("bitrate_kbps", "stall_ratio", "startup_s", "video_height", "fps")
    kqis = record(bitrate_kbps=2500, stall_ratio=0, video_height=720, fps=15)
    assert model.score(kqis) == pytest.approx(VideoP1203Derived(height=720, fps=15).score(kqis))
    unknown = {**kqis, "video_height": np.array([np.nan]), "fps": np.array([np.nan])}
    assert model.score(unknown) == pytest.approx(VideoP1203Derived().score(kqis))


def test_device_codec_and_audio_are_options():
    kqis = record(bitrate_kbps=1200, stall_ratio=0)
    plain = VideoP1203Derived(height=720)
    assert VideoP1203Derived(height=720, device="mobile").score(kqis) > plain.score(kqis)
    assert VideoP1203Derived(height=720, codec="hevc").score(kqis) > plain.score(kqis)
    assert VideoP1203Derived(height=720, audio_codec="").score(kqis) > plain.score(kqis)
    assert VideoP1203Derived(height=720, audio_kbps=16).score(kqis) < plain.score(kqis)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"device": "tv"}, "device"),
        ({"codec": "av1"}, "codec"),
        ({"audio_codec": "opus"}, "audio_codec"),
        ({"session_s": 0.0}, "session_s"),
        ({"fps": "fast"}, "fps is a number"),
        ({"inputs": {"stalls": "x"}}, "unknown stalls"),
        ({"inputs": {"startup": "stall_ratio"}}, "two quantities"),
        ({"inputs": {"startup": ""}}, "names a KQI"),
    ],
)
def test_impossible_options_are_refused(options, reason):
    with pytest.raises(ValueError, match=reason):
        VideoP1203Derived(**options)
