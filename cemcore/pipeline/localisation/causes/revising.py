"""Why the first cause of a problem is another one than before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cemcore.domain import Cause, Evidence

LEAST = 0.3
"""A line that moved by less log-odds than this is not named as a reason."""
REASONS = {
    "alarm": "alarm {id} on {cause} came late",
    "alarm_under": "elements under {cause} raised alarms",
    "alarm_above": "what {cause} hangs on raised an alarm",
    "no_alarm": "no alarm came on {cause}",
    "planned_work": "work {id} on {cause} became known",
    "change": "work {id} on {cause} ended shortly before",
    "kpi": "metrics of {cause} left their habit",
    "demand": "load of {cause} is far above the usual",
    "records": "later records speak for {cause}",
    "silence": "records of {cause} are missing",
    "search": "the search names {cause} more often",
}


def why(old: Sequence[Cause], new: Sequence[Cause]) -> str:
    """What changed of the first cause between two revisions, and by which evidence; "" where it is the same.

    `cause changed: from LINK-7 to AGG-3, as alarm ALM-12 on AGG-3 came late`
    """
    if not old or not new:
        return ""
    was, now = old[0], new[0]
    if (was.name, was.label, was.work_id) == (now.name, now.label, now.work_id):
        return ""
    if was.name == now.name:
        return _relabelled(was, now)
    before = next((c for c in old if c.name == now.name), None)
    after = next((c for c in new if c.name == was.name), None)
    gains = _moves(before, now)
    losses = _moves(was, after) if after is not None else []
    ranked = sorted(
        [(d, e, now) for d, e in gains if d > LEAST] + [(-d, e, was) for d, e in losses if d < -LEAST],
        key=lambda x: (x[1].kind in ("records", "search"), -x[0], x[1].kind, x[2].name),
    )
    reason = _reason(ranked[0][1], ranked[0][2], lost=ranked[0][2] is was) if ranked else ""
    return f"cause changed: from {was.name} to {now.name}" + (f", as {reason}" if reason else "")


def brief(causes: Sequence[Cause]) -> tuple[Cause, ...]:
    """What `why` needs to remember of causes: without words."""
    return tuple(replace(c, evidence=tuple(replace(e, text="") for e in c.evidence)) for c in causes)


def _relabelled(was: Cause, now: Cause) -> str:
    if now.work_id and now.work_id != was.work_id:
        return f"cause changed: {now.name} is put down to work {now.work_id}"
    if now.label == "demand":
        return f"cause changed: {now.name} has no fault, its load is far above the usual"
    return f"cause changed: {now.name} was {was.label.replace('_', ' ')}, now {now.label.replace('_', ' ')}"


def _moves(before: Cause | None, after: Cause) -> list[tuple[float, Evidence]]:
    """(change of the log-odds of a kind, its strongest line) between two lists of evidence of one cause."""
    old = {} if before is None else _sums(before)
    new = _sums(after)
    out = []
    for kind in {**old, **new}:
        lines = [e for c in (after, before) if c is not None for e in c.evidence if e.kind == kind]
        strongest = max(lines, key=lambda e: abs(e.log_odds))
        out.append((new.get(kind, 0.0) - old.get(kind, 0.0), strongest))
    return out


def _sums(c: Cause) -> dict[str, float]:
    out: dict[str, float] = {}
    for e in c.evidence:
        out[e.kind] = out.get(e.kind, 0.0) + e.log_odds
    return out


def _reason(e: Evidence, cause: Cause, lost: bool) -> str:
    if lost:
        if e.kind in ("alarm", "planned_work", "change"):
            return f"{e.refers_to or 'an alarm'} speaks less for {cause.name}"
        if e.kind == "no_alarm":
            return f"no alarm came on {cause.name}"
        return f"later evidence speaks less for {cause.name}"
    return REASONS.get(e.kind, "{cause} fits better").format(id=e.refers_to, cause=cause.name)
