"""Alarms against what customers felt, as documents and for people."""

from __future__ import annotations

from dataclasses import fields
from datetime import tzinfo
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from cemcore.reconciled import AlarmLine, AlarmsView, AlarmType
from cemcore.report import words
from cemcore.report.listing import Listing
from cemcore.report.serialise import Document, iso
from cemcore.report.tables import table

_SHOWN = 40
"""So many lines are printed for people; JSON and CSV have them all."""
_WORDS = {"with_pain": "with pain", "without_pain": "without pain", "unknown": "unknown"}


def alarms_document(view: AlarmsView) -> Document:
    """Counts, types with their days, problems without an alarm, and every alarm."""
    return {
        "during": {"from": iso(view.begin), "to": iso(view.end)},
        "known": iso(view.known),
        "types": [_plain(t) for t in view.types],
        "silent": [_plain(p) for p in view.silent],
        "alarms": [_plain(a) for a in view.alarms],
    }


def _plain(x: Any) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for f in fields(x):
        v = getattr(x, f.name)
        if f.name == "days":
            v = [{**_plain(d), "day": d.day.isoformat()} for d in v]
        elif isinstance(v, tuple):
            v = list(v)
        elif hasattr(v, "tzinfo"):
            v = iso(v)
        elif isinstance(v, float):
            v = round(v, 4)
        out[f.name] = v
    return out


def alarms_listing(view: AlarmsView, each: bool) -> Listing:
    """One row a type, or one an alarm."""
    kind = AlarmLine if each else AlarmType
    columns = tuple(f.name for f in fields(kind) if f.name != "days")
    things = view.alarms if each else view.types
    rows = tuple(
        tuple("; ".join(v) if isinstance(v := row[c], list) else v for c in columns) for row in map(_plain, things)
    )
    return Listing("Alarms" if each else "Alarm types", columns, rows)


def alarms_table(view: AlarmsView, each: bool, zone: tzinfo) -> RenderableType:
    """Types with their precision, or single alarms; then problems without an alarm."""
    span = f"{words.moment(view.begin, zone)} to {words.moment(view.end, zone)}"
    title = Text(f"Alarms raised {span}, known {words.moment(view.known, zone)}", "bold")
    parts: list[RenderableType] = [title, Text(_summary(view))]
    parts.append(_each(view, zone) if each else _by_type(view))
    n = len(view.alarms) if each else len(view.types)
    if n > _SHOWN:
        parts.append(Text(f"... and {n - _SHOWN:,} more (--json or --csv lists all)", "dim"))
    if view.silent and not each:
        parts.append(_silent(view, zone))
    return Group(*parts)


def _summary(view: AlarmsView) -> str:
    n = {v: sum(a.verdict == v for a in view.alarms) for v in _WORDS}
    told = ", ".join(f"{n[v]:,} {_WORDS[v]}" for v in _WORDS)
    return f"{len(view.alarms):,} alarms: {told}; {len(view.silent):,} problems without an alarm"


def _by_type(view: AlarmsView) -> RenderableType:
    numbers = ("raised", "with pain", "without", "unknown", "precision", "95 %")
    out = table(("problem", "on", *numbers), numbers)
    for t in view.types[:_SHOWN]:
        precision = "" if t.precision is None else f"{t.precision:.2f}"
        interval = "" if t.low is None or t.high is None else f"{t.low:.2f} - {t.high:.2f}"
        out.add_row(
            Text(t.problem), t.resource_type, f"{t.raised:,}", f"{t.with_pain:,}", f"{t.without_pain:,}",
            f"{t.unknown:,}", precision, interval,
        )  # fmt: skip
    return out


def _each(view: AlarmsView, zone: tzinfo) -> RenderableType:
    out = table(("raised", "cleared", "severity", "resource", "problem", "verdict", "why"))
    for a in view.alarms[:_SHOWN]:
        cleared = "stands" if a.cleared is None else words.brief(a.cleared, zone)
        why = f"{a.why}: {', '.join(a.problems)}" if a.problems else a.why
        out.add_row(
            words.brief(a.raised, zone), cleared, a.severity, Text(a.resource), Text(a.problem), _WORDS[a.verdict], why
        )
    return out


def _silent(view: AlarmsView, zone: tzinfo) -> RenderableType:
    out = table(("problem without an alarm", "begin", "end", "cause"))
    for p in view.silent[:_SHOWN]:
        end = "lasts" if p.end is None else words.brief(p.end, zone)
        out.add_row(p.problem_id, words.brief(p.begin, zone), end, Text(p.cause))
    return out
