"""Named random streams: every part of the town draws from its own, so that one part never disturbs another."""

from __future__ import annotations

import zlib

import numpy as np

Rng = np.random.Generator


def stream(seed: int, *names: str | int) -> Rng:
    """The generator of the part called `names`.

    The same seed and names give the same numbers, whatever else was drawn.
    """
    return np.random.default_rng(
        [seed, *(n & 0xFFFFFFFF if isinstance(n, int) else zlib.crc32(n.encode()) for n in names)]
    )


def knots(seed: int, name: str, count: int, times: np.ndarray, every: int) -> np.ndarray:
    """Slowly wandering unit noise, (count, len(times)): normal knots each `every` seconds of the epoch, lines between
    them.

    It needs no history: any stretch of time gives the same values whichever stretch was asked before.
    """
    first, last = int(times[0]) // every, int(times[-1]) // every + 1
    table = np.stack([stream(seed, name, k).standard_normal(count) for k in range(first, last + 1)], axis=1)
    at = times / every - first
    low = at.astype(np.int64)
    part = (at - low)[None, :]
    return np.asarray(table[:, low] * (1 - part) + table[:, low + 1] * part)
