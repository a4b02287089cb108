"""Pages: one self-contained file each, without scripts or anything to load; readable, printable, light or dark."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

from cemcore.pictures import Picture
from cemcore.report import words
from cemcore.report.html.card import Drawn, bars, card, figures, saved_table, splits
from cemcore.report.html.figure import figure
from cemcore.report.html.markup import Html, el
from cemcore.report.html.style import sheet
from cemcore.views import ImpactReport, ImpactView, ProblemView, Sums


def report_page(
    report: ImpactReport, drawn: Sequence[Drawn], now: datetime, zone: tzinfo, operator: str, listed: int | None = None
) -> str:
    """The impact report: all problems in a list, at most `listed`, and a card for each of `drawn`, in rank order."""
    views = list(report.problems)
    asked = [f"as known {words.moment(report.as_of or now, zone)} ({zone})"]
    if report.during is not None:
        asked.append(f"{words.moment(report.during[0], zone)} to {words.moment(report.during[1], zone)}")
    parts = [
        el("h1", None, f"Impact report · {operator}" if operator else "Impact report"),
        el("div", {"class": "dim"}, " · ".join(asked)),
        el("p", None, _sentence(views)),
        _list(views[:listed], {d.view.problem.problem_id for d in drawn}, now, zone) if views else None,
        _note(len(views) - len(views[:listed])),
        *_period(report),
        *(card(d, now, zone, i) for i, d in enumerate(drawn, 1)),
    ]
    return page(f"Impact report {operator}".strip(), parts)


def problem_page(drawn: Drawn, now: datetime, zone: tzinfo) -> str:
    """One problem."""
    p = drawn.view.problem
    return page(f"{p.problem_id} {words.cause_name(p.causes[0] if p.causes else None)}", [card(drawn, now, zone)])


def resources_page(view: ImpactView, picture: Picture | None, zone: tzinfo) -> str:
    """Impact of resources, if all of them failed."""
    asked = [view.basis, words.moment(view.at, zone)]
    if view.during is not None:
        asked.append(f"{words.when(view.during[0], zone)} to {words.when(view.during[1], zone)}")
    if view.served is not None:
        asked.append(f"{view.served:,} subjects were served under it in the period")
    parts = [
        el("h1", {"class": "names"}, f"Impact of {view.subject}"),
        el("div", {"class": "dim"}, " · ".join(asked)),
        *(el("p", None, n) for n in view.notes),
        figures(view.impact, view.protected),
        el("div", {"class": "scroll"}, figure(picture)) if picture is not None else None,
        el("div", {"class": "two"}, *splits(view.impact, view.lenses)),
    ]
    if view.saved:
        parts += [el("h3", None, "Kept in service by"), saved_table(view.saved, "element")]
    for lens in view.lenses:
        if lens.saved:
            parts += [el("h3", None, f"Saved by redundancy, by {lens.name}"), saved_table(lens.saved, lens.name)]
    return page(f"Impact of {view.subject}", parts)


def page(title: str, parts: Sequence[Html | None]) -> str:
    """A whole document around `parts`."""
    head = el(
        "head",
        None,
        el("meta", {"charset": "utf-8"}),
        el("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        el("title", None, title),
        el("style", None, Html(sheet(page=True))),
    )
    return "<!doctype html>\n" + el("html", {"lang": "en"}, head, el("body", None, el("main", None, *parts))) + "\n"


def _sentence(views: Sequence[ProblemView]) -> str:
    if not views:
        return "No problems: nothing that customers felt was found."
    still = sum(words.is_open(v.problem) for v in views)
    lost = sum(v.impact.total.bad_minutes for v in views)
    noun = "problem" if len(views) == 1 else "problems"
    return f"{len(views)} {noun}, {still or 'none'} open; {lost:,.0f} bad minutes. Worst first, by bad minutes x depth."


def _note(left: int) -> Html | None:
    return el("p", {"class": "dim"}, f"and {left} more, each with less lost") if left > 0 else None


def _list(views: Sequence[ProblemView], carded: set[str], now: datetime, zone: tzinfo) -> Html:
    numeric = ("affected", "at risk", "unknown", "bad min", "lost")
    heads = [
        *(el("th", None, h) for h in ("", "cause", "status", "since", "lasted")),
        *(_num("th", h) for h in numeric),
    ]
    rows = []
    for i, v in enumerate(views, 1):
        p, t = v.problem, v.impact.total
        name = words.cause_name(p.causes[0] if p.causes else None)
        link = el("a", {"href": f"#{p.problem_id}"}, name) if p.problem_id in carded else name
        status = words.status_word(p)
        counted = (t.affected_users + t.affected_things, t.at_risk, t.unknown, t.bad_minutes, t.depth_minutes)
        cells = [
            el("td", {"class": "dim"}, str(i)),
            el("td", None, link),
            el("td", None, el("span", {"class": f"pill {status}"}, status)),
            el("td", None, words.brief(p.begin, zone)),
            el("td", None, words.lasted((p.end or max(now, p.begin)) - p.begin)),
            *(_num("td", words.number(x)) for x in counted),
        ]
        rows.append(el("tr", None, *cells))
    return el("div", {"class": "scroll"}, el("table", {"class": "list"}, el("tr", None, *heads), *rows))


def _period(report: ImpactReport) -> list[Html]:
    if report.sums is None:
        return []
    out = [el("h3", None, "All bad minutes of the period"), _sums(report.sums)]
    lenses = [el("div", None, el("h3", None, f"All problems by {x.name}"), bars(x.lines)) for x in report.lenses]
    return [*out, el("div", {"class": "two"}, *lenses)] if lenses else out


def _sums(sums: Sums) -> Html:
    said = (("of the problems", sums.problems), ("of none: chronic, or unexplained", sums.none), ("all", sums.total))
    rows = [
        el("tr", None, el("td", None, name), _num("td", f"{x.bad_minutes:,.0f}"), _num("td", f"{x.depth_minutes:,.0f}"))
        for name, x in said
    ]
    heads = el("tr", None, el("th", None, ""), _num("th", "bad minutes"), _num("th", "x depth"))
    return el("table", None, heads, *rows)


def _num(tag: str, text: str) -> Html:
    return el(tag, {"class": "num"}, text)
