"""What became known between two ticks, in recorded order and in the corridor's integers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

import numpy as np
import pandas as pd

from cemcore.catalogue import Catalogue
from cemcore.domain import Alarm, Feed, PlannedWork, Severity
from cemcore.frames import ATTRIBUTES
from cemcore.panel import Float32, Int32, Int64, MeasurementRows, QualityRows, Rows
from cemcore.storage import Archive, Ledger, Registry

R = TypeVar("R", bound=Rows)
DAY = 86_400


def seconds(times: pd.Series) -> Int64:
    """Times as whole seconds since 1970 UTC; missing ones as the smallest integer."""
    return times.astype("datetime64[s, UTC]").astype("int64").to_numpy()


class Arrivals(Generic[R]):
    """One feed, read from the archive a day of recorded time at once, handed out tick by tick.

    `to_rows` makes (panel, recorded [s]) of a frame that is in recorded order.
    """

    def __init__(
        self, archive: Archive, ledger: Ledger, feed: Feed, to_rows: Callable[[pd.DataFrame], tuple[R, Int64]], *, limit: int
    ) -> None:
        self._archive, self._ledger, self._feed, self._to_rows = archive, ledger, feed, to_rows
        self._limit = limit
        self._from = self._until = -1
        self._rows: R | None = None
        self._recorded: Int64 = np.zeros(0, np.int64)

    def between(self, after: int, until: int) -> R:
        """Rows with after < recorded <= until."""
        if self._rows is None or after < self._from or until > self._until:
            self._from, self._until = after, max(until, min(after + DAY, self._limit))
            files = self._ledger.files(str(self._feed), recorded=(self._from, self._until))
            frame = self._archive.read(files, recorded=(self._from, self._until))
            self._rows, self._recorded = self._to_rows(frame)
        low, high = np.searchsorted(self._recorded, [after, until], side="right")
        return self._rows.take(slice(int(low), int(high)))


class Qualities:
    """Makes quality rows from frames; each (slot, subject, service) is handed out once: what is repeated later is left out."""

    def __init__(self, catalogue: Catalogue, registry: Registry, resources: Callable[[pd.Series], Int32], horizon_s: int) -> None:
        self._catalogue, self._registry, self._resources, self._horizon = catalogue, registry, resources, horizon_s
        self._seen: Int64 = np.zeros(0, np.int64)
        self.repeated = 0

    def rows(self, frame: pd.DataFrame) -> tuple[QualityRows, Int64]:
        """(rows, recorded [s]) of a frame in recorded order."""
        if frame.empty:
            rows = _no_quality(len(self._catalogue.kqis))
            return rows, rows.recorded
        service = pd.Index(self._catalogue.services).get_indexer(frame["service"]).astype(np.int32)
        frame, service = frame[service >= 0], service[service >= 0]
        rows = QualityRows(
            slot=seconds(frame["slot"]),
            subject=self._registry.codes("subject").add(frame["subject_id"]),
            service=service,
            resource=self._resources(frame["resource_id"]),
            kqis=np.column_stack([_numbers(frame, k) for k in self._catalogue.kqis]),
            sessions=_numbers(frame, "sessions"),
            attributes=np.column_stack([self._registry.codes(f"attribute:{a}").add(frame[a]) for a in ATTRIBUTES]),
            recorded=seconds(frame["recorded_at"]),
        )
        rows = rows.take(self._unseen(rows))
        return rows, rows.recorded

    def _unseen(self, rows: QualityRows) -> Int64:
        key = (rows.slot // 60) * (1 << 34) + rows.subject.astype(np.int64) * 64 + rows.service
        _, first = np.unique(key, return_index=True)
        first = np.sort(first[~np.isin(key[first], self._seen)])
        self.repeated += len(key) - len(first)
        newest = int(rows.slot.max())
        seen = np.concatenate([self._seen, key[first]])
        self._seen = seen[seen // (1 << 34) * 60 >= newest - self._horizon]
        return first


class Measured:
    """Makes measurement rows of the wanted KPIs from frames."""

    def __init__(self, kpis: tuple[str, ...], resources: Callable[[pd.Series], Int32]) -> None:
        self._kpis, self._resources = pd.Index(kpis), resources

    def rows(self, frame: pd.DataFrame) -> tuple[MeasurementRows, Int64]:
        """(rows, recorded [s]) of a frame in recorded order."""
        if frame.empty:
            nothing = np.zeros(0, np.int64)
            few, none = nothing.astype(np.int32), np.zeros(0, np.float32)
            return MeasurementRows(nothing, few, few, none, np.zeros(0, np.bool_), few), nothing
        kpi = self._kpis.get_indexer(frame["kpi"])
        wanted = (kpi >= 0) & frame["resource_id"].notna().to_numpy()
        frame, kpi = frame[wanted], kpi[wanted]
        rows = MeasurementRows(
            slot=seconds(frame["slot"]),
            resource=self._resources(frame["resource_id"]),
            kpi=kpi.astype(np.int32),
            value=frame["value"].to_numpy(np.float32),
            suspect=frame["suspect"].to_numpy(np.bool_),
            period=frame["period_s"].to_numpy(np.int32),
        )
        return rows, seconds(frame["recorded_at"])


@dataclass
class AlarmBook:
    """Alarms as known so far: lines fold into one alarm an id; what cleared longer ago than `keep` is let go."""

    keep: timedelta = timedelta(days=1)
    known: dict[str, Alarm] = field(default_factory=dict)
    changed: dict[str, Alarm] = field(default_factory=dict)

    def update(self, lines: pd.DataFrame) -> None:
        """Fold in alarm lines, which are in recorded order."""
        for line in lines.to_dict("records"):
            alarm = self._fold(line)
            self.known[alarm.alarm_id] = self.changed[alarm.alarm_id] = alarm

    def standing(self, now: int) -> tuple[Alarm, ...]:
        """Alarms that stand, or cleared within `keep` before `now` [s]; by id."""
        oldest = datetime.fromtimestamp(now, UTC) - self.keep
        gone = [i for i, a in self.known.items() if a.cleared_at is not None and a.cleared_at < oldest]
        for i in gone:
            del self.known[i]
        return tuple(self.known[i] for i in sorted(self.known))

    def drain(self) -> list[Alarm]:
        """Alarms that changed since the last call."""
        out = list(self.changed.values())
        self.changed = {}
        return out

    def _fold(self, line: dict[str, object]) -> Alarm:
        before = self.known.get(str(line["alarm_id"]))
        cleared = line["state"] == "cleared"
        if before is not None and before.cleared_at is not None and not cleared:
            before = None  # the same id raised again: a new life
        severity = Severity(str(line["severity"]))
        if cleared and before is not None:
            severity = before.severity
        moment = _moment(line["changed_at"]) or _moment(line["raised_at"])
        raised = _moment(line["raised_at"])
        assert raised is not None and moment is not None  # the contract requires both
        return Alarm(
            alarm_id=str(line["alarm_id"]),
            alarmed_object=str(line["alarmed_object"]),
            severity=severity,
            alarm_type=_word(line["alarm_type"]),
            probable_cause=_word(line["probable_cause"]),
            specific_problem=_word(line["specific_problem"]),
            raised_at=before.raised_at if before is not None else raised,
            reported_at=before.reported_at if before is not None else (_moment(line["reported_at"]) or moment),
            cleared_at=(_moment(line["cleared_at"]) or moment) if cleared else None,
            source_system=_word(line["source_system"]),
            resource_id=_word(line["resource_id"]) or None,
        )


@dataclass
class WorkBook:
    """Planned work as known so far."""

    rows: dict[tuple[str, str], dict[str, object]] = field(default_factory=dict)

    def update(self, lines: pd.DataFrame) -> None:
        """Fold in work rows, which are in recorded order."""
        for line in lines.to_dict("records"):
            self.rows[(str(line["work_id"]), _word(line["resource_id"]))] = line

    def around(self, start: int, end: int, margin: int = DAY) -> tuple[PlannedWork, ...]:
        """Work whose planned or actual window is within `margin` [s] of [start, end)."""
        works: dict[str, PlannedWork] = {}
        for (work_id, resource), line in sorted(self.rows.items()):
            begin, finish = _moment(line["planned_start"]), _moment(line["planned_end"])
            assert begin is not None and finish is not None  # the contract requires both
            actual = _moment(line["actual_start"]), _moment(line["actual_end"])
            first = min(t.timestamp() for t in (begin, actual[0]) if t is not None)
            last = max(t.timestamp() for t in (finish, actual[1]) if t is not None)
            if first > end + margin or last < start - margin:
                continue
            if work_id in works:
                works[work_id] = replace(works[work_id], resources=(*works[work_id].resources, resource))
                continue
            works[work_id] = PlannedWork(
                work_id,
                str(line["status"]),
                _word(line["description"]),
                _word(line["declared_impact"]),
                (resource,) if resource else (),
                begin,
                finish,
                *actual,
            )
        return tuple(works.values())


def _numbers(frame: pd.DataFrame, name: str) -> Float32:
    if name not in frame:
        return np.full(len(frame), np.nan, np.float32)
    return frame[name].to_numpy(np.float32, na_value=np.nan)


def _no_quality(kqis: int) -> QualityRows:
    few, many = np.zeros(0, np.int32), np.zeros(0, np.int64)
    none = np.zeros(0, np.float32)
    return QualityRows(many, few, few, few, np.zeros((0, kqis), np.float32), none, np.zeros((0, len(ATTRIBUTES)), np.int32), many)


def _moment(value: object) -> datetime | None:
    return None if value is None or value is pd.NaT or pd.isna(value) else pd.Timestamp(value).to_pydatetime()  # type: ignore[call-overload]


def _word(value: object) -> str:
    return "" if value is None or pd.isna(value) else str(value)  # type: ignore[call-overload]
