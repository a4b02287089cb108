"""Alarms from files: TMF642 v4 alarms as JSON lines or JSON arrays, one record for each raise, change and clear.

X.733 severities and states; 3GPP TS 28.532 spellings (upper case) are understood. A record may stand in its event
envelope (`{"eventType": ..., "event": {"alarm": {...}}}`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

import pandas as pd

from cemcore.domain import Batch, Content, Feed, Severity, Window
from cemcore.frames import conform, contract, empty, quarantined
from collectors import files, records, tables

STATES = ("raised", "updated", "cleared")
_EVENTS = {
    "alarmcreateevent": "raised",
    "alarmattributevaluechangeevent": "updated",
    "alarmdeleteevent": "cleared",
    "notifynewalarm": "raised",
    "notifychangedalarm": "updated",
    "notifyclearedalarm": "cleared",
}
_SEVERITIES = tuple(s.value for s in Severity)
_PLAIN = {
    "alarm_type": "alarmType",
    "probable_cause": "probableCause",
    "specific_problem": "specificProblem",
    "source_system": "sourceSystemId",
    "raised_at": "alarmRaisedTime",
    "reported_at": "alarmReportingTime",
    "cleared_at": "alarmClearedTime",
}


@dataclass(frozen=True)
class AlarmFiles:
    """Alarms, one row for each raise, change and clear.

    source      name of the configured source
    path        folder
    pattern     glob below it; several with `|` between them
    quiet_s     live: a file is complete when it was last changed so long ago [s]; 0 trusts names alone
    arrival     `{column = "alarmChangedTime"}`: the field that says when a record arrived; none = at collection
    late_after_s  a record that became known so long after it happened at the element counts as late [s]
    skew_s      an element's time so far after the management system's counts as clock skew [s]
    """

    source: str
    path: str
    pattern: str = "*.jsonl"
    quiet_s: float = 2.0
    arrival: Mapping[str, object] = field(default_factory=dict)
    late_after_s: float = 900.0
    skew_s: float = 300.0

    feed: ClassVar[Feed] = Feed.ALARMS

    def __post_init__(self) -> None:
        """ConfigError for options that can't be."""
        files.check_folder(self.source, self.path, self.pattern, self.quiet_s)
        files.check_arrival(self.source, self.arrival, {"column": str})

    def collect(self, window: Window) -> Iterator[Batch]:
        """A batch for each file that is complete at the window's end."""
        folder = files.folder(self.source, self.path, self.pattern, self.quiet_s, self.arrival)
        return folder.batches(self.feed, window, partial(self._read, pd.Timestamp(window.end)))

    def _read(self, now: pd.Timestamp, name: str, data: bytes) -> Content:
        plain, fault = files.unzip(data)
        found = records.read(name, plain) if plain or not fault else records.Records()
        refused = list(found.refused)
        if fault:
            refused.append(("file", fault, ""))
        rows: list[dict[str, Any]] = []
        where: list[str] = []
        for item, at in zip(found.items, found.positions, strict=True):
            row, reason = _row(item, self.arrival)
            if reason:
                refused.append((at, reason, files.shown(str(item))))
            else:
                rows.append(row)
                where.append(at)
        seen = len(found.items) + sum(not at.startswith("file") for at, _, _ in found.refused)
        if not rows:
            return Content(
                empty(self.feed), quarantined(refused), {"rows": seen, "duplicates": 0, "late": 0, "clock_skew": 0}
            )
        frame = pd.DataFrame(rows)
        held, rejected = conform(self.feed, frame, pd.Series(where, index=frame.index, dtype="str"))
        held, repeats = tables.drop_repeats(held, contract(self.feed).key)
        counts = {"rows": seen, "duplicates": repeats, **self._clocks(held, now)}
        return Content(held, pd.concat([quarantined(refused), rejected], ignore_index=True), counts)

    def _clocks(self, held: pd.DataFrame, now: pd.Timestamp) -> dict[str, int]:
        """How many came late, and how many were told by a clock that runs ahead (or clear before they raise)."""
        happened = held["raised_at"].where(held["state"] != "cleared", held["cleared_at"]).fillna(held["raised_at"])
        delay = (held["changed_at"] - happened).dt.total_seconds()
        late = (delay > self.late_after_s) & (held["state"] != "updated")
        ahead = (delay < -self.skew_s) | (held["cleared_at"] < held["raised_at"])
        if not self.arrival:
            ahead |= (held["changed_at"] - now).dt.total_seconds() > self.skew_s
        return {"late": int(late.sum()), "clock_skew": int(ahead.sum())}


def _row(item: dict[str, Any], arrival: Mapping[str, object]) -> tuple[dict[str, Any], str]:
    """(row of the contract, why it can't be taken)."""
    event = str(item.get("eventType", "")).lower()
    inner = item.get("event")
    alarm = inner.get("alarm", inner) if isinstance(inner, dict) else item
    if not isinstance(alarm, dict):
        return {}, "event without an alarm"
    severity = str(alarm.get("perceivedSeverity") or "").lower()
    state = str(alarm.get("state") or "").lower()
    if not state:
        state = "cleared" if severity == "cleared" else _EVENTS.get(event, "")
    if state not in STATES:
        return {}, f"unknown state {alarm.get('state')!r}" if state else "state is missing"
    severity = severity or ("cleared" if state == "cleared" else "")
    if severity not in _SEVERITIES:
        return (
            {},
            f"unknown severity {alarm.get('perceivedSeverity')!r}" if severity else "perceivedSeverity is missing",
        )
    row: dict[str, Any] = {name: _text(alarm.get(origin)) for name, origin in _PLAIN.items()}
    row |= {"alarm_id": _text(alarm.get("id")), "alarmed_object": _object(alarm), "state": state, "severity": severity}
    known = (
        "alarmChangedTime",
        "alarmClearedTime" if state == "cleared" else "",
        "alarmReportingTime",
        "alarmRaisedTime",
    )
    row["changed_at"] = next((_text(alarm[k]) for k in known if alarm.get(k)), _text(item.get("eventTime")))
    if "column" in arrival:
        column = str(arrival["column"])
        row["recorded_at"] = _text(alarm.get(column) or item.get(column)) or row["changed_at"]
    return row, ""


def _object(alarm: dict[str, Any]) -> str | None:
    """The id of the alarmed object: TMF642 `alarmedObject.id`, or 3GPP `objectInstance`."""
    about = alarm.get("alarmedObject")
    if isinstance(about, dict):
        about = about.get("id")
    return _text(about if about is not None else alarm.get("objectInstance"))


def _text(value: object) -> str | None:
    return None if value is None or isinstance(value, (dict, list)) else str(value)
