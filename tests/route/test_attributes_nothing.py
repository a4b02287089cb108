"""Where nothing is wrong in particular, nothing is named."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cemcore import localise_attributes
from tests.route.attribute_cases import SIZES, asked, failures, leaves, named, volumes

ATTRIBUTES = list(SIZES)
SHARES = {"weight": "sessions", "worse": "higher"}


def test_noise_is_no_cause():
    """Forty tables of noise; the price is set for about three in a hundred."""
    found = [localise_attributes(volumes(s, [], noise=0.02 * (1 + s % 10)), ATTRIBUTES) for s in range(20)]
    found += [localise_attributes(failures(s, []), ATTRIBUTES, **SHARES) for s in range(20)]
    assert sum(map(len, found)) <= 2


@settings(max_examples=15, deadline=None)
@given(drift=st.floats(0.6, 3.0), seed=st.integers(0, 999))
def test_what_moved_everywhere_alike_is_drift_and_no_combination(drift, seed):
    found = localise_attributes(failures(seed, [], drift=drift), ATTRIBUTES, **SHARES)
    assert not len(found)
    assert abs(np.log(found.drift / drift)) < 0.1


def test_a_cause_is_found_on_top_of_a_drift():
    cause = {"device": "device-4"}
    found = localise_attributes(failures(4, [cause], turned=0.3, drift=1.5), ATTRIBUTES, **SHARES)
    assert named(found) == asked([cause])
    assert abs(found.drift - 1.5) < 0.1


def test_heavy_tails_are_learned_as_noise():
    rng, frames = np.random.default_rng(0), []
    for seed in range(15):
        frame = volumes(seed, [])
        frames.append(frame.assign(real=frame.expected * np.exp(0.05 * rng.standard_t(3, len(frame)))))
    assert sum(len(localise_attributes(f, ATTRIBUTES)) > 0 for f in frames) <= 3


def test_groups_that_always_stray_together_are_no_cause():
    """Every value of every attribute is off its forecast by 10 % or so, and all its leaves with it."""
    named_anything = 0
    for seed in range(15):
        rng, frame = np.random.default_rng(seed), leaves()
        stray = sum(
            frame[a].map(dict(zip(frame[a].unique(), 0.1 * rng.standard_normal(n), strict=True)))
            for a, n in SIZES.items()
        )
        frame["sessions"], frame["expected"] = 2000, 0.05
        frame["real"] = rng.binomial(2000, 0.05 * np.exp(stray)) / 2000
        named_anything += len(localise_attributes(frame, ATTRIBUTES, **SHARES)) > 0
    assert named_anything <= 2


def test_a_perfect_forecast_and_an_empty_table_have_no_cause():
    frame = volumes(0, [])
    assert not len(localise_attributes(frame.assign(real=frame.expected), ATTRIBUTES))
    assert not len(localise_attributes(frame.iloc[:0], ATTRIBUTES))
    assert not len(localise_attributes(frame.assign(real=0.0, expected=0.0), ATTRIBUTES))
