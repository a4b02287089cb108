"""Streaming parser of 3GPP performance files: TS 32.435 `measCollecFile` and TS 28.532 `measDataFile`.

Both namespaces and any revision of them (local names decide), both value forms (`measTypes`/`measResults` by position,
`measType`/`r` by `p`). Each `measValue` is taken when it is complete, so that a cut file gives all that came before the
cut. Entities, external documents and document types are refused.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from collectors import pm_dn
from collectors.files import shown

ROOTS = ("measCollecFile", "measDataFile")
WHOLE = 1 << 24
"""Files up to this many bytes are parsed as one tree."""

_ELEMENTS = ("managedElement", "measEntity")
_HEADS = ("measType", "measTypes", "granPeriod", "repPeriod", "measValue")
_EVENTS = ("{*}measValue", "{*}measInfo", "{*}fileHeader")
_SAFE: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}
_DECLARATION = re.compile(rb"<\?xml\s")
_END = re.compile(rb"</([\w.-]+:)?(measCollecFile|measDataFile)\s*>")


@dataclass(slots=True)
class Values:
    """Flat values of one file, and what was refused.

    Value i has text `texts[i]` (None = blank) and counter `names[codes[i]]` (code -1 = not wanted). Run j of `runs[j]`
    values belongs to object `objects[j]` in period `periods[j]`, an index into `spans` = (begin, length) [us].
    """

    texts: list[str | None] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    runs: list[int] = field(default_factory=list)
    objects: list[str] = field(default_factory=list)
    periods: list[int] = field(default_factory=list)
    suspects: list[bool] = field(default_factory=list)
    names: dict[str, int] = field(default_factory=dict)
    spans: dict[tuple[int, int], int] = field(default_factory=dict)
    refused: list[tuple[str, str, str]] = field(default_factory=list)
    refused_values: int = 0
    report_us: int = 0
    begin_us: int | None = None


@dataclass(slots=True)
class _Info:
    """What all values of one `measInfo` share."""

    element: Any
    prefix: str
    number: int
    fault: str = ""
    period: int = -1
    positional: bool = False
    marks: list[str | None] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    seen: int = 0


class _RefusedError(Exception):
    """The whole file is refused."""


def parse(data: bytes, wanted: Callable[[str], bool]) -> Values:
    """All values of the file in `data`; counters that are not `wanted` get code -1. Never raises for bad input."""
    out = Values()
    if not data.strip():
        out.refused.append(("file", "empty file", ""))
        return out
    start = _DECLARATION.search(data)
    data = data[start.start() :] if start else data.lstrip(b"\xef\xbb\xbf \t\r\n\0")
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        out.refused.append(("file", "document type or entities: refused", shown(data)))
        return out
    walk = _Walk(out, wanted)
    try:
        walk.run(data)
    except _RefusedError as e:
        out.refused.append(("file", str(e), shown(data)))
    except etree.LxmlError as e:
        cut = not _END.search(data)
        if not walk.rooted and not data.lstrip().startswith(b"<"):
            reason = "not XML"
        else:
            reason = "cut short" if cut else "not well-formed"
        out.refused.append(
            ("file", f"{reason}: {str(e).splitlines()[0][:200] if str(e) else 'no text'}", shown(data[-300:]))
        )
    return out


class _Walk:
    """One pass over a file; keeps only the `measInfo` at hand."""

    def __init__(self, out: Values, wanted: Callable[[str], bool]) -> None:
        self.out, self.wanted = out, wanted
        self.rooted = False
        self._info: _Info | None = None
        self._infos = 0
        self._header = ""
        self._element: Any = None
        self._prefix = ""
        self._kinds: dict[str, str] = {}
        self._codes: dict[tuple[str, ...], list[int]] = {}
        self._tags = ("r", "suspect", "measResults")

    def run(self, data: bytes) -> None:
        """Read everything; XMLSyntaxError where it breaks, after what came before it was taken.

        A file of usual size is parsed in one go, which takes half the time; a large or broken one piece by piece.
        """
        if len(data) <= WHOLE:
            try:
                root = etree.fromstring(data, etree.XMLParser(collect_ids=False, **_SAFE))
            except etree.XMLSyntaxError:
                self._stream(data)
            else:
                self._tree(root)
        else:
            self._stream(data)

    def _tree(self, root: Any) -> None:
        self._root(root)
        for child in root:
            if _local(child) == "fileHeader":
                self._begin(child)
        for element in root.iter("{*}measInfo", "{*}measValue"):
            if element.tag.endswith("measValue"):
                self._value(element)
            else:
                self._close()
                self._open(element)
        self._close()

    def _stream(self, data: bytes) -> None:
        events = etree.iterparse(io.BytesIO(data), events=("end",), tag=_EVENTS, **_SAFE)
        for _, element in events:
            tag = element.tag
            if tag.endswith("measValue"):
                self._value(element)
                element.clear()
            elif tag.endswith("measInfo"):
                if self._info is None or self._info.element is not element:
                    self._close()
                    self._open(element)
                self._close()
                element.clear()
                element.getparent().remove(element)
            else:
                self._begin(element)
        if not self.rooted:
            self._root(events.root)

    def _root(self, root: Any) -> None:
        name = _local(root)
        if name not in ROOTS:
            raise _RefusedError(f"root element is {name}, not {' or '.join(ROOTS)}")
        if root.getroottree().docinfo.doctype:
            raise _RefusedError("document type or entities: refused")
        space = root.tag.rpartition("}")[0]
        space = space + "}" if space else ""
        self._kinds = {space + k: k for k in _HEADS}
        self._tags = (space + "r", space + "suspect", space + "measResults")
        self.rooted = True

    def _begin(self, header: Any) -> None:
        if not self.rooted:
            self._root(header.getroottree().getroot())
        self._header = (header.get("dnPrefix") or "").strip()
        times = [c.get("beginTime") for c in header if c.get("beginTime")]
        self.out.begin_us = _time_or_none(times)

    def _close(self) -> None:
        """Leave the `measInfo` at hand; one with a fault and without values has not been told yet."""
        info = self._info
        if info is not None and info.fault and not info.seen:
            self.out.refused.append((f"measInfo {info.number}", info.fault, ""))
        self._info = None

    def _open(self, element: Any) -> _Info:
        """Read what comes before the values of a `measInfo`: period and counter names."""
        if not self.rooted:
            self._root(element.getroottree().getroot())
        self._infos += 1
        owner = element.getparent()
        if owner is not self._element:
            self._element = owner
            found = [c.get("localDn") for c in owner if _local(c) in _ELEMENTS] if owner is not None else []
            self._prefix = pm_dn.join(self._header, (found[0] or "").strip()) if found else self._header
        info = self._info = _Info(element, self._prefix, self._infos)
        try:
            self._read_head(info)
        except ValueError as e:
            info.fault = str(e)
        return info

    def _read_head(self, info: _Info) -> None:
        names: list[str] = []
        length = end = -1
        for child in info.element:
            kind = self._kinds.get(child.tag)
            if kind == "measType":
                names.append((child.text or "").strip())
                info.marks.append(child.get("p"))
            elif kind == "measTypes":
                info.positional = True
                names = (child.text or "").split()
            elif kind == "granPeriod":
                length = pm_dn.duration_us(child.get("duration"))
                end = pm_dn.time_us(child.get("endTime"), "granPeriod endTime")
            elif kind == "repPeriod":
                self.out.report_us = max(self.out.report_us, _report_us(child.get("duration")))
            elif kind == "measValue":
                break
        if length < 0:
            raise ValueError("granPeriod is missing")
        if not names:
            raise ValueError("no measTypes and no measType")
        if info.marks and (None in info.marks or len(set(info.marks)) < len(info.marks)):
            raise ValueError("measType without p" if None in info.marks else "two measType have the same p")
        if not all(names):
            raise ValueError("a measType has no name")
        info.codes = self._codes_of(tuple(names))
        info.period = self.out.spans.setdefault((end - length, length), len(self.out.spans))

    def _codes_of(self, names: tuple[str, ...]) -> list[int]:
        codes = self._codes.get(names)
        if codes is None:
            known = self.out.names
            codes = self._codes[names] = [known.setdefault(n, len(known)) if self.wanted(n) else -1 for n in names]
        return codes

    def _value(self, element: Any) -> None:
        owner = element.getparent()
        info = self._info
        if info is None or info.element is not owner:
            info = self._open(owner)
        info.seen += 1
        ldn = element.get("measObjLdn")
        fault = info.fault
        if ldn is None or not (ldn or info.prefix):
            fault = fault or "measObjLdn is missing"
        if fault:
            self._refuse(info, fault, element, _values_in(element))
            return
        suspect = False
        if info.marks and [c.get("p") for c in element] == info.marks:
            texts, codes = [c.text for c in element], info.codes
        else:
            flag = element.find(self._tags[1])
            suspect = flag is not None and (flag.text or "").strip().lower() in ("true", "1")
            indexed = list(element.iterchildren(self._tags[0]))
            texts, codes = self._by_mark(info, element, indexed) if indexed else self._by_place(info, element)
        out = self.out
        out.texts += texts
        out.codes += codes
        out.runs.append(len(texts))
        out.objects.append(pm_dn.join(info.prefix, ldn.strip()))
        out.periods.append(info.period)
        out.suspects.append(suspect)

    def _by_mark(self, info: _Info, element: Any, indexed: list[Any]) -> tuple[list[str | None], list[int]]:
        """Values of the form `<r p="1">5</r>`, joined to their names on `p`."""
        marks = [r.get("p") for r in indexed]
        texts = [r.text for r in indexed]
        if marks == info.marks:
            return texts, info.codes
        known = dict(zip(info.marks, info.codes, strict=False))
        kept: list[str | None] = []
        codes: list[int] = []
        for mark, text in zip(marks, texts, strict=True):
            if mark in known:
                codes.append(known.pop(mark))
                kept.append(text)
            else:
                reason = "p given twice" if mark in info.marks else "without measType"
                self._refuse(info, f"r p={mark}: {reason}", element, 1, shown(text or ""))
        return kept, codes

    def _by_place(self, info: _Info, element: Any) -> tuple[list[str | None], list[int]]:
        """Values of the form `<measResults>5 6 7</measResults>`, by their place."""
        results = element.find(self._tags[2])
        texts: list[str | None] = list((results.text or "").split()) if results is not None else []
        if not texts and info.marks:
            return [], []
        if len(texts) == len(info.codes) and info.positional:
            return texts, info.codes
        self._refuse(info, f"{len(texts)} values for {len(info.codes)} types", element, max(1, len(texts)))
        return [], []

    def _refuse(self, info: _Info, reason: str, element: Any, values: int, record: str = "") -> None:
        where = f"measInfo {info.number}, measValue {info.seen}"
        text = record or etree.tostring(element, encoding="unicode", with_tail=False)
        self.out.refused.append((where, reason, shown(text)))
        self.out.refused_values += values


def _values_in(element: Any) -> int:
    """How many values a `measValue` that is refused as a whole holds; at least one, since it is told."""
    kinds = [(_local(c), c.text or "") for c in element]
    return max(1, sum(1 if kind == "r" else len(t.split()) for kind, t in kinds if kind in ("r", "measResults")))


def _local(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _report_us(text: str | None) -> int:
    try:
        return pm_dn.duration_us(text)
    except ValueError:
        return 0


def _time_or_none(texts: list[str]) -> int | None:
    try:
        return pm_dn.time_us(texts[0], "time") if texts else None
    except ValueError:
        return None
