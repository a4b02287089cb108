"""What holds for experience models however they are set: bounded, monotone where they say so, NaN where unknowable."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.experience.apdex import Apdex
from models.experience.classes import FIVE_QI, Y1541, NetworkClass
from models.experience.deterministic import DeterministicAvailability
from models.experience.g1072_derived import GamingG1072Derived
from models.experience.p1203_derived.records import VideoP1203Derived
from models.experience.qoo import Qoo
from models.experience.shortcuts import RtcShortcut, VoipShortcut
from models.experience.thing import Thing
from models.experience.video_call import VideoCallG1070
from models.experience.voice_wide import VoiceFullband, VoiceWideband

VIDEO = {"stall_count": "stalls", "stall_time": "stalled_s", "height": "video_height", "fps": "fps"}
SET = {
    "wideband": VoiceWideband(codec="AMR-WB-12.65", bpl=8.0, burst_ratio=2.0, advantage=10.0),
    "wideband-fallback": VoiceWideband(measured="fallback", buffer_ms=20.0),
    "fullband": VoiceFullband(ie=20.0, bpl=15.0, added_delay_ms=80.0),
    "apdex": Apdex(target_s=0.5),
    "video-all": VideoP1203Derived(inputs=VIDEO),
    "video-mobile": VideoP1203Derived(device="mobile", codec="vp9", height=480, session_s=20.0, audio_codec=""),
    "video-fps": VideoP1203Derived(fps=12, display_height=2160, session_s=3600.0, mean_stall_s=0.5),
    "gaming": GamingG1072Derived(interaction="low", complexity="low", height=720, fps=30.0, bitrate_mbps=8.0),
    "gaming-high": GamingG1072Derived(interaction="medium", complexity="high", fps=10.0),
    "call": VideoCallG1070(inputs={"fps": "fps"}),
    **{f"5qi-{q}": NetworkClass(five_qi=q) for q in FIVE_QI if q % 7 == 2},
    **{f"y1541-{c}": NetworkClass(y1541=c, round_trip=False, unusable_at=1.5) for c in Y1541 if c != 5},
    "qoo": Qoo(latency={"p50": [20, 60], "p99": [50, 500], "p99_9": [80, 1000]}, loss=[0.1, 2]),
    "availability": DeterministicAvailability(target=0.9999, useless=0.0),
    "thing": Thing(weights={"signal": 1.0, "battery": 0.0}),
    "thing-deterministic": Thing(deterministic=True, availability_target=0.999),
    "voip": VoipShortcut(),
    "rtc": RtcShortcut(fec=True, bits_per_s=24_000.0, inputs={"buffer": "buffer_ms"}),
}
PARTS_SUFFICE = (NetworkClass, Qoo, Thing)  # judge what is reported


def value(quantity):
    """Some value that the quantity can take: small ones as likely as large ones."""
    span = quantity.high - quantity.low
    return st.one_of(
        st.floats(quantity.low, quantity.high),
        st.floats(0, 7).map(lambda decades: quantity.low + span * 10**-decades),
        st.sampled_from([quantity.low, quantity.high]),
    )


@st.composite
def two_records(draw, model):
    """(KQI, records): two records that differ in that KQI alone, the better one first; others may be missing."""
    kqi = draw(st.sampled_from(model.kqis))
    quantity = model.quantities[kqi]
    pair = sorted([draw(value(quantity)), draw(value(quantity))], reverse=quantity.better == "higher")
    rest = {k: draw(st.one_of(value(q), st.just(math.nan))) for k, q in model.quantities.items() if k != kqi}
    return kqi, {kqi: np.array(pair), **{k: np.array([v, v]) for k, v in rest.items()}}


@pytest.mark.parametrize("model", SET.values(), ids=SET.keys())
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_scores_are_bounded_and_monotone_where_the_model_says_so(model, data):
    kqi, records = data.draw(two_records(model))
    good, bad = model.score(records)
    if np.isnan(good) or np.isnan(bad):
        assert np.isnan(good)
        assert np.isnan(bad)
        assert not isinstance(model, PARTS_SUFFICE), "what is reported suffices"
        assert any(np.isnan(v).any() for v in records.values()), "a record without gaps has a score"
        return
    assert 0 <= bad <= 100
    assert 0 <= good <= 100
    if model.quantities[kqi].better:
        assert bad <= good + 1e-9


@pytest.mark.parametrize("model", SET.values(), ids=SET.keys())
def test_what_each_quantity_is_stands_with_it(model):
    assert set(model.quantities) == set(model.kqis)
    for quantity in model.quantities.values():
        assert quantity.unit
        assert quantity.low < quantity.high
        assert quantity.about
