"""What became known between two ticks, in recorded order and in the corridor's integers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Generic, TypeVar

import numpy as np
import pandas as pd

from cemcore.application.kpis import with_formulas
from cemcore.catalogue import Catalogue, kqi_values
from cemcore.codes import Codes
from cemcore.domain import Alarm, Feed, PlannedWork, Severity
from cemcore.frames import ATTRIBUTES
from cemcore.panel import Float32, Float64, Int32, Int64, MeasurementRows, QualityRows
from cemcore.storage import Archive, Ledger, Registry

R = TypeVar("R", QualityRows, MeasurementRows, pd.DataFrame)
DAY = 86_400


def seconds(times: pd.Series) -> Int64:
    """Times as whole seconds since 1970 UTC; missing ones as the smallest integer."""
    return times.astype("datetime64[s, UTC]").astype("int64").to_numpy()


def known(times: pd.Series) -> Int64:
    """The first whole second [s] by which each was known: what came half a second after a tick was unknown to it."""
    return seconds(times.dt.ceil("s"))


class Arrivals(Generic[R]):
    """One feed, read from the archive a day of recorded time at once, handed out tick by tick.

    `to_rows` makes (rows, recorded [s]) of a frame that is in recorded order.
    """

    def __init__(
        self,
        archive: Archive,
        ledger: Ledger,
        feed: Feed,
        to_rows: Callable[[pd.DataFrame], tuple[R, Int64]],
        *,
        limit: int,
    ) -> None:
        self._archive, self._ledger, self._feed = archive, ledger, feed
        self._to_rows: Callable[[pd.DataFrame], tuple[R, Int64]] = to_rows
        self._limit = limit
        self._from = self._until = -1
        self._rows: R | None = None
        self._recorded: Int64 = np.zeros(0, np.int64)

    def between(self, after: int, until: int) -> R:
        """Rows with after < recorded <= until."""
        if self._rows is None or after < self._from:
            self._from = self._until = after
            self._rows = None
        if self._rows is None or until > self._until:
            self._read(after, max(until, min(self._until + DAY, self._limit)))
        assert self._rows is not None  # just read
        return _part(self._rows, self._between(after, until))

    def _read(self, after: int, until: int) -> None:
        """Go on reading where the last read ended, so that no row is made twice; keep what has not been handed out."""
        span = (self._until, until)
        frame = self._archive.read(self._ledger.files(str(self._feed), recorded=span), recorded=span)
        rows, recorded = self._to_rows(frame)
        if self._rows is not None:
            left = self._between(after, self._until)
            rows = _together(_part(self._rows, left), rows)
            recorded = np.concatenate([self._recorded[left], recorded])
        self._rows, self._recorded, self._from, self._until = rows, recorded, after, until

    def _between(self, after: int, until: int) -> slice:
        low, high = np.searchsorted(self._recorded, [after, until], side="right")
        return slice(int(low), int(high))


def _part(rows: R, which: slice) -> R:
    return rows.iloc[which] if isinstance(rows, pd.DataFrame) else rows.take(which)


def _together(first: R, then: R) -> R:
    if not len(first) or not len(then):
        return then if len(then) else first
    if isinstance(first, pd.DataFrame):
        return pd.concat([first, then], ignore_index=True)
    return type(first).concat([first, then])


def lines(frame: pd.DataFrame) -> tuple[pd.DataFrame, Int64]:
    """(the frame itself, recorded [s]): for feeds of few rows, which stay frames."""
    return frame, known(frame["recorded_at"]) if len(frame) else np.zeros(0, np.int64)


class Qualities:
    """Makes quality rows from frames; each (slot, subject, service) is handed out once: what is repeated later is
    left out.
    """

    def __init__(
        self, catalogue: Catalogue, registry: Registry, resources: Callable[[pd.Series], Int32], horizon_s: int
    ) -> None:
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
            kqis=kqi_values(self._catalogue, partial(_doubles, frame)),
            sessions=_numbers(frame, "sessions"),
            attributes=np.column_stack([self._registry.codes(f"attribute:{a}").add(frame[a]) for a in ATTRIBUTES]),
            recorded=known(frame["recorded_at"]),
        )
        rows = rows.take(self._unseen(rows))
        return rows, rows.recorded

    def _unseen(self, rows: QualityRows) -> Int64:
        key = (rows.slot // 60) * (1 << 34) + rows.subject.astype(np.int64) * 64 + rows.service
        _, first = np.unique(key, return_index=True)
        first = np.sort(first[~np.isin(key[first], self._seen)])
        self.repeated += len(key) - len(first)
        if not len(rows):
            return first
        newest = min(int(rows.slot.max()), int(rows.recorded.max()))  # a clock that runs ahead must not make it forget
        seen = np.concatenate([self._seen, key[first]])
        self._seen = seen[seen // (1 << 34) * 60 >= newest - self._horizon]
        return first


class Measured:
    """Makes measurement rows of the wanted KPIs from frames, those by formula too.

    A KPI's code is its position in `kpis`; with `codes` it is given there, to `kpis` and to those that `more` names
    ("*": all that are measured at a known resource).
    """

    def __init__(
        self,
        kpis: tuple[str, ...],
        resources: Callable[[pd.Series], Int32],
        catalogue: Catalogue | None = None,
        codes: Codes | None = None,
        more: tuple[str, ...] = (),
    ) -> None:
        self._kpis, self._resources, self._catalogue = pd.Index(kpis), resources, catalogue
        self._codes, self._all = codes, "*" in more
        self._wanted = self._kpis.append(pd.Index([k for k in more if k not in kpis and k != "*"], dtype="str"))
        if codes is not None:
            codes.add(kpis)

    def rows(self, frame: pd.DataFrame) -> tuple[MeasurementRows, Int64]:
        """(rows, recorded [s]) of a frame in recorded order."""
        if frame.empty:
            nothing = np.zeros(0, np.int64)
            few, none = nothing.astype(np.int32), np.zeros(0, np.float32)
            return MeasurementRows(nothing, few, few, none, np.zeros(0, np.bool_), few), nothing
        if self._catalogue is not None:
            frame = with_formulas(frame, self._catalogue, self._wanted)
        resource = self._resources(frame["resource_id"])
        wanted = frame["resource_id"].notna().to_numpy()
        if not (self._codes is not None and self._all):
            wanted = wanted & frame["kpi"].isin(self._wanted).to_numpy()
        elif len(frame):
            wanted = wanted & (resource >= 0)
        frame, resource = frame[wanted], resource[wanted]
        kpi = self._kpis.get_indexer(frame["kpi"]) if self._codes is None else self._codes.add(frame["kpi"])
        rows = MeasurementRows(
            slot=seconds(frame["slot"]),
            resource=resource,
            kpi=kpi.astype(np.int32),
            value=frame["value"].to_numpy(np.float32),
            suspect=frame["suspect"].to_numpy(np.bool_),
            period=frame["period_s"].to_numpy(np.int32),
        )
        return rows, known(frame["recorded_at"])


@dataclass
class AlarmBook:
    """Alarms as known so far: lines fold into one alarm an id; what cleared longer ago than `keep` is let go."""

    keep: timedelta = timedelta(days=1)
    known: dict[str, Alarm] = field(default_factory=dict)
    changed: dict[str, Alarm] = field(default_factory=dict)
    said: dict[str, datetime] = field(default_factory=dict)

    def update(self, lines: pd.DataFrame) -> None:
        """Fold in alarm lines, which are in recorded order; one that was overtaken by a later change says nothing
        new.
        """
        for line in lines.to_dict("records"):
            alarm_id, moment = str(line["alarm_id"]), _moment(line["changed_at"])
            assert moment is not None  # the contract requires it
            if moment < self.said.get(alarm_id, moment):
                continue
            self.said[alarm_id] = moment
            self.known[alarm_id] = self.changed[alarm_id] = self._fold(line, moment)

    def standing(self, now: int) -> tuple[Alarm, ...]:
        """Alarms that stand, or cleared within `keep` before `now` [s]; by id."""
        oldest = datetime.fromtimestamp(now, UTC) - self.keep
        gone = [i for i, a in self.known.items() if a.cleared_at is not None and a.cleared_at < oldest]
        for i in gone:
            del self.known[i]
        for i in [i for i, moment in self.said.items() if i not in self.known and moment < oldest - 7 * self.keep]:
            del self.said[i]
        return tuple(self.known[i] for i in sorted(self.known))

    def drain(self) -> list[Alarm]:
        """Alarms that changed since the last call."""
        out = list(self.changed.values())
        self.changed = {}
        return out

    def _fold(self, line: dict[str, object], moment: datetime) -> Alarm:
        before = self.known.get(str(line["alarm_id"]))
        cleared = line["state"] == "cleared"
        raised = _moment(line["raised_at"])
        assert raised is not None  # the contract requires it
        if before is not None and before.cleared_at is not None:
            if cleared or (line["state"] == "updated" and raised <= before.raised_at):
                return before
            before = None  # the same id raised again: a new life
        severity = Severity(str(line["severity"]))
        if cleared and before is not None:
            severity = before.severity
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
    """Planned work as known so far: of each work its newest version, which is all rows that became known together."""

    rows: dict[tuple[str, str], dict[str, object]] = field(default_factory=dict)

    def update(self, lines: pd.DataFrame) -> None:
        """Fold in work rows, which are in recorded order."""
        if lines.empty:
            return
        news = set(lines["work_id"])
        newest = lines.groupby("work_id")["recorded_at"].transform("max")
        self.rows = {key: line for key, line in self.rows.items() if key[0] not in news}
        for line in lines[lines["recorded_at"] == newest].to_dict("records"):
            self.rows[(str(line["work_id"]), _word(line["resource_id"]))] = line

    def around(self, start: int, end: int, margin: int = DAY) -> tuple[PlannedWork, ...]:
        """Work whose planned or actual window is within `margin` [s] of [start, end)."""
        works: dict[str, PlannedWork] = {}
        for (work_id, resource), line in sorted(self.rows.items()):
            begin, finish = _moment(line["planned_start"]), _moment(line["planned_end"])
            assert begin is not None  # the contract requires both
            assert finish is not None
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


def _doubles(frame: pd.DataFrame, name: str) -> Float64:
    if name not in frame:
        return np.full(len(frame), np.nan)
    return frame[name].to_numpy(np.float64, na_value=np.nan)


def _no_quality(kqis: int) -> QualityRows:
    few, many = np.zeros(0, np.int32), np.zeros(0, np.int64)
    none = np.zeros(0, np.float32)
    return QualityRows(
        many, few, few, few, np.zeros((0, kqis), np.float32), none, np.zeros((0, len(ATTRIBUTES)), np.int32), many
    )


def _moment(value: object) -> datetime | None:
    return None if value is None or value is pd.NaT or pd.isna(value) else pd.Timestamp(value).to_pydatetime()


def _word(value: object) -> str:
    return "" if value is None or pd.isna(value) else str(value)
