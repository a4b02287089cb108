"""Tables for people, other than the impact report: lists, one problem, one impact, health, checks, plug-ins."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cemcore.domain import ServiceProblem
from cemcore.report import words
from cemcore.report.findings import ALL
from cemcore.report.grids import table as table
from cemcore.report.impact_report import causes_grid, headline
from cemcore.report.impact_tables import impact_table
from cemcore.report.listing import Listing
from cemcore.report.rank import rank
from cemcore.views import CheckLine, ProblemView
from cemcore.zooming import Finding, Look

_MARKS = {"ok": Text("ok", "green"), "warn": Text("warn", "yellow"), "fail": Text("FAIL", "bold red")}
_REVISIONS_SHOWN = 12
LOOK_STYLES = {Look.CONFIRMED: "bold red", Look.CORRECTED: "red", Look.WITHDRAWN: "green", Look.UNCLEAR: "yellow"}
"""How each verdict of a second look is shown."""

LOOK_HEADS = ("series", "found", "expected", "saw", "chance", "because")
LOOK_NUMBERS = ("expected", "saw", "chance")
"""Columns of a table of second looks, and those of them that are figures."""


def listing_table(listing: Listing) -> Table:
    """Any list as a table."""
    numeric = [c for i, c in enumerate(listing.columns) if any(isinstance(r[i], (int, float)) for r in listing.rows)]
    out = table(listing.columns, numeric, listing.title)
    for row in listing.rows:
        out.add_row(*(Text(_cell(c)) for c in row))
    return out


def problems_table(
    views: Iterable[ProblemView], now: datetime, zone: tzinfo, limit: int | None = None
) -> RenderableType:
    """Problems in rank order, one line each."""
    ranked = rank(views)
    if not ranked:
        return Text("No problems.")
    out = table(
        ("#", "problem", "status", "since", "lasted", "cause", "services", "affected", "bad min"),
        ("#", "lasted", "affected", "bad min"),
        keep=("problem", "status", "since"),
    )
    for i, v in enumerate(ranked[:limit], 1):
        p, t = v.problem, v.impact.total
        pid, status, since, span, *_ = headline(v, now, zone)
        cause = words.cause_name(p.causes[0] if p.causes else None)
        affected = words.number(t.affected_users + t.affected_things)
        cells = (str(i), pid, status, since, span, cause, ", ".join(p.services), affected, words.number(t.bad_minutes))
        out.add_row(*(Text(c) for c in cells))
    left = len(ranked) - len(ranked[:limit])
    return Group(out, Text(f"... and {left} more (--limit shows more)", "dim")) if left else out


def problem_detail(view: ProblemView, now: datetime, zone: tzinfo) -> RenderableType:
    """One problem: figures, every cause with all its evidence, who lost what, its life, what operators said."""
    p = view.problem
    head = Text(p.problem_id, "bold")
    head.append(
        f" · {words.status_word(p)} · since {words.when(p.begin, zone)} · lasted {headline(view, now, zone)[3]}", ""
    )
    head.append(
        f" · revision {p.revision} as known {words.when(p.known_at, zone)} · {words.share(p.confidence)} sure", "dim"
    )
    parts: list[RenderableType] = [head]
    if p.merged_into:
        parts.append(Text(f"merged into {p.merged_into}", "yellow"))
    parts += [Text(), causes_grid(p.causes, evidence=100)]
    if p.demarcation:
        parts.append(Text(f"answers for it: {words.demarcation_line(p.demarcation)}"))
    folded = [
        f"{n} {', '.join(ids[:8])}{' ...' if len(ids) > 8 else ''}"
        for n, ids in (("alarms", p.alarms), ("work", p.work))
        if ids
    ]
    parts += [Text(line, "dim") for line in folded]
    parts += [Text(), impact_table(view.impact)]
    if view.revisions:
        parts += [Text(), _revisions(view.revisions, zone)]
    if view.findings:
        parts += [Text(), _findings(view.findings, zone)]
    if view.verdicts:
        parts += [Text(), _verdicts(view, zone)]
    return Group(*parts)


def check_table(lines: Sequence[CheckLine]) -> RenderableType:
    """What `cem check` found, and whether it would run."""
    out = table(("", "what", ""))
    for x in lines:
        out.add_row(_MARKS.get(x.status, Text(x.status)), Text(x.what), Text(x.text))
    bad = sum(x.status == "fail" for x in lines)
    last = (
        Text(f"{bad} of {len(lines)} failed: this will not run as it stands", "bold red")
        if bad
        else Text("this will run", "green")
    )
    return Group(out, last)


def plugins_table(infos: Iterable[Any]) -> Table:
    """Every plug-in with its options (`cemcore.plugins.PluginInfo`)."""
    out = table(("kind", "name", "about", "options"))
    for i in infos:
        options = "\n".join(f"{n}: {t}" + ("" if d == "(needed)" else f" = {d}") for n, t, d in i.options)
        out.add_row(Text(i.kind), Text(i.name, "bold"), Text(f"{i.about}\n{i.where}"), Text(options))
    return out


def taken_table(taken: Iterable[Any]) -> Table:
    """What a round of collecting brought (`Taken` of the application), by source."""
    out = table(("source", "feed", "batches", "rows", "quarantined", "more"), ("batches", "rows", "quarantined"))
    for t in taken:
        more = Text(t.error.removeprefix(f"{t.source}: "), "red") if t.error else Text(tallies(t.counts), "dim")
        out.add_row(
            Text(t.source), Text(str(t.feed)), *(words.number(x) for x in (t.batches, t.rows, t.quarantined)), more
        )
    return out


def look_cells(f: Finding) -> tuple[Text, ...]:
    """One second look in the order of `LOOK_HEADS`."""
    known = math.isfinite(f.expected)
    figures = (f"{f.expected:.3g} ± {f.spread:.2g}", f"{f.observed:.3g}") if known else ("-", "-")
    chance = "-" if not math.isfinite(f.p_value) else "< 1e-6" if f.p_value < 1e-6 else f"{f.p_value:.2g}"
    votes = [f.reason[0].partition(" (")[0]] if f.reason else []
    moved = sorted({r.partition(": ")[2] for r in f.reason[1:] if ": began" in r or ": depth" in r})[:2]
    cells = (f.series, str(f.verdict), *figures, chance, "; ".join([*votes, *moved]))
    return tuple(Text(c, LOOK_STYLES[f.verdict] if i == 1 else "") for i, c in enumerate(cells))


def tallies(counts: Mapping[str, int]) -> str:
    """`late 12, duplicates 3`: what is not zero."""
    return ", ".join(f"{k} {n:,}" for k, n in sorted(counts.items()) if n)


def _revisions(revisions: Sequence[ServiceProblem], zone: tzinfo) -> RenderableType:
    out = table(("rev", "known", "change", "status", "since", "end", "cause"), ("rev",), "Life")
    shown = revisions if len(revisions) <= _REVISIONS_SHOWN else [*revisions[:3], *revisions[-(_REVISIONS_SHOWN - 3) :]]
    before = 0
    for r in shown:
        if r.revision > before + 1 and before:
            out.add_row("...", Text(f"{r.revision - before - 1} more", "dim"))
        before = r.revision
        cause = words.cause_line(r.causes[0] if r.causes else None)
        times = (words.when(r.begin, zone), words.when(r.end, zone))
        out.add_row(str(r.revision), words.when(r.known_at, zone), r.change, words.status_word(r), *times, Text(cause))
    return out


def _verdicts(view: ProblemView, zone: tzinfo) -> Table:
    out = table(("at", "by", "said", "cause", "note"), (), "Verdicts")
    for v in view.verdicts:
        out.add_row(words.when(v.at, zone), Text(v.by), v.action, Text(v.cause), Text(v.note))
    return out


def _findings(findings: Iterable[Finding], zone: tzinfo) -> RenderableType:
    """The findings of one problem, below its other figures."""
    out = table(("at", *LOOK_HEADS), LOOK_NUMBERS, "Second looks", keep=("at", "found"))
    for f in findings:
        if f.examiner == ALL:
            out.add_row(words.brief(f.found_at, zone), *look_cells(f))
    return out


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return words.number(value) if abs(value) >= 100 else f"{value:g}"
    return str(value)
