import numpy as np
import pytest

from cemcore.frames import KQIS
from cemcore.pipeline import scoring
from models.experience.index import WeightedIndex

USER = 0
GOOD_CALL = {"latency_ms": 60, "jitter_ms": 3, "loss_pct": 0.1, "mos": 4.4, "setup_success_ratio": 1}


def random_rows(ground, n, seed, missing):
    """Records of every service over the whole range of every KQI, good values as likely as bad ones."""
    rng = np.random.default_rng(seed)
    records = []
    for i in range(n):
        service = ground.catalogue.services[i % len(ground.catalogue.services)]
        values = {}
        for k in ground.catalogue.service(service).kqis:
            low, high = KQIS[k].low, KQIS[k].high
            spread = float(rng.choice([0.0, 1e-4, 1e-3, 1e-2, 1.0])) * rng.random()
            bad = low + spread * (high - low) if ground.catalogue.kqi(k).better == "lower" else high * rng.random()
            values[k] = np.nan if rng.random() < missing else bad
        records.append((service, int(rng.integers(0, 3)), values))
    return ground.rows(*records)


def slow_twin(ground, rows, i):
    """Score and coverage of one row in plain Python, from the definition in docs/services.md."""
    catalogue = ground.catalogue
    name = catalogue.services[rows.service[i]]
    values = {k: np.array([float(rows.kqis[i, catalogue.kqis.index(k)])]) for k in catalogue.service(name).kqis}
    known = weight = absent = 0.0
    useless = False
    for part, indicator in catalogue.service(name).indicators.items():
        x = float(ground.models[f"{name}/{part}"].score(values)[0])
        if np.isnan(x):
            absent += 0 if indicator.optional else indicator.weight
            continue
        weight += indicator.weight
        known += indicator.weight * x
        useless |= x < 20
    if not weight:
        return np.nan, 0.0
    score = min(known / weight, 40.0) if useless else known / weight
    failed = any(float(v[0]) == catalogue.kqi(k).failure for k, v in values.items())
    return score, 1.0 if failed and score == 0 else weight / (weight + absent)


@pytest.mark.parametrize("missing", [0.0, 0.3, 0.8])
def test_all_rows_at_once_are_scored_as_one_by_one(ground, missing):
    rows = random_rows(ground, 600, seed=1, missing=missing)
    got = scoring.score(rows, ground.catalogue, ground.models, ground.people())
    want = np.array([slow_twin(ground, rows, i) for i in range(len(rows))])
    assert np.allclose(got.score, want[:, 0], atol=1e-3, equal_nan=True)
    assert np.allclose(got.coverage, want[:, 1], atol=1e-6)


def test_a_service_of_utilities_only_scores_as_one_weighted_index_over_them(ground):
    parts = ground.catalogue.service("gaming").indicators.values()
    index = WeightedIndex([{"kqi": p.kqi, "weight": p.weight, **p.utility} for p in parts])
    rows = random_rows(ground, 600, seed=2, missing=0.3)
    rows = rows.take(rows.service == ground.catalogue.services.index("gaming"))
    values = {k: rows.kqis[:, ground.catalogue.kqis.index(k)].astype(float) for k in index.kqis}
    got = scoring.score(rows, ground.catalogue, ground.models, ground.people())
    assert np.allclose(got.score, index.score(values), atol=1e-3, equal_nan=True)


@pytest.mark.parametrize("missing", [0.0, 0.4])
def test_score_and_contributors_add_up_to_100_wherever_the_score_is_known(ground, missing):
    rows = random_rows(ground, 1200, seed=3, missing=missing)
    got = scoring.score(rows, ground.catalogue, ground.models, ground.people())
    known = ~np.isnan(got.score)
    total = got.score[known] + np.nansum(got.contributors[known], axis=1)
    assert known.sum() > 300
    assert np.allclose(total, 100, atol=1e-3)
    assert (got.contributors[known & (got.coverage == 1)] >= 0).sum() > 0
    assert not (got.contributors < -1e-4).any()


def test_scores_stay_in_bounds_and_coverage_between_0_and_1(ground):
    got = scoring.score(random_rows(ground, 1200, 4, 0.3), ground.catalogue, ground.models, ground.people())
    known = got.score[~np.isnan(got.score)]
    assert ((known >= -1e-4) & (known <= 100)).all()
    assert ((got.coverage >= 0) & (got.coverage <= 1)).all()
    assert (np.isnan(got.score) == (got.coverage == 0)).all()


def test_a_good_call_is_well_above_its_requirement_and_a_lossy_one_below(ground):
    got = ground.score(("voice", USER, GOOD_CALL), ("voice", USER, GOOD_CALL | {"loss_pct": 15, "mos": 1.5}))
    assert got.score[0] > 90
    assert got.score[1] <= 40
    assert got.below.tolist() == [False, True]


@pytest.mark.parametrize("service", ["voice", "video", "web", "gaming"])
def test_when_no_session_could_be_set_up_the_score_is_zero_and_certain(ground, service):
    got = ground.score((service, USER, {"setup_success_ratio": 0}))
    assert got.score[0] == 0
    assert got.coverage[0] == 1
    assert got.contributors[0, ground.catalogue.kqis.index("setup_success_ratio")] == 100
    assert got.below[0]
    assert got.depth[0] == 1


@pytest.mark.parametrize(
    ("service", "values"),
    [("iot_telemetry", {"delivery_ratio": 0}), ("slice_control", {"delivery_ratio": 0, "loss_pct": 100})],
)
def test_when_no_message_arrives_the_score_is_zero_and_certain(ground, service, values):
    got = ground.score((service, 1, values))
    assert got.score[0] == 0
    assert got.coverage[0] == 1


def test_a_failed_set_up_beside_measured_sessions_caps_but_is_not_nothing(ground):
    got = ground.score(("voice", USER, GOOD_CALL | {"setup_success_ratio": 0}))
    assert got.score[0] == 40


def test_nothing_reported_is_unknown_and_not_below_its_requirement(ground):
    got = ground.score(("voice", USER, {}))
    assert np.isnan(got.score[0])
    assert got.coverage[0] == 0
    assert not got.below[0]
    assert np.isnan(got.contributors[0]).all()


def test_what_is_missing_lowers_coverage_not_the_score(ground):
    got = ground.score(("web", USER, {"setup_success_ratio": 1, "throughput_mbps": 50}))
    assert got.score[0] == 100
    assert got.coverage[0] == pytest.approx(0.4)


def test_an_optional_indicator_costs_no_coverage_where_it_is_absent(ground):
    meter = {"delivery_ratio": 1, "latency_ms": 300}
    got = ground.score(("iot_telemetry", 1, meter), ("iot_telemetry", 1, meter | {"throughput_mbps": 0.5}))
    assert got.coverage.tolist() == [1, 1]
    assert got.score[0] == 100
    assert got.score[1] == 40  # a camera at a rate where nothing is recognised: useless, so capped


def test_a_row_of_an_unknown_service_has_no_score_and_no_profile(ground):
    got = ground.score(("fax", USER, GOOD_CALL), ("voice", USER, GOOD_CALL))
    assert np.isnan(got.score[0])
    assert np.isnan(got.requirement[0])
    assert got.profile.tolist()[0] == -1
    assert got.score[1] > 90


def test_no_rows_give_no_scores(ground):
    got = ground.score()
    assert len(got) == 0
    assert got.contributors.shape == (0, len(ground.catalogue.kqis))


def test_the_order_of_rows_does_not_matter(ground):
    rows = random_rows(ground, 300, seed=5, missing=0.2)
    order = np.random.default_rng(6).permutation(300)
    straight = scoring.score(rows, ground.catalogue, ground.models, ground.people())
    mixed = scoring.score(rows.take(order), ground.catalogue, ground.models, ground.people())
    assert np.array_equal(straight.score[order], mixed.score, equal_nan=True)
    assert np.array_equal(straight.contributors[order], mixed.contributors, equal_nan=True)
