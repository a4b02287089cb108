"""Attachments from files: which access resource and gateway each subject is at, since when and until when.

From mobility events of the packet core (AMF and SMF event exposure, TS 29.518 and TS 29.508, as files), or any table
with those columns; CSV, JSON lines or Parquet. Files only add: a later row with the same subject, service and
`valid_from` corrects the earlier one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import pandas as pd

from cemcore.domain import Batch, Content, Feed, Window
from cemcore.frames import contract
from collectors import files, tables

_KEY = contract(Feed.ATTACHMENTS).key


@dataclass(frozen=True)
class AttachmentFiles:
    """Attachments, one row for each time that a subject came to a place.

    source      name of the configured source
    path        folder
    pattern     glob below it; several with `|` between them
    quiet_s     live: a file is complete when it was last changed so long ago [s]; 0 trusts names alone
    format      parquet, csv, jsonl or json; auto = by the ending of the name
    columns     source name -> contract name
    units       contract column -> unit that the source uses (`valid_from = "epoch_ms"`)
    values      contract column -> {source value -> contract value}
    arrival     `{column = "received_ts"}`: the source's column that says when a row arrived; none = at collection
    """

    source: str
    path: str
    pattern: str = "**/*.csv"
    quiet_s: float = 2.0
    format: str = "auto"
    columns: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    arrival: Mapping[str, object] = field(default_factory=dict)

    feed: ClassVar[Feed] = Feed.ATTACHMENTS

    def __post_init__(self) -> None:
        """ConfigError for options that can't be."""
        files.check_folder(self.source, self.path, self.pattern, self.quiet_s)
        files.check_arrival(self.source, self.arrival, {"column": str})
        self._layout().check(self.source, self.feed)

    def collect(self, window: Window) -> Iterator[Batch]:
        """A batch for each file that is complete at the window's end."""
        folder = files.folder(self.source, self.path, self.pattern, self.quiet_s, self.arrival)
        return folder.batches(self.feed, window, self._read)

    def _layout(self) -> tables.Layout:
        columns = dict(self.columns)
        if "column" in self.arrival:
            columns[str(self.arrival["column"])] = "recorded_at"
        return tables.Layout(self.format, columns, self.units, self.values)

    def _read(self, name: str, data: bytes) -> Content:
        layout = self._layout()
        table = tables.read(name, data, self.format, layout.number_test(self.feed))
        content = tables.to_content(self.feed, table, layout, self._stamp)
        held, repeats = tables.drop_repeats(content.frame, _KEY)
        return Content(held, content.quarantine, {**content.counts, "duplicates": repeats})

    def _stamp(self, mapped: pd.DataFrame) -> pd.DataFrame:
        """Without an arrival column the time of collection counts, whatever the file says."""
        return mapped if self.arrival else mapped.drop(columns="recorded_at", errors="ignore")
