"""The archive: the many, as immutable Parquet files in one folder that any engine can read.

    <feed>/date=YYYY-MM-DD/<name>.parquet      rows; the day is that of the first slot, else of the first known-time
    state/<name>.npz                           arrays of the detectors

A file appears whole or not at all (temporary name, fsync, rename, fsync of the folder) and never changes. Whether
it counts is for the ledger to say: what is not registered there is swept.
"""

from __future__ import annotations

import filecmp
import hashlib
import os
import re
import time
import uuid
import zipfile
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from cemcore.errors import StorageError
from cemcore.storage import rows
from cemcore.storage.records import StoredFile

STATE = "state"
_DAY = 86_400
_UNREGISTERED = 1 << 62
_NO_DAY = "__HIVE_DEFAULT_PARTITION__"
_TEMPORARY = ".part"
_ROW_GROUP = 131_072
_LARGE = 1 << 20
_TEXT_PAGE = 1 << 26
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+@=-]*")


class Archive:
    """Files of rows and of detector state under `root`; nothing is created before the first write."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, feed: str, name: str, frame: pd.DataFrame) -> StoredFile:
        """Write rows as one file, durable when this returns.

        Times need a time zone; `slot` and `recorded_at` may be whole seconds since 1970 UTC instead. The same name
        and content again gives the same file; another content under the same name goes beside it, its digest in the
        name. StorageError where it can't be written.
        """
        return self.write_table(feed, name, rows.to_table(frame))

    def write_table(self, feed: str, name: str, table: pa.Table, *, large: bool = False) -> StoredFile:
        """`write` for an Arrow table that has the archive's types.

        large: laid out to be read whole and fast: groups of a million rows, lightly packed, only texts and times by
        dictionary. Texts may then come as Arrow dictionaries; they are read back as texts.
        """
        slots, recorded = rows.span(table, "slot"), rows.span(table, "recorded_at")
        first = slots[0] if slots[0] is not None else recorded[0]
        day = _NO_DAY if first is None else str(np.datetime64(first // _DAY, "D"))
        path = f"{_checked(feed)}/date={day}/{_checked(name)}.parquet"
        layout = _large(table) if large else {"compression": "zstd", "row_group_size": _ROW_GROUP}
        kept = self._keep(path, lambda p: pq.write_table(table, p, **layout))
        return StoredFile(kept, str(feed), table.num_rows, *slots, *recorded, (self.root / kept).stat().st_size)

    def read(
        self,
        files: Sequence[StoredFile],
        *,
        columns: Sequence[str] | None = None,
        slots: tuple[int, int] | None = None,
        recorded: tuple[int | None, int] | None = None,
    ) -> pd.DataFrame:
        """Rows of files, with slots[0] <= slot < slots[1] and recorded[0] < recorded_at <= recorded[1] [s] where
        given.

        In the order of recorded_at, then of registration (of `files`, where they are not registered), then of the
        rows; columns that some file lacks are missing values in its rows. A row without the time that is asked
        about is left out. StorageError for a file that is gone or damaged, or a column that no file has.
        """
        wanted = None if columns is None else [*columns, *(c for c in rows.HELPERS if c not in columns)]
        tables = self._tables([f for f in files if f.meets(slots, recorded)], wanted, slots, recorded)
        return rows.in_order(tables, columns) if tables else pd.DataFrame({c: [] for c in columns or ()})

    def columns_of(self, file: StoredFile) -> list[str]:
        """Names of the columns that a file has; StorageError where it is gone or damaged."""
        try:
            return list(pq.read_schema(self.root / file.path).names)
        except (OSError, pa.ArrowException) as e:
            raise StorageError(f"{file.path} can't be read: {e}") from e

    def read_numbered(self, files: Sequence[StoredFile]) -> pa.Table:
        """All rows of files with `_file` and `_row`, which keep the order of `read` in a file they are merged
        into.
        """
        return rows.together(self._tables(files, None, None, None))

    def columns(self, path: str, columns: Sequence[str], texts: Collection[str]) -> pa.Table:
        """Those of `columns` that a file has, in its own order; `texts` as Arrow dictionaries. StorageError where it is
        gone or damaged.
        """
        return self._table(path, columns, tuple(texts))

    def write_state(self, name: str, arrays: Mapping[str, NDArray[Any]], slot: int | None = None) -> StoredFile:
        """Write plain arrays as one file, durable when this returns; `slot` [s] says after which slot they stood."""
        for key, array in arrays.items():
            if np.asarray(array).dtype.hasobject:
                raise StorageError(f"state {name}: {key} is not a plain array")
        path = self._keep(f"{STATE}/{_checked(name)}.npz", lambda p: _save(p, arrays))
        return StoredFile(path, STATE, 0, slot, slot, None, None, (self.root / path).stat().st_size)

    def read_state(self, file: StoredFile | str) -> dict[str, NDArray[Any]]:
        """The arrays of a state file; StorageError where it is gone or damaged."""
        path = file if isinstance(file, str) else file.path
        try:
            with (self.root / path).open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
                return {k: stored[k] for k in stored.files}
        except (OSError, ValueError, zipfile.BadZipFile) as e:
            raise StorageError(f"{path} can't be read: {e}") from e

    def touch(self, paths: Collection[str]) -> None:
        """Start the age of files anew, so that a sweep leaves them a while longer to those who read them."""
        for path in paths:
            try:
                os.utime(self.root / path)
            except FileNotFoundError:
                continue

    def sweep(self, registered: Collection[str], *, older_than_s: float = 0) -> list[str]:
        """Remove files that are not registered and at least `older_than_s` old; returns their paths.

        `registered` is `Ledger.paths()`, read just before. While others write, give them time by `older_than_s`.
        """
        keep = set(registered)
        limit = time.time() - older_than_s
        gone = []
        for file in self._files():
            path = file.relative_to(self.root).as_posix()
            try:
                if path not in keep and file.stat().st_mtime <= limit:
                    file.unlink()
                    gone.append(path)
            except FileNotFoundError:
                continue
        return gone

    def usage(self) -> pd.DataFrame:
        """What lies on disk: feed, files, rows, bytes."""
        found: dict[str, list[int]] = {}
        for file in self._files():
            if file.suffix not in (".parquet", ".npz"):
                continue
            counted = pq.read_metadata(file).num_rows if file.suffix == ".parquet" else 0
            tally = found.setdefault(file.relative_to(self.root).parts[0], [0, 0, 0])
            for i, value in enumerate((1, counted, file.stat().st_size)):
                tally[i] += value
        lines = [(feed, *tally) for feed, tally in sorted(found.items())]
        numbers = {"files": "int64", "rows": "int64", "bytes": "int64"}
        return pd.DataFrame(lines, columns=["feed", *numbers]).astype({"feed": "str", **numbers})

    def _files(self) -> list[Path]:
        return sorted(p for p in self.root.rglob("*") if p.is_file())

    def _tables(
        self,
        files: Sequence[StoredFile],
        columns: Sequence[str] | None,
        slots: tuple[int, int] | None,
        recorded: tuple[int | None, int] | None,
    ) -> list[pa.Table]:
        tables = []
        for i, f in enumerate(sorted(files, key=lambda f: f.position or _UNREGISTERED)):
            table = rows.numbered(self._table(f.path, columns), f.position or _UNREGISTERED + i)
            tables.append(rows.within(table, slots, recorded))
        return tables

    def _table(self, path: str, columns: Sequence[str] | None, texts: Sequence[str] | None = None) -> pa.Table:
        try:
            with pq.ParquetFile(self.root / path, read_dictionary=texts) as stored:
                there = stored.schema_arrow.names
                return stored.read(columns=None if columns is None else [c for c in there if c in columns])
        except (OSError, pa.ArrowException) as e:
            raise StorageError(f"{path} can't be read: {e}") from e

    def _keep(self, path: str, write: Callable[[Path], None]) -> str:
        """Write to a temporary file, make it durable, give it its name; returns the path it has now."""
        target = self.root / path
        try:
            _folder(target.parent)
            temporary = target.parent / f".{uuid.uuid4().hex}{_TEMPORARY}"
            write(temporary)
            _sync(temporary)
            if target.exists() and not filecmp.cmp(target, temporary, shallow=False):
                target = target.with_name(f"{target.stem}~{_digest(temporary)}{target.suffix}")
            os.replace(temporary, target)
            _sync(target.parent)
        except (OSError, pa.ArrowException) as e:
            raise StorageError(f"{path} can't be written: {e}") from e
        return target.relative_to(self.root).as_posix()


def _large(table: pa.Table) -> dict[str, Any]:
    """How `pq.write_table` lays out rows that are read whole and fast."""
    few = (pa.types.is_dictionary, pa.types.is_string, pa.types.is_timestamp)
    return {
        "compression": "zstd",
        "compression_level": 1,
        "row_group_size": _LARGE,
        "use_dictionary": [f.name for f in table.schema if any(kind(f.type) for kind in few)],
        "dictionary_pagesize_limit": _TEXT_PAGE,
        "store_schema": False,
        "write_statistics": [f.name for f in table.schema if pa.types.is_timestamp(f.type)],
    }


def as_known(frame: pd.DataFrame, key: Sequence[str]) -> pd.DataFrame:
    """The newest row of each key: what "slot S as known at K" comes to, once rows recorded after K are left out.

    Newest by `recorded_at`, among equals the last in order; rows come in that order too.
    """
    recorded = frame["recorded_at"]
    if not recorded.is_monotonic_increasing:
        frame = frame.iloc[np.argsort(recorded.to_numpy(), kind="stable")]
    return frame.drop_duplicates(subset=list(key), keep="last").reset_index(drop=True)


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise StorageError(f"{name!r} is no name for a file of the archive")
    return name


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:16]


def _save(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    with path.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **{k: np.asarray(v) for k, v in arrays.items()})


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _folder(path: Path) -> None:
    """Make a folder and those above it, each durable."""
    if path.is_dir():
        return
    _folder(path.parent)
    path.mkdir(exist_ok=True)
    _sync(path.parent)
