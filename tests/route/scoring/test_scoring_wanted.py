"""Contributors of some rows, of none, later: the same as of all."""

import numpy as np
import pytest

from cemcore.frames import KQIS
from cemcore.pipeline import scoring


def mixed(ground, n, seed, order="mixed"):
    """Records of all services and of an unknown one, over the range of every KQI, with gaps and total failures."""
    rng = np.random.default_rng(seed)
    names = ground.catalogue.kqis
    kqis = np.empty((n, len(names)), np.float32)
    for j, k in enumerate(names):
        low, high = KQIS[k].low, KQIS[k].high
        spread = rng.choice([0.0, 1e-4, 1e-3, 1e-2, 1.0], n) * rng.random(n)
        kqis[:, j] = low + spread * (high - low) if ground.catalogue.kqi(k).better == "lower" else high * rng.random(n)
    kqis[rng.random(kqis.shape) < 0.2] = np.nan
    failed = rng.random(n) < 0.05
    kqis[failed] = np.nan
    for j, k in enumerate(names):
        if ground.catalogue.kqi(k).failure is not None:
            kqis[failed, j] = 0
    service = rng.integers(-1, len(ground.catalogue.services) + 1, n).astype(np.int32)
    if order == "sorted":
        service.sort()
    blank = ground.rows(("voice", 0, {}))
    rows = blank.take(np.zeros(n, np.int64))
    return type(rows)(**{**vars(rows), "kqis": kqis, "service": service})


def scored(ground, rows, **more):
    return scoring.score(rows, ground.catalogue, ground.models, ground.people(), **more)


@pytest.mark.parametrize("order", ["mixed", "sorted"])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 1.0])
def test_a_mask_gives_the_same_contributors_as_all(ground, order, share, monkeypatch):
    monkeypatch.setattr(scoring, "_BLOCK", 500)
    monkeypatch.setattr(scoring, "_RUN", 64)
    rows = mixed(ground, 3000, 1, order)
    wanted = np.random.default_rng(2).random(3000) < share
    every, some = scored(ground, rows), scored(ground, rows, contributors=wanted)
    assert np.array_equal(every.score, some.score, equal_nan=True)
    assert np.array_equal(every.coverage, some.coverage)
    assert np.array_equal(every.contributors[wanted], some.contributors[wanted], equal_nan=True)
    assert np.isnan(some.contributors[~wanted]).all()


def test_contributors_can_be_had_later(ground):
    rows = mixed(ground, 2000, 3)
    every = scored(ground, rows)
    few = np.flatnonzero(every.below)
    later = scoring.contributors_of(rows.take(few), ground.catalogue, ground.models)
    assert np.array_equal(later, every.contributors[few], equal_nan=True)


def test_rows_that_want_no_contributors_can_still_be_picked_and_joined(ground):
    got = scored(ground, mixed(ground, 100, 4), contributors=np.zeros(100, np.bool_))
    assert got.contributors.shape == (100, len(ground.catalogue.kqis))
    assert np.isnan(got.contributors).all()
    assert len(type(got).concat([got.take(slice(0, 10)), got.take(got.below)])) == 10 + got.below.sum()


@pytest.mark.parametrize("order", ["mixed", "sorted"])
def test_blocks_of_any_size_give_the_same(ground, order, monkeypatch):
    rows = mixed(ground, 4000, 5, order)
    whole = scored(ground, rows)
    for block, run in ((1, 8), (7, 8), (1000, 64), (4000, 4000)):
        monkeypatch.setattr(scoring, "_BLOCK", block)
        monkeypatch.setattr(scoring, "_RUN", run)
        part = scored(ground, rows)
        for name in ("score", "coverage", "contributors"):
            assert np.allclose(getattr(part, name), getattr(whole, name), rtol=0, atol=1e-4, equal_nan=True)


def test_the_sum_law_holds_for_every_known_row(ground):
    got = scored(ground, mixed(ground, 4000, 6))
    known = ~np.isnan(got.score)
    assert known.sum() > 2000
    assert np.allclose(got.score[known] + np.nansum(got.contributors[known], axis=1), 100, atol=1e-3)


def test_a_model_that_tries_at_once_is_charged_as_one_that_is_asked_again_and_again(ground):
    class Plain:
        kqis = ground.models["voice/call_quality"].kqis
        score = staticmethod(ground.models["voice/call_quality"].score)

    rows = mixed(ground, 2000, 7)
    plain = scoring.score(rows, ground.catalogue, ground.models | {"voice/call_quality": Plain()}, ground.people())
    assert np.allclose(plain.contributors, scored(ground, rows).contributors, rtol=0, atol=1e-4, equal_nan=True)


def test_records_that_may_not_be_written_are_scored_and_stay_as_they_were(ground):
    rows = mixed(ground, 500, 8)
    before = rows.kqis.copy()
    for column in vars(rows).values():
        column.flags.writeable = False
    turned = type(rows)(**{**vars(rows), "kqis": np.asfortranarray(rows.kqis)})
    assert np.array_equal(scored(ground, rows).score, scored(ground, turned).score, equal_nan=True)
    assert np.array_equal(rows.kqis, before, equal_nan=True)
