"""Flat lists: one row per thing, for CSV and Markdown, and for plain tables on a terminal."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cemcore.report.impact_documents import LOSS, impact_rows
from cemcore.report.rank import rank
from cemcore.report.serialise import iso, plain
from cemcore.views import HealthView, ImpactView, ProblemView


@dataclass(frozen=True, slots=True)
class Listing:
    """A list with a title; cells are plain values (text, number, None)."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def to_csv(self) -> str:
        """RFC 4180 with a header line; what is missing stays empty.

        Text that a spreadsheet would run as a formula gets a quote in front.
        """
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(self.columns)
        writer.writerows([_harmless(c) for c in row] for row in self.rows)
        return out.getvalue()

    def to_markdown(self) -> str:
        """A table in GitHub's Markdown below a heading; numbers stand to the right."""
        right = [any(isinstance(r[i], (int, float)) for r in self.rows) for i in range(len(self.columns))]
        lines = [
            f"## {self.title}",
            "",
            _md_row(self.columns),
            _md_row(["---:" if r else "---" for r in right]),
            *(_md_row([_md_cell(c) for c in row]) for row in self.rows),
        ]
        return "\n".join(lines) + "\n"


def problems_listing(views: Iterable[ProblemView], title: str = "Problems") -> Listing:
    """Problems in rank order, one row each."""
    columns = (
        "rank",
        "problem_id",
        "status",
        "begin",
        "end",
        "cause",
        "label",
        "domain",
        "confidence",
        "tied_with",
        "services",
        *LOSS,
    )
    rows = []
    for i, v in enumerate(rank(views), 1):
        p = v.problem
        first = p.causes[0] if p.causes else None
        cause = ("unknown", "unknown", "") if first is None else (first.name, first.label, first.domain)
        ties = "" if first is None else "; ".join(first.tied_with)
        head = (
            i,
            p.problem_id,
            p.status.value,
            iso(p.begin),
            iso(p.end),
            *cause,
            plain(p.confidence),
            ties,
            "; ".join(p.services),
        )
        rows.append((*head, *(plain(getattr(v.impact.total, n)) for n in LOSS)))
    return Listing(title, columns, tuple(rows))


def impact_listing(view: ImpactView | ProblemView) -> Listing:
    """One impact: a row for the total, then for every segment and service, and every group of the lenses."""
    title = f"Impact of {view.problem.problem_id}" if isinstance(view, ProblemView) else f"Impact of {view.subject}"
    return Listing(title, ("by", "group", *LOSS), impact_rows(view))


def experience_listing(rows: pd.DataFrame, title: str) -> Listing:
    """Experience rows as they are."""
    return frame_listing(rows, title)


def frame_listing(frame: pd.DataFrame, title: str) -> Listing:
    """Any frame as a list, values as JSON would have them."""
    columns = [[plain(v) for v in frame[c].astype(object)] for c in frame.columns]
    return Listing(title, tuple(str(c) for c in frame.columns), tuple(zip(*columns, strict=True)))


def health_listing(view: HealthView) -> Listing:
    """One row per feed."""
    counted = sorted({k for f in view.feeds for k in f.counts} - {"rows", "quarantined"})
    columns = (
        "source",
        "feed",
        "batches",
        "rows",
        "quarantined",
        "joined_share",
        *counted,
        "last_collected",
        "newest_record",
        "reasons",
    )
    rows = [
        (
            f.source,
            str(f.feed),
            f.batches,
            f.counts.get("rows", 0),
            f.counts.get("quarantined", 0),
            plain(f.joined_share),
            *(f.counts.get(k, 0) for k in counted),
            iso(f.last_collected),
            iso(f.newest_record),
            "; ".join(f"{k}: {n}" for k, n in f.reasons.items()),
        )
        for f in view.feeds
    ]
    return Listing("Feeds", columns, tuple(rows))


def _harmless(cell: Any) -> Any:
    """Spreadsheets run text that begins like a formula; operators' names may not do that."""
    return "'" + cell if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _md_row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _md_cell(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:,.1f}" if abs(cell) >= 100 else f"{cell:g}"
    return str(cell).replace("|", "\\|").replace("\n", " ")
