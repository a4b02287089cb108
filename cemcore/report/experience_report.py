"""Experience over time for people: each service in a line, then slot by slot."""

from __future__ import annotations

from datetime import tzinfo

import pandas as pd
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cemcore.report import words
from cemcore.report.tables import table

_ROWS_SHOWN = 100
_BAR = 20


def experience_report(rows: pd.DataFrame, title: str, zone: tzinfo) -> RenderableType:
    """A summary by service, then the newest `_ROWS_SHOWN` score rows; times in `zone`."""
    if rows.empty:
        return Group(Text(title, "bold"), Text("nothing is on record for this time"))
    parts: list[RenderableType] = [
        Text(title, "bold"),
        Text(),
        _by_service(rows),
        Text(),
        _by_slot(rows.tail(_ROWS_SHOWN), zone),
    ]
    if len(rows) > _ROWS_SHOWN:
        parts.append(Text(f"the newest {_ROWS_SHOWN} of {len(rows):,} rows (--format csv prints all)", "dim"))
    return Group(*parts)


def _by_service(rows: pd.DataFrame) -> Table:
    heads = ("service", "rows", "mean", "median", "worst", "requirement", "below")
    out = table(heads, heads[1:])
    for service, part in rows.groupby("service", observed=True):
        known = part["score"].dropna()
        figures = ("-",) * 3 if known.empty else tuple(f"{x:.0f}" for x in (known.mean(), known.median(), known.min()))
        below = float((part["score"] < part["requirement"]).mean())
        wanted = f"{part['requirement'].max():.0f}"
        out.add_row(Text(str(service)), words.number(len(part)), *figures, wanted, words.share(below))
    return out


def _by_slot(rows: pd.DataFrame, zone: tzinfo) -> Table:
    out = table(
        ("slot", "subject", "service", "score", "", "of habit", "coverage", "problem"),
        ("score", "of habit", "coverage"),
    )
    for r in rows.to_dict("records"):
        score, habit = r["score"], r.get("habit_z")
        bad = not pd.isna(score) and score < r["requirement"]
        out.add_row(
            words.when(r["slot"], zone),
            Text(str(r["subject_id"])),
            Text(str(r["service"])),
            Text("?" if pd.isna(score) else f"{score:.0f}", "bold red" if bad else ""),
            Text("" if pd.isna(score) else "━" * max(1, round(float(score) / 100 * _BAR)), "red" if bad else "green"),
            "young" if habit is None or pd.isna(habit) else f"{habit:+.1f}",
            words.share(float(r["coverage"])),
            Text("" if pd.isna(r.get("problem_id")) else str(r["problem_id"])),
        )
    return out
