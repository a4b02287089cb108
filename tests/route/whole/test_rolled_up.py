"""Experience rolled up from the archive: the same figures as from its score rows, by whatever door."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cemcore import Cem
from cemcore.application.rollups import COLUMNS, LEVELS
from cemcore.domain import Feed
from cemcore.errors import NotFoundError
from cemcore.report.rollup_report import first_groups, rollup_document
from cemcore.report.serialise import to_json
from tests.route.whole.conftest import ends

MULTIPLES = {
    "voice": {"setup_success_ratio": 2.0},
    "video": {"setup_success_ratio": 2.0, "startup_s": 1.5},
    "web": {"setup_success_ratio": 2.0},
    "gaming": {"setup_success_ratio": 2.0},
}


@pytest.fixture
def cem(opened: Callable[[Path], Cem], assessed: Path) -> Cem:
    return opened(assessed)


@pytest.fixture
def rows(cem: Cem, operator: Path) -> pd.DataFrame:
    """Two days of score rows with what the inventory says of them."""
    last = ends(operator)
    out = cem.scores(last - timedelta(days=2), last)
    frames = cem.house.worlds.newest().frames
    subjects = frames[Feed.SUBJECTS].set_index("subject_id")
    customers = frames[Feed.CUSTOMERS].set_index("customer_id")
    out["kind"] = out["subject_id"].map(subjects["kind"]).fillna("user")
    out["customer"] = out["subject_id"].map(subjects["customer_id"])
    out["segment"] = out["customer"].map(customers["segment"]).fillna("(undeclared)")
    out["known"] = (out["state"] != "unknown") & out["score"].notna()
    lost = pd.Series(0.0, index=out.index)
    for service, weights in MULTIPLES.items():
        for kqi, times in weights.items():
            lost += np.where(out["service"] == service, (times - 1) * out[f"cost_{kqi}"].fillna(0), 0)
    out["felt"] = (out["score"] - lost).clip(lower=0)
    return out


def mean(part: pd.DataFrame) -> float:
    seen = part[part["known"]]
    return float(np.average(seen["felt"], weights=seen["sessions"].fillna(1)))


def test_by_service_and_by_operator_are_the_demand_weighted_means_of_the_rows(
    cem: Cem, operator: Path, rows: pd.DataFrame
) -> None:
    last = ends(operator)
    got = cem.rollup("service", last - timedelta(days=2), last).set_index(["kind", "service"])
    for (kind, service), part in rows.groupby(["kind", "service"]):
        line = got.loc[(kind, service)]
        assert line["mean"] == pytest.approx(mean(part), abs=1e-3)
        assert line["rows"] == len(part)
        assert line["subjects"] == part["subject_id"].nunique()
        assert line["unknown"] == pytest.approx(1 - part["known"].mean())
        seen = part[part["known"]]
        assert line["below"] == pytest.approx((seen["score"] < seen["requirement"]).mean())
        hourly = {h: mean(p) for h, p in part.groupby(part["slot"].dt.floor("h")) if p["known"].any()}
        assert line["worst"] == pytest.approx(min(hourly.values()), abs=1e-3)
        assert hourly[line["worst_hour"]] == pytest.approx(line["worst"], abs=1e-3)
    whole = cem.rollup("operator", last - timedelta(days=2), last).set_index("kind")
    for kind, part in rows.groupby("kind"):
        assert whole.loc[kind, "mean"] == pytest.approx(mean(part), abs=1e-3)


def test_by_segment_every_record_is_in_one_line_and_small_groups_are_together(
    cem: Cem, operator: Path, rows: pd.DataFrame
) -> None:
    last = ends(operator)
    got = cem.rollup("segment", last - timedelta(days=2), last)
    whole = got[got["service"] == "(all)"]
    assert whole["rows"].sum() == len(rows)
    assert set(got["kind"]) == {"user", "thing"}
    sizes = rows.groupby(["kind", "segment"])["subject_id"].nunique()
    named = set(zip(whole["kind"], whole["group"], strict=True)) - {(k, "(small groups)") for k in ("user", "thing")}
    assert named == set(sizes[sizes >= 5].index)
    few = got[(got["subjects"] < 5)]
    assert few[["mean", "worst", "below", "index"]].isna().all(axis=None)
    for (kind, segment), line in whole.set_index(["kind", "group"]).iterrows():
        part = rows[(rows["kind"] == kind) & (rows["segment"] == segment)]
        if len(part) and line["subjects"] >= 5:
            assert line["mean"] == pytest.approx(mean(part), abs=1e-3)


def test_the_worst_group_comes_first_and_users_before_things(cem: Cem, operator: Path) -> None:
    last = ends(operator)
    got = cem.rollup("customer", last - timedelta(days=1), last)
    assert tuple(got.columns) == COLUMNS
    kinds = got["kind"].tolist()
    assert kinds == sorted(kinds, reverse=True)
    for _, part in got[got["service"] == "(all)"].groupby("kind"):
        assert part["mean"].dropna().is_monotonic_increasing


def test_the_index_of_a_user_is_smoothed_over_days(cem: Cem, operator: Path, rows: pd.DataFrame) -> None:
    last = ends(operator)
    got = cem.rollup("subject", last - timedelta(days=2), last)
    line = got[got["service"] == "(all)"].set_index("group")
    zone = cem.house.settings.operator.timezone
    for subject, part in list(rows[rows["kind"] == "user"].groupby("subject_id"))[:20]:
        index = None
        for _, day in part.groupby(part["slot"].dt.tz_convert(zone).dt.floor("D")):
            if day["known"].any():
                index = mean(day) if index is None else 0.3 * mean(day) + 0.7 * index
        assert line.loc[subject, "index"] == pytest.approx(index, abs=1e-3, nan_ok=True)


def test_every_level_answers_and_what_is_not_known_is_said(cem: Cem, operator: Path) -> None:
    last = ends(operator)
    for by in LEVELS:
        got = cem.rollup(by, last - timedelta(hours=3), last, kind="user", service="web")
        assert set(got["kind"]) == {"user"}
        assert set(got["service"]) == {"web"}
        assert set(got["level"]) == {by}
    with pytest.raises(ValueError, match="there are subject, customer"):
        cem.rollup("planet")
    with pytest.raises(NotFoundError, match="no service fax; there are voice"):
        cem.rollup("service", service="fax")
    assert cem.rollup("operator", last + timedelta(days=9), last + timedelta(days=10)).empty


def test_what_was_not_known_yet_is_not_in_an_answer_as_of_then(cem: Cem, operator: Path) -> None:
    last = ends(operator)
    first, middle = last - timedelta(days=1), last - timedelta(hours=12)
    early = cem.rollup("operator", first, last, as_of=middle)
    late = cem.rollup("operator", first, last)
    assert 0 < early["rows"].sum() < late["rows"].sum()


def test_the_document_is_plain_json_and_a_limit_keeps_whole_groups(cem: Cem, operator: Path) -> None:
    last = ends(operator)
    rows = first_groups(cem.rollup("area", last - timedelta(days=1), last), 2)
    document = json.loads(to_json(rollup_document(rows, "area", {"kind": "user"}, last - timedelta(days=1), last)))
    assert document["by"] == "area"
    assert {r["kind"] for r in document["rows"]} == {"user", "thing"}
    assert all(n == 2 for n in rows.groupby("kind")["group"].nunique())
