"""From an analyst's table to leaves: what can't be used is refused by name, what says nothing is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cemcore.panel import Float64, Int64
from cemcore.pipeline.localisation.attributes.leaves import EITHER, HIGHER, LOWER, Leaves


@dataclass(frozen=True)
class Reading:
    """Leaves, the attributes that have more than one value, and the values behind each attribute's codes."""

    leaves: Leaves
    attributes: tuple[str, ...]
    values: tuple[tuple[object, ...], ...]


def check(frame: pd.DataFrame, attributes: Sequence[str], numbers: Sequence[str], worse: str) -> None:
    """ValueError that names what is wrong with the question."""
    if isinstance(attributes, str) or not len(attributes):
        raise ValueError("attributes: a list of one or more column names is needed")
    if len(set(attributes)) < len(attributes):
        raise ValueError("attributes: a column is named twice")
    absent = [c for c in [*attributes, *numbers] if c not in frame.columns]
    if absent:
        raise ValueError(f"the table has no column {', '.join(map(repr, absent))}")
    wrong = [c for c in numbers if not pd.api.types.is_numeric_dtype(frame[c])]
    if wrong:
        raise ValueError(f"column {', '.join(map(repr, wrong))} is not numeric")
    if worse not in (LOWER, HIGHER, EITHER):
        raise ValueError(f"worse: {LOWER!r}, {HIGHER!r} or {EITHER!r}, not {worse!r}")


def read(
    frame: pd.DataFrame,
    attributes: Sequence[str],
    real: str,
    expected: str,
    weight: str | None,
    expected_weight: str | None,
) -> Reading:
    """The leaves of a table whose columns exist. ValueError where shares or weights are out of their range."""
    named = [c for c in (real, expected, weight, expected_weight) if c is not None]
    columns = {c: frame[c].to_numpy(dtype=np.float64, na_value=np.nan) for c in named}
    use = np.ones(len(frame), dtype=bool)
    for column in columns.values():
        use &= np.isfinite(column)
    if weight is not None:
        _check_shares(columns, real, expected, [c for c in (weight, expected_weight) if c is not None])
        use &= columns[weight] > 0
    table = frame.loc[use, list(attributes)]
    coded = {a: _coded(table[a]) for a in attributes}
    kept = [a for a in attributes if len(coded[a][1]) > 1]
    codes = np.array([coded[a][0] for a in kept], dtype=np.int64).reshape(len(kept), len(table)).T
    leaf, at = _leaf(codes)
    numbers = [columns[c][use] if c is not None else None for c in (real, expected, weight, expected_weight)]
    values = tuple(tuple(coded[a][1]) for a in kept)
    return Reading(_leaves(codes[leaf], at, *numbers), tuple(kept), values)


def _coded(column: pd.Series) -> tuple[Int64, list[object]]:
    """(codes, values) in an order that does not depend on that of the rows."""
    codes, found = pd.factorize(column, use_na_sentinel=False)
    values = found.tolist()
    order = sorted(range(len(values)), key=lambda i: str(values[i]))
    place = np.empty(len(values), np.int64)
    place[order] = np.arange(len(values))
    return place[codes], [values[i] for i in order]


def _check_shares(columns: dict[str, Float64], real: str, expected: str, weights: list[str]) -> None:
    for name in (real, expected):
        x = columns[name][np.isfinite(columns[name])]
        if len(x) and (x.min() < 0 or x.max() > 1 + 1e-9):
            raise ValueError(f"column {name!r} has a weight, so it must be a share between 0 and 1")
    for name in weights:
        x = columns[name][np.isfinite(columns[name])]
        if len(x) and x.min() < 0:
            raise ValueError(f"column {name!r} is a count of attempts: it can't be negative")


def _leaf(codes: Int64) -> tuple[Int64, Int64]:
    """(a row of each distinct combination, the combination of each row)."""
    if not codes.size:
        return np.zeros(min(len(codes), 1), np.int64), np.zeros(len(codes), np.int64)
    _, first, at = np.unique(codes, axis=0, return_index=True, return_inverse=True)
    return first.astype(np.int64), at.reshape(-1).astype(np.int64)


def _leaves(
    codes: Int64,
    at: Int64,
    real: Float64 | None,
    expected: Float64 | None,
    weight: Float64 | None,
    before: Float64 | None,
) -> Leaves:
    assert real is not None
    assert expected is not None

    def total(x: Float64) -> Float64:
        return np.bincount(at, weights=x, minlength=len(codes)).astype(np.float64)

    small = np.ascontiguousarray(codes, dtype=np.int32)
    if weight is None:
        return Leaves(small, total(real), total(expected))
    before = weight if before is None else before
    n, m = total(weight), total(before)
    usual = np.where(m > 0, total(expected * before) / np.where(m > 0, m, 1), total(expected * weight) / n)
    return Leaves(small, np.clip(total(real * weight) / n, 0, 1), np.clip(usual, 0, 1), n, m)
