"""What leaves show when nothing is wrong, and the selection against a slow search of everything."""

import itertools
from math import comb, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cemcore.pipeline.localisation.attributes import likelihood, noise, selection


@pytest.mark.parametrize("level", [0.01, 0.05, 0.15])
def test_the_level_of_relative_noise_is_learned_though_a_third_of_the_leaves_moved(level):
    rng = np.random.default_rng(0)
    expected = rng.lognormal(3, 1, 6000)
    real = expected * (1 + level * rng.standard_normal(6000))
    real[:2000] *= 0.6
    y, known = noise.deviations(real, expected)
    found, freedom = noise.levels(y, known, expected)
    assert freedom == noise.NORMAL
    assert abs(np.median(found) / level - 1) < 0.1


def test_noise_that_is_larger_for_small_leaves_is_learned_by_size():
    rng = np.random.default_rng(1)
    expected = rng.lognormal(4, 1.5, 20_000)
    y, known = noise.deviations(rng.poisson(expected).astype(float), expected)
    found, _ = noise.levels(y, known, expected)
    small, large = expected < np.quantile(expected, 0.1), expected > np.quantile(expected, 0.9)
    assert np.median(found[small]) > 3 * np.median(found[large])


def test_heavy_tails_are_told_from_normal_ones():
    rng = np.random.default_rng(2)
    for draw, freedoms in ((rng.standard_normal, {noise.NORMAL}), (lambda n: rng.standard_t(3, n), {2.0, 3.0, 4.0})):
        y = np.clip(0.02 * draw(4000), -1, 1)
        assert noise.levels(y, np.ones(4000, bool), np.ones(4000))[1] in freedoms


@pytest.mark.parametrize("alike", [0.0, 0.02, 0.1])
def test_how_alike_attempts_of_a_leaf_are_is_learned(alike):
    rng, n = np.random.default_rng(3), np.full(4000, 200.0)
    share = np.full(4000, 0.05)
    p = rng.beta(0.05 * (1 / alike - 1), 0.95 * (1 / alike - 1), 4000) if alike else share
    found = noise.likeness(rng.binomial(200, p).astype(float), n, share)
    assert found == pytest.approx(alike, rel=0.35, abs=0.002)


def test_a_leaf_says_most_for_the_effect_that_it_has_and_nothing_for_the_other_direction():
    y, known, level = np.array([-0.38, 0.0]), np.array([True, False]), np.full(2, 0.05)
    ratios = likelihood.of_values(y, known, level, noise.NORMAL, (-1, 1))
    k = len(likelihood.EFFECTS)
    assert likelihood.EFFECTS[ratios[0, :k].argmax()] == 0.38
    assert (ratios[0, k:] <= 0).all()
    assert (ratios[1] == 0).all()
    counts = likelihood.of_shares(np.array([90.0]), np.array([200.0]), np.array([0.1]), 0.0)
    assert likelihood.EFFECTS[counts[0].argmax()] == 0.38


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 9999))
def test_the_first_combination_is_the_best_of_all_or_its_better_parts(seed):
    rng = np.random.default_rng(seed)
    codes = np.array(list(itertools.product(range(3), range(2), range(3))), np.int32)
    ratios = rng.normal(-1, 2, (len(codes), 3))
    ratios[(codes[:, 0] == rng.integers(3)) & (codes[:, 2] == rng.integers(3))] += 12
    search = selection.Search(codes, np.array([3, 2, 3]), 3)
    found = search.select(ratios)
    best = -np.inf
    for k in (1, 2, 3):
        for family in itertools.combinations(range(3), k):
            columns = list(family)
            price = selection.BASE + log(len(np.unique(codes[:, columns], axis=0))) + log(comb(3, k))
            for leaf in codes:
                rows = (codes[:, columns] == leaf[columns]).all(axis=1)
                best = max(best, ratios[rows].sum(axis=0).max() - price)
    assert (best <= 0 and not found) or sum(c.score for c in found) >= best - 1e-9
    explained = np.concatenate([c.rows for c in found]) if found else np.zeros(0)
    assert len(np.unique(explained)) == len(explained)
