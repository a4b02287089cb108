"""JSON records from bytes: one a line, or an array; what is whole is taken, the rest is told."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from collectors.files import MAX_RECORD, shown

_BOM = b"\xef\xbb\xbf"
_GAP = re.compile(r"[\s,]*")


@dataclass(slots=True)
class Records:
    """JSON objects with the position of each, and the quarantine (position, reason, record) of what is none."""

    items: list[dict[str, Any]] = field(default_factory=list)
    positions: list[str] = field(default_factory=list)
    refused: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, position: str, item: object) -> None:
        """Take `item` if it is an object."""
        if isinstance(item, dict):
            self.items.append(item)
            self.positions.append(position)
        else:
            self.refused.append((position, "not a JSON object", shown(str(item))))


def is_lines(name: str, data: bytes) -> bool:
    """True for JSON lines, by the name; where the name doesn't say, by the first byte (an array starts with `[`)."""
    stem = name.removesuffix(".gz")
    return stem.endswith((".jsonl", ".ndjson")) and data.lstrip()[:1] != b"["


def read(name: str, data: bytes) -> Records:
    """JSON lines, one JSON array or one JSON object; positions are `line n` or `record n`, counted from 1."""
    data = data.removeprefix(_BOM)
    if not data.strip():
        return Records(refused=[("file", "empty file", "")])
    return _lines(data) if is_lines(name, data) else _document(data)


def _lines(data: bytes) -> Records:
    out = Records()
    lines = data.split(b"\n")
    for n, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            if len(line) > MAX_RECORD:
                raise ValueError("line too long")
            out.add(f"line {n}", orjson.loads(line))
        except ValueError as e:
            out.refused.append((f"line {n}", why_not_json(line, e, last=n == len(lines)), shown(line)))
    return out


def why_not_json(line: bytes, error: ValueError, *, last: bool = False) -> str:
    """The plainest reason why a piece of JSON could not be read."""
    if len(line) > MAX_RECORD:
        return f"longer than {MAX_RECORD} bytes"
    if b"\0" in line:
        return "holds null bytes"
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return "not UTF-8"
    begun = line.lstrip(b" \t\r\n,")[:1] in (b"{", b"[", b"")
    return "cut short" if last and begun else f"not JSON: {error}"


def _document(data: bytes) -> Records:
    out = Records()
    try:
        whole = orjson.loads(data)
    except ValueError as e:
        return _salvage(data, e)
    if isinstance(whole, list):
        for n, item in enumerate(whole, 1):
            out.add(f"record {n}", item)
    elif isinstance(whole, dict):
        out.add("record 1", whole)
    else:
        out.refused.append(("file", "neither a JSON array nor an object", shown(data)))
    return out


def _salvage(data: bytes, error: ValueError) -> Records:
    """The records that can be told apart, and one line of quarantine for what follows the last of them."""
    out = Records()
    text = data.decode("utf-8", "surrogateescape").lstrip()
    end = 0
    if text.startswith("["):
        for item, stop in _items(text):
            end = stop
            where = f"record {len(out.items) + len(out.refused) + 1}"
            if _is_text(item):
                out.add(where, item)
            else:
                out.refused.append((where, "not UTF-8", shown(str(item))))
    if end and text[end:].strip() == "]":
        return out
    rest = text[end:].encode("utf-8", "surrogateescape")
    cut = text.startswith("[") and not text.rstrip().endswith("]")
    out.refused.append(("file", why_not_json(rest[:MAX_RECORD], error, last=cut), shown(rest)))
    return out


def _items(text: str) -> Iterator[tuple[object, int]]:
    decoder = json.JSONDecoder(parse_constant=_refuse_constant)
    at = 1
    while True:
        gap = _GAP.match(text, at)
        at = gap.end() if gap else at
        try:
            item, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return
        yield item, at


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _is_text(item: object) -> bool:
    try:
        json.dumps(item, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
