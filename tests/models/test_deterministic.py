"""Deterministic communication with survival time (3GPP TS 22.104)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.experience.deterministic import REQUIREMENTS, DeterministicAvailability, assess, nines


def flow(n=1000, interval=0.01, latency=0.002):
    """(sequence, sent, received, correct) of messages that all come in time."""
    sequence = np.arange(n)
    sent = 100.0 + sequence * interval
    return sequence, sent, sent + latency, np.ones(n, dtype=bool)


def test_five_messages_lost_of_a_thousand_with_a_survival_time_of_two_intervals():
    sequence, sent, received, correct = flow()
    received[400:405] = np.nan
    got = assess(sequence, sent, received, correct, bound_s=0.01, survival_s=0.02)
    assert got.down_s == pytest.approx(0.030)
    assert got.availability == pytest.approx(0.997)
    assert (got.messages, got.outages, got.lost) == (1000, 1, 0.005)
    assert got.mtbf_s == pytest.approx(9.97)


def test_numbers_that_are_not_there_at_all_are_lost_messages():
    sequence, sent, received, correct = flow()
    there = (sequence < 400) | (sequence >= 405)
    got = assess(sequence[there], sent[there], received[there], correct[there], 0.01, 0.02)
    assert got.availability == pytest.approx(0.997)
    assert got.lost == 0.005


def test_late_and_incorrect_messages_fail_like_lost_ones():
    sequence, sent, received, correct = flow()
    received[400:402] += 0.02
    correct[402:404] = False
    received[404] = np.nan
    got = assess(sequence, sent, received, correct, 0.01, 0.02)
    assert (got.late, got.incorrect, got.lost, got.failed) == pytest.approx((0.002, 0.002, 0.001, 0.005))
    assert got.availability == pytest.approx(0.997)


def test_failures_within_the_survival_time_are_bridged():
    sequence, sent, received, correct = flow()
    received[100:102] = received[500:502] = np.nan
    got = assess(sequence, sent, received, correct, 0.01, 0.02)
    assert got.availability == 1.0
    assert got.outages == 0
    assert got.mtbf_s == np.inf
    assert got.lost == 0.004


def test_clocks_that_count_from_1970_are_fine_enough():
    sequence, sent, received, correct = flow(latency=0.01)
    sent, received = sent + 1_760_000_000.3, received + 1_760_000_000.3
    received[100:102] = np.nan
    received[400:405] = np.nan
    got = assess(sequence, sent, received, correct, 0.01, 0.02)
    assert (got.late, got.outages) == (0.0, 1)
    assert got.availability == pytest.approx(0.997, abs=1e-6)


def test_an_outage_to_the_end_is_counted_to_the_end():
    sequence, sent, received, correct = flow(100)
    received[90:] = np.nan
    got = assess(sequence, sent, received, correct, 0.01, 0.02)
    assert got.down_s == pytest.approx(0.1 - 0.02)


def test_a_message_that_comes_twice_counts_by_its_best_copy_in_any_order():
    sequence, sent, received, correct = flow(100)
    copies = [np.concatenate([a, a]) for a in (sequence, sent, received, correct)]
    copies[2][150:160] = np.nan
    copies[3][160:170] = False
    mixed = np.random.default_rng(4).permutation(200)
    got = assess(*(a[mixed] for a in copies), 0.01, 0.02)
    assert (got.messages, got.failed, got.availability) == (100, 0.0, 1.0)


def slow(good, interval, survival):
    """Downtime [s] walked message by message."""
    down, first, deadlines = 0.0, None, np.arange(len(good) + 1) * interval
    for at, ok in zip(deadlines, [*good, True], strict=True):
        if not ok and first is None:
            first = at
        if ok and first is not None:
            down += max(0.0, at - first - survival)
            first = None
    return down


@settings(max_examples=100)
@given(st.lists(st.booleans(), min_size=2, max_size=80), st.floats(0, 0.1), st.integers(0, 2**32 - 1))
def test_downtime_is_what_one_gets_walking_from_message_to_message(good, survival, seed):
    sequence, sent, received, correct = flow(len(good))
    received[~np.array(good)] = np.nan
    order = np.random.default_rng(seed).permutation(len(good))
    got = assess(*(a[order] for a in (sequence, sent, received, correct)), 0.01, survival, 0.01)
    assert got.down_s == pytest.approx(slow(good, 0.01, survival), abs=1e-8)
    assert 0.0 <= got.availability <= 1.0
    longer = assess(sequence, sent, received, correct, 0.01, survival + 0.01, 0.01)
    assert longer.availability >= got.availability - 1e-9


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"sequence": []}, "one message or more"),
        ({"sequence": [0, 1]}, "same length"),
        ({"sequence": [0.5]}, "whole"),
        (
            dict(
                zip(("sequence", "sent_s", "received_s", "correct"), ([0, 2**40], [0, 1], [0, 1], [1, 1]), strict=True)
            ),
            "gap",
        ),
        ({"sent_s": [np.nan]}, "time sent"),
        ({"survival_s": -1.0}, "survival"),
        ({"interval_s": None}, "interval"),
        ({"interval_s": 0.0}, "interval"),
    ],
)
def test_what_is_no_flow_is_refused(change, reason):
    one = {"sequence": [0], "sent_s": [0.0], "received_s": [0.001], "correct": [True]}
    options = {"bound_s": 0.01, "survival_s": 0.0, "interval_s": 0.01}
    with pytest.raises(ValueError, match=reason):
        assess(**{**one, **options, **change})


def test_nines():
    assert nines([0.9, 0.999, 1.0]) == pytest.approx([1, 3, np.inf])


def test_the_score_counts_nines_up_to_the_target():
    model = DeterministicAvailability(target=0.99999, useless=0.9)
    got = model.score({"availability_ratio": np.array([1.0, 0.99999, 0.999, 0.99, 0.9, 0.0, np.nan])})
    assert got[:6] == pytest.approx([100, 100, 50, 25, 0, 0])
    assert np.isnan(got[6])


def test_six_nines_are_told_apart_in_single_precision():
    kept = np.array([0.999999, 0.999998], np.float32).astype(np.float64)
    target, worse = DeterministicAvailability(target=0.999999).score({"availability_ratio": kept})
    assert target > 99
    assert worse < 96


@pytest.mark.parametrize("options", [{"target": 1.0}, {"useless": 0.9999999}, {"target": 0.9999999}])
def test_impossible_targets_are_refused(options):
    with pytest.raises(ValueError, match="target"):
        DeterministicAvailability(**options)


def test_what_services_need_is_consistent_in_itself():
    for kind, need in REQUIREMENTS.items():
        assert 0.9999 <= need.availability < 1, kind
        if need.interval_s is None or need.survival_s is None:
            continue
        assert need.survival_s >= need.interval_s, kind
        latency = need.interval_s if need.latency_s is None else need.latency_s
        sequence, sent, received, correct = flow(400, need.interval_s, latency * 0.99)
        assert assess(sequence, sent, received, correct, latency, need.survival_s).availability == 1.0
        DeterministicAvailability(target=need.availability)
