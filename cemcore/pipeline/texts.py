"""Dense numbers for many texts: append-only, exact, without an object a text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cemcore.kernels import hashing
from cemcore.kernels.hashing import UInt8, UInt64
from cemcore.panel import Int32, Int64

_LEAST = 32


@dataclass
class Texts:
    """The first text seen is 0, the next 1 ...; changed in place, and only ever grown.

    Equal means equal bytes (a hash only says where to look). Texts come and go as Arrow keeps them: `data` uint8, and
    `offsets` int64 with one more than there are texts.
    """

    _table: UInt64 = field(default_factory=lambda: np.zeros(_LEAST, np.uint64))
    _kept: UInt8 = field(default_factory=lambda: np.zeros(8 * _LEAST, np.uint8))
    _ends: Int64 = field(default_factory=lambda: np.zeros(_LEAST, np.int64))
    _have: Int64 = field(default_factory=lambda: np.zeros(1, np.int64))

    def __len__(self) -> int:
        return int(self._have[0])

    def find(self, data: UInt8, offsets: Int64) -> Int32:
        """Codes of texts, -1 where a text has none."""
        out = np.empty(len(offsets) - 1, np.int32)
        hashing.find(self._table, self._kept, self._ends, data, offsets, out)
        return out

    def add(self, data: UInt8, offsets: Int64) -> Int32:
        """Codes of texts, giving new ones, in order of appearance, to those that have none."""
        codes = self.find(data, offsets)
        new = codes < 0
        if new.any():
            self._make_room(int(new.sum()), int(np.diff(offsets)[new].sum()))
            hashing.add(self._table, self._kept, self._ends, data, offsets, codes, self._have)
        return codes

    def all(self, first: int = 0) -> tuple[UInt8, Int64]:
        """(data, offsets) of the texts from code `first` on; views, not to be changed."""
        offsets = self._ends[first : len(self) + 1]
        return self._kept[offsets[0] : offsets[-1]], offsets - offsets[0]

    def text(self, code: int) -> str:
        """The text of one code."""
        return self._kept[self._ends[code] : self._ends[code + 1]].tobytes().decode()

    def get_state(self, first: int = 0) -> dict[str, NDArray[Any]]:
        """The texts from code `first` on, as plain arrays."""
        data, offsets = self.all(first)
        return {"data": data, "offsets": offsets}

    def set_state(self, state: Mapping[str, NDArray[Any]]) -> Texts:
        """Other texts with the codes that they had; `append` for a part that begins later."""
        return Texts().append(state)

    def append(self, state: Mapping[str, NDArray[Any]]) -> Texts:
        """These texts and those of `state`, which are new and come next; in place."""
        data, offsets = np.asarray(state["data"], np.uint8), np.asarray(state["offsets"], np.int64)
        if len(offsets) > 1:
            self._make_room(len(offsets) - 1, len(data))
            codes = np.full(len(offsets) - 1, -1, np.int32)
            hashing.add(self._table, self._kept, self._ends, data, offsets, codes, self._have)
        return self

    def _make_room(self, more: int, data: int) -> None:
        n, filled = len(self) + more, int(self._ends[len(self)]) + data
        if len(self._kept) < filled:
            self._kept = _longer(self._kept, max(filled, len(self._kept) * 3 // 2))
        if len(self._ends) < n + 2:
            self._ends = _longer(self._ends, max(n + 2, len(self._ends) * 3 // 2))
        if len(self._table) < 2 * n:
            self._table = np.zeros(1 << (2 * n - 1).bit_length(), np.uint64)
            hashing.fill(self._table, self._kept, self._ends, len(self))


def _longer(array: NDArray[Any], n: int) -> NDArray[Any]:
    out = np.zeros(n, array.dtype)
    out[: len(array)] = array
    return out
