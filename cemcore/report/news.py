"""What changed about a problem, in one line."""

from __future__ import annotations

from datetime import tzinfo

from rich.markup import escape

from cemcore.report import words
from cemcore.views import ProblemView

_STYLES = {"open": "bold red", "acked": "yellow", "ended": "green", "resolved": "green"}


def news_line(view: ProblemView, zone: tzinfo) -> str:
    """`P-17 grew · SR-2 · since 18:45 · 34 users, 5 things · 120 bad minutes`, as rich markup."""
    p, t = view.problem, view.impact.total
    style = _STYLES.get(words.status_word(p), "dim")
    cause = escape(words.cause_name(p.causes[0] if p.causes else None))
    hit = [
        f"{n:,} {what}{'s' * (n != 1)}" for n, what in ((t.affected_users, "user"), (t.affected_things, "thing")) if n
    ] or ["nobody yet"]
    facts = (cause, f"since {p.begin.astimezone(zone):%H:%M}", ", ".join(hit), f"{t.bad_minutes:,.0f} bad minutes")
    return f"[{style}]{escape(p.problem_id)} {escape(p.change)}[/] · " + " · ".join(facts)
