"""The impact report for people: problems by what customers lost, each with cause, evidence and who paid for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cemcore.domain import Cause, Impact, ImpactLine, ServiceProblem
from cemcore.report import words
from cemcore.report.documents import strongest
from cemcore.report.impact_documents import worst_first
from cemcore.report.rank import rank
from cemcore.views import ProblemView

_HEADS = (
    "#",
    "problem",
    "status",
    "since",
    "lasted",
    "users",
    "things",
    "customers",
    "at risk",
    "unknown",
    "bad min",
    "lost",
)
_SHORT = {"customers": "cust.", "at risk": "risk", "unknown": "unkn."}
_NARROW = 112
_RIGHT = range(5, len(_HEADS))
_STYLES = {
    "open": "bold red",
    "acked": "yellow",
    "ended": "",
    "resolved": "green",
    "rejected": "dim",
    "merged": "dim",
    "closed": "dim",
}
EVIDENCE_SHOWN = 3


def impact_report(
    views: Iterable[ProblemView],
    now: datetime,
    zone: tzinfo,
    operator: str = "",
    detailed: int = 5,
    limit: int | None = None,
    width: int = 120,
) -> RenderableType:
    """Problems in rank order; the first `detailed` with evidence and bad minutes by segment, at most `limit` in all.

    Looks right from a `width` of 100 columns on. Times are in `zone`.
    """
    ranked = rank(views)
    shown = ranked[:limit]
    rows = [(str(i), *headline(v, now, zone)) for i, v in enumerate(shown, 1)]
    heads = [_SHORT.get(h, h) if width < _NARROW else h for h in _HEADS]
    widths = [max(len(h), *(len(r[i]) for r in rows)) if rows else len(h) for i, h in enumerate(heads)]
    pad = 2 if sum(widths) + 2 * len(widths) <= width else 1
    parts: list[RenderableType] = [_title(operator, now, zone), _summary(ranked), Text()]
    for i, (view, row) in enumerate(zip(shown, rows, strict=True)):
        if i == 0:
            parts.append(_row(heads, widths, pad))
        parts.append(_row(row, widths, pad, status=2))
        parts.append(Padding(_detail(view, full=i < detailed), (0, 0, 1 if i < detailed else 0, widths[0] + pad)))
    if len(shown) < len(ranked):
        parts.append(Text(f"... and {len(ranked) - len(shown)} more, each with less lost (--limit shows more)", "dim"))
    return Group(*parts)


def headline(view: ProblemView, now: datetime, zone: tzinfo) -> tuple[str, ...]:
    """The figures of one problem as texts, in the order of the report's heads, without the rank."""
    p, t = view.problem, view.impact.total
    counted = (t.affected_users, t.affected_things, t.customers, t.at_risk, t.unknown, t.bad_minutes, t.depth_minutes)
    span = words.lasted((p.end or max(now, p.begin)) - p.begin)
    return (p.problem_id, words.status_word(p), words.brief(p.begin, zone), span, *(words.number(x) for x in counted))


def causes_grid(causes: Sequence[Cause], evidence: int = EVIDENCE_SHOWN) -> Table:
    """Candidate causes, best first, each with its strongest lines of evidence."""
    grid = _grid()
    for i, c in enumerate(causes or (Cause("resource", label="unknown"),)):
        _add_cause(grid, c, "cause" if i == 0 else "or", evidence)
    return grid


def split_lines(lines: Sequence[ImpactLine], measure: str = "bad_minutes") -> str:
    """`business 1,200 · family 340`: who lost most first; groups that lost nothing stand as a count."""
    ranked = worst_first(lines)
    said = [
        f"{escape(x.group)} [bold]{words.number(getattr(x, measure))}[/]" for x in ranked if getattr(x, measure) > 0
    ]
    idle = len(ranked) - len(said)
    if not said:
        return ""
    return " · ".join(said) + (f" [dim]· {idle} more without loss[/]" if idle else "")


def _title(operator: str, now: datetime, zone: tzinfo) -> Text:
    head = Text("Impact report", "bold")
    head.append(f" · {operator}" if operator else "")
    return head.append(f" · {words.moment(now, zone)} ({zone})", "dim")


def _summary(ranked: Sequence[ProblemView]) -> Text:
    """One sentence: how many, how many open, how much was lost."""
    if not ranked:
        return Text("No problems: nothing that customers felt was found.")
    still = sum(words.is_open(v.problem) for v in ranked)
    lost = sum(v.impact.total.bad_minutes for v in ranked)
    noun = "problem" if len(ranked) == 1 else "problems"
    counted = f"{len(ranked)} {noun}, {still or 'none'} open"
    return Text(f"{counted}; {lost:,.0f} bad minutes. Worst first; lost = bad minutes x how far below requirement.")


def _row(cells: Sequence[str], widths: Sequence[int], pad: int, status: int | None = None) -> Table:
    table = Table(box=None, show_header=False, padding=(0, pad, 0, 0), pad_edge=False)
    for i, w in enumerate(widths):
        table.add_column(width=w, no_wrap=True, justify="right" if i in _RIGHT else "left")
    styled = [Text(c, _cell_style(i, c, status)) for i, c in enumerate(cells)]
    table.add_row(*styled)
    return table


def _cell_style(i: int, cell: str, status: int | None) -> str:
    if status is None:
        return "dim"
    if i == status:
        return _STYLES.get(cell, "")
    return "bold" if i in (1, len(_HEADS) - 1) else ""


def _detail(view: ProblemView, full: bool) -> Table:
    p = view.problem
    first = p.causes[0] if p.causes else Cause("resource", label="unknown")
    grid = _grid()
    _add_cause(grid, first, "cause", EVIDENCE_SHOWN if full else 0)
    if not full:
        return grid
    grid.add_row("services", _services(p, view.impact))
    segments = split_lines(view.impact.by_segment)
    if segments:
        grid.add_row("bad minutes", segments)
    return grid


def _services(p: ServiceProblem, impact: Impact) -> str:
    lost = {x.group: x.bad_minutes for x in impact.by_service}
    ranked = sorted(p.services, key=lambda s: (-lost.get(s, 0.0), s))
    return " · ".join(f"{escape(s)} [bold]{words.number(lost[s])}[/]" if lost.get(s) else escape(s) for s in ranked)


def _grid() -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True, min_width=11)
    grid.add_column(overflow="fold")
    return grid


def _add_cause(grid: Table, c: Cause, head: str, evidence: int) -> None:
    grid.add_row(head, Text(words.cause_line(c), "bold" if head == "cause" else ""))
    if c.tied_with:
        grid.add_row("", Text(words.ties_line(c), "italic"))
    for e in strongest(c.evidence)[:evidence]:
        way, line = words.evidence_line(e)
        grid.add_row(f"  {way}", Text(line, "" if way == "for" else "yellow"))
