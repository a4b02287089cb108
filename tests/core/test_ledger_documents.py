"""Objects of the ledger survive the way to JSON and back exactly."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cemcore.domain import Alarm, Cause, Evidence, Impact, ImpactLine, PlannedWork, ServiceProblem, Verdict
from cemcore.errors import StorageError
from cemcore.storage import documents

MOMENTS = st.datetimes(
    datetime(1990, 1, 1),
    datetime(2100, 1, 1),
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))]),
)
st.register_type_strategy(datetime, MOMENTS)
st.register_type_strategy(float, st.floats(allow_nan=False))


@pytest.mark.parametrize("kind", [ServiceProblem, Impact, Alarm, PlannedWork, Verdict, Cause, Evidence, ImpactLine])
@given(data=st.data())
def test_what_is_read_equals_what_was_written(kind: type, data: st.DataObject) -> None:
    value = data.draw(st.from_type(kind))
    text = documents.dumps(value)
    back = documents.loads(kind, text)
    assert back == value
    assert documents.dumps(back) == text


@given(st.from_type(ServiceProblem))
def test_a_document_is_strict_json_with_sorted_keys(problem: ServiceProblem) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    text = documents.dumps(problem)
    assert json.dumps(json.loads(text, parse_constant=refuse), sort_keys=True, separators=(",", ":")) == text


def test_numbers_of_numpy_and_python_give_the_same_document() -> None:
    ours = Evidence("alarm", "x", 2.0)
    theirs = Evidence("alarm", "x", np.float64(2))
    whole = Evidence("alarm", "x", 2)
    assert documents.dumps(ours) == documents.dumps(theirs) == documents.dumps(whole)
    assert documents.dumps(ImpactLine("all", affected_users=np.int64(3))) == documents.dumps(ImpactLine("all", 3))  # type: ignore[arg-type]


def test_not_a_number_comes_back_as_such() -> None:
    assert np.isnan(documents.loads(Evidence, documents.dumps(Evidence("k", "t", float("nan")))).log_odds)


def test_one_moment_has_one_document_in_any_time_zone() -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    there = noon.astimezone(timezone(timedelta(hours=9)))
    assert documents.dumps(Verdict("p", "note", "ana", noon)) == documents.dumps(Verdict("p", "note", "ana", there))


def test_old_documents_lack_new_fields_and_new_ones_have_more() -> None:
    text = '{"kind":"alarm","text":"t","log_odds":1.5,"colour":"green"}'
    assert documents.loads(Evidence, text) == Evidence("alarm", "t", 1.5)


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "[]",
        "{",
        '{"kind":"alarm"}',
        '{"kind":"a","text":"t","log_odds":"much"}',
        '{"kind":"a","text":"t","log_odds":null}',
    ],
)
def test_what_is_no_document_is_refused(broken: str) -> None:
    with pytest.raises(StorageError, match="no document of a Evidence"):
        documents.loads(Evidence, broken)


def test_what_a_field_does_not_declare_is_refused() -> None:
    @dataclass(frozen=True)
    class Odd:
        what: set[int]

    with pytest.raises(StorageError):
        documents.dumps(Verdict("p", "note", "ana", None))  # type: ignore[arg-type]
    with pytest.raises(StorageError):
        documents.dumps(Verdict("p", "note", "ana", datetime(2026, 1, 1)))
    with pytest.raises(StorageError):
        documents.dumps(Odd({1}))
