"""Second looks and early warnings as lists, and as tables for people."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import tzinfo
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from cemcore.report import words
from cemcore.report.findings import ALL, WARNING, warning_document
from cemcore.report.listing import Listing
from cemcore.report.serialise import iso
from cemcore.report.tables import LOOK_HEADS, LOOK_NUMBERS, look_cells, table
from cemcore.views import EarlyWarning, Warnings
from cemcore.zooming import DetailEntry, DetailRequest, Finding


def findings_listing(findings: Iterable[Finding], entries: Iterable[DetailEntry]) -> Listing:
    """One row a request: whose series, what was found, and why."""
    columns = ("problem_id", "service", "level", "key", "measure", "begin", "end", "state", "verdict", "reason")
    found = {f.request_id: f for f in findings if f.examiner == ALL}
    rows = []
    for e in entries:
        r, f = e.request, found.get(e.request.request_id)
        said = (str(f.verdict), f.reason[0]) if f else ("", e.note)
        whose = (r.problem_id, r.service, str(r.level), r.key, r.measure)
        rows.append((*whose, iso(r.begin), iso(r.end), str(e.state), *said))
    return Listing("Second looks", columns, tuple(rows))


def zoom_table(zoomed: Any, zone: tzinfo) -> RenderableType:
    """What one round did, for people: a line a series, the reasons below it."""
    if zoomed.dry_run:
        return _plan(zoomed, zone)
    parts: list[RenderableType] = [looks_table(zoomed.looks)] if zoomed.looks else []
    said = [f"{len(zoomed.looks)} series looked at"] if zoomed.looks else ["nothing new to look at"]
    for what, ids in (("problem{} revised", zoomed.revised), ("request{} expired", zoomed.expired)):
        said += [f"{len(ids)} " + what.format("" if len(ids) == 1 else "s")] if ids else []
    said += [f"{len(zoomed.waiting)} waiting"] if zoomed.waiting else []
    parts.append(Text("; ".join(said) + f"; {zoomed.budget_left} requests left today", "dim"))
    return Group(*parts)


def looks_table(looks: Sequence[tuple[DetailRequest, Finding]]) -> RenderableType:
    """Requests with what was found of them; a line of reasons where the figures do not speak for themselves."""
    out = table(("problem", *LOOK_HEADS), LOOK_NUMBERS, keep=("problem", "found"))
    for r, f in looks:
        out.add_row(r.problem_id, *look_cells(f))
    return out


def findings_table(findings: Iterable[Finding], entries: Sequence[DetailEntry]) -> RenderableType:
    """Every request that was looked at, and those that were not, with their state."""
    found = {f.request_id: f for f in findings if f.examiner == ALL}
    looks = [(e.request, found[e.request.request_id]) for e in entries if e.request.request_id in found]
    rest = [e for e in entries if e.request.request_id not in found]
    parts: list[RenderableType] = [looks_table(looks)] if looks else [Text("No second look was taken.")]
    parts += [Text(f"{e.request.problem_id} {e.request.series}: {e.state} {e.note}".rstrip(), "dim") for e in rest]
    return Group(*parts)


def warnings_listing(view: Warnings) -> Listing:
    """One row a warning."""
    rows = [tuple(warning_document(w).values()) for w in view.lines]
    columns = tuple(warning_document(view.lines[0])) if view.lines else WARNING
    return Listing("Early warnings", columns, tuple(rows))


def warnings_table(view: Warnings, zone: tzinfo) -> RenderableType:
    """Early warnings for people."""
    share = f"{view.interval:.0%}"
    head = f"{view.watched:,} series watched, {view.drifting:,} drift, {view.unknown:,} with too little history"
    if not view.lines:
        said = f"No breach within {view.horizon_days:g} days is foreseen."
        return Group(Text(said), Text(head, "dim"))
    heads = ("service", "level", "key", "measure", "now", "required", "a day", "days to breach", share, "since")
    out = table(heads, heads[4:9], keep=("key", "since"))
    for w in view.lines:
        figures = (f"{w.now:.1f}", f"{w.requirement:g}", f"{w.per_day:+.2f}", f"{w.days:.1f}", _range(w))
        out.add_row(w.service, w.level, w.key, w.measure, *figures, f"{w.since.astimezone(zone):%d %b}")
    return Group(out, Text(f"{head}; horizon {view.horizon_days:g} days, if it goes on like this", "dim"))


def _range(w: EarlyWarning) -> str:
    return f"{w.low:.1f} - {w.high:.1f}" if math.isfinite(w.high) else f"{w.low:.1f} - ?"


def _plan(zoomed: Any, zone: tzinfo) -> RenderableType:
    out = table(("problem", "series", "window", "why"), (), "Would look at", keep=("problem", "window"))
    for r in zoomed.planned:
        window = f"{words.brief(r.begin, zone)}-{r.end.astimezone(zone):%H:%M}"
        out.add_row(r.problem_id, Text(r.series), window, Text(r.reason))
    left = Text(f"{len(zoomed.planned)} requests; {zoomed.budget_left} left today; nothing was asked", "dim")
    return Group(out, left) if zoomed.planned else Group(Text("Nothing new to look at."), left)
