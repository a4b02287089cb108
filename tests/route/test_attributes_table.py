"""The analyst's table: what is refused, what is left out, what can't be told apart."""

import contextlib
import io
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cemcore import localise_attributes
from tests.route.attribute_cases import SIZES, asked, failures, named, volumes

ATTRIBUTES = list(SIZES)
CAUSE = {"device": "device-1", "plan": "plan-2"}


def test_an_attribute_with_one_value_is_ignored():
    frame = volumes(0, [CAUSE]).assign(country="here")
    assert named(localise_attributes(frame, [*ATTRIBUTES, "country"])) == asked([CAUSE])


def test_names_of_the_same_leaves_come_as_ties():
    frame = volumes(0, [{"device": "device-1"}])
    frame["model"] = frame.device.str.replace("device", "model")
    (one,) = localise_attributes(frame, [*ATTRIBUTES, "model"])
    names = {one.values, *one.ties}
    assert names == {(("device", "device-1"),), (("model", "model-1"),)}
    assert "model=model-1" in " ".join([str(one), *localise_attributes(frame, [*ATTRIBUTES, "model"]).frame().ties])


def test_leaves_with_a_number_missing_are_left_out():
    frame = volumes(0, [CAUSE])
    holes = frame.copy()
    holes.loc[holes.index % 11 == 0, "expected"] = np.nan
    holes.loc[holes.index % 13 == 0, "real"] = np.nan
    assert named(localise_attributes(holes, ATTRIBUTES)) == asked([CAUSE])


def test_leaves_that_were_not_expected_at_all_can_be_a_cause():
    frame = volumes(0, [])
    new = frame.app == "app-3"
    frame.loc[new, "expected"] = 0.0
    assert named(localise_attributes(frame, ATTRIBUTES, worse="higher")) == asked([{"app": "app-3"}])


def test_a_forecast_of_no_failures_at_all_is_taken_with_care():
    frame = failures(0, [CAUSE], turned=0.5)
    frame.loc[frame.index % 7 == 0, "expected"] = 0.0
    found = localise_attributes(frame, ATTRIBUTES, weight="sessions", worse="higher")
    assert named(found) == asked([CAUSE])


def test_rows_of_the_same_leaf_are_added_up():
    frame = volumes(0, [CAUSE])
    parts = pd.concat([frame.assign(real=frame.real * k, expected=frame.expected * k) for k in (0.25, 0.75)])
    whole, split = localise_attributes(frame, ATTRIBUTES), localise_attributes(parts, ATTRIBUTES)
    assert named(whole) == named(split) == asked([CAUSE])
    assert whole.combinations[0].leaves == split.combinations[0].leaves


def test_a_missing_value_is_a_value_like_any_other():
    frame = volumes(0, [{"app": "app-0"}])
    frame["app"] = frame.app.where(frame.app != "app-0")
    (one,) = localise_attributes(frame, ATTRIBUTES)
    assert one.values[0][0] == "app"
    assert pd.isna(one.values[0][1])


def test_success_and_failure_shares_tell_the_same():
    frame = failures(6, [CAUSE], turned=0.4)
    turned = frame.assign(real=1 - frame.real, expected=1 - frame.expected)
    one = localise_attributes(frame, ATTRIBUTES, weight="sessions", worse="higher")
    other = localise_attributes(turned, ATTRIBUTES, weight="sessions", worse="lower")
    assert named(one) == named(other) == asked([CAUSE])
    assert np.isclose(one.combinations[0].evidence, other.combinations[0].evidence)


def test_answers_are_frozen_and_the_frame_has_a_row_each():
    found = localise_attributes(volumes(0, [CAUSE]), ATTRIBUTES)
    with pytest.raises(AttributeError):
        found.combinations[0].leaves = 3
    assert list(found.frame().combination) == ["device=device-1 & plan=plan-2"]
    assert list(localise_attributes(volumes(0, []).iloc[:0], ATTRIBUTES).frame().columns)[:2] == [
        "combination",
        "evidence",
    ]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"attributes": []}, "one or more column names"),
        ({"attributes": "device"}, "one or more column names"),
        ({"attributes": ["device", "device"]}, "named twice"),
        ({"attributes": ["device", "colour"]}, "no column 'colour'"),
        ({"real": "seen"}, "no column 'seen'"),
        ({"real": "device"}, "'device' is not numeric"),
        ({"worse": "sideways"}, "'sideways'"),
        ({"layers": 0}, "at least 1"),
        ({"weight": "expected"}, "share between 0 and 1"),
        ({"expected_weight": "expected"}, "needs weight"),
    ],
)
def test_a_wrong_question_is_refused_by_name(change, says):
    question = {"attributes": ATTRIBUTES, **change}
    with pytest.raises(ValueError, match=says):
        localise_attributes(volumes(0, []), question.pop("attributes"), **question)


def test_negative_attempts_are_refused():
    frame = failures(0, [])
    frame["sessions"] -= 100
    with pytest.raises(ValueError, match="can't be negative"):
        localise_attributes(frame, ATTRIBUTES, weight="sessions")


def test_the_example_of_the_documentation_says_what_it_promises():
    page = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    (code,) = (c for c in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "localise_attributes" in c)
    made: dict[str, object] = {}
    with contextlib.redirect_stdout(io.StringIO()) as said:
        exec(compile(code, "docs/api.md", "exec"), made)
    assert "device=M7 & app=4.2" in said.getvalue()
