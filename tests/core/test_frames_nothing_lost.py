"""Whatever comes in, every row is held or quarantined with a reason: none lost, none doubled, no crash."""

import json

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from cemcore.domain import Feed
from cemcore.frames import CONTRACTS, conform

anything = st.one_of(
    st.none(),
    st.text(max_size=8),
    st.binary(max_size=4),
    st.integers(),
    st.integers(min_value=10**30, max_value=10**31),
    st.floats(),
    st.booleans(),
    st.datetimes(),
    st.dates(),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=1),
    st.sampled_from(["2026-03-02T12:00:00Z", "900", "true", "C1", "", " ", "NaN", "inf", "0x10", "1e400", "24:00"]),
)
feeds = st.sampled_from(list(CONTRACTS))


@st.composite
def frames(draw) -> tuple[Feed, pd.DataFrame]:
    feed = draw(feeds)
    n = draw(st.integers(0, 6))
    columns = {}
    for column in CONTRACTS[feed].columns:
        if column.required or draw(st.booleans()):
            values = draw(st.lists(anything, min_size=n, max_size=n))
            columns[column.name] = pd.Series(values, dtype=object)
    return feed, pd.DataFrame({**columns, "row": pd.Series(range(n), dtype="int64")})


@given(frames())
@settings(max_examples=60, deadline=None)
def test_rows_held_and_rows_quarantined_are_the_rows_given(case):
    feed, frame = case
    held, rejected = conform(feed, frame, frame["row"])
    assert len(held) + len(rejected) == len(frame)
    assert (rejected["reason"] != "").all()
    kept = set(frame["row"].astype("str")) - set(rejected["position"])
    assert len(kept) == len(held)
    assert [str(json.loads(r)["row"]) for r in rejected["record"]] == rejected["position"].tolist()


@given(frames())
@settings(max_examples=60, deadline=None)
def test_what_is_held_obeys_the_contract(case):
    feed, frame = case
    held, _ = conform(feed, frame)
    for column in CONTRACTS[feed].columns:
        values = held[column.name]
        assert not (column.required and values.isna().any())
        if column.low is not None:
            assert (values.dropna() >= column.low).all()
        if column.high is not None:
            assert (values.dropna() <= column.high).all()


@given(frames())
@settings(max_examples=25, deadline=None)
def test_a_row_fares_the_same_alone_as_among_others(case):
    feed, frame = case
    together = conform(feed, frame, frame["row"])[1].set_index("position")["reason"].to_dict()
    alone = {}
    for n in range(len(frame)):
        for reason in conform(feed, frame.iloc[[n]])[1]["reason"]:
            alone[str(n)] = reason
    assert together == alone
