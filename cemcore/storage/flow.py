"""Ledger, part one: what flowed in and how far we are: batches, files, watermarks, ticks, tallies, snapshots,
codings.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Engine, Executable, Table, delete, func, insert, or_, select, update

from cemcore.errors import StorageError
from cemcore.storage import tables as t
from cemcore.storage.engine import reading
from cemcore.storage.records import StoredFile, Tick

_MANY = 500
_HOUR = 3600
KEPT_SNAPSHOTS = 2


class Reads:
    """Base of the readers: each call is one short read transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def _rows(self, *statements: Executable) -> list[Any]:
        with reading(self._engine) as connection:
            return [row for s in statements for row in connection.execute(s)]


class Writes:
    """Base of the writers: all calls of one instance belong to one write transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _one(self, statement: Executable) -> Any:
        return self._connection.execute(statement).first()

    def _add(self, table: Table, **values: object) -> None:
        self._connection.execute(insert(table), values)


class FlowReads(Reads):
    """Batches, files, watermarks, ticks, tallies and snapshots, as committed."""

    def known_batches(self, ids: Collection[str]) -> set[str]:
        """Those of `ids` that are registered."""
        wanted = list(ids)
        parts = [wanted[i : i + _MANY] for i in range(0, len(wanted), _MANY)]
        return {r[0] for r in self._rows(*(select(t.batch.c.batch_id).where(t.batch.c.batch_id.in_(p)) for p in parts))}

    def batches(self, source: str | None = None, since: int | None = None, limit: int | None = None) -> pd.DataFrame:
        """Registered batches, oldest first: batch_id, feed, source, origin, recorded_at [UTC], rows, quarantined,
        counts (JSON).

        Only of `source`, only recorded at or after `since` [s], only the `limit` newest, where given.
        """
        c = t.batch.c
        names = ("batch_id", "feed", "source", "origin", "recorded_at", "rows", "quarantined")
        s = select(*(c[n] for n in names)).order_by(c.recorded_at.desc(), c.position.desc()).limit(limit)
        s = s.where(c.source == source) if source is not None else s
        s = s.where(c.recorded_at >= since) if since is not None else s
        frame = pd.DataFrame([tuple(r) for r in reversed(self._rows(s))], columns=list(names))
        when = pd.to_datetime(frame["recorded_at"].astype("int64"), unit="s", utc=True).astype("datetime64[us, UTC]")
        texts = dict.fromkeys(names[:4], "str")
        return frame.assign(recorded_at=when).astype({**texts, "rows": "int64", "quarantined": "int64"})

    def files(
        self,
        feed: str | None = None,
        *,
        slots: tuple[int, int] | None = None,
        recorded: tuple[int | None, int] | None = None,
    ) -> list[StoredFile]:
        """Registered files in order of registration.

        With `slots`, those that may hold rows with slots[0] <= slot < slots[1]; with `recorded`, rows with
        recorded[0] < recorded_at <= recorded[1]. A file without such times may always.
        """
        c = t.file.c
        s = select(t.file).order_by(c.position)
        s = s.where(c.feed == feed) if feed is not None else s
        if slots is not None:
            s = s.where(or_(c.slot_min.is_(None), (c.slot_max >= slots[0]) & (c.slot_min < slots[1])))
        if recorded is not None:
            inside = c.recorded_min <= recorded[1]
            inside = inside if recorded[0] is None else inside & (c.recorded_max > recorded[0])
            s = s.where(or_(c.recorded_min.is_(None), inside))
        return [_stored(r) for r in self._rows(s)]

    def paths(self) -> set[str]:
        """Every path that the ledger holds on to (files and snapshots): what a sweep must leave."""
        return {r[0] for r in self._rows(select(t.file.c.path), select(t.snapshot.c.path))}

    def watermark(self, name: str) -> int | None:
        """The value of a watermark [s], None before it was first set."""
        return next(
            (int(r[0]) for r in self._rows(select(t.watermark.c.value).where(t.watermark.c.name == name))), None
        )

    def ticks(self, start: int | None = None, end: int | None = None) -> list[Tick]:
        """Finished ticks by slot, start <= slot < end [s]."""
        s = select(t.tick).order_by(t.tick.c.slot)
        s = s.where(t.tick.c.slot >= start) if start is not None else s
        s = s.where(t.tick.c.slot < end) if end is not None else s
        return [Tick(r.slot, r.known_at, r.committed_at, bool(r.learning), json.loads(r.counts)) for r in self._rows(s)]

    def counts(self, since: int | None = None) -> pd.DataFrame:
        """Tallies summed: source, feed, name, value; with `since` [s], from the hour on that it lies in.

        Every registered batch adds its `rows`, its `quarantined` and what its collector counted.
        """
        c = t.tally.c
        key = (c.source, c.feed, c.name)
        s = select(*key, func.sum(c.value)).group_by(*key).order_by(*key)
        s = s.where(c.hour >= since - since % _HOUR) if since is not None else s
        rows = [(r[0], r[1], r[2], int(r[3])) for r in self._rows(s)]
        frame = pd.DataFrame(rows, columns=["source", "feed", "name", "value"])
        return frame.astype({"source": "str", "feed": "str", "name": "str", "value": "int64"})

    def snapshot(self, at_or_before: int | None = None) -> tuple[int, str] | None:
        """(slot, path) of the newest snapshot at or before a slot [s], of all where none is given."""
        s = select(t.snapshot.c.slot, t.snapshot.c.path).order_by(t.snapshot.c.slot.desc()).limit(1)
        s = s.where(t.snapshot.c.slot <= at_or_before) if at_or_before is not None else s
        return next(((int(r[0]), str(r[1])) for r in self._rows(s)), None)

    def holder(self, lease: str, now: datetime) -> str | None:
        """Who holds a lease at `now`, None where nobody does."""
        c = t.lease.c
        s = select(c.holder).where((c.name == lease) & (c.expires_us > int(now.timestamp() * 1e6)))
        return next((str(r[0]) for r in self._rows(s)), None)

    def codes(self) -> dict[str, list[str]]:
        """Texts of every coding in the order of their codes."""
        out: dict[str, list[str]] = {}
        for r in self._rows(select(t.code).order_by(t.code.c.coding, t.code.c.first)):
            out.setdefault(r.coding, []).extend(json.loads(r.texts))
        return out


def _stored(r: Any) -> StoredFile:
    return StoredFile(
        path=r.path,
        feed=r.feed,
        rows=r.rows,
        slot_min=r.slot_min,
        slot_max=r.slot_max,
        recorded_min=r.recorded_min,
        recorded_max=r.recorded_max,
        bytes=r.bytes,
        position=r.position,
    )


class FlowWrites(Writes):
    """What one transaction adds to batches, files, watermarks, ticks, tallies, snapshots and codings."""

    def register_batch(
        self,
        batch_id: str,
        feed: str,
        source: str,
        origin: str,
        recorded_at: int,
        rows: int,
        quarantined: int,
        counts: Mapping[str, int],
    ) -> bool:
        """Take a batch, recorded at `recorded_at` [s], and add its tallies; False, and nothing, where it
        is already there.
        """
        return self.register_batches(feed, source, recorded_at, [(batch_id, origin, rows, quarantined)], counts) == 1

    def register_batches(
        self,
        feed: str,
        source: str,
        recorded_at: int,
        batches: Sequence[tuple[str, str, int, int]],
        counts: Mapping[str, int],
    ) -> int:
        """Take batches of one source, each (id, origin, rows, quarantined), and add their tallies and `counts`.

        How many were new; where none was, nothing is added.
        """
        known: set[str] = set()
        ids = [b[0] for b in batches]
        for i in range(0, len(ids), _MANY):
            some = select(t.batch.c.batch_id).where(t.batch.c.batch_id.in_(ids[i : i + _MANY]))
            known.update(r[0] for r in self._connection.execute(some))
        fresh = [b for b in batches if b[0] not in known]
        if not fresh:
            return 0
        common = {"feed": feed, "source": source, "recorded_at": recorded_at}
        names = ("batch_id", "origin", "rows", "quarantined")
        self._connection.execute(insert(t.batch), [{**common, **dict(zip(names, b, strict=True))} for b in fresh])
        sums = {"rows": sum(b[2] for b in fresh), "quarantined": sum(b[3] for b in fresh)}
        for name, value in {**sums, **counts}.items():
            if value:
                self.count(source, name, value, recorded_at, feed=feed)
        return len(fresh)

    def register_file(self, file: StoredFile, batch_id: str | None = None) -> None:
        """Register a file; again is harmless, the same path with another content is a StorageError."""
        there = self._one(select(t.file).where(t.file.c.path == file.path))
        if there is None:
            names = ("path", "feed", "rows", "slot_min", "slot_max", "recorded_min", "recorded_max", "bytes")
            self._add(t.file, batch_id=batch_id, **{n: getattr(file, n) for n in names})
        elif _stored(there) != file:
            raise StorageError(f"{file.path} is registered with another content")

    def unregister_file(self, path: str) -> None:
        """Let go of a file; StorageError where it is not registered (another process was first)."""
        if self._connection.execute(delete(t.file).where(t.file.c.path == path)).rowcount != 1:
            raise StorageError(f"{path} is not registered")

    def watermark(self, name: str) -> int | None:
        """The value of a watermark inside this transaction: it can't change before the commit."""
        row = self._one(select(t.watermark.c.value).where(t.watermark.c.name == name))
        return None if row is None else int(row[0])

    def set_watermark(self, name: str, value: int) -> None:
        """Move a watermark forward [s]; StorageError where it would move back."""
        old = self.watermark(name)
        if old is None:
            self._add(t.watermark, name=name, value=value)
        elif value < old:
            raise StorageError(f"watermark {name} stands at {old} and can't move back to {value}")
        elif value > old:
            self._connection.execute(update(t.watermark).where(t.watermark.c.name == name).values(value=value))

    def tick(self, tick: Tick) -> bool:
        """Note a finished tick; False, and nothing, where its slot is already done."""
        if self._one(select(t.tick.c.slot).where(t.tick.c.slot == tick.slot)) is not None:
            return False
        counts = json.dumps({k: int(v) for k, v in tick.counts.items()}, sort_keys=True)
        values = {
            "slot": tick.slot,
            "known_at": tick.known_at,
            "committed_at": tick.committed_at,
            "learning": tick.learning,
        }
        self._add(t.tick, **values, counts=counts)
        return True

    def count(self, source: str, name: str, value: int, at: int, *, feed: str = "") -> None:
        """Add `value` to a tally of the hour that `at` [s] lies in."""
        c = t.tally.c
        hour = at - at % _HOUR
        mine = (c.source == source) & (c.feed == feed) & (c.name == name) & (c.hour == hour)
        if self._connection.execute(update(t.tally).where(mine).values(value=c.value + int(value))).rowcount == 0:
            values = {"source": source, "feed": feed, "name": name, "hour": hour, "value": int(value)}
            self._add(t.tally, **values)

    def put_snapshot(self, slot: int, path: str) -> list[str]:
        """Note the snapshot of a slot and let go of all but the newest two: their paths, for deletion after the
        commit.
        """
        c = t.snapshot.c
        before = {int(r.slot): str(r.path) for r in self._connection.execute(select(t.snapshot))}
        after = dict(sorted({**before, slot: path}.items())[-KEPT_SNAPSHOTS:])
        self._connection.execute(delete(t.snapshot).where(or_(c.slot.not_in(after), c.slot == slot)))
        if slot in after:
            self._add(t.snapshot, slot=slot, path=path)
        gone = sorted({*before.values(), path} - set(after.values()))
        self._connection.execute(delete(t.file).where(t.file.c.path.in_(gone)))
        return gone

    def add_codes(self, coding: str, first: int, texts: Sequence[str]) -> None:
        """Append texts to a coding, the first of them with code `first`.

        Texts that are there already are harmless; where one differs, or a gap would be left, it is a StorageError.
        """
        c = t.code.c
        mine = select(c.first, c.count, c.texts).where(c.coding == coding).order_by(c.first)
        overlap = self._connection.execute(mine.where(c.first + c.count > first)).all()
        end = int(self._connection.execute(select(func.sum(c.count)).where(c.coding == coding)).scalar() or 0)
        if first > end:
            raise StorageError(f"coding {coding} holds {end} texts, these were numbered from {first}")
        there = [text for r in overlap for text in json.loads(r[2])][first - (overlap[0][0] if overlap else first) :]
        common = min(len(there), len(texts))
        if list(texts[:common]) != there[:common]:
            raise StorageError(f"coding {coding} holds other texts from {first} on")
        rest = list(texts[common:])
        if rest:
            values = {"first": first + common, "count": len(rest), "texts": json.dumps(rest)}
            self._add(t.code, coding=coding, **values)
