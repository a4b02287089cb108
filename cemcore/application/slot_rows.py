"""A partition's quality records of a slot, straight from the archive's files into arrays: no object a row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa

from cemcore.catalogue import NARROWING, Catalogue, kqi_values
from cemcore.catalogue.checks import formulas
from cemcore.codes import Codes
from cemcore.frames import ATTRIBUTES
from cemcore.panel import Bool, Float32, Float64, Int32, Int64, QualityRows
from cemcore.pipeline.partition_state import PartitionState
from cemcore.storage import Archive, StoredFile
from cemcore.storage.parts import buffers, part, partitions_of

OTHER = 1 << 20
"""Code of a text that is there and that no requirement profile names."""
_TEXTS = ("subject_id", "service", "resource_id")
_TIMES = ("slot", "recorded_at")
_SECOND = 1_000_000


@dataclass(frozen=True)
class Due:
    """Which records a tick takes [s]: of slots in (slot - horizon, slot], known by `until`, and either not yet known
    at `after` or of a slot after `since`, the slot of the tick before. Slots are `seconds` long.
    """

    slot: int
    seconds: int
    after: int
    until: int
    since: int
    horizon_s: int

    def holds_all(self, file: StoredFile) -> bool:
        """Whether every row of the file is of this very slot, and due."""
        if file.slot_min is None or file.slot_max is None or file.recorded_max is None:
            return False
        in_slot = file.slot_min >= self.slot and file.slot_max < self.slot + self.seconds
        return in_slot and file.recorded_max <= self.until and self.slot > self.since

    def of(self, slot: Int64, recorded: Int64) -> Bool:
        """Which rows are due, by slot (its start) [s] and recorded time [us]."""
        known = recorded <= self.until * _SECOND
        news = (recorded > self.after * _SECOND) | (slot > self.since)
        return np.asarray(known & news & (slot <= self.slot) & (slot > self.slot - self.horizon_s))


@dataclass(frozen=True)
class Reader:
    """Reads for partition `number` of `of`, which numbers its texts in `state`."""

    archive: Archive
    catalogue: Catalogue
    codes: dict[str, Codes]
    number: int
    of: int

    def rows(self, state: PartitionState, files: Sequence[StoredFile], due: Due) -> QualityRows:
        """The due records of `files`, in the order of the files; `recorded` in microseconds."""
        parts = [p for p in (self._file(state, f, due) for f in files) if len(p)]
        if len(parts) == 1:
            return parts[0]
        return QualityRows.concat(parts) if parts else self._table(state, _nothing(), None, due)

    def _file(self, state: PartitionState, file: StoredFile, due: Due) -> QualityRows:
        whole, mine = due.holds_all(file), part(file.path) == (self.number, self.of)
        constant = whole and file.recorded_min == file.recorded_max
        wanted = [*_TEXTS, "sessions", *self._carried(), *self._narrowed(), *(() if constant else _TIMES[whole:])]
        table = self.archive.columns(file.path, wanted, (*_TEXTS, *self._narrowed()))
        keep: Bool | None = None
        if not whole:
            keep = due.of(_slots(table, due.seconds), _micros(table, "recorded_at"))
        if not mine:
            own = partitions_of(table["subject_id"], self.of) == self.number
            keep = own if keep is None else keep & own
        if keep is not None:
            table = table.filter(pa.array(keep)) if not keep.all() else table
        return self._table(state, table, file if constant else None, due)

    def _table(self, state: PartitionState, table: pa.Table, constant: StoredFile | None, due: Due) -> QualityRows:
        n = table.num_rows
        services = {s: i for i, s in enumerate(self.catalogue.services)}
        service = _coded(table, "service", lambda d: np.array([services.get(t, -1) for t in d.to_pylist()], np.int32))
        if (service < 0).any():
            known = service >= 0
            table, service, n = table.filter(pa.array(known)), service[known], int(known.sum())
        if constant is not None:
            recorded = np.full(n, (constant.recorded_min or 0) * _SECOND, np.int64)
        else:
            recorded = _micros(table, "recorded_at")
        slot = np.full(n, due.slot, np.int64) if "slot" not in table.column_names else _slots(table, due.seconds)
        return QualityRows(
            slot=slot,
            subject=_coded(table, "subject_id", lambda d: state.subjects.add(*buffers(d))),
            service=service,
            resource=_coded(table, "resource_id", lambda d: state.resources.add(*buffers(d))),
            kqis=self._kqis(table),
            sessions=_floats(table, "sessions", np.empty(n, np.float32)),
            attributes=self._attributes(table),
            recorded=recorded,
        )

    def _carried(self) -> tuple[str, ...]:
        """Number columns that KQIs come from."""
        names = dict.fromkeys(k for k, q in self.catalogue.kqi_table.items() if not q.formula)
        for formula in formulas(self.catalogue).values():
            names |= dict.fromkeys(i for i in formula.inputs if i not in self.catalogue.kqis)
        return tuple(names)

    def _narrowed(self) -> tuple[str, ...]:
        """Attributes of the session that profiles are narrowed by."""
        return tuple(n for n in NARROWING if n in ATTRIBUTES and len(self.codes[n]))

    def _kqis(self, table: pa.Table) -> Float32:
        if any(q.formula for q in self.catalogue.kqi_table.values()):
            return kqi_values(self.catalogue, partial(_doubles, table))
        out = np.empty((table.num_rows, len(self.catalogue.kqis)), np.float32, order="F")
        for j, name in enumerate(self.catalogue.kqis):
            _floats(table, name, out[:, j])
        return out

    def _attributes(self, table: pa.Table) -> Int32:
        if not self._narrowed():
            return np.broadcast_to(np.int32(-1), (table.num_rows, len(ATTRIBUTES)))
        out = np.full((table.num_rows, len(ATTRIBUTES)), -1, np.int32)
        for name in self._narrowed():
            if name in table.column_names:
                out[:, ATTRIBUTES.index(name)] = _coded(table, name, partial(named, self.codes[name]))
        return out


def named(codes: Codes, texts: pa.Array) -> Int32:
    """Codes of the texts that profiles name, `OTHER` of the rest, -1 where there is none."""
    found = codes.find(texts.to_pandas())
    return np.where((found < 0) & texts.is_valid().to_numpy(zero_copy_only=False), OTHER, found).astype(np.int32)


def _coded(table: pa.Table, name: str, look_up: Callable[[pa.Array], Int32]) -> Int32:
    """Codes of a text column, each different text of a chunk that is in use looked up once; -1 for a missing one."""
    if name not in table.column_names:
        return np.full(table.num_rows, -1, np.int32)
    parts = []
    for chunk in table[name].chunks:
        coded = chunk if pa.types.is_dictionary(chunk.type) else chunk.dictionary_encode()
        at = coded.indices.fill_null(-1).to_numpy() if coded.null_count else coded.indices.to_numpy()
        used = np.zeros(len(coded.dictionary) + 1, np.bool_)
        used[at] = True
        if used[:-1].all():
            codes = np.append(look_up(coded.dictionary), np.int32(-1))
        else:
            codes = np.full(len(used), -1, np.int32)
            codes[:-1][used[:-1]] = look_up(coded.dictionary.filter(pa.array(used[:-1])))
        parts.append(codes[at])
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.zeros(0, np.int32)


def _floats(table: pa.Table, name: str, out: Float32) -> Float32:
    """A number column into `out`, NaN where it is missing."""
    if name not in table.column_names or pa.types.is_null(table[name].type):
        out[:] = np.nan
        return out
    begin = 0
    for chunk in table[name].chunks:
        out[begin : begin + len(chunk)] = chunk.to_numpy(zero_copy_only=False)
        begin += len(chunk)
    return out


def _doubles(table: pa.Table, name: str) -> Float64:
    if name not in table.column_names:
        return np.full(table.num_rows, np.nan)
    return np.asarray(table[name].to_numpy(zero_copy_only=False), np.float64)


def _micros(table: pa.Table, name: str) -> Int64:
    return np.asarray(table[name].cast(pa.int64()).to_numpy())


def _slots(table: pa.Table, seconds: int) -> Int64:
    """Start of the slot that each record begins in [s]."""
    return _micros(table, "slot") // (_SECOND * seconds) * seconds


def _nothing() -> pa.Table:
    texts = {t: pa.array([], pa.string()) for t in _TEXTS}
    return pa.table({**texts, **{t: pa.array([], pa.timestamp("us", tz="UTC")) for t in _TIMES}})
