"""CSV (RFC 4180) from bytes: whole rows are taken, broken ones told with line and reason."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv

from collectors.files import MAX_RECORD, shown

NO_VALUE = ("", "NULL", "null", "NaN", "nan", "NA", "N/A")
"""What a column of numbers writes where it has none."""

_STRAY_QUOTES = 100
_BOM = b"\xef\xbb\xbf"


@dataclass(slots=True)
class Rows:
    """Columns as written (numbers as float64 where all are), the line of each row, and what was refused.

    `lines` is empty where row i simply stands in line i + 2.
    """

    frame: pd.DataFrame = field(default_factory=pd.DataFrame)
    lines: list[int] = field(default_factory=list)
    refused: list[tuple[str, str, str]] = field(default_factory=list)


def read(data: bytes, is_number: Callable[[str], bool], *, cut: bool) -> Rows:
    """The rows below the header; `cut` says that the last line may be half a line. Never raises for bad input."""
    header, _, body = data.removeprefix(_BOM).partition(b"\n")
    names, fault = _names(header)
    if fault:
        return Rows(refused=[("file", fault, shown(header))])
    out = Rows()
    if cut:
        whole = body.rfind(b"\n") + 1
        if body[whole:]:
            last = body.count(b"\n") + 2
            out.refused.append((f"line {last}", "cut short", shown(body[whole:])))
        body = body[:whole]
    body, out.lines = _clean(body, out.refused)
    out.frame = pd.DataFrame({n: pd.Series(dtype="str") for n in names})
    if not body.strip():
        return out
    for _ in range(_STRAY_QUOTES):
        try:
            stray = _parse(out, header, body, names, is_number)
        except pa.ArrowException as e:
            out.refused.append(("file", f"not CSV: {str(e).splitlines()[0]}", shown(body)))
            return out
        if stray < 0:
            return out
        body, out.lines = _without(body, out.lines, stray, out.refused)
    out.refused.append(("file", "not CSV: quotes are not closed", shown(body)))
    return out


def _names(header: bytes) -> tuple[list[str], str]:
    """(column names, what is wrong with the header)."""
    if not header.strip():
        return [], "empty file" if not header else "header is empty"
    if b"\0" in header:
        return [], "header holds null bytes"
    try:
        names = next(csv.reader([header.decode("utf-8").rstrip("\r")]))
    except (UnicodeDecodeError, csv.Error, StopIteration):
        return [], "header is not UTF-8 text"
    return names, "header names a column twice" if len(set(names)) < len(names) else ""


def _clean(body: bytes, refused: list[tuple[str, str, str]]) -> tuple[bytes, list[int]]:
    """(body without lines that no parser should see, numbers of the lines kept; none where all were)."""
    blank = b'"' not in body and (b"\n\n" in body or b"\n\r\n" in body or body[:1] in b"\r\n")
    if not blank and not _suspicious(body):
        return body, []
    kept: list[bytes] = []
    lines: list[int] = []
    for n, line in enumerate(body.split(b"\n"), 2):
        reason = _fault(line)
        if reason:
            refused.append((f"line {n}", reason, shown(line)))
        elif line.strip():
            kept.append(line)
            lines.append(n)
    return b"".join(line + b"\n" for line in kept), lines


def _suspicious(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return b"\0" in body or (len(body) > MAX_RECORD and max(map(len, body.split(b"\n"))) > MAX_RECORD)


def _fault(line: bytes) -> str:
    if len(line) > MAX_RECORD:
        return f"longer than {MAX_RECORD} bytes"
    if b"\0" in line:
        return "holds null bytes"
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return "not UTF-8"
    return ""


def _parse(out: Rows, header: bytes, body: bytes, names: list[str], is_number: Callable[[str], bool]) -> int:
    """Fill `out` and return -1; or the index of the first row whose quote runs over the lines after it."""
    bad: list[tuple[int, str, str]] = []

    def refuse(row: pa_csv.InvalidRow) -> str:
        said = f"{row.actual_columns} values for {row.expected_columns} columns"
        bad.append((row.number - 2, said, row.text or ""))
        return "skip"

    table = _arrow(header + b"\n" + body, {n: is_number(n) for n in names}, refuse, bad)
    stray = [at for at, _, text in bad if "\n" in text.strip("\r\n")]
    if stray:
        return stray[0]
    skipped = {at for at, _, _ in bad}
    lines = out.lines or range(2, table.num_rows + len(bad) + 2)
    out.refused += [(f"line {lines[at]}", reason, shown(text)) for at, reason, text in bad]
    if out.lines or bad:
        out.lines = [n for at, n in enumerate(lines) if at not in skipped][: table.num_rows]
    out.frame = table.to_pandas(ignore_metadata=True)
    return -1


def _arrow(
    data: bytes,
    columns: dict[str, bool],
    refuse: Callable[[pa_csv.InvalidRow], str],
    bad: list[tuple[int, str, str]],
) -> pa.Table:
    """Numbers as float64 at once where all of them are; otherwise as text, for the contract to judge one by one."""
    for guess in (pa.float64(), pa.string()):
        bad.clear()
        convert = pa_csv.ConvertOptions(
            column_types={n: guess if number else pa.string() for n, number in columns.items()},
            null_values=list(NO_VALUE),
            strings_can_be_null=False,
        )
        try:
            return pa_csv.read_csv(
                io.BytesIO(data),
                read_options=pa_csv.ReadOptions(use_threads=False, block_size=min(len(data) + 1, 1 << 30)),
                parse_options=pa_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=refuse),
                convert_options=convert,
            )
        except pa.ArrowInvalid:
            if guess == pa.string():
                raise
    raise AssertionError("unreachable")


def _without(body: bytes, lines: list[int], row: int, refused: list[tuple[str, str, str]]) -> tuple[bytes, list[int]]:
    """(body without line `row`, counted from 0; numbers of the lines kept)."""
    parts = body.split(b"\n")
    numbers = lines or list(range(2, len(parts) + 2))
    refused.append((f"line {numbers[row]}", "a quote is not closed", shown(parts[row])))
    return b"\n".join(parts[:row] + parts[row + 1 :]), numbers[:row] + numbers[row + 1 :]
