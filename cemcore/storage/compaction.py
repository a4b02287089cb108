"""Compaction and retention: fewer, sorted files for the same rows, and an end to the oldest. Neither changes what a
read of kept rows returns.

New files are written first, one transaction swaps the registration, old files go with a later sweep: killed at any
point, every row is registered once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from cemcore.domain import INVENTORY
from cemcore.panel import Int64
from cemcore.storage.archive import Archive
from cemcore.storage.ledger import Ledger
from cemcore.storage.records import StoredFile

BUCKET_ROWS = 1_000_000
"""Rows a bucket holds at most, by and large."""

_SUBJECTS = ("subject_id", "subject", "object_id", "resource_id", "customer_id")


def compact(
    archive: Archive, ledger: Ledger, feed: str, before_slot: int, *, bucket_rows: int = BUCKET_ROWS
) -> list[str]:
    """Merge the files of each day that end before `before_slot` [s] into buckets by hash of the subject, sorted by
    subject.

    Returns the paths that are no longer registered; sweep them once readers are through. A day that has no more
    files than it would get is left alone. StorageError, and nothing changed, where another process changed these
    files meanwhile.
    """
    if feed in INVENTORY:
        return []
    days: dict[str, list[StoredFile]] = {}
    for f in ledger.files(feed):
        last = f.slot_max if f.slot_max is not None else f.recorded_max
        if last is not None and last < before_slot:
            days.setdefault(f.path.split("/")[1], []).append(f)
    gone: list[str] = []
    for _, files in sorted(days.items()):
        buckets = max(1, -(-sum(f.rows for f in files) // bucket_rows))
        if len(files) > buckets:
            gone += _merge(archive, ledger, files, buckets)
    return gone


def retain(archive: Archive, ledger: Ledger, feed: str, keep_from_slot: int) -> list[str]:
    """Let go of files that end before `keep_from_slot` [s] (by known-time where rows have no slot); returns their
    paths for the sweep.
    """
    if feed in INVENTORY:
        return []
    ends = [(f, f.slot_max if f.slot_max is not None else f.recorded_max) for f in ledger.files(feed)]
    old = [f.path for f, end in ends if end is not None and end < keep_from_slot]
    if old:
        with ledger.begin() as transaction:
            for path in old:
                transaction.unregister_file(path)
        archive.touch(old)
    return old


def _merge(archive: Archive, ledger: Ledger, files: Sequence[StoredFile], buckets: int) -> list[str]:
    table = archive.read_numbered(files)
    paths = [f.path for f in files]
    name = f"compact-{hashlib.sha256(chr(10).join(paths).encode()).hexdigest()[:16]}"
    merged = []
    for b, rows in enumerate(_buckets(table, buckets)):
        if len(rows):
            merged.append(archive.write_table(files[0].feed, f"{name}-{b:03d}", table.take(pa.array(rows))))
    with ledger.begin() as transaction:
        for path in paths:
            transaction.unregister_file(path)
        for file in merged:
            transaction.register_file(file)
    archive.touch(paths)
    return paths


def _buckets(table: pa.Table, buckets: int) -> list[Int64]:
    """Row numbers of each bucket, sorted by subject; one bucket in the order of the rows where there is no
    subject.
    """
    subject = next((c for c in _SUBJECTS if c in table.column_names), None)
    if subject is None:
        return [np.arange(table.num_rows)]
    subjects = table[subject].to_pandas()
    bucket = (pd.util.hash_pandas_object(subjects, index=False).to_numpy() % np.uint64(buckets)).astype(np.int64)
    ranks = pd.factorize(subjects, sort=True)[0]
    order = np.lexsort((ranks, bucket))
    ends = np.searchsorted(bucket[order], np.arange(buckets + 1))
    return [order[ends[b] : ends[b + 1]] for b in range(buckets)]
