"""Documents as bytes: ISO 8601 times in UTC, no NaN, keys in their own order, one newline at the end."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from cemcore.report import iso, to_json
from cemcore.report.serialise import plain, records

_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(_values)
def test_any_plain_value_is_strict_json(value: object) -> None:
    def refuse(word: str) -> None:
        raise AssertionError(word)

    text = to_json({"v": plain(value)}).decode()
    json.loads(text, parse_constant=refuse)
    assert text.endswith("}\n")


def test_keys_keep_their_order() -> None:
    assert list(json.loads(to_json({"z": 1, "a": 2, "m": 3}))) == ["z", "a", "m"]


def test_times_are_utc_whatever_zone_they_came_in() -> None:
    warsaw = timezone(timedelta(hours=1))
    assert iso(datetime(2025, 11, 8, 14, 15, tzinfo=warsaw)) == "2025-11-08T13:15:00Z"
    assert iso(datetime(2025, 11, 8, 13, 15, 0, 250_000, tzinfo=UTC)) == "2025-11-08T13:15:00.250000Z"
    assert iso(None) is None


def test_a_frame_becomes_rows_with_null_for_what_is_missing() -> None:
    frame = pd.DataFrame(
        {
            "slot": pd.to_datetime(["2025-11-08T13:15:00Z", None], utc=True),
            "name": pd.Series(["a", None], dtype="str"),
            "score": np.array([math.pi, math.nan], dtype=np.float32),
            "count": np.array([1, 2], dtype=np.int32),
        }
    )
    assert records(frame) == [
        {"slot": "2025-11-08T13:15:00Z", "name": "a", "score": 3.1416, "count": 1},
        {"slot": None, "name": None, "score": None, "count": 2},
    ]
