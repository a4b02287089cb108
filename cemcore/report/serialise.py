"""The one way from a document to bytes: REST and `--json` both use it, so that they say the same to the byte."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any

import numpy as np
import orjson
import pandas as pd

Document = dict[str, Any]
"""Plain dicts, lists, texts, numbers, booleans and None; keys in the order in which they are to be read."""

_DIGITS = 4


def to_json(document: Mapping[str, Any]) -> bytes:
    """`document` as UTF-8 JSON, indented by two, its keys in their own order, with a newline at the end."""
    return orjson.dumps(dict(document), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def iso(at: datetime | None) -> str | None:
    """ISO 8601 in UTC with `Z`; microseconds only where there are any. None stays None."""
    if at is None or pd.isna(at):
        return None
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def plain(value: Any) -> Any:
    """`value` as JSON knows it: times as ISO 8601, numbers to four digits, what is missing or not finite as null."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset, np.ndarray)):
        return [plain(v) for v in (sorted(value) if isinstance(value, (set, frozenset)) else value)]
    if isinstance(value, Enum):
        return plain(value.value)
    if value is None or isinstance(value, (str, bool, int)):
        return str(value) if isinstance(value, str) else value
    if value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return round(value, _DIGITS) if math.isfinite(value) else None
    return value.isoformat() if isinstance(value, date) else str(value)


def records(frame: pd.DataFrame) -> list[Document]:
    """The rows of `frame` as documents, columns in their order."""
    names = [str(c) for c in frame.columns]
    columns = [_column(frame[c]) for c in frame.columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _column(values: pd.Series) -> list[Any]:
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return [iso(v) for v in values.dt.to_pydatetime()] if bool(values.notna().all()) else [iso(v) for v in values]
    return [plain(v) for v in values.astype(object)]
