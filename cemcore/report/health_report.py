"""State of the whole for people: is it running, how far, what came, what could not be taken and why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cemcore.report import words
from cemcore.report.degradations_report import findings_line
from cemcore.report.documents import lag_s
from cemcore.report.tables import table
from cemcore.views import HealthView

_STYLES = {"ok": "bold green", "learning": "bold cyan", "late": "bold yellow", "failing": "bold red"}
_LISTED = 6
_KNOWN = {"duplicates": "twice", "late": "late", "unjoined": "unjoined", "failures": "failed"}


def health_report(view: HealthView, zone: tzinfo) -> RenderableType:
    """Status, learning, feeds, then everything that wants somebody's eye."""
    head = Text(view.status, _STYLES.get(view.status, "bold"))
    head.append(f" · {words.moment(view.now, zone)} ({zone})", "dim")
    parts: list[RenderableType] = [head, Text(_progress(view, zone))]
    if view.learning_until:
        parts.append(Text(_learning(view.learning_until, zone), "cyan"))
    if view.findings_a_day:
        parts.append(Text(findings_line(view.findings_a_day, view.false_discovery)))
    if view.blind:
        parts.append(Text("blind (no data, so nothing is said): " + _some(view.blind), "yellow"))
    parts += [Text(), feeds_table(view, zone)]
    parts += _faults(view)
    return Group(*parts)


def feeds_table(view: HealthView, zone: tzinfo) -> Table:
    """One line per source."""
    heads = ("source", "feed", "rows", "rejected", *_KNOWN.values(), "joined", "newest")
    out = table(heads, heads[2:9], keep=("newest",), pad=2)
    for f in view.feeds:
        c = f.counts
        figures = (c.get("rows", 0), c.get("quarantined", 0), *(c.get(k, 0) for k in _KNOWN))
        joined = "" if f.joined_share is None else words.share(f.joined_share)
        failed = "red" if c.get("failures") else ""
        counted = (*(words.number(x) for x in figures), joined, words.when(f.newest_record, zone))
        out.add_row(Text(f.source, failed), Text(str(f.feed)), *counted)
    return out


def _progress(view: HealthView, zone: tzinfo) -> str:
    if view.watermark is None:
        return "no slot assessed yet"
    lag = lag_s(view) or 0.0
    behind = f"{lag / 3600:.1f} h" if lag >= 5400 else f"{lag / 60:.0f} min"
    still = "1 open problem" if view.open_problems == 1 else f"{view.open_problems or 'no'} open problems"
    said = f"assessed up to {words.moment(view.watermark, zone)} ({behind} behind) in {view.ticks:,} ticks; {still}"
    return said + (f"; assessor {view.assessor}" if view.assessor else "")


def _learning(until: Mapping[str, datetime], zone: tzinfo) -> str:
    ends: dict[datetime, list[str]] = {}
    for service, end in sorted(until.items()):
        ends.setdefault(end, []).append(service)
    said = [f"{', '.join(names)} until {words.moment(end, zone)}" for end, names in ends.items()]
    return "learning: " + "; ".join(said)


def _faults(view: HealthView) -> list[RenderableType]:
    parts: list[RenderableType] = []
    rejected = [(f.source, f.reasons) for f in view.feeds if f.reasons]
    if rejected:
        parts += [Text(), Text("Rejected records, kept in quarantine with their reason", "bold")]
        parts += [_tally(source, reasons) for source, reasons in rejected]
    lost = [(f.source, f.unjoined) for f in view.feeds if f.unjoined]
    if lost:
        parts += [Text(), Text("Names that no resource in the inventory answers to (rows)", "bold")]
        parts += [_tally(source, names) for source, names in lost]
    if view.inventory_faults:
        parts += [Text(), Text("Inventory that contradicts itself", "bold")]
        parts += [Text(f"  {x}") for x in view.inventory_faults[:_LISTED]]
        if len(view.inventory_faults) > _LISTED:
            parts.append(Text(f"  ... and {len(view.inventory_faults) - _LISTED} more (--json lists all)", "dim"))
    return parts


def _tally(source: str, counts: Mapping[str, int]) -> RenderableType:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column()
    grid.add_column(justify="right")
    grid.add_column()
    ranked = sorted(counts.items(), key=lambda x: (-x[1], x[0]))
    for i, (name, n) in enumerate(ranked[:_LISTED]):
        grid.add_row(Text(f"  {source}" if i == 0 else "", "dim"), f"{n:,}", Text(name))
    if len(ranked) > _LISTED:
        grid.add_row("", "", Text(f"... and {len(ranked) - _LISTED} more (--json lists all)", "dim"))
    return grid


def _some(names: tuple[str, ...]) -> str:
    more = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {more} more" if more > 0 else "")
