"""From collectors into the archive: each batch once, whole, with what could not be taken kept beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import pandas as pd

from cemcore.domain import INVENTORY, Batch, Content, Feed, Window
from cemcore.errors import CollectError, ContractError, FeedError
from cemcore.frames import quarantined
from cemcore.protocols import Collector
from cemcore.storage import Archive, Ledger, StoredFile

FLUSH_ROWS = 500_000
"""Batches of one source are written together up to about so many rows a file."""

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

    def __init__(self, archive: Archive, ledger: Ledger) -> None:
        self._archive, self._ledger = archive, ledger

    def take(
        self,
        name: str,
        collector: Collector,
        now: datetime,
        joiner: Joins | None,
        progress: Progress | None = None,
    ) -> Taken:
        """Everything of source `name` that arrived until `now` and is not registered yet. A source's failure is said, not raised."""
        total = Taken(name, str(collector.feed))
        try:
            for group in self._groups(name, collector, now, progress):
                total = _add(total, self._store(name, group, now, joiner))
        except FeedError as e:
            total = Taken(name, total.feed, total.batches, total.rows, total.quarantined, total.counts, str(e))
        if total.error or total.batches:
            with self._ledger.begin() as tx:
                tx.set_watermark(f"collected:{name}", max(int(now.timestamp()), self._ledger.watermark(f"collected:{name}") or 0))
                if total.error:
                    tx.count(name, "failures", 1, int(now.timestamp()))
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
        feed = group[0][0].feed
        frames = [self._stamped(c.frame, now).assign(source=name) for _, c in group if len(c.frame)]
        rejects = [c.quarantine.assign(source=name, origin=b.origin, batch_id=b.batch_id) for b, c in group if len(c.quarantine)]
        label = hashlib.blake2b("".join(b.batch_id for b, _ in group).encode(), digest_size=12).hexdigest()
        files: list[StoredFile] = []
        counts: dict[str, int] = {}
        if frames:
            frame = pd.concat(frames, ignore_index=True)
            frame, unjoined = _joined(feed, frame, joiner)
            if unjoined:
                counts["unjoined"] = unjoined
            files.append(self._archive.write(str(feed), f"{name}-{label}", frame))
        if rejects:
            reject = pd.concat(rejects, ignore_index=True)
            reject["recorded_at"] = pd.Timestamp(now).as_unit("us")
            files.append(self._archive.write("quarantine", f"{name}-{label}", reject))
        at = int(now.timestamp())
        taken = Taken(name, str(feed))
        with self._ledger.begin() as tx:
            for batch, content in group:
                tx.register_batch(
                    batch.batch_id,
                    str(feed),
                    name,
                    batch.origin,
                    at,
                    len(content.frame),
                    len(content.quarantine),
                    dict(content.counts),
                )
                for what, n in content.counts.items():
                    counts[what] = counts.get(what, 0) + n
                taken = _add(taken, Taken(name, str(feed), 1, len(content.frame), len(content.quarantine)))
            for file in files:
                tx.register_file(file)
            for what, n in {"rows": taken.rows, "quarantined": taken.quarantined, **counts}.items():
                if n:
                    tx.count(name, what, n, at)
        return _add(taken, Taken(name, str(feed), counts=counts))

    def _stamped(self, frame: pd.DataFrame, now: datetime) -> pd.DataFrame:
        """`frame` with recorded time: as the source says, but never before a tick that went without the row."""
        moment = pd.Timestamp(now).tz_convert("UTC").as_unit("us")
        if "recorded_at" not in frame:
            return frame.assign(recorded_at=moment)
        known = self._ledger.watermark("known_at")
        if known is None:
            return frame
        tick = pd.Timestamp(known, unit="s", tz="UTC").as_unit("us")
        return frame.assign(recorded_at=frame["recorded_at"].where(frame["recorded_at"] > tick, max(moment, tick + pd.Timedelta("1s"))))


def _read(batch: Batch) -> Content:
    """A batch's content; what can't be read at all is one quarantined record, so that it is kept, counted and not read again."""
    try:
        return batch.read()
    except ContractError as e:
        return Content(pd.DataFrame(), quarantined([("file", str(e), batch.origin)]))
    except CollectError as e:
        if e.transient:
            raise
        return Content(pd.DataFrame(), quarantined([("file", e.reason, batch.origin)]))


def _joined(feed: Feed, frame: pd.DataFrame, joiner: Joins | None) -> tuple[pd.DataFrame, int]:
    """`frame` with `resource_id` joined where the feed names objects its own way, and how many rows found none."""
    column = {Feed.MEASUREMENTS: "object_id", Feed.ALARMS: "alarmed_object"}.get(feed)
    if column is None:
        return frame, 0
    found = joiner.join(frame[column]) if joiner is not None else pd.Series(None, index=frame.index, dtype="str")
    return frame.assign(resource_id=found), int(found.isna().sum())


def _add(a: Taken, b: Taken) -> Taken:
    counts = dict(a.counts)
    for what, n in b.counts.items():
        counts[what] = counts.get(what, 0) + n
    return Taken(a.source, a.feed, a.batches + b.batches, a.rows + b.rows, a.quarantined + b.quarantined, counts, a.error or b.error)
