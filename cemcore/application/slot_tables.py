"""What a partition found of a slot, as Arrow tables for the archive: the columns of `commit`, made without pandas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cemcore.application import versions
from cemcore.catalogue import Catalogue
from cemcore.domain import State
from cemcore.panel import Int8, Int32, Int64
from cemcore.pipeline.partition import Selected
from cemcore.pipeline.partition_state import PartitionState
from cemcore.storage.parts import to_texts
from cemcore.storage.rows import TIME

_SECOND = 1_000_000


def scores(selected: Selected, state: PartitionState, catalogue: Catalogue, known_at: int) -> pa.Table:
    """Every row with its score. What each KQI cost stands with the rows that are degraded or below requirement."""
    rows, scored = selected.rows, selected.scored
    n = len(rows)
    surprise, z = _numbers(selected.surprise), _numbers(selected.z)
    columns: dict[str, pa.Array] = {
        "slot": _times(rows.slot),
        "recorded_at": _times(np.full(n, known_at, np.int64)),
        "service": _words(rows.service, catalogue.services),
        "subject_id": _coded(rows.subject, to_texts(*state.subjects.all())),
        "resource_id": _coded(rows.resource, to_texts(*state.resources.all())),
        "sessions": _numbers(rows.sessions),
        "score": _numbers(scored.score),
        "requirement": _numbers(scored.requirement),
        "coverage": _numbers(scored.coverage),
        "profile": _words(scored.profile, tuple(p.name for p in catalogue.profiles)),
        "profile_version": _words(scored.profile, tuple(p.version for p in catalogue.profiles)),
        "catalogue": _words(np.zeros(n, np.int8), (versions.stamp(catalogue),)),
        "surprise": surprise,
        "z": z,
        "habit_surprise": surprise,
        "habit_z": z,
        "habit_expected": pa.nulls(n, pa.float32()),
        "state": _words(selected.state, (str(State.GOOD), str(State.DEGRADED), str(State.UNKNOWN))),
        "problem_id": pa.nulls(n, pa.string()),
    }
    for k, kqi in enumerate(catalogue.kqis):
        columns[f"cost_{kqi}"] = _sparse(n, selected.shown, selected.contributors[:, k])
    return pa.table(columns)


def degradations(selected: Selected, state: PartitionState, catalogue: Catalogue, known_at: int) -> pa.Table:
    """What was abnormal: one slot of one (service, subject) a row, with the begin of the episode that it belongs to."""
    of = selected.degraded
    rows, n = selected.rows.take(of), len(of)
    keys = to_texts(*state.subjects.all()).take(pa.array(rows.subject))
    return pa.table(
        {
            "slot": _times(rows.slot),
            "recorded_at": _times(np.full(n, known_at, np.int64)),
            "service": _words(rows.service, catalogue.services),
            "level": _words(np.zeros(n, np.int8), ("subject",)),
            "key": keys,
            "depth": _numbers(selected.scored.take(of).depth),
            "surprise": _numbers(selected.surprise[of]),
            "z": _numbers(selected.z[of]),
            "begin": _times(selected.begin),
        }
    )


def _times(seconds: Int64) -> pa.Array:
    return pa.array(seconds * _SECOND).cast(TIME)


def _numbers(values: NDArray[Any]) -> pa.Array:
    """Missing where NaN."""
    return pa.array(values, from_pandas=True)


def _words(codes: Int8 | Int32 | NDArray[np.int16], words: tuple[str, ...]) -> pa.Array:
    return _coded(codes.astype(np.int32), pa.array(words, pa.string()))


def _coded(codes: Int32, texts: pa.Array) -> pa.Array:
    missing = codes < 0
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=missing if missing.any() else None), texts)


def _sparse(n: int, at: Int64, values: NDArray[np.float32]) -> pa.Array:
    """Numbers at few of n places, missing elsewhere."""
    known = ~np.isnan(values)
    there = np.zeros(n, np.bool_)
    there[at[known]] = True
    filled = np.zeros(n, np.float32)
    filled[at[known]] = values[known]
    bits = pa.py_buffer(np.packbits(there, bitorder="little"))
    return pa.Array.from_buffers(pa.float32(), n, [bits, pa.py_buffer(filled)], n - int(known.sum()))
