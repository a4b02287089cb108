"""Quality records from files: session records, probe and CPE reports, summed by interval, subject and service.

Parquet, CSV, JSON lines and JSON arrays, plain or gzipped. Names, units and values of the source are mapped by
configuration.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar

import pandas as pd

from cemcore.domain import Batch, Content, Feed, Window
from cemcore.errors import CollectError, ConfigError
from cemcore.frames import Column, contract, quarantined
from cemcore.zooming import DetailRequest
from collectors import files, tables
from collectors.detail import Detail

_KEY = contract(Feed.QUALITY).key


@dataclass(frozen=True)
class QualityFiles:
    """Quality records, one row for each subject, service and interval with activity.

    source      name of the configured source
    path        folder
    pattern     glob below it; several with `|` between them
    quiet_s     live: a file is complete when it was last changed so long ago [s]; 0 trusts names alone
    format      parquet, csv, jsonl or json; auto = by the ending of the name
    columns     source name -> contract name
    units       contract column -> unit that the source uses (`latency_ms = "s"`)
    values      contract column -> {source value -> contract value}
    arrival     `{column = "received_ts"}`: the source's column that says when a row arrived; none = at collection
    finer       glob below `path` of finer records that stay at the source: the zoom may ask for those of one series
    slot_s      length of an interval [s]
    late_after_s  a row that arrives so long after the end of its interval counts as late [s]
    skew_s      a row that starts so long after its own arrival counts as clock skew [s]
    skew_max_s  beyond this it is refused [s]
    more        columns that the catalogue adds (its own KQIs and counters); filled in by cemcore, never by hand
    """

    source: str
    path: str
    pattern: str = "**/*.parquet"
    quiet_s: float = 2.0
    format: str = "auto"
    columns: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    arrival: Mapping[str, object] = field(default_factory=dict)
    finer: str = ""
    slot_s: float = 900.0
    late_after_s: float = 300.0
    skew_s: float = 300.0
    skew_max_s: float = 86_400.0
    more: tuple[Column, ...] = ()

    feed: ClassVar[Feed] = Feed.QUALITY

    def __post_init__(self) -> None:
        """ConfigError for options that can't be."""
        files.check_folder(self.source, self.path, self.pattern, self.quiet_s)
        if self.finer:
            files.check_folder(self.source, self.path, self.finer, self.quiet_s)
        files.check_arrival(self.source, self.arrival, {"column": str})
        if not all(isinstance(c, Column) for c in self.more):
            raise ConfigError(self.source, "more", "comes from the catalogue: define the KQI in services.toml")
        self._layout().check(self.source, self.feed)

    def collect(self, window: Window) -> Iterator[Batch]:
        """A batch for each file that is complete at the window's end."""
        folder = files.folder(self.source, self.path, self.pattern, self.quiet_s, self.arrival)
        return folder.batches(self.feed, window, partial(self._read, pd.Timestamp(window.end)))

    def detail(self, request: DetailRequest) -> Batch:
        """The finer records of one series in its window; CollectError where there are none by configuration."""
        if not self.finer:
            raise CollectError(self.source, "keeps no finer records (option finer)", transient=False)
        folder = files.folder(self.source, self.path, self.finer, self.quiet_s, self.arrival)
        read = partial(self._read, pd.Timestamp(request.expires_at))
        return Detail(self.source, request, lambda window: folder.batches(self.feed, window, read)).batch()

    def _layout(self) -> tables.Layout:
        columns = dict(self.columns)
        if "column" in self.arrival:
            columns[str(self.arrival["column"])] = "recorded_at"
        return tables.Layout(self.format, columns, self.units, self.values, self.more)

    def _read(self, now: pd.Timestamp, name: str, data: bytes) -> Content:
        layout = self._layout()
        table = tables.read(name, data, self.format, layout.number_test(self.feed))
        content = tables.to_content(self.feed, table, layout, self._stamp)
        held, refused = self._in_time(content.frame, now)
        held, repeats = tables.drop_repeats(held, _KEY)
        counts = {**content.counts, "duplicates": repeats, **self._late(held, now)}
        return Content(
            held,
            pd.concat([content.quarantine, refused], ignore_index=True) if len(refused) else content.quarantine,
            counts,
        )

    def _stamp(self, mapped: pd.DataFrame) -> pd.DataFrame:
        """Without an arrival column the time of collection counts, whatever the file says."""
        if not self.arrival:
            return mapped.drop(columns="recorded_at", errors="ignore")
        return mapped

    def _in_time(self, held: pd.DataFrame, now: pd.Timestamp) -> tuple[pd.DataFrame, pd.DataFrame]:
        """(rows, quarantine of those without arrival and of those from a future that no clock error explains)."""
        if held.empty:
            return held, quarantined()
        arrived = held["recorded_at"] if "recorded_at" in held else pd.Series(now, index=held.index)
        unknown = arrived.isna()
        future = (held["slot"] - arrived).dt.total_seconds() > self.skew_max_s
        bad = unknown | future
        if not bool(bad.any()):
            return held, quarantined()
        said = f"slot is more than {self.skew_max_s:g} s after its arrival"
        reasons = pd.Series(said, index=held.index, dtype="str").mask(unknown, "recorded_at is missing")
        texts = held[bad].to_json(orient="records", lines=True, date_format="iso").splitlines()
        where = [
            f"record of {s} {t.isoformat()}" for s, t in zip(held["subject_id"][bad], held["slot"][bad], strict=True)
        ]
        return held[~bad].reset_index(drop=True), quarantined(zip(where, reasons[bad], texts, strict=True))

    def _late(self, held: pd.DataFrame, now: pd.Timestamp) -> dict[str, int]:
        if held.empty:
            return {"late": 0, "clock_skew": 0}
        arrived = held["recorded_at"] if "recorded_at" in held else pd.Series(now, index=held.index)
        after = (arrived - held["slot"]).dt.total_seconds()
        late = int((after > self.slot_s + self.late_after_s).sum()) if "recorded_at" in held else 0
        return {"late": late, "clock_skew": int((after < -self.skew_s).sum())}
