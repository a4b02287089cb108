"""Experience rolled up: subject, customer, segment, area, access resource, service, operator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from cemcore.application.arrivals import DAY, seconds
from cemcore.application.house import House
from cemcore.application.world import World
from cemcore.domain import Feed, State
from cemcore.errors import NotFoundError
from cemcore.panel import Float64, Int64
from cemcore.pipeline import rollup

LEVELS = ("subject", "customer", "segment", "area", "access", "service", "operator")
ALL = "(all)"
SMALL, UNDECLARED, UNKNOWN = "(small groups)", "(undeclared)", "(unknown)"
KINDS = ("user", "thing")
COLUMNS = (
    "level", "group", "kind", "service", "subjects", "rows", "mean", "score", "worst", "worst_hour", "below", "unknown",
    "coverage", "index",
)  # fmt: skip
"""Columns of a roll-up; `below`, `unknown` and `coverage` are shares 0..1, `worst_hour` is the start of an hour."""
_GUARDED = ("segment", "area", "access")
_READ = ["slot", "recorded_at", "subject_id", "service", "resource_id", "score", "requirement", "coverage", "state"]
_CELL = ["kind", "group", "service", "subject", "hour", "day"]


def roll_up(
    house: House,
    by: str,
    start: datetime,
    end: datetime,
    *,
    kind: str | None = None,
    service: str | None = None,
    as_of: datetime | None = None,
) -> pd.DataFrame:
    """Experience in [start, end) by `by`, users and things apart: `COLUMNS`, the worst group first.

    Each group has a line for all its services and one for each (by service: that one alone). Segments, areas and
    access resources of fewer than `assess.small_group` subjects go into one line; a line of still fewer shows no
    figures, and an hour of fewer is no worst hour. ValueError for an unknown level or kind, NotFoundError for an
    unknown service.
    """
    if by not in LEVELS:
        raise ValueError(f"by: {by!r}; there are {', '.join(LEVELS)}")
    if kind is not None and kind not in KINDS:
        raise ValueError(f"kind: {kind!r}; there are {', '.join(KINDS)}")
    if service is not None and service not in house.catalogue.services:
        raise NotFoundError(f"no service {service}; there are {', '.join(house.catalogue.services)}")
    known_at = None if as_of is None else int(as_of.timestamp())
    world = house.worlds.newest() if known_at is None else house.worlds.at(known_at)
    reader = _Reader(house, world, by, known_at)
    cells = reader.cells(int(start.timestamp()), int(end.timestamp()), service)
    if kind is not None:
        cells = cells[cells["kind"] == KINDS.index(kind)]
    if cells.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    least = house.settings.assess.small_group
    if by in _GUARDED:
        cells = _merged(cells, least, reader.group_code(SMALL))
    least = least if by in _GUARDED else 0
    return _table(_lines(cells, by, service is not None, least), by, reader.groups, house.catalogue.services, least)


class _Reader:
    """Reads scores day by day and sums them by subject and hour; texts become codes of its own lists."""

    def __init__(self, house: House, world: World, by: str, known_at: int | None) -> None:
        self._house, self._by, self._known_at = house, by, known_at
        self._facts = _Facts(world)
        self._zone = ZoneInfo(house.settings.operator.timezone)
        self.groups: dict[str, int] = {}
        self._subjects: dict[str, int] = {}
        services = house.catalogue.services
        self._moments = [rollup.moment_weights(house.catalogue, s) for s in services]

    def group_code(self, name: str) -> int:
        """The code of a group, new or not."""
        return self.groups.setdefault(name, len(self.groups))

    def cells(self, start: int, end: int, service: str | None) -> pd.DataFrame:
        """Sums by `_CELL` of all scores with start <= slot < end [s]."""
        parts = [self._part(max(at, start), min(at + DAY, end), service) for at in range(start - start % DAY, end, DAY)]
        return pd.concat(parts, ignore_index=True)

    def _part(self, start: int, end: int, service: str | None) -> pd.DataFrame:
        archive = self._house.archive
        recorded = None if self._known_at is None else (None, self._known_at)
        files = self._house.ledger.files("scores", slots=(start, end), recorded=recorded)
        wanted = ["sessions", *(f"cost_{k}" for k in sorted({k for m in self._moments for k in m}))]
        there = {c for f in files for c in archive.columns_of(f)} if files else set()
        columns = [*_READ, *(c for c in wanted if c in there)]
        frame = archive.read(files, columns=columns, slots=(start, end), recorded=recorded) if files else None
        if frame is None or frame.empty:
            return pd.DataFrame({c: np.zeros(0, np.int64) for c in (*_CELL, *rollup.SUMS)})
        return self._summed(frame, service)

    def _summed(self, frame: pd.DataFrame, service: str | None) -> pd.DataFrame:
        names = pd.Index(self._house.catalogue.services, dtype="str")
        subject = _codes(frame["subject_id"], self._subjects)
        code, slot = names.get_indexer(frame["service"]).astype(np.int64), seconds(frame["slot"])
        wanted = code >= 0 if service is None else code == names.get_loc(service)
        wanted &= _newest(slot, subject, code)
        frame, subject, code, slot = frame[wanted], subject[wanted], code[wanted], slot[wanted]
        each = rollup.sums(
            _numbers(frame, "score"),
            _numbers(frame, "requirement"),
            _numbers(frame, "coverage"),
            _numbers(frame, "sessions"),
            unknown=(frame["state"] == str(State.UNKNOWN)).to_numpy(),
            extra=self._extra(frame, code),
        )
        local = pd.to_datetime(slot, unit="s", utc=True).tz_convert(self._zone)
        keys = {
            "kind": self._facts.kind(frame["subject_id"]),
            "group": self._group(frame, code),
            "service": code,
            "subject": subject,
            "hour": slot // 3600,
            "day": local.tz_localize(None).normalize().astype("datetime64[s]").astype("int64") // DAY,
        }
        return rollup.add(each.assign(**keys), _CELL)

    def _group(self, frame: pd.DataFrame, service: Int64) -> Int64:
        if self._by == "service":
            for name in self._house.catalogue.services:
                self.group_code(name)
            return service
        if self._by == "operator":
            return np.full(len(frame), self.group_code(self._house.settings.operator.name), np.int64)
        return _codes(self._facts.group[self._by](frame), self.groups)

    def _extra(self, frame: pd.DataFrame, service: Int64) -> Float64:
        """Points that moments of truth cost more than once; none where the archive keeps no costs, as of good rows."""
        out = np.zeros(len(frame))
        for code, weights in enumerate(self._moments):
            for kqi, times in weights.items():
                if f"cost_{kqi}" in frame:
                    lost = np.nan_to_num(_numbers(frame, f"cost_{kqi}"))
                    out += np.where(service == code, (times - 1) * lost, 0.0)
        return out


@dataclass(frozen=True)
class _Facts:
    """What a world says of subjects and resources."""

    world: World

    def kind(self, subjects: pd.Series) -> Int64:
        """0 user (also where nobody knows), 1 thing."""
        kinds = self._of_subject("kind", subjects)
        return (kinds.str.lower() == "thing").fillna(False).to_numpy(np.int64)

    @property
    def group(self) -> dict[str, Callable[[pd.DataFrame], pd.Series]]:
        """Level -> names of the groups of score rows."""
        return {
            "subject": lambda f: f["subject_id"],
            "customer": lambda f: self._of_subject("customer_id", f["subject_id"]).fillna(UNKNOWN),
            "segment": self._segment,
            "area": self._area,
            "access": lambda f: f["resource_id"].astype("str").fillna(UNKNOWN),
        }

    def _of_subject(self, column: str, subjects: pd.Series) -> pd.Series:
        known = self.world.frames[Feed.SUBJECTS].drop_duplicates("subject_id", keep="last").set_index("subject_id")
        return subjects.astype("str").map(known[column]).astype("str")

    def _segment(self, frame: pd.DataFrame) -> pd.Series:
        customers = self.world.frames[Feed.CUSTOMERS].drop_duplicates("customer_id", keep="last")
        declared = customers.set_index("customer_id")["segment"]
        return self._of_subject("customer_id", frame["subject_id"]).map(declared).astype("str").fillna(UNDECLARED)

    def _area(self, frame: pd.DataFrame) -> pd.Series:
        """Region of the serving resource, else the home region."""
        region = self.world.frames[Feed.RESOURCES].set_index("resource_id")["region"]
        found = frame["resource_id"].astype("str").map(region).astype("str")
        return found.fillna(self._of_subject("region", frame["subject_id"])).fillna(UNKNOWN)


def _codes(texts: pd.Series, known: dict[str, int]) -> Int64:
    """Codes of texts in a list that grows; no text is missing."""
    place, found = pd.factorize(texts.astype("str"))
    table = np.array([known.setdefault(str(t), len(known)) for t in found], np.int64)
    return table[place]


def _newest(slot: Int64, subject: Int64, service: Int64) -> Int64:
    """Mask of the rows, in recorded order, that no later one of the same slot, subject and service revises."""
    frame = pd.DataFrame({"slot": slot, "subject": subject, "service": service})
    return ~frame.duplicated(keep="last").to_numpy()


def _numbers(frame: pd.DataFrame, name: str) -> Float64:
    if name not in frame:
        return np.full(len(frame), np.nan)
    return frame[name].to_numpy(np.float64, na_value=np.nan)


def _merged(cells: pd.DataFrame, least: int, small: int) -> pd.DataFrame:
    """Groups of fewer than `least` users, or things, in one group of theirs."""
    sizes = rollup.distinct(cells, ["kind", "group"], "subject")
    few = sizes[sizes["n"] < least]
    hit = pd.MultiIndex.from_frame(cells[["kind", "group"]]).isin(pd.MultiIndex.from_frame(few[["kind", "group"]]))
    return cells.assign(group=np.where(hit, small, cells["group"]))


def _lines(cells: pd.DataFrame, by: str, one: bool, least: int) -> pd.DataFrame:
    """Sums, subjects, worst hour and index of each line; service -1 is the line of all services."""
    parts = []
    if by != "service" and not one:
        parts.append(
            _with_hours(cells.assign(service=-1), least).merge(_indices(cells), how="left", on=["kind", "group"])
        )
    if by != "operator" or one:
        parts.append(_with_hours(cells, least))
    return pd.concat(parts, ignore_index=True)


def _with_hours(cells: pd.DataFrame, least: int) -> pd.DataFrame:
    """Sums, subjects and worst hour of each line; an hour of fewer than `least` subjects is nobody's worst."""
    key = ["kind", "group", "service"]
    out = rollup.add(cells, key).assign(subjects=rollup.distinct(cells, key, "subject")["n"])
    hours = rollup.add(cells, [*key, "hour"])
    if least > 1:
        hours = hours[rollup.distinct(cells, [*key, "hour"], "subject")["n"].to_numpy() >= least]
    return out.merge(rollup.worst(hours, key), how="left", on=key)


def _indices(cells: pd.DataFrame) -> pd.DataFrame:
    """The mean index of the subjects of each group, each counted once."""
    days = rollup.add(cells, ["kind", "subject", "day"])
    index = rollup.index_of_subjects(days)
    members = cells[["kind", "group", "subject"]].drop_duplicates()
    both = members.merge(index, on=["kind", "subject"])
    return both.groupby(["kind", "group"], as_index=False)["index"].mean()


def _table(lines: pd.DataFrame, by: str, groups: dict[str, int], services: tuple[str, ...], least: int) -> pd.DataFrame:
    names, figures = np.array(list(groups), dtype=object), rollup.figures(lines)
    out = pd.concat([lines[["kind", "group", "service", "subjects", "rows", "worst", "hour"]], figures], axis=1)
    out["index"] = lines.get("index", np.nan)
    hidden = (out["subjects"] < least).to_numpy()
    out.loc[hidden, ["mean", "score", "worst", "hour", "below", "unknown", "coverage", "index"]] = np.nan
    out["first"] = out.sort_values("service").groupby(["kind", "group"])["mean"].transform("first")
    out["name"] = names[out["group"].to_numpy()]
    out = out.sort_values(["kind", "first", "name", "service"], kind="stable").reset_index(drop=True)
    return pd.DataFrame(
        {
            "level": pd.Series(by, index=out.index, dtype="str"),
            "group": out["name"].astype("str"),
            "kind": pd.Series(np.array(KINDS)[out["kind"]], dtype="str"),
            "service": pd.Series(np.array([*services, ALL], dtype=object)[out["service"]], dtype="str"),
            **{c: out[c].astype("int64") for c in ("subjects", "rows")},
            **{c: out[c].astype("float64") for c in ("mean", "score", "worst")},
            "worst_hour": _hours(out["hour"]),
            **{c: out[c].astype("float64") for c in ("below", "unknown", "coverage", "index")},
        }
    )


def _hours(hours: pd.Series) -> pd.Series:
    when = [pd.NaT if pd.isna(h) else datetime.fromtimestamp(int(h) * 3600, UTC) for h in hours]
    return pd.Series(pd.to_datetime(when, utc=True), index=hours.index).astype("datetime64[us, UTC]")
