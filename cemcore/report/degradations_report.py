"""Degradations as documents and for people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo

import pandas as pd
from rich.console import Group, RenderableType
from rich.text import Text

from cemcore.report import words
from cemcore.report.listing import Listing, frame_listing
from cemcore.report.serialise import Document, iso, records
from cemcore.report.tables import table

_SHOWN = 200
"""So many episodes are printed for people; JSON and CSV have them all."""


def degradations_document(
    rows: pd.DataFrame, during: tuple[datetime, datetime], level: str | None, service: str | None
) -> Document:
    """Episodes, the strongest first, below what was asked."""
    return {
        "during": {"from": iso(during[0]), "to": iso(during[1])},
        "level": level,
        "service": service,
        "degradations": records(rows),
    }


def degradations_listing(rows: pd.DataFrame) -> Listing:
    """One row an episode."""
    return frame_listing(rows, "Degradations")


def degradations_table(rows: pd.DataFrame, during: tuple[datetime, datetime], zone: tzinfo) -> RenderableType:
    """Episodes for people."""
    title = Text(f"Degradations, {words.moment(during[0], zone)} to {words.moment(during[1], zone)}", "bold")
    if rows.empty:
        return Group(title, Text("none on record for this time"))
    out = table(("level", "key", "service", "what", "begin", "end", "depth", "surprise"), ("depth", "surprise"))
    for r in rows.head(_SHOWN).to_dict("records"):
        end = "lasts" if pd.isna(r["end"]) else words.brief(r["end"], zone)
        service = "" if pd.isna(r["service"]) else str(r["service"])
        depth = "" if pd.isna(r["depth"]) else f"{r['depth']:.2f}"
        surprise = "" if pd.isna(r["surprise"]) else f"{r['surprise']:.1f}"
        out.add_row(
            str(r["level"]), Text(str(r["key"])), service, str(r["what"]), words.brief(r["begin"], zone), end, depth,
            surprise,
        )  # fmt: skip
    more = len(rows) - _SHOWN
    return Group(
        title, out, *([Text(f"... and {more:,} more (--json or --format csv lists all)", "dim")] if more > 0 else [])
    )


def findings_line(a_day: Mapping[str, float], budget: float) -> str:
    """How many episodes ended a day by level, beside the share of them that may be chance."""
    said = ", ".join(f"{level} {n:.1f}" for level, n in a_day.items())
    return f"degradations a day: {said} (of which {budget:.0%} may be chance)"
