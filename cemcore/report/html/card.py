"""One problem as a card: what, since when, why, who, how much; with its figure and its time line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from cemcore.domain import Cause, Impact, ImpactLine, ServiceProblem
from cemcore.pictures import Picture, TimeLine
from cemcore.report import words
from cemcore.report.documents import strongest
from cemcore.report.html.figure import figure
from cemcore.report.html.markup import Html, el, joined
from cemcore.report.html.timeline import time_line
from cemcore.report.impact_documents import worst_first
from cemcore.views import LensView, ProblemView, SavedLine

GROUPS, EVIDENCE, CAUSES, REVISIONS = 12, 6, 4, 14
"""So many groups of a lens, lines of evidence of a cause, causes and revisions a card shows."""


@dataclass(frozen=True)
class Drawn:
    """A problem with its picture and time line, where there are any."""

    view: ProblemView
    picture: Picture | None = None
    line: TimeLine | None = None


def card(drawn: Drawn, now: datetime, zone: tzinfo, rank: int | None = None) -> Html:
    """The card of one problem."""
    view, p = drawn.view, drawn.view.problem
    return el(
        "section",
        {"class": "card", "id": p.problem_id},
        _head(p, now, zone, rank),
        figures(view.impact),
        *_causes(p.causes),
        *_titled("What it is about", figure(drawn.picture) if drawn.picture is not None else None),
        *_titled("Time line", time_line(drawn.line, zone) if drawn.line is not None else None),
        el("div", {"class": "two"}, *splits(view.impact, view.lenses)),
        *_titled("What changed, and why", _revisions(view.revisions, zone) if len(view.revisions) > 1 else None),
    )


def figures(impact: Impact, saved: int | None = None) -> Html:
    """The large figures of an impact."""
    t = impact.total
    told: list[tuple[str, str]] = [
        (f"{t.affected_users:,}", "users affected"),
        (f"{t.affected_things:,}", "things affected"),
        (f"{t.customers:,}", "customers pay for them"),
        (f"{t.at_risk:,}", "at risk"),
        (f"{t.unknown:,}", "unknown"),
    ]
    if saved is None or t.bad_minutes > 0:
        told += [(f"{t.bad_minutes:,.0f}", "bad minutes"), (f"{t.depth_minutes:,.0f}", "bad minutes x depth")]
    if t.spend is not None:
        told.insert(3, (f"{t.spend:,.0f}", "they spend a month"))
    if saved is not None:
        told.insert(4, (f"{saved:,}", "saved by redundancy"))
    boxes = [el("div", {"class": "figure"}, el("b", None, n), el("span", None, what)) for n, what in told]
    return el("div", {"class": "figures"}, *boxes)


def splits(impact: Impact, lenses: Iterable[LensView]) -> list[Html]:
    """Bars by segment, by service and by each lens."""
    shown = [("segment", impact.by_segment), ("service", impact.by_service)]
    shown += [(x.name, x.lines) for x in lenses if x.name not in ("segment", "service")]
    return [el("div", None, el("h3", None, f"By {name}"), bars(lines)) for name, lines in shown if lines]


def bars(lines: Sequence[ImpactLine]) -> Html:
    """A bar a group by bad minutes; by who is affected, then at risk, where none were lost."""
    measure, word = next(
        (
            (m, w)
            for m, w in (("bad_minutes", "bad min"), ("affected", "affected"))
            if any(_of(x, m) > 0 for x in lines)
        ),
        ("at_risk", "at risk"),
    )
    ranked = sorted(worst_first(lines), key=lambda x: -_of(x, measure))
    most = max((_of(x, measure) for x in ranked), default=0.0) or 1.0
    parts: list[Html] = []
    for x in ranked[:GROUPS]:
        amount = _of(x, measure)
        more = f" · {x.affected_users + x.affected_things:,} affected" if measure == "bad_minutes" else ""
        parts.append(el("span", {"class": "names"}, x.group))
        fill = el("div", {"class": f"fill {measure}", "style": f"width:{100 * amount / most:.1f}%"})
        parts.append(el("div", {"class": "track"}, fill if amount > 0 else None))
        parts.append(el("span", {"class": "num dim"}, f"{words.number(amount)} {word}{more}"))
    left = len(ranked) - GROUPS
    note = el("div", {"class": "legend"}, f"and {left} groups more") if left > 0 else None
    return joined([el("div", {"class": "bars"}, *parts), note])


def saved_table(lines: Sequence[SavedLine], head: str) -> Html:
    """Who is kept in service, by group."""
    top = [el("th", None, head), *(el("th", {"class": "num"}, h) for h in ("users", "things", "customers", "at risk"))]
    rows = [
        el(
            "tr",
            None,
            el("td", {"class": "names"}, x.group),
            *(el("td", {"class": "num"}, words.number(n)) for n in (x.users, x.things, x.customers, x.at_risk)),
        )
        for x in lines
    ]
    return el("div", {"class": "scroll"}, el("table", None, el("tr", None, *top), *rows))


def _of(x: ImpactLine, measure: str) -> float:
    return float(x.affected_users + x.affected_things if measure == "affected" else getattr(x, measure))


def _titled(title: str, what: Html | None) -> list[Html]:
    return [el("h3", None, title), el("div", {"class": "scroll"}, what)] if what else []


def _head(p: ServiceProblem, now: datetime, zone: tzinfo, rank: int | None) -> Html:
    status = words.status_word(p)
    first = p.causes[0] if p.causes else None
    span = words.lasted((p.end or max(now, p.begin)) - p.begin)
    since = f"{words.moment(p.begin, zone)}, " + (f"lasted {span}" if p.end else f"for {span} now")
    merged = f" · merged into {p.merged_into}" if p.merged_into else ""
    said = f"{p.problem_id} · since {since} · {', '.join(p.services)} · {words.share(p.confidence)} sure{merged}"
    return joined(
        [
            el(
                "div",
                {"class": "head"},
                el("span", {"class": "rank"}, f"{rank}") if rank is not None else None,
                el("h2", {"class": "names"}, words.cause_name(first)),
                el("span", {"class": f"pill {status}"}, status),
            ),
            el("div", {"class": "dim names"}, said),
        ]
    )


def _causes(causes: Sequence[Cause]) -> list[Html]:
    out: list[Html] = []
    for i, c in enumerate(causes[:CAUSES]):
        head = "Cause" if i == 0 else "Or"
        out.append(el("h3", None, f"{head}: {words.cause_line(c)}"))
        if c.tied_with:
            out.append(el("div", {"class": "names"}, words.ties_line(c)))
        lines = strongest(c.evidence)[: EVIDENCE if i == 0 else 2]
        items = [
            el(
                "li",
                {"class": "" if e.log_odds >= 0 else "against"},
                el("span", {"class": "odds"}, f"{e.log_odds:+.1f}"),
                el("span", {"class": "names"}, e.text),
            )
            for e in lines
        ]
        out.append(el("ul", {"class": "evidence"}, *items))
    return out


def _revisions(revisions: Sequence[ServiceProblem], zone: tzinfo) -> Html:
    heads = el("tr", None, *(el("th", None, h) for h in ("revision", "known", "change", "cause")))
    shown = list(revisions) if len(revisions) <= REVISIONS else [revisions[0], *revisions[-(REVISIONS - 1) :]]
    rows = [
        el(
            "tr",
            None,
            el("td", None, str(r.revision)),
            el("td", None, words.when(r.known_at, zone)),
            el("td", {"class": "names"}, r.change),
            el("td", {"class": "names"}, words.cause_line(r.causes[0] if r.causes else None)),
        )
        for r in shown
    ]
    return el("table", None, heads, *rows)
