"""Documents: what REST returns and `--json` prints, one function per view. Key names are TMF656's where it has one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from cemcore.domain import Cause, Evidence, ServiceProblem, Verdict
from cemcore.report.findings import finding_documents
from cemcore.report.impact_documents import (
    lens_documents,
    line_document,
    saved_documents,
    sums_document,
    totals_document,
)
from cemcore.report.rank import rank
from cemcore.report.serialise import Document, iso, plain, records
from cemcore.views import CheckLine, FeedHealth, HealthView, ImpactReport, ImpactView, ProblemView

MEMBERS_SHOWN = 500
"""So many affected rows (the worst) stand in the document of one problem."""

Period = tuple[datetime, datetime]


def problems_document(
    views: Iterable[ProblemView], as_of: datetime | None = None, during: Period | None = None, open_only: bool = False
) -> Document:
    """Problems in rank order, each in short, below what was asked."""
    ranked = rank(views)
    listed = [
        {"rank": i, **_short(v.problem), "impact": line_document(v.impact.total)} for i, v in enumerate(ranked, 1)
    ]
    return {**_asked(as_of, during, open_only), "problems": listed}


def impact_report_document(report: ImpactReport, limit: int | None = None) -> Document:
    """The impact report: problems in rank order with their causes, evidence and what each segment and service
    lost; over a period, where all bad minutes of it went.
    """
    listed = [
        {
            "rank": i,
            **_short(v.problem),
            "causes": _causes(v.problem),
            "impact": totals_document(v.impact),
            "lenses": lens_documents(v.lenses),
        }
        for i, v in enumerate(rank(report.problems)[:limit], 1)
    ]
    return {
        **_asked(report.as_of, report.during, report.open_only),
        "sums": sums_document(report.sums),
        "lenses": lens_documents(report.lenses),
        "problems": listed,
    }


def problem_document(view: ProblemView) -> Document:
    """One problem in full: causes with their evidence, impact, members, revisions and verdicts."""
    p = view.problem
    return {
        **_short(p),
        "causes": _causes(p),
        "demarcation": [{"domain": d, "probability": plain(x)} for d, x in p.demarcation],
        "impact": totals_document(view.impact),
        "affected": _members(view.affected),
        "revisions": [_revision(r) for r in view.revisions],
        "verdicts": [verdict_document(v) for v in view.verdicts],
        "findings": finding_documents(view.findings),
    }


def impact_document(view: ImpactView) -> Document:
    """Impact of a problem (observed) or of a set of resources (predicted)."""
    return {
        "basis": view.basis,
        "subject": view.subject,
        "at": iso(view.at),
        "during": _period(view.during),
        "resources": list(view.resources),
        "protected": view.protected,
        "served": view.served,
        "notes": list(view.notes),
        "impact": totals_document(view.impact),
        "lenses": lens_documents(view.lenses),
        "saved_by": saved_documents(view.saved),
    }


def experience_document(rows: pd.DataFrame, who: Mapping[str, str], start: datetime, end: datetime) -> Document:
    """Experience over time.

    `who` says of whom (subject, customer, segment, service), `rows` are as `Cem.scores` returns them.
    """
    return {**{k: str(v) for k, v in who.items()}, "from": iso(start), "to": iso(end), "rows": records(rows)}


def explanation_document(subject: str, service: str, slot: datetime, lines: Iterable[str]) -> Document:
    """What one score was made of, in lines."""
    return {"subject": subject, "service": service, "slot": iso(slot), "lines": list(lines)}


def frame_document(name: str, rows: pd.DataFrame) -> Document:
    """Any frame below a name."""
    return {name: records(rows)}


def health_document(view: HealthView) -> Document:
    """State of the whole and of each feed."""
    return {
        "status": view.status,
        "now": iso(view.now),
        "watermark": iso(view.watermark),
        "lag_s": lag_s(view),
        "ticks": view.ticks,
        "open_problems": view.open_problems,
        "assessor": view.assessor,
        "learning_until": {k: iso(v) for k, v in sorted(view.learning_until.items())},
        "findings_a_day": {k: plain(v) for k, v in sorted(view.findings_a_day.items())},
        "false_discovery": plain(view.false_discovery),
        "blind": list(view.blind),
        "inventory_faults": list(view.inventory_faults),
        "feeds": [_feed(f) for f in view.feeds],
    }


def lag_s(view: HealthView) -> float | None:
    """How far [s] the watermark is behind now; None before the first tick."""
    return None if view.watermark is None else max(0.0, (view.now - view.watermark).total_seconds())


def check_document(lines: Iterable[CheckLine]) -> Document:
    """What `cem check` found; `ok` is false where anything failed."""
    listed = [{"what": x.what, "status": x.status, "text": x.text} for x in lines]
    return {"ok": all(x["status"] != "fail" for x in listed), "checks": listed}


def plugins_document(infos: Iterable[Any]) -> Document:
    """Every plug-in (`cemcore.plugins.PluginInfo`) with its options."""
    return {
        "plugins": [
            {
                "kind": i.kind,
                "name": i.name,
                "where": i.where,
                "about": i.about,
                "options": [{"name": n, "type": t, "default": d} for n, t, d in i.options],
            }
            for i in infos
        ]
    }


def taken_document(taken: Iterable[Any]) -> Document:
    """What one round of collecting brought, by source."""
    names = ("source", "feed", "batches", "rows", "quarantined", "counts", "error")
    return {"sources": [{n: plain(getattr(t, n)) for n in names} for t in taken]}


def verdict_document(v: Verdict) -> Document:
    """One operator's verdict."""
    return {
        "problem_id": v.problem_id,
        "action": v.action,
        "by": v.by,
        "at": iso(v.at),
        "cause": v.cause,
        "note": v.note,
    }


def cause_document(c: Cause) -> Document:
    """A candidate cause with its evidence, strongest line first."""
    return {
        "name": c.name,
        "kind": c.kind,
        "resource_id": c.resource_id,
        "attributes": dict(c.attributes),
        "label": c.label,
        "domain": c.domain,
        "confidence": plain(c.confidence),
        "work_id": c.work_id,
        "tied_with": list(c.tied_with),
        "evidence": [
            {"kind": e.kind, "text": e.text, "log_odds": plain(e.log_odds), "refers_to": e.refers_to}
            for e in strongest(c.evidence)
        ],
    }


def strongest(evidence: Sequence[Evidence]) -> list[Evidence]:
    """Lines of evidence by how much they weigh, whichever way."""
    return sorted(evidence, key=lambda e: -abs(e.log_odds))


def _short(p: ServiceProblem) -> Document:
    first = p.causes[0] if p.causes else None
    return {
        "problem_id": p.problem_id,
        "revision": p.revision,
        "status": p.status.value,
        "change": p.change,
        "begin": iso(p.begin),
        "detected_at": iso(p.detected_at),
        "end": iso(p.end),
        "known_at": iso(p.known_at),
        "services": list(p.services),
        "cause": "unknown" if first is None else first.name,
        "cause_label": "unknown" if first is None else first.label,
        "confidence": plain(p.confidence),
        "tied_with": [] if first is None else list(first.tied_with),
        "alarms": list(p.alarms),
        "work": list(p.work),
        "merged_into": p.merged_into,
    }


def _revision(p: ServiceProblem) -> Document:
    kept = (
        "revision",
        "known_at",
        "change",
        "status",
        "begin",
        "end",
        "services",
        "cause",
        "cause_label",
        "confidence",
        "merged_into",
    )
    short = _short(p)
    return {name: short[name] for name in kept}


def _causes(p: ServiceProblem) -> list[Document]:
    return [cause_document(c) for c in p.causes]


def _members(frame: pd.DataFrame | None) -> Document:
    if frame is None or frame.empty:
        return {"pairs": 0, "worst": []}
    frame = frame[frame["state"] != "at_risk"] if "state" in frame else frame
    order = [c for c in ("bad_rows", "posterior") if c in frame]
    names = [c for c in ("subject_id", "service") if c in frame]
    by = [*order, *names]
    ranked = frame.sort_values(by, ascending=[False] * len(order) + [True] * len(names)) if by else frame
    return {"pairs": len(frame), "worst": records(ranked.head(MEMBERS_SHOWN))}


def _feed(f: FeedHealth) -> Document:
    return {
        "source": f.source,
        "feed": str(f.feed),
        "batches": f.batches,
        "last_collected": iso(f.last_collected),
        "newest_record": iso(f.newest_record),
        "joined_share": plain(f.joined_share),
        "counts": {k: plain(v) for k, v in sorted(f.counts.items())},
        "reasons": {k: plain(v) for k, v in f.reasons.items()},
        "unjoined": {k: plain(v) for k, v in f.unjoined.items()},
    }


def _asked(as_of: datetime | None, during: Period | None, open_only: bool) -> Document:
    return {"as_of": iso(as_of), "during": _period(during), "open": open_only}


def _period(during: Period | None) -> Document | None:
    return None if during is None else {"from": iso(during[0]), "to": iso(during[1])}
