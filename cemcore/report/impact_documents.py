"""Impact as documents and lists: of one problem or any resources, and the report of all; lenses and sums with them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from cemcore.domain import Impact, ImpactLine
from cemcore.report.serialise import Document, plain
from cemcore.views import ImpactView, LensView, ProblemView, SavedLine, Sums


def line_document(line: ImpactLine) -> Document:
    """Totals of one group."""
    return {f.name: plain(getattr(line, f.name)) for f in fields(line)}


def totals_document(impact: Impact) -> Document:
    """Totals of everything, then by segment and by service, worst first."""
    return {
        "total": line_document(impact.total),
        "by_segment": [line_document(x) for x in worst_first(impact.by_segment)],
        "by_service": [line_document(x) for x in worst_first(impact.by_service)],
    }


def lens_documents(lenses: Iterable[LensView]) -> list[Document]:
    """What was parted by each lens, worst group first; who redundancy saves where that was asked for."""
    return [
        {
            "lens": x.name,
            "lines": [line_document(line) for line in worst_first(x.lines)],
            **({"saved": saved_documents(x.saved)} if x.saved else {}),
        }
        for x in lenses
    ]


def saved_documents(lines: Iterable[SavedLine]) -> list[Document]:
    """Who is kept in service by redundancy, by group."""
    return [{f.name: plain(getattr(x, f.name)) for f in fields(x)} for x in lines]


def sums_document(sums: Sums | None) -> Document | None:
    """Where the bad minutes of a period went."""
    if sums is None:
        return None
    return {
        f.name: {k: plain(getattr(getattr(sums, f.name), k)) for k in ("bad_minutes", "depth_minutes")}
        for f in fields(sums)
    }


def worst_first(lines: Iterable[ImpactLine]) -> list[ImpactLine]:
    """Lines by bad minutes, then by affected, then by how many are at risk; equals by name."""
    return sorted(lines, key=lambda x: (-x.bad_minutes, -(x.affected_users + x.affected_things), -x.at_risk, x.group))


LOSS = (
    "affected_users",
    "affected_things",
    "customers",
    "at_risk",
    "unknown",
    "bad_minutes",
    "depth_minutes",
    "spend",
)
"""Figures of a line, in order."""


def impact_rows(view: ImpactView | ProblemView) -> tuple[tuple[Any, ...], ...]:
    """(by, group, figures ...) of the total, of every segment and service, and of every group of the lenses."""
    lines = [("total", view.impact.total)]
    parts = [("segment", view.impact.by_segment), ("service", view.impact.by_service)]
    told = {name for name, _ in parts}
    parts += [(x.name, x.lines) for x in view.lenses if x.name not in told]
    lines += [(name, x) for name, of in parts for x in worst_first(of)]
    return tuple((by, x.group, *(plain(getattr(x, n)) for n in LOSS)) for by, x in lines)
