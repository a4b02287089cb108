"""Files of one partition of subjects: `<name>-p03of08.parquet` holds the rows of partition 3 of 8, and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa

from cemcore.kernels import hashing
from cemcore.kernels.hashing import UInt8
from cemcore.panel import Int32, Int64
from cemcore.storage import rows
from cemcore.storage.archive import Archive
from cemcore.storage.records import StoredFile

_TAG = re.compile(r"-p(\d+)of(\d+)(?:~[0-9a-f]+)?\.[a-z]+$")


def tagged(name: str, number: int, of: int) -> str:
    """The name of a file of partition `number` of `of`."""
    return f"{name}-p{number:02d}of{of:02d}"


def part(path: str) -> tuple[int, int] | None:
    """(partition, of how many) that a file is of; None where it may hold rows of all."""
    found = _TAG.search(path)
    return None if found is None else (int(found[1]), int(found[2]))


def buffers(texts: pa.Array) -> tuple[UInt8, Int64]:
    """(data uint8, offsets int64) of Arrow texts, views where that can be; a missing text is empty."""
    if pa.types.is_large_string(texts.type) or not pa.types.is_string(texts.type):
        texts = texts.cast(pa.string())
    n = len(texts)
    _, offsets, data = texts.buffers()
    if n == 0 or offsets is None:
        return np.zeros(0, np.uint8), np.zeros(n + 1, np.int64)
    ends = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + n + 1].astype(np.int64)
    return (np.zeros(0, np.uint8) if data is None else np.frombuffer(data, np.uint8)), ends


def to_texts(data: UInt8, offsets: Int64) -> pa.Array:
    """Arrow texts of (data, offsets)."""
    held = pa.py_buffer(np.ascontiguousarray(offsets - offsets[0], np.int32))
    return pa.StringArray.from_buffers(len(offsets) - 1, held, pa.py_buffer(np.ascontiguousarray(data)))


def partitions_of(texts: pa.ChunkedArray | pa.Array, of: int) -> Int32:
    """The partition of each text, int32 (n); each different text is hashed once."""
    coded = texts.dictionary_encode()
    chunks = coded.chunks if isinstance(coded, pa.ChunkedArray) else [coded]
    parts = [
        np.append(hashing.partitions_of(*buffers(c.dictionary), of), np.int32(0))[c.indices.fill_null(-1).to_numpy()]
        for c in chunks
    ]
    return np.concatenate(parts) if parts else np.zeros(0, np.int32)


def split(table: pa.Table, of: int, column: str = "subject_id") -> Iterator[tuple[int, pa.Table]]:
    """(partition, its rows in their order) for every partition that has rows."""
    where = partitions_of(table[column], of)
    for number in np.unique(where):
        yield int(number), table.take(pa.array(np.flatnonzero(where == number)))


def write(archive: Archive, feed: str, name: str, frame: pd.DataFrame, of: int) -> list[StoredFile]:
    """Write rows as one file a partition of their subjects, laid out to be read whole; numbers as float32, which is
    what the corridor works with.
    """
    table = rows.to_table(frame)
    half = [pa.field(f.name, pa.float32() if pa.types.is_float64(f.type) else f.type) for f in table.schema]
    table = table.cast(pa.schema(half))
    return [archive.write_table(feed, tagged(name, p, of), mine, large=True) for p, mine in split(table, of)]
