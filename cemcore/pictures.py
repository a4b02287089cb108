"""Pictures of a problem as plain data: the part of the network that it is about, and its time line.

`cemcore.report.html` draws them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any, Protocol

CAUSE, TIED, AFFECTED, AT_RISK, UNKNOWN, SAVED, PLAIN = (
    "cause", "tied", "affected", "at_risk", "unknown", "saved", "plain",
)  # fmt: skip
"""What a node is to the problem: SAVED elements back up the cause, or people whom redundancy keeps in service."""


class Drawing(str):
    """An SVG text that a notebook shows as a picture."""

    __slots__ = ()

    def _repr_svg_(self) -> str:
        return str(self)


class Drawer(Protocol):
    """Draws answers of `Cem`; what it needs it reads when it is asked."""

    def page(self, found: Any) -> str:
        """A report, an impact or a problem as an HTML document."""
        ...

    def figure(self, view: Any) -> str:
        """The part of the network that a problem is about, as SVG."""
        ...

    def time_line(self, view: Any) -> str:
        """The life of a problem, as SVG."""
        ...


def framed(document: str, height: int = 720) -> str:
    """A document in a frame of its own, for a notebook: its style stays inside, and nothing in it can run."""
    style = "width:100%;border:1px solid #ccc;border-radius:6px"
    return f'<iframe sandbox="" srcdoc="{escape(document, quote=True)}" height="{height}" style="{style}"></iframe>'


@dataclass(frozen=True)
class Node:
    """One box: a resource, several of a kind together, or people. `row` counts from the top, 0; `note` is its second
    line; `title` what it is in full.
    """

    key: str
    label: str
    note: str
    role: str
    row: int
    title: str = ""


@dataclass(frozen=True)
class Edge:
    """`low` hangs on `high`; `role` as of nodes: how what runs there fares."""

    low: str
    high: str
    role: str = PLAIN


@dataclass(frozen=True)
class Picture:
    """A small graph in rows: above what the cause hangs on, below what hangs on it, at the bottom people."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    caption: str = ""


@dataclass(frozen=True)
class Mark:
    """Something at a moment: onset, detected, revision, end."""

    at: datetime
    kind: str
    text: str


@dataclass(frozen=True)
class Span:
    """Something that lasted: an alarm, planned work; `end` None while it lasts."""

    begin: datetime
    end: datetime | None
    kind: str
    text: str


@dataclass(frozen=True)
class TimeLine:
    """The life of a problem in [begin, end): bad minutes by slot (start, minutes), marks and spans in order of time."""

    begin: datetime
    end: datetime
    slot_s: int
    bars: tuple[tuple[datetime, float], ...]
    marks: tuple[Mark, ...]
    spans: tuple[Span, ...]
