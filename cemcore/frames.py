"""The contracts of the many: which columns a frame of each feed has, of which kind, and in which unit.

A contract is data: collectors conform to it, the archive stores it, documentation and tests read it. `conform` casts
what can be cast and parts the rows that cannot be taken from the rest, with the reason; nothing is dropped silently.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from cemcore.domain import INVENTORY, Feed
from cemcore.errors import ContractError


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `kind` is time, text, number, whole or flag; `required` rows without a value are quarantined."""

    name: str
    kind: str
    about: str
    required: bool = False
    unit: str = ""
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Contract:
    """The columns of a feed. `key` names the columns that make two rows the same record."""

    feed: Feed
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in their order."""
        return tuple(c.name for c in self.columns)

    def column(self, name: str) -> Column:
        """The column called `name`; ContractError when there is none."""
        for c in self.columns:
            if c.name == name:
                return c
        raise ContractError(self.feed, name, "no such column")


QUARANTINE = ("position", "reason", "record")
"""position = where in the origin (line, row, byte, element), reason = why, record = the record as text."""

RECORDED_AT = Column(
    "recorded_at", "time", "when the row became known; stamped at collection where the source does not say"
)

ATTRIBUTES = ("device_model", "firmware", "app", "app_version", "slice")
"""Columns of a quality record that say with what the session was made."""

KQIS: dict[str, Column] = {
    c.name: c
    for c in (
        Column(
            "latency_ms",
            "number",
            "delay: mouth to ear for voice, round trip elsewhere",
            unit="ms",
            low=0,
            high=600_000,
        ),
        Column("jitter_ms", "number", "delay variation", unit="ms", low=0, high=600_000),
        Column("loss_pct", "number", "packet loss", unit="%", low=0, high=100),
        Column("throughput_mbps", "number", "delivered rate", unit="Mbit/s", low=0, high=1_000_000),
        Column("setup_success_ratio", "number", "sessions set up, of those tried", unit="1", low=0, high=1),
        Column("stall_ratio", "number", "share of play time spent stalled", unit="1", low=0, high=1),
        Column("startup_s", "number", "video start-up time; web: page load time", unit="s", low=0, high=3_600),
        Column("mos", "number", "measured mean opinion score", unit="MOS", low=1, high=5),
        Column("delivery_ratio", "number", "messages delivered, of those sent", unit="1", low=0, high=1),
    )
}


def _text(name: str, about: str, required: bool = False) -> Column:
    return Column(name, "text", about, required)


def _time(name: str, about: str, required: bool = False) -> Column:
    return Column(name, "time", about, required)


CONTRACTS: dict[Feed, Contract] = {
    Feed.QUALITY: Contract(
        Feed.QUALITY,
        ("slot", "subject_id", "service"),
        (
            _time("slot", "start of the interval", True),
            _text("subject_id", "pseudonym of the user or thing", True),
            _text("service", "type of service", True),
            _text("resource_id", "serving access resource (cell, PON port)"),
            Column("sessions", "number", "sessions or messages attempted", unit="1", low=0),
            *(_text(a, "as seen in the session") for a in ATTRIBUTES),
            *KQIS.values(),
        ),
    ),
    Feed.MEASUREMENTS: Contract(
        Feed.MEASUREMENTS,
        ("slot", "object_id", "kpi"),
        (
            _time("slot", "start of the granularity period", True),
            Column("period_s", "number", "length of the granularity period", True, "s", low=1),
            _text("object_id", "distinguished name or resource id, as the source names it", True),
            _text("kpi", "name of the measurement (TS 28.552)", True),
            Column("value", "number", "NaN where the source says NULL or nothing"),
            Column("suspect", "flag", "the interval was not fully observed"),
        ),
    ),
    Feed.ALARMS: Contract(
        Feed.ALARMS,
        ("alarm_id", "state", "changed_at"),
        (
            _text("alarm_id", "identifier at the source", True),
            _text("alarmed_object", "resource id or distinguished name", True),
            _text("state", "raised, updated or cleared", True),
            _text("severity", "perceived severity (X.733)", True),
            _text("alarm_type", "X.733 event type"),
            _text("probable_cause", "X.733 probable cause"),
            _text("specific_problem", "vendor text"),
            _text("source_system", "who reports it"),
            _time("raised_at", "by the element's own clock", True),
            _time("reported_at", "first known to the management system"),
            _time("changed_at", "this line known to the management system", True),
            _time("cleared_at", "by the element's own clock"),
        ),
    ),
    Feed.WORK: Contract(
        Feed.WORK,
        ("work_id", "resource_id", "status", "actual_start", "actual_end"),
        (
            _text("work_id", "change request", True),
            _text("resource_id", "one declared resource; a work with several has several rows"),
            _text("status", "TMF655 status as known", True),
            _text("description", "what is done"),
            _text("declared_impact", "what the requester expects"),
            _time("planned_start", "start of the window", True),
            _time("planned_end", "end of the window", True),
            _time("actual_start", "once it is past"),
            _time("actual_end", "once it is past"),
        ),
    ),
    Feed.RESOURCES: Contract(
        Feed.RESOURCES,
        ("resource_id",),
        (
            _text("resource_id", "identifier", True),
            _text("type", "kind of resource (TMF639 category)", True),
            _text("name", "for people"),
            _text("region", "area it belongs to"),
            _text("vendor", "maker"),
            _text("dn", "distinguished name (TS 32.300), joins measurements"),
            _text("role", "e.g. core for core links"),
            _text("medium", "fibre, microwave ..."),
            _text("redundancy_group", "links that back each other up"),
            _text("a_end", "of a link: the downstream end"),
            _text("z_end", "of a link: the upstream end"),
            Column("igp_metric", "number", "cost of a core link", low=0),
            Column("capacity_gbps", "number", "of a link", unit="Gbit/s", low=0),
            Column("latitude", "number", "WGS84", unit="deg", low=-90, high=90),
            Column("longitude", "number", "WGS84", unit="deg", low=-180, high=180),
        ),
    ),
    Feed.CONNECTIONS: Contract(
        Feed.CONNECTIONS,
        ("from_id", "to_id", "relation", "via"),
        (
            _text("from_id", "the dependent", True),
            _text("to_id", "what it depends on", True),
            _text("relation", "containedIn, locatedAt, hostedOn, uplink, memberOf, poweredBy, routedThrough ...", True),
            _text("via", "link resource in between"),
            _text("redundancy_group", "connections of one group back each other up"),
        ),
    ),
    Feed.SERVICES: Contract(
        Feed.SERVICES,
        ("service_instance_id",),
        (
            _text("service_instance_id", "one subscription (TMF638)", True),
            _text("subject_id", "who uses it", True),
            _text("service", "type of service", True),
            _text("gateway_id", "UPF, BNG"),
            _text("endpoint_id", "IMS, CDN node, DNS resolver, peering, IoT gateway"),
            _text("slice", "S-NSSAI"),
            _text("app", "application"),
            _text("state", "TMF638 state"),
            _text("contract_id", "contract or SLA that it is under; may be empty"),
        ),
    ),
    Feed.SUBJECTS: Contract(
        Feed.SUBJECTS,
        ("subject_id",),
        (
            _text("subject_id", "pseudonym", True),
            _text("kind", "user or thing", True),
            _text("subject_type", "phone, fixed, meter, camera ..."),
            _text("customer_id", "who pays the bill"),
            _text("device_model", "model"),
            _text("device_vendor", "maker"),
            _text("firmware", "as known to the inventory"),
            _text("plan", "tariff"),
            _text("slice", "S-NSSAI"),
            _text("region", "home region"),
            _text("terminal_id", "resource id of the CPE, where it is one"),
            _text("access_id", "resource id of the fixed access line"),
            _time("activated_at", "if it joined while we watched"),
        ),
    ),
    Feed.ATTACHMENTS: Contract(
        Feed.ATTACHMENTS,
        ("subject_id", "service", "valid_from"),
        (
            _text("subject_id", "pseudonym of the user or thing", True),
            _text("resource_id", "serving access resource (cell, PON port); none = detached"),
            _text("gateway_id", "UPF, BNG it is anchored at"),
            _text("service", "of this service only; none = of all"),
            _time("valid_from", "attached since", True),
            _time("valid_to", "attached until; none = until the next one"),
        ),
    ),
    Feed.CUSTOMERS: Contract(
        Feed.CUSTOMERS,
        ("customer_id",),
        (
            _text("customer_id", "who pays the bill", True),
            _text("parent_id", "customer above, in account trees"),
            _text("customer_type", "household, soho, sme, enterprise ..."),
            _text("segment", "declared by the customer; may be empty"),
            _text("vertical", "industry"),
            _text("region", "area"),
            Column("monthly_spend", "number", "in currency units", low=0),
            _text("consent_contact", "true or false"),
            _text("preferred_channel", "sms, email, app ..."),
        ),
    ),
}

VALIDITY = (
    _time("valid_from", "since when it is so, where the source knows; else found by comparing snapshots"),
    _time("valid_to", "until when, where the source knows"),
)

for _feed in INVENTORY:
    CONTRACTS[_feed] = Contract(_feed, CONTRACTS[_feed].key, (*CONTRACTS[_feed].columns, *VALIDITY))

CONTRACTS[Feed.DETAIL] = Contract(Feed.DETAIL, CONTRACTS[Feed.QUALITY].key, CONTRACTS[Feed.QUALITY].columns)


def contract(feed: Feed, more: Iterable[Column] = ()) -> Contract:
    """The contract of `feed`, with the columns `more` besides; ContractError for a feed that has none yet."""
    try:
        known = CONTRACTS[feed]
    except KeyError:
        raise ContractError(feed, "", "no contract for this feed yet") from None
    return Contract(feed, known.key, (*known.columns, *more)) if more else known


def empty(feed: Feed) -> pd.DataFrame:
    """A frame of `feed` without rows, with the right dtypes."""
    return conform(feed, pd.DataFrame({c.name: [] for c in contract(feed).columns}))[0]


def quarantined(rows: Iterable[tuple[str, str, str]] = ()) -> pd.DataFrame:
    """A quarantine frame from (position, reason, record) triples."""
    return pd.DataFrame(list(rows), columns=list(QUARANTINE), dtype="str")


def conform(
    feed: Feed, frame: pd.DataFrame, position: pd.Series | None = None, more: Iterable[Column] = ()
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cast `frame` to the contract of `feed`: (rows that hold, quarantine of those that do not).

    Columns that are missing and not required are added as missing values; columns that the contract does not know are
    left out. Raises ContractError where a required column is absent altogether. `position` says where in its origin
    each row stood. `more` are columns that the operator's catalogue adds: those of them that `frame` has are taken.
    """
    c = contract(feed, [column for column in more if column.name in frame])
    if not frame.columns.is_unique:
        raise ContractError(feed, str(frame.columns[frame.columns.duplicated()][0]), "the column is there twice")
    where = position if position is not None else frame.index.to_series()
    frame, where = frame.reset_index(drop=True), where.reset_index(drop=True)
    out: dict[str, pd.Series] = {}
    faults = pd.Series("", index=frame.index, dtype="str")
    columns = [*c.columns, RECORDED_AT] if RECORDED_AT.name in frame else list(c.columns)
    for col in columns:
        if col.name not in frame:
            if col.required:
                raise ContractError(feed, col.name, "a required column is absent")
            out[col.name] = _missing(col, frame.index)
            continue
        cast, bad = _cast(col, frame[col.name])
        out[col.name] = cast
        faults = _blame(faults, bad, f"{col.name} is not {_KIND_WORDS[col.kind]}")
        if col.required:
            faults = _blame(faults, cast.isna() & ~bad, f"{col.name} is missing")
        for bound, word in ((col.low, "below"), (col.high, "above")):
            if bound is not None:
                beyond = (cast < bound if word == "below" else cast > bound).fillna(False).astype(bool)
                faults = _blame(faults, beyond, f"{col.name} is {word} {bound:,.10g} {col.unit.strip('1')}".rstrip())
    good = faults == ""
    held = pd.DataFrame(out, index=frame.index)
    if bool(good.all()):
        return held, quarantined()
    rejected = pd.DataFrame(
        {
            "position": where[~good].astype("str"),
            "reason": faults[~good],
            "record": _records(frame[~good]),
        }
    )
    return held[good].reset_index(drop=True), rejected.astype("str").reset_index(drop=True)


def _records(frame: pd.DataFrame) -> list[str]:
    """Each row as JSON text, whatever is in it."""
    shown = frame.copy()
    for name in frame:
        if frame[name].dtype == object:
            shown[name] = frame[name].map(_shown).astype(object)
    return shown.to_json(orient="records", lines=True, date_format="iso").splitlines()


def _shown(value: object) -> object:
    plain = (
        value is None or isinstance(value, (str, bool, float, date)) or (isinstance(value, int) and abs(value) < 2**53)
    )
    return value if plain else str(value)


_KIND_WORDS = {
    "time": "a time",
    "text": "text",
    "number": "a number",
    "whole": "a whole number",
    "flag": "true or false",
}
_ODD = (bytes, bytearray, list, tuple, dict, set, np.ndarray)
"""Values that no column takes: neither text, nor time, nor number."""

_DTYPES = {"time": "datetime64[us, UTC]", "text": "str", "number": "float64", "whole": "Int64", "flag": "bool"}


def _missing(col: Column, index: pd.Index) -> pd.Series:
    if col.kind == "flag":
        return pd.Series(False, index=index, dtype="bool")
    return pd.Series(np.nan if col.kind == "number" else None, index=index).astype(_DTYPES[col.kind])


def _cast(col: Column, values: pd.Series) -> tuple[pd.Series, pd.Series]:
    """(values in the column's dtype, mask of those that were there but could not be cast)."""
    there = values.notna()
    if values.dtype == object:
        values = values.mask(values.map(lambda v: isinstance(v, _ODD)).astype(bool), None)
    if col.kind == "text":
        text = values.astype("str")
        blank = text == ""
        return (text.mask(blank) if bool(blank.any()) else text), there & values.isna()
    if values.dtype == object or pd.api.types.is_string_dtype(values.dtype):
        empty_text = (values.astype("str") == "").fillna(False).astype(bool)
        values, there = values.mask(empty_text, None), there & ~empty_text
    if col.kind == "time":
        cast = _times(values)
    elif col.kind == "flag":
        text = values.astype("str").str.lower()
        true, false = text.isin(["true", "1", "1.0", "yes"]), text.isin(["false", "0", "0.0", "no"])
        return true.fillna(False).astype("bool"), there & ~(true | false).fillna(False).astype(bool)
    else:
        cast = pd.to_numeric(values, errors="coerce").astype("float64")
        cast = cast.mask(np.isinf(cast))
        if col.kind == "whole":
            whole = cast == np.floor(cast)
            cast = cast.where(whole).astype("Int64")
    return cast, there & cast.isna()


def _times(values: pd.Series) -> pd.Series:
    """`values` as times in UTC, missing where they are none; a bare number is none (of which epoch, in which unit?)."""
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return values.dt.tz_convert("UTC").astype(_DTYPES["time"])
    if pd.api.types.is_numeric_dtype(values.dtype):
        return pd.Series(pd.NaT, index=values.index, dtype=_DTYPES["time"])
    if values.dtype == object:
        values = values.where(values.map(lambda v: isinstance(v, (str, date, np.datetime64))).astype(bool), None)
    return pd.to_datetime(values, utc=True, errors="coerce", format="ISO8601").astype(_DTYPES["time"])


def _blame(faults: pd.Series, bad: pd.Series, reason: str) -> pd.Series:
    return faults.mask(bad & (faults == ""), reason) if bool(bad.any()) else faults
