"""Roll-ups of scores: whatever the way, the same figures; unknown changes no mean; users and things stay apart."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cemcore.pipeline import rollup

few = settings(max_examples=30, deadline=None)
KEYS = ["kind", "group", "service", "hour"]
record = st.fixed_dictionaries(
    {
        "kind": st.integers(0, 1),
        "group": st.integers(0, 3),
        "service": st.integers(0, 2),
        "hour": st.integers(490_000, 490_003),
        "score": st.one_of(st.just(np.nan), st.floats(0, 100)),
        "requirement": st.sampled_from([50.0, 75.0]),
        "coverage": st.floats(0.1, 1),
        "sessions": st.one_of(st.just(np.nan), st.integers(0, 50).map(float)),
        "unknown": st.booleans(),
        "extra": st.floats(0, 60),
    }
)
records = st.lists(record, min_size=1, max_size=40)


def cells(rows):
    frame = pd.DataFrame(rows)
    sums = rollup.sums(
        *(frame[c].to_numpy(np.float64) for c in ("score", "requirement", "coverage", "sessions")),
        unknown=frame["unknown"].to_numpy(np.bool_),
        extra=frame["extra"].to_numpy(np.float64),
    )
    return pd.concat([frame[KEYS], sums], axis=1)


def known(rows):
    return [r for r in rows if not r["unknown"] and not np.isnan(r["score"])]


def demand(r):
    return 1.0 if np.isnan(r["sessions"]) else r["sessions"]


def plain_mean(rows):
    """The demand-weighted mean, a row at a time."""
    whole = sum(demand(r) for r in rows)
    return sum(demand(r) * max(r["score"] - r["extra"], 0) for r in rows) / whole if whole else np.nan


@few
@given(records)
def test_figures_are_those_of_a_plain_loop_over_the_records(rows):
    out = rollup.add(cells(rows), ["kind", "group"])
    figures = rollup.figures(out)
    for (kind, group), line in zip(
        out[["kind", "group"]].itertuples(index=False), figures.to_dict("records"), strict=True
    ):
        mine = [r for r in rows if (r["kind"], r["group"]) == (kind, group)]
        seen = known(mine)
        assert line["mean"] == pytest.approx(plain_mean(seen), nan_ok=True)
        assert line["unknown"] == pytest.approx(1 - len(seen) / len(mine))
        below = sum(r["score"] < r["requirement"] for r in seen) / len(seen) if seen else np.nan
        assert line["below"] == pytest.approx(below, nan_ok=True)


@few
@given(records)
def test_a_roll_up_of_roll_ups_is_the_roll_up_of_the_records(rows):
    fine = cells(rows)
    direct = rollup.add(fine, ["kind", "service"])
    pd.testing.assert_frame_equal(
        rollup.add(rollup.add(rollup.add(fine, KEYS), ["kind", "group", "service"]), ["kind", "service"]), direct
    )


@few
@given(records, st.randoms(use_true_random=False))
def test_the_order_of_the_records_does_not_matter(rows, random):
    mixed = random.sample(rows, len(rows))
    pd.testing.assert_frame_equal(
        rollup.add(cells(mixed), ["kind", "group"]), rollup.add(cells(rows), ["kind", "group"])
    )


@few
@given(records)
def test_a_mean_lies_between_the_least_and_the_most_of_its_records(rows):
    out = rollup.add(cells(rows), ["kind"])
    for kind, mean in zip(out["kind"], rollup.figures(out)["mean"], strict=True):
        of = [max(r["score"] - r["extra"], 0) for r in known(rows) if r["kind"] == kind and demand(r) > 0]
        assert np.isnan(mean) if not of else min(of) - 1e-6 <= mean <= max(of) + 1e-6


@few
@given(records, records)
def test_unknown_records_change_no_mean_and_raise_the_share_of_unknown(rows, more):
    dark = [{**r, "unknown": True} for r in more]
    before = rollup.add(cells(rows), ["kind"])
    after = rollup.add(cells([*rows, *dark]), ["kind"])
    figures = rollup.figures(after).assign(kind=after["kind"]).set_index("kind")
    for kind, line in zip(before["kind"], rollup.figures(before).to_dict("records"), strict=True):
        for name in ("mean", "score", "below", "coverage"):
            assert figures.loc[kind, name] == pytest.approx(line[name], nan_ok=True)
        assert figures.loc[kind, "unknown"] >= line["unknown"] - 1e-12


@few
@given(records)
def test_things_change_nothing_of_users(rows):
    users = [r for r in rows if r["kind"] == 0]
    whole = rollup.add(cells(rows), ["kind", "service"])
    if users:
        alone = rollup.add(cells(users), ["kind", "service"])
        pd.testing.assert_frame_equal(whole[whole["kind"] == 0].reset_index(drop=True), alone)


def test_users_and_things_can_not_be_rolled_up_together():
    with pytest.raises(ValueError, match="users and things are rolled up apart"):
        rollup.add(pd.DataFrame({"group": [1], **{s: [1.0] for s in rollup.SUMS}}), ["group"])


@few
@given(records)
def test_the_worst_hour_is_the_least_of_the_hourly_means(rows):
    hours = rollup.add(cells(rows), ["kind", "hour"])
    got = rollup.worst(hours, ["kind"]).set_index("kind")
    for kind in {r["kind"] for r in rows}:
        means = {}
        for hour in {r["hour"] for r in rows if r["kind"] == kind}:
            mean = plain_mean([r for r in known(rows) if (r["kind"], r["hour"]) == (kind, hour)])
            if not np.isnan(mean):
                means[hour] = mean
        assert (kind in got.index) == bool(means)
        if means:
            assert got.loc[kind, "worst"] == pytest.approx(min(means.values()))
            assert means[got.loc[kind, "hour"]] == pytest.approx(min(means.values()))


@few
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9), st.floats(0, 100)), min_size=1, max_size=30))
def test_the_index_of_a_subject_is_the_smoothed_daily_mean(days):
    frame = pd.DataFrame(days, columns=["subject", "day", "points"]).assign(kind=0, moments=lambda f: f["points"])
    frame = frame.assign(rows=1.0, known=1.0, below=0.0, weight=1.0, covered=1.0)
    got = rollup.index_of_subjects(rollup.add(frame, ["kind", "subject", "day"])).set_index("subject")["index"]
    for subject, mine in frame.groupby("subject"):
        index = None
        for _, day in mine.groupby("day"):
            mean = day["points"].mean()
            index = mean if index is None else 0.3 * mean + 0.7 * index
        assert got[subject] == pytest.approx(index)


def test_a_point_lost_at_a_moment_of_truth_counts_its_multiple():
    one = {"kind": 0, "group": 0, "service": 0, "hour": 0, "requirement": 50.0, "coverage": 1.0, "unknown": False}
    rows = [
        {**one, "score": 90.0, "sessions": 3.0, "extra": 10.0},
        {**one, "score": 5.0, "sessions": 1.0, "extra": 20.0},
    ]
    (line,) = rollup.figures(rollup.add(cells(rows), ["kind"])).to_dict("records")
    assert line["mean"] == (3 * 80 + 0) / 4
    assert line["score"] == (3 * 90 + 5) / 4
    assert line["below"] == 0.5


@few
@given(records)
def test_a_part_of_the_cells_is_counted_as_if_it_were_all_there_is(rows):
    whole = cells(rows)
    part = whole[whole["kind"] == 1]
    got = rollup.distinct(part, ["kind", "group"], "hour")
    assert dict(zip(got["group"], got["n"], strict=True)) == part.groupby("group")["hour"].nunique().to_dict()
