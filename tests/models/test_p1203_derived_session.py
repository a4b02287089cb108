"""Whole sessions: stalling as printed in the reference's own tests, the rest recomputed by an independent program."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.experience.p1203_derived.session import AudioSegment, VideoSegment, integrate, rate

STREAM = [VideoSegment(kbps, 5, 1920, 1080, 25) for kbps in (691.72, 4158.04, 7172.66, 6593.59)]
SOUND = [AudioSegment(331.46, 20)]


def near(expected, tolerance=1e-3):
    return pytest.approx(expected, abs=tolerance)


@pytest.mark.parametrize(
    ("stalls", "o23", "overall"),
    [
        ([], 5.0, 4.9342),
        ([(0, 2), (5, 2)], 3.747146, 3.7049),
        ([(0, 5), (5, 30)], 1.900336, None),
        ([(1, 5), (10, 3)], 3.319326, None),
    ],
)
def test_the_twenty_second_stream(stalls, o23, overall):
    got = rate(STREAM, SOUND, stalls)
    assert got.o35 == near(5.0)
    assert got.o23 == near(o23, 1e-6)
    if overall is not None:
        assert got.overall == near(overall)


def test_a_good_stream_is_over_rated_by_eight_hundredths_against_the_reference():
    assert rate(STREAM, SOUND).overall - 4.8566 == near(0.0776)


def test_five_minutes_with_a_short_wait_at_the_begin():
    got = integrate([5.0] * 298, [5.0] * 298, [(0, 2)])
    assert got.o23 == near(4.581654, 1e-6)
    assert got.overall == near(4.5237)


def test_four_seconds_of_everything():
    got = integrate([1, 2, 3, 4], [2, 3, 4, 1], [(2, 1), (3, 2)])
    assert got.o35 == near(2.3756)
    assert got.opinion == near(1.4982)


def test_a_bad_stretch_in_the_middle_is_remembered():
    got = integrate([4.56] * 60, [4.4] * 20 + [2.0] * 20 + [4.4] * 20)
    assert got.base == near(3.9004)
    assert got.o35 == near(3.8654)
    assert got.negative_bias == near(3.9004 - 3.8654, 2e-4)


def test_going_back_and_forth_costs_by_itself():
    got = integrate([4.56] * 60, ([4.4] * 6 + [2.0] * 6) * 5)
    assert got.base == near(3.3041)
    assert got.oscillation == near(0.1950)
    assert got.adaptation == near(0.0520)
    assert got.o35 == near(3.0421)


def test_segments_are_laid_end_to_end_second_by_second():
    got = rate([VideoSegment(4000, 2, 1920, 1080, 25), VideoSegment(300, 1, 640, 360, 25)], [AudioSegment(128, 3)])
    assert got.o22.shape == (3,)
    assert got.o22[0] == got.o22[1] > got.o22[2]
    fractions = rate([VideoSegment(4000, 1.5, 1920, 1080, 25), VideoSegment(300, 1.5, 640, 360, 25)])
    assert (fractions.o22 == [got.o22[0], got.o22[0], got.o22[2]]).all()
    assert (fractions.o21 == 5.0).all()


def test_a_stall_after_the_end_is_not_of_this_session():
    assert rate(STREAM, SOUND, [(25, 10)]).o23 == 5.0


SECONDS = st.lists(st.floats(1, 5), min_size=1, max_size=90)
STALLS = st.lists(st.tuples(st.floats(0, 90), st.floats(0, 60)), max_size=6)


@settings(max_examples=150)
@given(SECONDS, STALLS, st.floats(1, 5))
def test_every_session_has_an_opinion_on_the_scale_and_longer_stalls_are_never_better(o22, stalls, audio):
    got = integrate([audio] * len(o22), o22, stalls)
    assert 1.0 <= got.opinion <= 5.0
    assert 1.0 <= got.o23 <= 5.0
    longer = integrate([audio] * len(o22), o22, [(p, 2 * d + 1) for p, d in stalls])
    assert longer.overall <= got.overall + 1e-12


@pytest.mark.parametrize(
    "arguments", [([], []), ([5, 5], [5]), ([5.0], [np.nan]), ([[5.0]], [[5.0]])], ids=["none", "odd", "nan", "table"]
)
def test_seconds_that_make_no_session_are_refused(arguments):
    with pytest.raises(ValueError, match="quality"):
        integrate(*arguments)


def test_a_session_without_video_is_refused():
    with pytest.raises(ValueError, match="video segments"):
        rate([])
    with pytest.raises(ValueError, match="video segments"):
        rate([VideoSegment(1000, 0, 1280, 720, 25)])
