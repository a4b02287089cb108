"""How numbers, times and causes are said to people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

from cemcore.domain import Cause, Evidence, ProblemStatus, ServiceProblem


def number(value: float) -> str:
    """`12,345`; small fractions keep one digit; zero is a dot, so that what matters stands out."""
    if value == 0:
        return "·"
    return f"{value:.1f}" if 0 < abs(value) < 9.95 and value != round(value) else f"{value:,.0f}"


def share(value: float | None) -> str:
    """`94 %`; never 100 % for what is not quite."""
    if value is None:
        return "-"
    percent = value * 100
    return f"{min(percent, 99.9):.1f} %" if 99 <= percent < 100 else f"{percent:.0f} %"


def when(at: datetime | None, zone: tzinfo) -> str:
    """`Sat 08 Nov 14:15`, in the operator's own time."""
    return "-" if at is None else at.astimezone(zone).strftime("%a %d %b %H:%M")


def brief(at: datetime | None, zone: tzinfo) -> str:
    """`08 Nov 14:15`, in the operator's own time."""
    return "-" if at is None else at.astimezone(zone).strftime("%d %b %H:%M")


def moment(at: datetime | None, zone: tzinfo) -> str:
    """`Sat 08 Nov 2025 14:15`, in the operator's own time."""
    return "never" if at is None else at.astimezone(zone).strftime("%a %d %b %Y %H:%M")


def lasted(span: timedelta) -> str:
    """`45 min`, `2 h 15`, `3 d 4 h`."""
    minutes = max(0, int(span.total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02d}"
    return f"{hours // 24} d {hours % 24} h"


def status_word(p: ServiceProblem) -> str:
    """`open`, `ended`, or what an operator said of it."""
    if p.merged_into:
        return "merged"
    if p.status is ProblemStatus.IN_PROGRESS:
        return "open" if p.end is None else "ended"
    return "acked" if p.status is ProblemStatus.ACKNOWLEDGED else p.status.value


def is_open(p: ServiceProblem) -> bool:
    """Lasting, and not settled by anybody."""
    return (
        p.end is None and p.merged_into is None and p.status in (ProblemStatus.IN_PROGRESS, ProblemStatus.ACKNOWLEDGED)
    )


_LABELS = {"planned_work": "planned work", "demand": "demand, no fault", "unknown": "", "fault": ""}


def cause_name(c: Cause | None) -> str:
    """`RTR-2`, `RTR-2 (planned work CHG-1)`."""
    if c is None:
        return "unknown"
    more = (_LABELS.get(c.label, c.label) + (f" {c.work_id}" if c.work_id else "")).strip()
    return f"{c.name} ({more})" if more else c.name


def cause_line(c: Cause | None) -> str:
    """`RTR-2 · transport · 94 %`, and what else it could be."""
    if c is None:
        return "unknown"
    parts = [
        c.name,
        c.domain,
        _LABELS.get(c.label, c.label) + (f" {c.work_id}" if c.work_id else ""),
        f"{share(c.confidence)} sure",
    ]
    return " · ".join(p.strip() for p in parts if p.strip())


def ties_line(c: Cause, shown: int = 4) -> str:
    """`cannot be told from A / B / 3 more`."""
    named = " / ".join(c.tied_with[:shown])
    more = len(c.tied_with) - shown
    return f"cannot be told from {named}" + (f" / {more} more" if more > 0 else "")


def demarcation_line(split: Sequence[tuple[str, float]]) -> str:
    """`transport 62 % · access 30 % · unknown 8 %`."""
    return " · ".join(f"{domain} {share(x)}" for domain, x in split)


def evidence_line(e: Evidence) -> tuple[str, str]:
    """(`for` or `against`, `text (+3.2)`)."""
    return ("for" if e.log_odds >= 0 else "against"), f"{e.text} ({e.log_odds:+.1f})"
