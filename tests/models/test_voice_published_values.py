"""ITU-T G.107: figures of the standard (R 93.2 by default) and of public implementations, recomputed independently."""

import numpy as np
import pytest

from models.experience import emodel
from models.experience.emodel import Transmission
from models.experience.voice import CODECS

DEFAULT = Transmission()
TOLERANCE = 1e-3


def near(expected):
    return pytest.approx(expected, abs=TOLERANCE)


def test_the_default_connection_has_the_terms_of_the_standard():
    assert emodel.noise(DEFAULT) == near(-61.1792)
    assert emodel.basic_signal_to_noise(DEFAULT) == near(94.7688)
    assert emodel.loudness(DEFAULT) == near(0.4402)
    assert emodel.sidetone(DEFAULT) == near(-0.0007)
    assert emodel.quantising(DEFAULT) == near(0.9741)
    assert emodel.simultaneous(DEFAULT) == near(1.4136)
    assert emodel.listener_echo(DEFAULT, 0.0) == near(0.1490)
    assert emodel.talker_echo(DEFAULT, 0.0) == 0


def test_the_default_connection_rates_93_2():
    assert emodel.rating(DEFAULT) == near(93.2062)
    assert round(float(emodel.rating(DEFAULT)), 1) == 93.2
    assert emodel.mos(emodel.rating(DEFAULT)) == near(4.4094)


@pytest.mark.parametrize(
    ("r", "mos"),
    [
        (10, 1.035),
        (20, 1.252),
        (30, 1.609),
        (40, 2.064),
        (50, 2.575),
        (60, 3.100),
        (70, 3.597),
        (80, 4.024),
        (90, 4.339),
        (93.2, 4.4093),
    ],
)
def test_mos_of_a_rating(r, mos):
    assert emodel.mos(r) == near(mos)


def test_mos_stays_between_1_and_4_5():
    assert emodel.mos(np.array([-20.0, 0.0, 3.0, 6.4])).tolist() == [1, 1, 1, 1]
    assert emodel.mos(np.array([100.0, 103.2, 200.0])).tolist() == [4.5, 4.5, 4.5]


@pytest.mark.parametrize(
    ("ta", "idd", "r", "mos"),
    [
        (100, 0, 93.2062, 4.4094),
        (150, 0.1635, 93.0427, 4.4062),
        (200, 3.0444, 90.1618, 4.3429),
        (250, 8.9167, 84.2895, 4.1753),
        (300, 14.7607, 78.4455, 3.9639),
        (400, 24.0701, 69.1361, 3.5562),
        (500, 30.6359, 62.5703, 3.2321),
    ],
)
def test_absolute_delay_without_echo(ta, idd, r, mos):
    assert emodel.too_late(DEFAULT, [float(ta)])[0] == near(idd)
    rating = emodel.rating(DEFAULT, ta=[float(ta)])
    assert rating[0] == near(r)
    assert emodel.mos(rating)[0] == near(mos)


@pytest.mark.parametrize(
    ("t", "idte", "idle", "r"),
    [
        (50, 1.0229, 0.5761, 91.7562),
        (100, 1.9638, 0.7277, 90.6637),
        (150, 2.8118, 0.8407, 89.5391),
        (200, 3.5708, 0.9353, 85.8047),
        (250, 4.2429, 1.0186, 79.1771),
        (400, 5.8082, 1.2301, 62.2468),
    ],
)
def test_delay_with_echo(t, idte, idle, r):
    assert emodel.talker_echo(DEFAULT, float(t)) == near(idte)
    assert emodel.listener_echo(DEFAULT, 2.0 * t) == near(idle)
    assert emodel.rating(DEFAULT, ta=[float(t)], t=float(t), tr=2.0 * t)[0] == near(r)


@pytest.mark.parametrize(
    ("codec", "loss", "ie_eff", "r", "mos"),
    [
        ("G.711", 0, 0, 93.206, 4.409),
        ("G.711", 1, 17.9245, 75.282, 3.834),
        ("G.711", 2, 30.1587, 63.047, 3.256),
        ("G.711", 5, 51.0753, 42.131, 2.170),
        ("G.711+PLC", 1, 3.6398, 89.566, 4.328),
        ("G.711+PLC", 2, 7.0111, 86.195, 4.235),
        ("G.711+PLC", 5, 15.7807, 77.425, 3.923),
        ("G.729A", 0, 11, 82.206, 4.105),
        ("G.729A", 1, 15.2, 78.006, 3.946),
        ("G.729A", 2, 19.0, 74.206, 3.788),
        ("G.729A", 5, 28.5, 64.706, 3.340),
        ("G.723.1-6.3", 0, 15, 78.206, 3.954),
        ("G.723.1-6.3", 1, 19.6784, 73.528, 3.758),
        ("G.723.1-6.3", 2, 23.8398, 69.366, 3.567),
        ("G.723.1-6.3", 5, 33.9573, 59.249, 3.061),
        ("GSM-EFR", 0, 5, 88.206, 4.293),
        ("GSM-EFR", 1, 13.1818, 80.024, 4.025),
        ("AMR-12.2", 2, 20.0, 73.206, 3.744),
        ("AMR-12.2", 5, 35.0, 58.206, 3.007),
    ],
)
def test_codecs_under_loss(codec, loss, ie_eff, r, mos):
    ie, bpl = CODECS[codec]
    line = Transmission(ie=ie, bpl=bpl)
    assert emodel.equipment(line, float(loss)) == near(ie_eff)
    assert emodel.rating(line, ppl=float(loss)) == near(r)
    assert emodel.mos(emodel.rating(line, ppl=float(loss))) == near(mos)


def test_bursty_loss_hurts_more_than_random_loss():
    assert emodel.equipment(Transmission(bpl=25.1, burst_ratio=2.0), 5.0) == near(17.2101)


def test_an_advantage_of_ten_adds_ten_and_mos_stays_capped():
    rating = emodel.rating(Transmission(advantage=10.0))
    assert rating == near(103.2062)
    assert emodel.mos(rating) == 4.5


def test_a_strong_sidetone_rating_joins_talker_echo_as_a_power_sum():
    line, t = Transmission(stmr=25.0), 100.0
    terv = 65 - 40 * np.log10((1 + t / 10) / (1 + t / 150))  # the last term is nothing at 100 ms
    half = (-1.5 * (emodel.noise(line) - 2) - (80 + 2.5 * (terv - 14))) / 2
    idte = half + np.sqrt(half**2 + 100) - 1
    assert emodel.talker_echo(line, t) == near(np.hypot(idte, float(emodel.sidetone(line, t))))


def test_a_weak_sidetone_rating_masks_talker_echo():
    line, t = Transmission(stmr=8.0), 100.0
    terv = 65 - 40 * np.log10((1 + t / 10) / (1 + t / 150)) + float(emodel.sidetone(line, t)) / 2
    half = (-1.5 * (emodel.noise(line) - 2) - (80 + 2.5 * (terv - 14))) / 2
    assert emodel.talker_echo(line, t) == near(half + np.sqrt(half**2 + 100) - 1)


def test_the_short_way_without_echo_equals_the_whole_model():
    line = Transmission(ie=5.0, bpl=10.0, advantage=5.0, burst_ratio=1.5)
    ta, ppl = np.meshgrid(np.linspace(0, 900, 31), np.linspace(0, 20, 21))
    short = emodel.rating_without_echo(line, ta.ravel(), ppl.ravel())
    assert np.allclose(short, emodel.rating(line, ta=ta.ravel(), ppl=ppl.ravel()), atol=1e-9)
