"""Performance indicators of nodes and links from CSV (or Parquet, JSON lines) files, wide or long.

Wide: a column for each indicator (`ts, resource_id, util_pct, drops_per_s`). Long: one indicator a row (`ts,
resource_id, metric, value`). Which of the two a file is shows in its header.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar

import numpy as np
import pandas as pd

from cemcore.domain import Batch, Content, Feed, Window
from cemcore.frames import conform, contract, empty, quarantined
from collectors import csv_text, files, mapping, tables

_KEY = contract(Feed.MEASUREMENTS).key
_NAMES = {"ts": "slot", "resource_id": "object_id", "metric": "kpi", "value": "value"}


@dataclass(frozen=True)
class KpiFiles:
    """Values of indicators, one row for each object, indicator and period.

    source      name of the configured source
    path        folder
    pattern     glob below it; several with `|` between them
    quiet_s     live: a file is complete when it was last changed so long ago [s]; 0 trusts names alone
    format      csv, parquet, jsonl or json; auto = by the ending of the name
    columns     source name -> contract name; in a wide file every other column is an indicator
    units       `slot` -> epoch_s, epoch_ms ..., where times are numbers
    period_s    length of a period [s]
    arrival     `{after_slot_s = 960}`: so long after the start of its period a row is known; none = at collection
    skew_s      a period that starts so long after collection counts as clock skew [s]
    """

    source: str
    path: str
    pattern: str = "*.csv"
    quiet_s: float = 2.0
    format: str = "auto"
    columns: Mapping[str, str] = field(default_factory=lambda: dict(_NAMES))
    units: Mapping[str, str] = field(default_factory=dict)
    period_s: float = 900.0
    arrival: Mapping[str, object] = field(default_factory=dict)
    skew_s: float = 300.0

    feed: ClassVar[Feed] = Feed.MEASUREMENTS

    def __post_init__(self) -> None:
        """ConfigError for options that can't be."""
        files.check_folder(self.source, self.path, self.pattern, self.quiet_s)
        files.check_arrival(self.source, self.arrival, {"after_slot_s": float})
        self._layout().check(self.source, self.feed)
        if self.period_s < 1:
            files.refuse(self.source, "period_s", "is below 1 s")

    def collect(self, window: Window) -> Iterator[Batch]:
        """A batch for each file that is complete at the window's end."""
        folder = files.folder(self.source, self.path, self.pattern, self.quiet_s, self.arrival)
        return folder.batches(self.feed, window, partial(self._read, pd.Timestamp(window.end)))

    def _layout(self) -> tables.Layout:
        return tables.Layout(self.format, self.columns, self.units, {})

    def _read(self, now: pd.Timestamp, name: str, data: bytes) -> Content:
        table = tables.read(name, data, self.format, self._is_number)
        lacking = self._lacking(table)
        if len(table.frame) == 0 or lacking:
            refused = [*table.refused, *(tables.all_refused(table, lacking) if lacking else [])]
            return Content(empty(self.feed), quarantined(refused), {"rows": table.seen, "nulls": 0, "duplicates": 0})
        long, where, nulls = self._long(table)
        ready, ignored = mapping.apply(self.feed, long, {}, self.units, {})
        ready["period_s"], ready["suspect"] = float(self.period_s), False
        held, rejected = conform(self.feed, ready, where)
        held, repeats = tables.drop_repeats(held, _KEY)
        if "after_slot_s" in self.arrival:
            held["recorded_at"] = held["slot"] + pd.Timedelta(seconds=float(str(self.arrival["after_slot_s"])))
        ahead = (held["slot"] - now).dt.total_seconds() > self.skew_s
        counts = {
            "rows": len(long) + nulls + len(table.refused) - sum(p.startswith("file") for p, _, _ in table.refused),
            "nulls": nulls,
            "duplicates": repeats,
            "clock_skew": 0 if self.arrival else int(ahead.sum()),
            **{f"ignored column {n}": 1 for n in ignored},
        }
        return Content(held, pd.concat([quarantined(table.refused), rejected], ignore_index=True), counts)

    def _is_number(self, name: str) -> bool:
        return self.columns.get(name, name) not in ("slot", "object_id", "kpi")

    def _lacking(self, table: tables.Table) -> str:
        have = {self.columns.get(str(c), str(c)) for c in table.frame.columns}
        lacking = [n for n in ("slot", "object_id") if n not in have]
        if not have and len(table.frame) == 0:
            return ""
        if lacking:
            return f"no column for {', '.join(lacking)}; there are: {', '.join(map(str, table.frame.columns))}"
        return "" if have - {"slot", "object_id"} else "no column with values"

    def _long(self, table: tables.Table) -> tuple[pd.DataFrame, pd.Series, int]:
        """(slot, object_id, kpi, value of each cell that holds something; where it stands; how many hold nothing)."""
        raw = table.frame.rename(columns={str(c): self.columns.get(str(c), str(c)) for c in table.frame.columns})
        at = np.array([table.place(row) for row in range(len(raw))], dtype=object)
        if {"kpi", "value"} <= set(raw.columns):
            long, where = raw.reset_index(drop=True), at
        else:
            kpis = [str(c) for c in raw.columns if c not in ("slot", "object_id")]
            values = pd.concat([raw[k] for k in kpis], ignore_index=True)
            many = len(kpis)
            long = pd.DataFrame(
                {
                    "slot": pd.concat([raw["slot"]] * many, ignore_index=True),
                    "object_id": pd.concat([raw["object_id"]] * many, ignore_index=True),
                    "kpi": pd.Series(pd.Index(kpis, dtype="str").repeat(len(raw))),
                    "value": values,
                }
            )
            where = np.char.add(np.tile(at.astype(str), many), np.repeat([f" {k}" for k in kpis], len(raw))).astype(
                object
            )
        null = long["value"].isna() | long["value"].astype("str").str.strip().isin(csv_text.NO_VALUE)
        keep = ~null
        held = long[keep].reset_index(drop=True)
        return held, pd.Series(where[keep.to_numpy()], index=held.index, dtype="str"), int(null.sum())
