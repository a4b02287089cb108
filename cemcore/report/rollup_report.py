"""Roll-ups and tried rows for people and as documents."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any

import pandas as pd
from rich.console import Group, RenderableType
from rich.text import Text

from cemcore.report import words
from cemcore.report.listing import Listing, frame_listing
from cemcore.report.serialise import Document, iso, records
from cemcore.report.tables import table

_HEADS = ("kind", "service", "subjects", "mean", "worst hour", "when", "below", "unknown", "coverage", "index")
_RIGHT = ("subjects", "mean", "worst hour", "below", "unknown", "coverage", "index")


def rollup_document(rows: pd.DataFrame, by: str, which: Mapping[str, Any], start: datetime, end: datetime) -> Document:
    """A roll-up; `which` says what it was narrowed to (kind, service, as_of)."""
    said = {k: iso(v) if isinstance(v, datetime) else v for k, v in which.items()}
    return {"by": by, **said, "from": iso(start), "to": iso(end), "rows": records(rows)}


def first_groups(rows: pd.DataFrame, limit: int | None) -> pd.DataFrame:
    """The first `limit` groups of each kind, with all their lines; all of them for None."""
    if limit is None or rows.empty:
        return rows
    groups = rows[["kind", "group"]].drop_duplicates().groupby("kind", sort=False).head(limit)
    return rows.merge(groups, on=["kind", "group"], how="inner")


def rollup_listing(rows: pd.DataFrame, title: str) -> Listing:
    """A roll-up, a row a line."""
    return frame_listing(rows, title)


def rollup_report(rows: pd.DataFrame, by: str, start: datetime, end: datetime, zone: tzinfo) -> RenderableType:
    """A roll-up for people: worst group first; shares of rows, figures 0-100."""
    title = Text(f"Experience by {by}, {words.moment(start, zone)} to {words.moment(end, zone)}", "bold")
    if rows.empty:
        return Group(title, Text("nothing is on record for this time"))
    out = table((by, *_HEADS), _RIGHT)
    before = None
    for r in rows.to_dict("records"):
        head = "" if (r["group"], r["kind"]) == before else str(r["group"])
        before = r["group"], r["kind"]
        hour = r["worst_hour"]
        out.add_row(
            Text(head),
            r["kind"] if head else "",
            r["service"],
            words.number(r["subjects"]),
            _figure(r["mean"]),
            _figure(r["worst"]),
            "-" if pd.isna(hour) else words.brief(hour, zone),
            _share(r["below"]),
            _share(r["unknown"]),
            _share(r["coverage"]),
            _figure(r["index"]),
        )
    notes = "means weighted by sessions, moments of truth counting more; below and unknown are shares of records"
    return Group(title, Text(), out, Text(), Text(notes, "dim"))


def trial_document(service: str, frame: pd.DataFrame) -> Document:
    """Tried rows with their scores."""
    return {"service": service, "rows": records(frame)}


def trial_report(service: str, frame: pd.DataFrame, lines: tuple[tuple[str, ...], ...], about: str) -> RenderableType:
    """Tried rows for people: of each its verdict, what the indicators say, and what each KQI cost."""
    parts: list[RenderableType] = []
    says = [c.removeprefix("says_") for c in frame if c.startswith("says_")]
    for row, said in zip(frame.to_dict("records"), lines, strict=True):
        parts.append(Text(said[0], "bold"))
        indicators = table(("indicator", "says"), ("says",))
        for name in says:
            indicators.add_row(name, _figure(row[f"says_{name}"]))
        kqis = table(("KQI", "value", "cost"), ("value", "cost"))
        for name in [c.removeprefix("cost_") for c in frame if c.startswith("cost_")]:
            value, cost = row[name], row[f"cost_{name}"]
            kqis.add_row(name, "-" if pd.isna(value) else f"{value:.6g}", "-" if pd.isna(cost) else f"{cost:.1f}")
        parts += [Text(), indicators, Text(), kqis, Text()]
    return Group(*parts, Text(about, "dim"))


def _figure(value: float) -> str:
    return "-" if pd.isna(value) else f"{value:.1f}"


def _share(value: float) -> str:
    return "-" if pd.isna(value) else ("·" if value == 0 else words.share(value))
