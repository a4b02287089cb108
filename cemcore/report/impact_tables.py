"""Impact as tables for people: of one problem or any resources, by lens, with who is saved and where minutes went."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import tzinfo

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cemcore.domain import Impact, ImpactLine
from cemcore.report import words
from cemcore.report.grids import table
from cemcore.report.impact_documents import worst_first
from cemcore.views import ImpactReport, ImpactView, LensView, SavedLine, Sums

LINES_SHOWN = 20
"""Groups of one lens that a table shows; JSON and CSV have them all."""

_HEADS = ("", "users", "things", "customers", "at risk", "unknown", "bad minutes", "depth minutes")


def impact_answer(view: ImpactView, zone: tzinfo) -> RenderableType:
    """Impact of a problem or of a set of resources, with what the question was."""
    head = Text(f"Impact of {view.subject}", "bold")
    head.append(f" · {view.basis} · {words.moment(view.at, zone)}", "dim")
    if view.during is not None:
        head.append(f" · {words.when(view.during[0], zone)} to {words.when(view.during[1], zone)}", "dim")
    parts: list[RenderableType] = [head]
    if view.served is not None:
        parts.append(Text(f"{view.served:,} subjects were served under it in the period", "dim"))
    if view.protected:
        parts.append(Text(f"{view.protected:,} subjects stay in service because of redundancy", "dim"))
    parts += [Text(n, "yellow") for n in view.notes]
    parts += [Text(), impact_table(view.impact, view.lenses)]
    if view.saved:
        parts += [Text(), saved_table(view.saved, "Kept in service by")]
    parts += [
        x for lens in view.lenses if lens.saved for x in (Text(), saved_table(lens.saved, f"Saved, by {lens.name}"))
    ]
    return Group(*parts)


def impact_table(impact: Impact, lenses: Iterable[LensView] = ()) -> Table:
    """Who is hit: the total, then by segment, by service, and by each lens, worst first."""
    shown = [("segment", impact.by_segment), ("service", impact.by_service)]
    shown += [(x.name, x.lines) for x in lenses if x.name not in ("segment", "service")]
    spent = impact.total.spend is not None
    heads = (*_HEADS, "spend a month") if spent else _HEADS
    out = table(heads, heads[1:])
    _row(out, "total", impact.total, "bold", spent)
    for title, lines in shown:
        if lines:
            out.add_row(Text(f"by {title}", "dim"))
            ranked = worst_first(lines)
            for line in ranked[:LINES_SHOWN]:
                _row(out, f"  {line.group}", line, "", spent)
            if len(ranked) > LINES_SHOWN:
                out.add_row(Text(f"  ... and {len(ranked) - LINES_SHOWN} more", "dim"))
    return out


def saved_table(lines: Sequence[SavedLine], title: str) -> Table:
    """Who is kept in service, by group."""
    heads = ("", "users", "things", "customers", "without protection now")
    out = table(heads, heads[1:], title)
    for x in lines[:LINES_SHOWN]:
        out.add_row(Text(x.group), *(words.number(f) for f in (x.users, x.things, x.customers, x.at_risk)))
    return out


def report_tables(first: RenderableType, report: ImpactReport, zone: tzinfo) -> RenderableType:
    """The report, and below it, over a period, where all bad minutes went and what each lens says of them."""
    if report.sums is None or report.during is None:
        return first
    period = f"{words.when(report.during[0], zone)} to {words.when(report.during[1], zone)}"
    parts: list[RenderableType] = [first, Text(), Text(f"All bad minutes, {period}", "bold"), _sums(report.sums)]
    for lens in report.lenses:
        out = table(_HEADS, _HEADS[1:], f"All problems by {lens.name}")
        for line in worst_first(lens.lines)[:LINES_SHOWN]:
            _row(out, line.group, line, "", False)
        parts += [Text(), out]
    return Group(*parts)


def _sums(sums: Sums) -> Table:
    heads = ("", "bad minutes", "depth minutes")
    out = table(heads, heads[1:])
    said = (("of the problems", sums.problems), ("of none: chronic, or unexplained", sums.none), ("all", sums.total))
    for name, x in said:
        out.add_row(Text(name), words.number(x.bad_minutes), words.number(x.depth_minutes))
    return out


def _row(out: Table, name: str, x: ImpactLine, style: str, spent: bool) -> None:
    figures = (x.affected_users, x.affected_things, x.customers, x.at_risk, x.unknown, x.bad_minutes, x.depth_minutes)
    cells = [words.number(f) for f in figures]
    if spent:
        cells.append("" if x.spend is None else words.number(x.spend))
    out.add_row(Text(name, style), *(Text(cell, style) for cell in cells))
