"""Second looks and early warnings as documents: one form for REST and `--json`."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from cemcore.report.serialise import Document, iso, plain
from cemcore.views import EarlyWarning, Warnings
from cemcore.zooming import DetailEntry, DetailRequest, Finding

ALL = "all"
"""The examiner's name of a combined finding."""

WARNING = (
    "service",
    "level",
    "key",
    "measure",
    "now",
    "requirement",
    "per_day",
    "days",
    "low",
    "high",
    "chance",
    "since",
)
"""Names of a warning's figures, in order."""


def findings_document(findings: Iterable[Finding], entries: Iterable[DetailEntry]) -> Document:
    """Requests for detail with their state and what each examiner found, oldest first."""
    by_request: dict[str, list[Finding]] = {}
    for f in findings:
        by_request.setdefault(f.request_id, []).append(f)
    listed = [
        {
            **request_document(e.request),
            **_entry(e),
            "findings": finding_documents(by_request.get(e.request.request_id)),
        }
        for e in entries
    ]
    return {"requests": listed}


def zoom_document(zoomed: Any) -> Document:
    """What one round of the zoom did (`Zoomed` of the application)."""
    return {
        "dry_run": zoomed.dry_run,
        "budget_left": zoomed.budget_left,
        "planned": [request_document(r) for r in zoomed.planned],
        "looks": [{**request_document(r), "finding": finding_documents([f])[0]} for r, f in zoomed.looks],
        "revised": list(zoomed.revised),
        "expired": list(zoomed.expired),
        "refused": list(zoomed.refused),
        "waiting": list(zoomed.waiting),
    }


def request_document(r: DetailRequest) -> Document:
    """One request for detail."""
    return {
        "request_id": r.request_id,
        "problem_id": r.problem_id,
        "service": r.service,
        "level": str(r.level),
        "key": r.key,
        "measure": r.measure,
        "begin": iso(r.begin),
        "end": iso(r.end),
        "depth": plain(r.depth),
        "requested_at": iso(r.requested_at),
        "expires_at": iso(r.expires_at),
        "reason": r.reason,
    }


def finding_documents(findings: Iterable[Finding] | None) -> list[Document]:
    """Findings, that of all examiners together last."""
    return [
        {
            "examiner": f.examiner,
            "verdict": str(f.verdict),
            "request_id": f.request_id,
            "begin": iso(f.begin),
            "end": iso(f.end),
            "depth": plain(f.depth),
            "found_at": iso(f.found_at),
            "p_value": _small(f.p_value),
            "statistic": plain(f.statistic),
            "expected": plain(f.expected),
            "spread": plain(f.spread),
            "observed": plain(f.observed),
            "reason": list(f.reason),
        }
        for f in sorted(findings or (), key=lambda f: (f.found_at, f.request_id, f.examiner == ALL, f.examiner))
    ]


def warnings_document(view: Warnings) -> Document:
    """Early warnings, soonest first, and over how much they were looked for."""
    return {
        "at": iso(view.at),
        "horizon_days": plain(view.horizon_days),
        "interval": plain(view.interval),
        "watched": view.watched,
        "unknown": view.unknown,
        "drifting": view.drifting,
        "warnings": [warning_document(w) for w in view.lines],
    }


def warning_document(w: EarlyWarning) -> Document:
    """One early warning; a time without end is null."""
    return {name: iso(w.since) if name == "since" else plain(getattr(w, name)) for name in WARNING}


def _entry(e: DetailEntry) -> Document:
    return {
        "state": str(e.state),
        "changed_at": iso(e.changed_at),
        "served_by": e.served_by,
        "rows": e.rows,
        "note": e.note,
    }


def _small(p: float) -> float | None:
    """A chance with two significant digits: four decimals would make zero of it."""
    return float(f"{p:.2g}") if math.isfinite(p) else None
