"""From collectors into the archive: each batch once, whole, with what could not be taken kept beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import pandas as pd

from cemcore.domain import INVENTORY, Batch, Content, Feed, Window
from cemcore.errors import CollectError, ContractError, FeedError
from cemcore.frames import quarantined
from cemcore.protocols import Collector
from cemcore.storage import Archive, Ledger, StoredFile, parts

FLUSH_ROWS = 500_000
"""Batches of one source are written together up to about so many rows a file."""

JOINED = {Feed.MEASUREMENTS: "object_id", Feed.ALARMS: "alarmed_object"}
"""Feeds that name objects their own way, and the column that holds the name."""

Progress = Callable[[str, int, int | None], None]
"""Called with (what, done, of how many or None)."""


class Joins(Protocol):
    """Finds the resource that a name in a feed stands for."""

    def join(self, names: pd.Series) -> pd.Series:
        """Resource ids of `names`; missing where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Taken:
    """What one look at one source brought."""

    source: str
    feed: str
    batches: int = 0
    rows: int = 0
    quarantined: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    error: str = ""


class Ingest:
    """Takes what one source has, and hands it to archive and ledger: files first, then one transaction."""

    def __init__(self, archive: Archive, ledger: Ledger, partitions: int = 1) -> None:
        self._archive, self._ledger, self._partitions = archive, ledger, partitions

    def take(
        self,
        name: str,
        collector: Collector,
        now: datetime,
        joiner: Joins | None,
        progress: Progress | None = None,
    ) -> Taken:
        """Everything of source `name` that arrived until `now` and is not registered yet. A source's failure is said,
        not raised.
        """
        total = Taken(name, str(collector.feed))
        try:
            for group in self._groups(name, collector, now, progress):
                total = _add(total, self._store(name, group, now, joiner))
        except FeedError as e:
            total = Taken(name, total.feed, total.batches, total.rows, total.quarantined, total.counts, str(e))
        at = int(now.timestamp())
        with self._ledger.begin() as tx:
            tx.set_watermark(f"asked:{name}", max(at, tx.watermark(f"asked:{name}") or 0))
            if total.error:
                tx.count(name, "failures", 1, at, feed=total.feed)
            else:
                tx.set_watermark(f"collected:{name}", max(at, tx.watermark(f"collected:{name}") or 0))
        return total

    def _groups(
        self, name: str, collector: Collector, now: datetime, progress: Progress | None
    ) -> Iterator[list[tuple[Batch, Content]]]:
        batches = list(collector.collect(Window.until(now)))
        known = self._ledger.known_batches([b.batch_id for b in batches])
        fresh = [b for b in batches if b.batch_id not in known]
        group: list[tuple[Batch, Content]] = []
        rows = 0
        for i, batch in enumerate(fresh):
            content = _read(batch)
            group.append((batch, content))
            rows += len(content.frame)
            if progress is not None:
                progress(f"collect {name}", i + 1, len(fresh))
            if rows >= FLUSH_ROWS or batch.feed in INVENTORY:
                yield group
                group, rows = [], 0
        if group:
            yield group

    def _store(self, name: str, group: Sequence[tuple[Batch, Content]], now: datetime, joiner: Joins | None) -> Taken:
        feed, at = group[0][0].feed, int(now.timestamp())
        moment = pd.Timestamp(now).tz_convert("UTC").as_unit("us")
        label = hashlib.blake2b("".join(b.batch_id for b, _ in group).encode(), digest_size=12).hexdigest()
        frames = [c.frame for _, c in group if len(c.frame)]
        rejects = [c.quarantine.assign(origin=b.origin, batch_id=b.batch_id) for b, c in group if len(c.quarantine)]
        tables: dict[str, pd.DataFrame] = {}
        if frames:
            frame, unjoined = _joined(feed, self._stamped(pd.concat(frames, ignore_index=True), moment), joiner)
            tables[str(feed)] = frame
            if unjoined is not None:
                tables["unjoined"] = unjoined.assign(recorded_at=moment)
        if rejects:
            tables["quarantine"] = pd.concat(rejects, ignore_index=True).assign(recorded_at=moment)
        files = [
            file
            for to, table in tables.items()
            for part in _days(table)
            for file in self._written(to, f"{name}-{label}", part.assign(source=name))
        ]
        counts = _summed(content.counts for _, content in group)
        if "unjoined" in tables:
            counts["unjoined"] = int(tables["unjoined"]["rows"].sum())
        lines = [(b.batch_id, b.origin, len(c.frame), len(c.quarantine)) for b, c in group]
        with self._ledger.begin() as tx:
            tx.register_batches(str(feed), name, at, lines, counts)
            for file in files:
                tx.register_file(file)
        rows = sum(len(c.frame) for _, c in group)
        return Taken(name, str(feed), len(group), rows, sum(len(c.quarantine) for _, c in group), counts)

    def _written(self, feed: str, name: str, frame: pd.DataFrame) -> list[StoredFile]:
        """The rows as one file; quality records as one a partition of subjects, where there are several."""
        if self._partitions == 1 or feed != Feed.QUALITY:
            return [self._archive.write(feed, name, frame)]
        return parts.write(self._archive, feed, name, frame, self._partitions)

    def _stamped(self, frame: pd.DataFrame, moment: pd.Timestamp) -> pd.DataFrame:
        """`frame` with recorded time: as the source says, but never before a tick that went without the row."""
        if "recorded_at" not in frame:
            return frame.assign(recorded_at=moment)
        known = self._ledger.watermark("known_at")
        if known is None:
            return frame
        tick = pd.Timestamp(known, unit="s", tz="UTC").as_unit("us")
        late = max(moment, tick + pd.Timedelta("1s"))
        return frame.assign(recorded_at=frame["recorded_at"].where(frame["recorded_at"] > tick, late))


def _read(batch: Batch) -> Content:
    """A batch's content; what can't be read at all is one quarantined record, so that it is kept, counted and not
    read again.
    """
    try:
        return batch.read()
    except ContractError as e:
        return Content(pd.DataFrame(), quarantined([("file", str(e), batch.origin)]))
    except CollectError as e:
        if e.transient:
            raise
        return Content(pd.DataFrame(), quarantined([("file", e.reason, batch.origin)]))


def _joined(feed: Feed, frame: pd.DataFrame, joiner: Joins | None) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """`frame` with `resource_id` joined where the feed names objects its own way; the names that found none, with
    their rows.
    """
    column = JOINED.get(feed)
    if column is None:
        return frame, None
    found = joiner.join(frame[column]) if joiner is not None else pd.Series(None, index=frame.index, dtype="str")
    lost = frame.loc[found.isna(), column].value_counts().rename_axis("name").reset_index(name="rows")
    return frame.assign(resource_id=found), lost if len(lost) else None


def _days(table: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """The rows of each day (UTC) of slots by themselves, so that a read of some slots opens few files."""
    if "slot" not in table:
        yield table
        return
    for _, part in table.groupby(table["slot"].dt.floor("D"), sort=True):
        yield part


def _summed(tallies: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Tallies of several batches together; what the ledger counts itself (rows) is left out."""
    out: dict[str, int] = {}
    for tally in tallies:
        for what, n in tally.items():
            if n and what != "rows":
                out[what] = out.get(what, 0) + n
    return out


def _add(a: Taken, b: Taken) -> Taken:
    sums = (a.batches + b.batches, a.rows + b.rows, a.quarantined + b.quarantined)
    return Taken(a.source, a.feed, *sums, _summed((a.counts, b.counts)), a.error or b.error)
