"""Tables from bytes: Parquet, CSV, JSON lines and JSON arrays, plain or gzipped.

What is whole is taken, row by row; what isn't is told with its position and reason. Values stay what the source wrote:
identifiers keep their leading zeros, text is never guessed to be a number or a date.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cemcore.domain import Content, Feed
from cemcore.errors import ConfigError
from cemcore.frames import Column, conform, contract, empty, quarantined
from collectors import csv_text, mapping, records
from collectors.files import shown, unzip

FORMATS = ("parquet", "csv", "jsonl", "json")
_SUFFIXES = {".parquet": "parquet", ".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json"}


@dataclass(frozen=True, slots=True)
class Table:
    """Raw columns under the source's names, and (position, reason, record) of what was refused.

    Row i stood at `positions[i]`; where that is empty, in line i + 2 of a text or row i + 1 of Parquet.
    """

    frame: pd.DataFrame
    positions: list[str]
    refused: list[tuple[str, str, str]]
    is_text: bool = False

    def place(self, row: int) -> str:
        """Where `row`, counted from 0, stood in the file."""
        if self.positions:
            return self.positions[row]
        return f"line {row + 2}" if self.is_text else f"row {row + 1}"

    @property
    def seen(self) -> int:
        """Records that the file held, taken or refused; faults of the file as a whole are none."""
        return len(self.frame) + sum(not where.startswith("file") for where, _, _ in self.refused)


@dataclass(frozen=True, slots=True)
class Layout:
    """What the configuration says of a table: format, names, units, values, more columns (see `collectors.mapping`)."""

    format: str
    columns: Mapping[str, str]
    units: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]]
    more: tuple[Column, ...] = ()

    def check(self, source: str, feed: Feed) -> None:
        """ConfigError for an unknown format, column or unit."""
        if self.format != "auto" and self.format not in FORMATS:
            raise ConfigError(
                source, "format", f"unknown format {self.format!r}; there are: auto, {', '.join(FORMATS)}"
            )
        mapping.check(source, feed, self.columns, self.units, self.values, self.more)

    def number_test(self, feed: Feed) -> Callable[[str], bool]:
        """Tells of a source name whether its column holds numbers."""
        wanted = {c.name for c in contract(feed, self.more).columns if c.kind in ("number", "whole")}
        return lambda name: self.columns.get(name, name) in wanted


def read(name: str, data: bytes, form: str, is_number: Callable[[str], bool]) -> Table:
    """The table in `data`; `is_number` says of a column's name whether it holds numbers. Never raises for bad input."""
    kind = form if form != "auto" else _SUFFIXES.get("." + name.removesuffix(".gz").rsplit(".", 1)[-1].lower(), "")
    if not data:
        return _nothing("empty file")
    if not kind:
        return _nothing("unknown format: the name ends in none of " + ", ".join(_SUFFIXES))
    if kind == "parquet":
        return _parquet(data)
    plain, fault = unzip(data)
    if fault and not plain:
        return _nothing(fault)
    table = _csv(plain, is_number, cut=bool(fault)) if kind == "csv" else _json("x." + kind, plain)
    if fault:
        table.refused.append(("file", fault, ""))
    return table


def _nothing(reason: str, record: str = "") -> Table:
    return Table(pd.DataFrame(), [], [("file", reason, record)])


def _parquet(data: bytes) -> Table:
    try:
        frame = pq.read_table(pa.BufferReader(data), use_threads=False).to_pandas(ignore_metadata=True)
    except (pa.ArrowException, OSError, ValueError) as e:
        cut = data[:4] == b"PAR1" and data[-4:] != b"PAR1"
        return _nothing(
            "cut short: Parquet without its footer" if cut else f"not whole Parquet: {str(e).splitlines()[0]}"
        )
    return Table(frame, [], [])


def _json(name: str, data: bytes) -> Table:
    found = records.read(name, data)
    return of_records(found)


def of_records(found: records.Records) -> Table:
    """A table of JSON objects; an object with a nested value is refused."""
    refused = list(found.refused)
    items: list[dict[str, Any]] = []
    positions: list[str] = []
    for item, where in zip(found.items, found.positions, strict=True):
        nested = [k for k, v in item.items() if isinstance(v, (dict, list))]
        if nested:
            refused.append((where, f"{nested[0]} is not a plain value", shown(str(item))))
        else:
            items.append(item)
            positions.append(where)
    names = dict.fromkeys(k for item in items for k in item)
    columns = {k: pd.Series([_plain(item.get(k)) for item in items], dtype=object) for k in names}
    frame = pd.DataFrame({k: _numeric(v) for k, v in columns.items()}, index=pd.RangeIndex(len(items)))
    return Table(frame, positions, refused)


def _plain(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value


def _numeric(values: pd.Series) -> pd.Series:
    """Floats where every value is one; otherwise what was written (an integer may be an identifier)."""
    return values.astype("float64") if all(v is None or type(v) is float for v in values) else values


def _csv(data: bytes, is_number: Callable[[str], bool], *, cut: bool) -> Table:
    rows = csv_text.read(data, is_number, cut=cut)
    return Table(rows.frame, [f"line {n}" for n in rows.lines], rows.refused, is_text=True)


def to_content(feed: Feed, table: Table, layout: Layout, finish: Callable[[pd.DataFrame], pd.DataFrame]) -> Content:
    """`table` under the contract of `feed`: mapped, `finish`ed, conformed; what does not hold is in quarantine."""
    mapped, ignored = mapping.apply(feed, table.frame, layout.columns, layout.units, layout.values, layout.more)
    lacking = [c.name for c in contract(feed).columns if c.required and c.name not in mapped]
    if len(table.frame) == 0 and (not lacking or table.frame.columns.empty):
        return Content(empty(feed), quarantined(table.refused), {"rows": table.seen})
    mapped = finish(mapped)
    if lacking:
        reason = f"no column for {', '.join(lacking)}; there are: {', '.join(map(str, table.frame.columns))}"
        return Content(empty(feed), quarantined([*table.refused, *all_refused(table, reason)]), {"rows": table.seen})
    held, rejected = conform(feed, mapped, more=layout.more)
    if len(rejected):
        rejected["position"] = pd.Series([table.place(int(row)) for row in rejected["position"]], dtype="str")
    counts = {"rows": table.seen, **{f"ignored column {name}": 1 for name in ignored}}
    if table.refused:
        rejected = pd.concat([quarantined(table.refused), rejected], ignore_index=True)
    return Content(held, rejected, counts)


def all_refused(table: Table, reason: str) -> list[tuple[str, str, str]]:
    """A line of quarantine for each row of `table`; for the file, where it has none."""
    if len(table.frame) == 0:
        return [("file", reason, "")] if len(table.frame.columns) else []
    texts = table.frame.to_json(orient="records", lines=True, date_format="iso").splitlines()
    texts = texts if len(texts) == len(table.frame) else ["{}"] * len(table.frame)
    return [(table.place(row), reason, shown(text)) for row, text in enumerate(texts)]


def drop_repeats(held: pd.DataFrame, key: Iterable[str]) -> tuple[pd.DataFrame, int]:
    """(`held` without repeats: same key and content, whenever it arrived; how many). The earliest arrival stays.

    The same key with other content is a correction and stays.
    """
    twins = held.duplicated(list(key), keep=False)
    if not bool(twins.any()):
        return held, 0
    some = held[twins]
    if "recorded_at" in some:
        some = some.sort_values("recorded_at", kind="stable")
    again = some.duplicated([c for c in some.columns if c != "recorded_at"])
    repeats = again[again].index
    return held.drop(index=repeats).reset_index(drop=True), len(repeats)
