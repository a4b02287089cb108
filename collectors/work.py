"""Planned work from files: TMF655 v4 change requests, as a JSON array, a single object, or JSON lines.

A change request says everything at once. Where history is read (`arrival`), it is taken apart into what was known when:
the plan from its request on, the start once it had started, the end and final status once it had ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pandas as pd

from cemcore.domain import Batch, Content, Feed, Window
from cemcore.frames import conform, contract, empty, quarantined
from collectors import files, records, tables

AHEAD = ("acknowledged", "requestForAuthorization", "waitForApproval", "approved", "scheduled")
"""Statuses (TMF655) of work that has not begun."""

STATUSES = (
    *AHEAD,
    "postImplementationReview",
    "fallbackExecution",
    "cancelled",
    "rejected",
    "inProgress",
    "failed",
    "completed",
)
_SPELLING = {s.lower(): s for s in STATUSES}
_TIMES = {
    "planned_start": "plannedStartTime",
    "planned_end": "plannedEndTime",
    "actual_start": "actualStartTime",
    "actual_end": "actualEndTime",
}


@dataclass(frozen=True)
class WorkFiles:
    """Planned work, one row for each declared resource and each version of what was known.

    source      name of the configured source
    path        folder
    pattern     glob below it; several with `|` between them
    quiet_s     live: a file is complete when it was last changed so long ago [s]; 0 trusts names alone
    arrival     `{column = "requestDate"}`: known from this field on, its actual times and status once they are past;
                none = at collection
    """

    source: str
    path: str
    pattern: str = "*.json"
    quiet_s: float = 2.0
    arrival: Mapping[str, object] = field(default_factory=dict)

    feed: ClassVar[Feed] = Feed.WORK

    def __post_init__(self) -> None:
        """ConfigError for options that can't be."""
        files.check_folder(self.source, self.path, self.pattern, self.quiet_s)
        files.check_arrival(self.source, self.arrival, {"column": str})

    def collect(self, window: Window) -> Iterator[Batch]:
        """A batch for each file that is complete at the window's end."""
        folder = files.folder(self.source, self.path, self.pattern, self.quiet_s, self.arrival)
        return folder.batches(self.feed, window, self._read)

    def _read(self, name: str, data: bytes) -> Content:
        plain, fault = files.unzip(data)
        found = records.read(name, plain) if plain or not fault else records.Records()
        refused = list(found.refused)
        if fault:
            refused.append(("file", fault, ""))
        rows: list[dict[str, Any]] = []
        where: list[str] = []
        for item, at in zip(found.items, found.positions, strict=True):
            versions, reason = self._versions(item)
            if reason:
                refused.append((at, reason, files.shown(str(item))))
            rows += versions
            where += [at] * len(versions)
        seen = len(rows) + sum(not at.startswith("file") for at, _, _ in refused)
        if not rows:
            return Content(empty(self.feed), quarantined(refused), {"rows": seen, "duplicates": 0})
        frame = pd.DataFrame(rows)
        held, rejected = conform(self.feed, frame, pd.Series(where, index=frame.index, dtype="str"))
        held, repeats = tables.drop_repeats(held, contract(self.feed).key)
        return Content(
            held, pd.concat([quarantined(refused), rejected], ignore_index=True), {"rows": seen, "duplicates": repeats}
        )

    def _versions(self, item: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
        """(rows, why none can be taken)."""
        inner = item.get("event")
        change = inner.get("changeRequest", inner) if isinstance(inner, dict) else item
        status = _SPELLING.get(str(change.get("status") or "").lower(), "") if isinstance(change, dict) else ""
        if not status:
            said = change.get("status") if isinstance(change, dict) else None
            return [], f"unknown status {said!r}" if said else "status is missing"
        times = {name: _time(change.get(origin)) for name, origin in _TIMES.items()}
        for name, at in times.items():
            if at is pd.NaT and change.get(_TIMES[name]):
                return [], f"{_TIMES[name]} is not a time"
        for what in ("planned", "actual"):
            if times[f"{what}_end"] < times[f"{what}_start"]:
                return [], f"{what} end lies before its start"
        targets = _targets(change)
        if targets is None:
            return [], "targetEntity is not a list of references"
        base = {
            "work_id": None if change.get("id") is None else str(change["id"]),
            "description": change.get("description"),
            "declared_impact": change.get("impact"),
            "planned_start": times["planned_start"],
            "planned_end": times["planned_end"],
        }
        known = self._known(change, status, times) if self.arrival else [{"status": status, **_actual(times)}]
        if not known:
            return [], f"{self.arrival['column']} is not a time"
        return [{**base, **version, "resource_id": target} for version in known for target in targets], ""

    def _known(self, change: dict[str, Any], status: str, times: dict[str, pd.Timestamp]) -> list[dict[str, Any]]:
        """What was known when: the plan, the start, the end."""
        asked = _time(change.get(str(self.arrival["column"])))
        if asked is pd.NaT:
            return []
        start, end = times["actual_start"], times["actual_end"]
        out: list[dict[str, Any]] = [{"status": status if status in AHEAD else "scheduled", "recorded_at": asked}]
        if start is not pd.NaT:
            out.append({"status": "inProgress", "actual_start": start, "recorded_at": max(start, asked)})
        if status not in (*AHEAD, "inProgress") or end is not pd.NaT:
            said = (
                end,
                _time(change.get("statusChangeDate")),
                _time(change.get("completionDate")),
                times["planned_end"],
            )
            final = next((t for t in said if t is not pd.NaT), asked)
            out.append({"status": status, **_actual(times), "recorded_at": max(final, out[-1]["recorded_at"])})
        return out


def _actual(times: dict[str, pd.Timestamp]) -> dict[str, pd.Timestamp]:
    return {k: times[k] for k in ("actual_start", "actual_end")}


def _time(value: object) -> pd.Timestamp:
    """A time in UTC, NaT for what is none."""
    if not isinstance(value, str) or not value:
        return pd.NaT
    return pd.to_datetime(pd.Series([value], dtype="str"), utc=True, errors="coerce", format="ISO8601").iloc[0]


def _targets(change: dict[str, Any]) -> list[str | None] | None:
    """Ids of the declared resources (one None where there are none); None where they are no references."""
    found = change.get("targetEntity") or []
    if isinstance(found, dict):
        found = [found]
    if not isinstance(found, list) or not all(isinstance(t, dict) and t.get("id") is not None for t in found):
        return None
    return list(dict.fromkeys(str(t["id"]) for t in found)) or [None]
