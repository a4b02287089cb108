"""Values of a performance file as a frame of the contract."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cemcore.domain import Content, Feed
from cemcore.frames import empty, quarantined
from collectors.files import shown
from collectors.pm_parse import Values

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

_NUMBER = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_SECOND = 1_000_000
_TEXT = pd.StringDtype(na_value=np.nan)
_TIME = pd.DatetimeTZDtype("us", "UTC")
_NONE = quarantined()


def frame(values: Values, arrived: int | None) -> Content:
    """The values of a file, `recorded_at` = `arrived` [us] where it is known.

    Nulls, unwanted values and repeats are counted, what is no number is refused. `rows` counts all that the file held.
    """
    n = len(values.texts)
    refused = list(values.refused)
    run = np.repeat(np.arange(len(values.runs), dtype=np.int64), values.runs)
    code = np.array(values.codes, dtype=np.int64)
    texts = pa.array(values.texts, pa.string())
    keep = code >= 0
    unwanted = n - int(keep.sum())
    if unwanted:
        run, code, texts = run[keep], code[keep], texts.filter(pa.array(keep))
    names = list(values.names)
    number, nulls, odd = _numbers(texts)
    wrong: _Wrong = []
    if odd is not None:
        number, run, code, nulls, names, wrong = _explode(texts, run, code, names)
        refused += [(f"{values.objects[r]} {names[c]}", "not a number", shown(t)) for r, c, t in wrong]
    held, repeats = _build(values, number, run, code, names, arrived)
    counts = {
        "rows": len(held) + nulls + repeats + unwanted + values.refused_values + len(wrong),
        "nulls": nulls,
        "duplicates": repeats,
        "unwanted": unwanted,
        "refused_values": values.refused_values + len(wrong),
    }
    return Content(held, quarantined(refused) if refused else _NONE.copy(), counts)


def _numbers(texts: pa.Array) -> tuple[Float64, int, pa.Array | None]:
    """(values, 0, None) where every text is a plain number, else the texts again for a closer look."""
    try:
        number = np.asarray(texts.cast(pa.float64()).to_numpy(zero_copy_only=False))
    except pa.ArrowInvalid:
        return np.zeros(0), 0, texts
    return number, 0, (None if texts.null_count == 0 and bool(np.isfinite(number).all()) else texts)


_Wrong = list[tuple[int, int, str]]


def _explode(
    texts: pa.Array, run: Int64, code: Int64, names: list[str]
) -> tuple[Float64, Int64, Int64, int, list[str], _Wrong]:
    """(values, run, code, how many were no value, names with those of items, what is no number)."""
    several = pc.match_substring(texts, ",").fill_null(False).to_numpy(zero_copy_only=False)
    lists = pc.split_pattern(texts.fill_null(""), ",")
    sizes = pc.list_value_length(lists).to_numpy(zero_copy_only=False).astype(np.int64)
    items = pc.utf8_trim_whitespace(lists.flatten())
    run, code = np.repeat(run, sizes), np.repeat(code, sizes)
    many = np.repeat(several, sizes)
    if bool(many.any()):
        place = np.arange(len(run)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        width = int(place.max()) + 1
        pairs, inverse = np.unique(code[many] * width + place[many], return_inverse=True)
        code = code.copy()
        code[many] = len(names) + inverse
        names = names + [f"{names[p // width]}#{p % width}" for p in pairs.tolist()]
    blank = pc.is_in(pc.utf8_upper(items), pa.array(["", "NULL"])).to_numpy(zero_copy_only=False)
    plain = pc.match_substring_regex(items, _NUMBER).to_numpy(zero_copy_only=False)
    number = np.full(len(items), np.nan)
    number[plain] = items.filter(pa.array(plain)).cast(pa.float64()).to_numpy(zero_copy_only=False)
    good = plain & np.isfinite(number)
    bad = ~good & ~blank
    wrong = [(int(run[i]), int(code[i]), str(items[int(i)])) for i in np.flatnonzero(bad)]
    return number[good], run[good], code[good], int(blank.sum()), names, wrong


def _build(
    values: Values, number: Float64, run: Int64, code: Int64, names: list[str], arrived: int | None
) -> tuple[pd.DataFrame, int]:
    """(frame of the contract, how many repeats of the same value it leaves out)."""
    if not len(number):
        return empty(Feed.MEASUREMENTS), 0
    ids: dict[str, int] = {}
    of_run = np.array([ids.setdefault(o, len(ids)) for o in values.objects], dtype=np.int64)
    period = np.array(values.periods, dtype=np.int64)
    repeats = 0
    key = (of_run * len(values.spans) + period)[run] * (len(names) + 1) + code
    if len(np.unique(key)) < len(key):
        again = pd.DataFrame({"k": key, "v": number}).duplicated().to_numpy()
        repeats = int(again.sum())
        number, run, code = number[~again], run[~again], code[~again]
    spans = np.array(list(values.spans), dtype=np.int64)
    columns = {
        "slot": _times(spans[period, 0][run]),
        "period_s": spans[period, 1][run] / _SECOND,
        "object_id": _TEXT.__from_arrow__(pa.array(list(ids), pa.string()).take(pa.array(of_run[run]))),
        "kpi": _TEXT.__from_arrow__(pa.array(names, pa.string()).take(pa.array(code))),
        "value": number,
        "suspect": np.array(values.suspects, dtype=bool)[run],
    }
    if arrived is not None:
        columns["recorded_at"] = _times(np.full(len(run), arrived, dtype=np.int64))
    return pd.DataFrame(columns, copy=False), repeats


def _times(us: Int64) -> object:
    return pd.array(us.view("M8[us]"), dtype=_TIME)
