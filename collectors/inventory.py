"""Inventory from files: resources, connections, services, subjects, customers; CSV, flat JSON, TMF639 and TMF638 JSON.

One file is one snapshot. TMF objects are laid flat first (characteristics become columns), then names, units and values
are mapped by configuration, so that one configuration serves CSV and JSON alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from cemcore.domain import INVENTORY, Batch, Content, Feed, Window
from cemcore.errors import ConfigError
from cemcore.frames import contract, quarantined
from collectors import files, records, tables

KINDS = ("user", "thing")


@dataclass(frozen=True)
class InventoryFiles:
    """One inventory feed, a snapshot a file.

    source      name of the configured source
    feed        resources, connections, services, subjects or customers
    path        folder
    pattern     glob below it; several with `|` between them
    quiet_s     live: a file is complete when it was last changed so long ago [s]; 0 trusts names alone
    format      csv, json, jsonl or parquet; auto = by the ending of the name
    columns     source name (or TMF characteristic) -> contract name
    units       contract column -> unit that the source uses
    values      contract column -> {source value -> contract value}
    arrival     `{fixed = "2025-01-01T00:00:00Z"}`: the whole snapshot was known since then; none = at collection
    supporting  services: what the 1st, 2nd ... `supportingResource` is, where it has no role of that name
    ends        TMF639: the relationship that names the ends of a link, downstream end first; it is no connection
    """

    source: str
    feed: Feed
    path: str
    pattern: str
    quiet_s: float = 2.0
    format: str = "auto"
    columns: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    arrival: Mapping[str, object] = field(default_factory=dict)
    supporting: tuple[str, ...] = ("gateway_id", "endpoint_id")
    ends: str = "connects"

    def __post_init__(self) -> None:
        """ConfigError for options that can't be."""
        files.check_folder(self.source, self.path, self.pattern, self.quiet_s)
        files.check_arrival(self.source, self.arrival, {"fixed": str})
        if self.feed not in INVENTORY:
            raise ConfigError(
                self.source, "feed", f"unknown inventory feed {self.feed!r}; there are: {', '.join(INVENTORY)}"
            )
        if "fixed" in self.arrival and _fixed(self.arrival) is pd.NaT:
            raise ConfigError(self.source, "arrival.fixed", f"{self.arrival['fixed']!r} is not a time")
        for name in self.supporting:
            if name not in contract(Feed.SERVICES).names:
                raise ConfigError(self.source, "supporting", f"services have no column {name!r}")
        self._layout().check(self.source, Feed(self.feed))

    def collect(self, window: Window) -> Iterator[Batch]:
        """A batch for each file that is complete at the window's end."""
        folder = files.folder(self.source, self.path, self.pattern, self.quiet_s, self.arrival)
        return folder.batches(Feed(self.feed), window, self._read)

    def _layout(self) -> tables.Layout:
        return tables.Layout(self.format, self.columns, self.units, self.values)

    def _read(self, name: str, data: bytes) -> Content:
        layout, feed = self._layout(), Feed(self.feed)
        stem = name.removesuffix(".gz")
        if self.format in ("json", "jsonl") or (
            self.format == "auto" and stem.endswith((".json", ".jsonl", ".ndjson"))
        ):
            table = self._records(feed, name, data)
        else:
            table = tables.read(name, data, self.format, layout.number_test(feed))
        content = tables.to_content(feed, table, layout, self._finish)
        return _once(feed, content)

    def _records(self, feed: Feed, name: str, data: bytes) -> tables.Table:
        plain, fault = files.unzip(data)
        stem = "x.jsonl" if self.format == "jsonl" else "x.json" if self.format == "json" else name
        found = records.read(stem, plain) if plain or not fault else records.Records()
        flat = records.Records(refused=list(found.refused))
        for item, at in zip(found.items, found.positions, strict=True):
            try:
                for row in self._flatten(feed, item):
                    flat.add(at, row)
            except (TypeError, KeyError, AttributeError) as e:
                flat.refused.append((at, f"not of TMF639 / TMF638 shape: {e}", files.shown(str(item))))
        if fault:
            flat.refused.append(("file", fault, ""))
        return tables.of_records(flat)

    def _flatten(self, feed: Feed, item: dict[str, Any]) -> list[dict[str, Any]]:
        if feed == Feed.CONNECTIONS and ("resourceRelationship" in item or "href" in item):
            return _relations(item, self.ends)
        if feed == Feed.RESOURCES and ("resourceCharacteristic" in item or "href" in item):
            return [_resource(item, self.ends)]
        if feed == Feed.SERVICES and ("supportingResource" in item or "relatedParty" in item):
            return [_service(item, self.supporting)]
        return [item]

    def _finish(self, mapped: pd.DataFrame) -> pd.DataFrame:
        mapped = mapped.drop(columns="recorded_at", errors="ignore")
        for name in ("consent_contact",):
            if name in mapped:
                mapped[name] = mapped[name].map(lambda v: str(v).lower(), na_action="ignore")
        if "fixed" in self.arrival:
            mapped["recorded_at"] = _fixed(self.arrival)
        return mapped


def _fixed(arrival: Mapping[str, object]) -> pd.Timestamp:
    return pd.to_datetime(pd.Series([str(arrival["fixed"])]), utc=True, errors="coerce", format="ISO8601").iloc[0]


def _characteristics(found: object) -> dict[str, Any]:
    if found is None:
        return {}
    if not isinstance(found, list):
        raise TypeError("characteristics are not a list")
    return {str(c["name"]): c.get("value") for c in found}


def _resource(item: dict[str, Any], ends: str) -> dict[str, Any]:
    """TMF639: id, category and name, each characteristic as a column, and of a link its ends."""
    base = {"resource_id": item["id"], "type": item.get("category") or item.get("@type"), "name": item.get("name")}
    joined = [_other(r) for r in item.get("resourceRelationship") or [] if r.get("relationshipType") == ends]
    if len(joined) == 2:
        base |= {"a_end": joined[0], "z_end": joined[1]}
    return {**_characteristics(item.get("resourceCharacteristic")), **base}


def _other(relationship: dict[str, Any]) -> object:
    """The resource at the other side: `id` (v4) or `resource.id` (v5)."""
    return relationship["id"] if "id" in relationship else relationship["resource"]["id"]


def _relations(item: dict[str, Any], ends: str) -> list[dict[str, Any]]:
    """TMF639: one row for each relationship of a resource, each characteristic of the relationship as a column."""
    out = []
    for r in item.get("resourceRelationship") or []:
        if r.get("relationshipType") == ends:
            continue
        more = _characteristics(r.get("resourceRelationshipCharacteristic"))
        out.append({**more, "from_id": item["id"], "to_id": _other(r), "relation": r.get("relationshipType")})
    return out


def _service(item: dict[str, Any], supporting: tuple[str, ...]) -> dict[str, Any]:
    """TMF638: the related party in role subject uses it; supporting resources go by role, else by order."""
    parties = item.get("relatedParty") or []
    users = [p["id"] for p in parties if str(p.get("role", "")).lower() in ("subject", "user", "")]
    row = {**_characteristics(item.get("serviceCharacteristic"))}
    row |= {"service_instance_id": item["id"], "subject_id": users[0] if users else None, "state": item.get("state")}
    row["service"] = item.get("serviceType") or item.get("category")
    resources = item.get("supportingResource") or []
    by_role = {f"{str(r.get('role', '')).lower()}_id": r["id"] for r in resources if r.get("role")}
    unnamed = iter([r["id"] for r in resources if f"{str(r.get('role', '')).lower()}_id" not in supporting])
    for name in supporting:
        row[name] = by_role[name] if name in by_role else next(unnamed, None)
    return row


def _once(feed: Feed, content: Content) -> Content:
    """A snapshot says each thing once: repeats are counted, an id with two contents and an unknown kind are refused."""
    key = [*contract(feed).key, "valid_from"]
    held, repeats = tables.drop_repeats(content.frame, key)
    checks: list[tuple[str, Callable[[pd.DataFrame], pd.Series]]] = [
        ("duplicate id with other content: " + ", ".join(key), lambda f: f.duplicated(key, keep="first"))
    ]
    if feed == Feed.SUBJECTS:
        checks.insert(0, ("kind is neither user nor thing", lambda f: ~f["kind"].isin(KINDS)))
    quarantine = [content.quarantine]
    for reason, test in checks:
        bad = test(held)
        if bool(bad.any()):
            texts = held[bad].to_json(orient="records", lines=True, date_format="iso").splitlines()
            where = held[bad][key[0]].astype("str")
            quarantine.append(
                quarantined((f"record of {at}", reason, text) for at, text in zip(where, texts, strict=True))
            )
            held = held[~bad].reset_index(drop=True)
    return Content(held, pd.concat(quarantine, ignore_index=True), {**content.counts, "duplicates": repeats})
