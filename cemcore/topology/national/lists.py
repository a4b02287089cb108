"""Many short sorted lists of resources, one behind another, and growing room for loops that write them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cemcore.panel import Int32, Int64


@dataclass(frozen=True)
class Lists:
    """List k is items[begin[k]:begin[k] + size[k]], sorted; a size of -1 says that there is none."""

    begin: Int64
    size: Int32
    items: Int32

    @classmethod
    def none(cls) -> Lists:
        """No lists."""
        return cls(np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int32))

    def of(self, k: int) -> list[int]:
        """One list."""
        out: list[int] = self.items[self.begin[k] : self.begin[k] + self.size[k]].tolist()
        return out

    def placed(self, n: int, at: Int32) -> Lists:
        """The same lists, list k as that of number at[k] of n."""
        begin, size = np.zeros(n, np.int64), np.full(n, -1, np.int32)
        begin[at], size[at] = self.begin, self.size
        return Lists(begin, size, self.items)


def written(n: int, guess: int, write: Callable[[Int64, Int32, Int32, Int64], None]) -> Lists:
    """n lists from a loop write(begin, size, items, used) that sets used[0] to the items it wrote, or to -1 where there
    is no room for them; begins anew with twice the room then.
    """
    room = max(guess, 1024)
    while True:
        begin, size, used = np.zeros(n, np.int64), np.full(n, -1, np.int32), np.zeros(1, np.int64)
        items = np.empty(room, np.int32)
        write(begin, size, items, used)
        if used[0] >= 0:
            return Lists(begin, size, items[: used[0]])
        room *= 2


def numbered(n: int, which: Int32) -> Int32:
    """int32 [n]: the place of each number in `which`, -1 for the others."""
    out = np.full(n, -1, np.int32)
    out[which] = np.arange(len(which), dtype=np.int32)
    return out
