"""Formulas give what a plain row-by-row computation gives, and nothing where an input is missing."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cemcore.catalogue import parse

NAMES = {"a": "1", "b": "1", "t_ms": "ms", "bytes_down": "bytes"}
SAFE = {
    "min": min,
    "max": max,
    "sqrt": math.sqrt,
    "log": math.log,
    "exp": math.exp,
    "clip": lambda x, low, high: min(max(x, low), high),
    "where": lambda test, yes, no: yes if test else no,
}
FORMULAS = [
    "a + b * 2 - 3",
    "(a - b) / (a + b)",
    "a / b * 100",
    "max(a, b, 0.5) - min(a, b)",
    "clip(a, 0, 1) * where(b > 0.5, 2, a)",
    "sqrt(a * a + b * b)",
    "log(a) + exp(-b)",
    "a ** 2 - b ** 0.5",
    "where(a > b or b >= 2, a, b)",
    "where(0 < a <= 1 and not b == 1, -a, +b)",
    "where(a != b, 1, 0)",
    "-a ** 2",
    "2 ** 3 * a + b",
]
number = st.one_of(st.just(0.0), st.just(1.0), st.floats(-1e6, 1e6, allow_subnormal=False), st.just(math.nan))


def row_by_row(text, a, b):
    """The twin: Python itself, a row at a time."""
    try:
        out = eval(text, {"__builtins__": {}}, {**SAFE, "a": a, "b": b})
    except (ZeroDivisionError, ValueError, OverflowError):
        return math.nan
    return float(out) if not isinstance(out, complex) and math.isfinite(out) else math.nan


@given(st.sampled_from(FORMULAS), st.lists(st.tuples(number, number), min_size=1, max_size=20))
def test_values_are_those_of_plain_python(text, rows):
    a, b = (np.array(x) for x in zip(*rows, strict=True))
    formula = parse(text, NAMES, "1")
    got = formula.evaluate({"a": a, "b": b})
    assert got.shape == a.shape
    for i, (x, y) in enumerate(rows):
        missing = any(math.isnan(v) for n, v in (("a", x), ("b", y)) if n in formula.inputs)
        if not missing:
            assert got[i] == pytest.approx(row_by_row(text, x, y), rel=1e-9, abs=1e-9, nan_ok=True)


@given(st.sampled_from([f for f in FORMULAS if "where" not in f]), st.floats(0.1, 10))
def test_a_missing_input_makes_the_value_missing(text, x):
    formula = parse(text, NAMES, "1")
    for lost in formula.inputs:
        columns = {n: np.array([math.nan if n == lost else x]) for n in formula.inputs}
        assert np.isnan(formula.evaluate(columns)).all()


def test_a_choice_on_something_missing_is_missing_and_the_branch_not_taken_does_not_matter():
    formula = parse("where(a > 1, b, 5)", NAMES, "1")
    got = formula.evaluate({"a": np.array([math.nan, 2.0, 0.0, 2.0]), "b": np.array([1.0, 7.0, math.nan, math.nan])})
    assert got.tolist()[1:3] == [7.0, 5.0]
    assert np.isnan(got[[0, 3]]).all()


def test_a_division_by_zero_is_missing_also_in_the_middle():
    formula = parse("1 / (a / b)", NAMES, "1")
    assert np.isnan(formula.evaluate({"a": np.array([1.0]), "b": np.array([0.0])})).all()


def test_conversions_count_the_same_quantity_in_another_unit():
    columns = {"bytes_down": np.array([112_500_000.0]), "t_ms": np.array([250.0])}
    rate = parse('convert(bytes_down / quantity(900, "s"), "Mbit/s")', NAMES, "Mbit/s")
    assert rate.evaluate(columns) == pytest.approx(1.0)
    assert parse('convert(t_ms, "s")', NAMES, "s").evaluate(columns) == pytest.approx(0.25)
    assert parse('convert(quantity(1, "h"), "ms") - t_ms', NAMES, "ms").evaluate(columns) == pytest.approx(3_599_750)
