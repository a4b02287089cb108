"""What a partition tells room three of a slot: its bad rows, rows of the subjects that are followed, a sample, and sums
of the others by what they depend on.

Sums are of weights that are multiples of a fixed part of a nat (`wide.slots.quantised`), so that they are the same for
any number of partitions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cemcore.panel import Bool, Float32, Float64, Int8, Int32, Int64, Rows
from cemcore.pipeline.localisation.evidence import CHANNELS, weights
from cemcore.pipeline.localisation.wide.slots import quantised
from cemcore.pipeline.partition import Held

SAMPLED = 64
"""Of the other rows, those of one subject in so many are sent as a sample."""


@dataclass(frozen=True)
class People:
    """What the centre knows of a partition's subjects, by the partition's own number: code int32 (the centre's, -1
    unknown), made and customer int32, core int32 (subjects, services): class of gateway and endpoint; place int32: the
    centre's code of each of the partition's resources.
    """

    code: Int32
    made: Int32
    customer: Int32
    core: Int32
    place: Int32


@dataclass(frozen=True)
class Spoken(Rows):
    """Rows that are told one by one. kind int8: 0 sent, 1 followed, 2 sampled; subject: the centre's code."""

    kind: Int8
    subject: Int32
    service: Int32
    place: Int32
    core: Int32
    made: Int32
    customer: Int32
    surprise: Float32
    minutes: Float32
    depth: Float32


@dataclass(frozen=True)
class Said:
    """A partition's word on a slot: rows, and (keys, sums (keys, CHANNELS)) of all rows that are not sent, by
    access place and core class (place << 32 | core), by make and by customer.
    """

    rows: Spoken
    paths: tuple[Int64, Float64]
    mades: tuple[Int64, Float64]
    customers: tuple[Int64, Float64]


def tell(held: Held, people: People, followed: Bool, least: float) -> Said:
    """What is told of the judged rows: those of a surprise of `least` or more are sent; followed: by the centre's code,
    whether all rows of a subject are wanted.
    """
    at = np.flatnonzero(np.isfinite(held.surprise) & (held.rows.subject < len(people.code)))
    at = at[people.code[held.rows.subject[at]] >= 0]
    rows, surprise = held.rows.take(at), held.surprise[at]
    subject, n = rows.subject, len(at)
    code = people.code[subject]
    place = np.where(rows.resource >= 0, people.place[np.minimum(rows.resource, len(people.place) - 1)], -1)
    place = np.where(rows.resource < len(people.place), place, -1).astype(np.int32)
    sent = surprise >= least
    near = followed[np.minimum(code, len(followed) - 1)] if len(followed) else np.zeros(n, np.bool_)
    chosen = code % SAMPLED == held.clock.slot // held.clock.seconds % SAMPLED
    kind = np.where(sent, 0, np.where(near, 1, np.where(chosen, 2, -1))).astype(np.int8)
    minutes = np.where(held.scored.below[at], np.float32(held.clock.seconds / 60), 0).astype(np.float32)
    spoken = Spoken(
        kind, code, rows.service, place, people.core[subject, rows.service], people.made[subject],
        people.customer[subject], surprise, minutes, np.nan_to_num(held.scored.depth[at]).astype(np.float32),
    )  # fmt: skip
    good = np.flatnonzero(~sent)
    nothing = np.zeros(len(good), np.float32)
    w = quantised(weights(surprise[good], nothing, nothing))
    path = path_key(place[good], spoken.core[good])
    return Said(
        spoken.take(np.flatnonzero(kind >= 0)), _summed(path, w), _summed(spoken.made[good].astype(np.int64), w),
        _summed(spoken.customer[good].astype(np.int64), w),
    )  # fmt: skip


def path_key(place: Int32, core: Int32) -> Int64:
    """One whole number for an access place (-1 unknown) and a core class."""
    return np.asarray((place.astype(np.int64) << 32) | (core.astype(np.int64) + 1))


def summed(parts: list[tuple[Int64, Float64]]) -> tuple[Int64, Float64]:
    """Sums over partitions."""
    key, at = np.unique(np.concatenate([k for k, _ in parts]), return_inverse=True)
    out = np.zeros((len(key), CHANNELS))
    np.add.at(out, at, np.concatenate([s for _, s in parts]))
    return key, out


def _summed(key: Int64, w: Float32) -> tuple[Int64, Float64]:
    known, at = np.unique(key, return_inverse=True)
    out = np.stack([np.bincount(at, weights=w[:, c], minlength=len(known)) for c in range(CHANNELS)], axis=1)
    return known, out.astype(np.float64)
