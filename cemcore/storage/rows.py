"""Rows between pandas and Parquet: one schema for every file of a feed, time filters, and one order that compaction
keeps.

A compacted file carries two more columns, `_file` and `_row`: where each row stood before. Readers here never show
them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from cemcore.errors import StorageError
from cemcore.panel import Int64

FILE, ROW = "_file", "_row"
HELPERS = ("slot", "recorded_at", FILE, ROW)
TIME = pa.timestamp("us", tz="UTC")
_SECOND = 1_000_000


def to_table(frame: pd.DataFrame) -> pa.Table:
    """A frame as an Arrow table: text as string, times as timestamp[us, UTC], nothing but missing as null, the rest
    as is.
    """
    fields = []
    for name in frame.columns:
        values = frame[name]
        if name in HELPERS[:2] and pd.api.types.is_integer_dtype(values.dtype):
            frame = frame.assign(**{name: pd.to_datetime(values.astype("Int64"), unit="s", utc=True)})
            values = frame[name]
        fields.append(pa.field(str(name), _kind(str(name), values)))
    try:
        return pa.Table.from_pandas(frame, schema=pa.schema(fields), preserve_index=False)
    except (pa.ArrowException, TypeError, ValueError) as e:
        raise StorageError(f"the frame can't be stored: {e}") from e


def _kind(name: str, values: pd.Series) -> pa.DataType:
    dtype = values.dtype
    if isinstance(dtype, pd.DatetimeTZDtype):
        return TIME
    if pd.api.types.is_datetime64_any_dtype(dtype):
        raise StorageError(f"column {name} has times without a time zone")
    plain = pd.api.types.is_object_dtype(dtype)
    if plain and bool(values.isna().all()):
        return pa.null()
    if isinstance(dtype, pd.CategoricalDtype) or plain or pd.api.types.is_string_dtype(dtype):
        return pa.string()
    kind: pa.DataType = pa.Array.from_pandas(values[:0]).type
    return kind


def span(table: pa.Table, name: str) -> tuple[int | None, int | None]:
    """Whole seconds that enclose the values of a time column; (None, None) where there are none."""
    if name not in table.column_names:
        return None, None
    ends = pc.min_max(table[name].cast(pa.int64()))
    low, high = ends["min"].as_py(), ends["max"].as_py()
    return (None, None) if low is None else (low // _SECOND, -(-high // _SECOND))


def within(table: pa.Table, slots: tuple[int, int] | None, recorded: tuple[int | None, int] | None) -> pa.Table:
    """Rows with slots[0] <= slot < slots[1] and recorded[0] < recorded_at <= recorded[1] [s]."""
    conditions = []
    if slots is not None:
        slot = _times(table, "slot")
        conditions += [pc.greater_equal(slot, _at(slots[0])), pc.less(slot, _at(slots[1]))]
    if recorded is not None:
        known = _times(table, "recorded_at")
        conditions.append(pc.less_equal(known, _at(recorded[1])))
        if recorded[0] is not None:
            conditions.append(pc.greater(known, _at(recorded[0])))
    if not conditions:
        return table
    mask = conditions[0]
    for other in conditions[1:]:
        mask = pc.and_(mask, other)
    return table if pc.all(mask, skip_nulls=False).as_py() else table.filter(mask)


def _times(table: pa.Table, name: str) -> pa.ChunkedArray:
    if name not in table.column_names:
        raise StorageError(f"these rows have no {name} to choose by")
    return table[name]


def _at(seconds: int) -> pa.Scalar:
    return pa.scalar(seconds * _SECOND, pa.int64()).cast(TIME)


def numbered(table: pa.Table, number: int) -> pa.Table:
    """The table with `_file` and `_row`: as it has them (compacted), else the file's number and the row's."""
    if FILE in table.column_names:
        return table
    where = pa.array(np.full(table.num_rows, number, np.int64))
    return table.append_column(FILE, where).append_column(ROW, pa.array(np.arange(table.num_rows, dtype=np.int64)))


def together(tables: Sequence[pa.Table]) -> pa.Table:
    """One table of all; a column that some lack is missing there."""
    try:
        return pa.concat_tables(tables, promote_options="permissive")
    except pa.ArrowException as e:
        raise StorageError(f"the files don't fit together: {e}") from e


def in_order(tables: Sequence[pa.Table], columns: Sequence[str] | None = None) -> pd.DataFrame:
    """One frame of numbered tables in the order of recorded_at, `_file` and `_row`, with the columns asked for."""
    table = together(tables)
    chosen = [c for c in table.column_names if c not in (FILE, ROW)] if columns is None else list(columns)
    missing = [c for c in chosen if c not in table.column_names]
    if missing:
        raise StorageError(f"no such column: {', '.join(missing)}")
    order = _order(table)
    table = _typed(table.select(chosen))
    frame: pd.DataFrame = (table if order is None else table.take(pa.array(order))).to_pandas()
    return frame


def _typed(table: pa.Table) -> pa.Table:
    """Columns in which no file ever had a value become text, so that they have a type."""
    for i, field in enumerate(table.schema):
        if pa.types.is_null(field.type):
            table = table.set_column(i, field.name, table[field.name].cast(pa.string()))
    return table


def _order(table: pa.Table) -> Int64 | None:
    """Positions that put the rows in order; None where they are."""
    file, row = table[FILE].to_numpy(), table[ROW].to_numpy()
    placed = (file[1:] > file[:-1]) | ((file[1:] == file[:-1]) & (row[1:] >= row[:-1]))
    in_place = bool(placed.all())
    if "recorded_at" not in table.column_names:
        return None if in_place else np.lexsort((row, file))
    known = table["recorded_at"].cast(pa.int64()).fill_null(np.iinfo(np.int64).max).to_numpy()
    if not in_place:
        return np.lexsort((row, file, known))
    return None if bool((known[1:] >= known[:-1]).all()) else np.argsort(known, kind="stable")
