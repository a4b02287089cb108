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
    return "cut short" if last and line.lstrip()[:1] in (b"{", b"[") else f"not JSON: {error}"


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
    """The records before the damage, and one line of quarantine for what follows."""
    out = Records()
    text = data.decode("utf-8", "surrogateescape").lstrip()
    end = 0
    if text.startswith("["):
        for item, stop in _items(text):
            out.add(f"record {len(out.items) + len(out.refused) + 1}", item)
            end = stop
    rest = text[end:].encode("utf-8", "surrogateescape")
    cut = text.startswith("[") and not text.rstrip().endswith("]")
    out.refused.append(("file", why_not_json(rest[:MAX_RECORD], error, last=cut), shown(rest)))
    return out


def _items(text: str) -> Iterator[tuple[object, int]]:
    decoder = json.JSONDecoder()
    at = 1
    while True:
        gap = _GAP.match(text, at)
        at = gap.end() if gap else at
        try:
            item, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return
        if isinstance(item, dict) and any(0xDC80 <= ord(c) <= 0xDCFF for c in str(item)):
            return
        yield item, at
