"""What explaining away takes from the tallies: sent rows one by one, the others by key, or as the sample tells."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from cemcore.kernels import incidence as kernels
from cemcore.panel import Bool, Float64, Int32, Int64
from cemcore.pipeline.localisation.evidence import CHANNELS
from cemcore.pipeline.localisation.search import SHORT
from cemcore.pipeline.localisation.wide.incidence import Incidence
from cemcore.pipeline.localisation.wide.slots import WideSlot, at_keys
from cemcore.pipeline.localisation.wide.tallies import Bins, Tallies

FULL, LEFT = 0, 1


class Taking:
    """Takes rows out of tallies, each once. gone: by age the rows that are out."""

    def __init__(self, incidence: Incidence, slots: Sequence[WideSlot], bins: Bins, tallies: Tallies) -> None:
        self._incidence, self._bins, self._tallies = incidence, bins, tallies
        self._slots = list(reversed(slots))
        self.gone = [np.zeros(len(s), np.bool_) for s in self._slots]
        self._taken: dict[tuple[int, int, int], list[tuple[Int32, Float64]]] = {}

    def take(self, rows: Sequence[Bool], candidate: int) -> Int64:
        """Take rows (a mask by age) away: with a candidate, also all that its keys have and that was not sent (over
        windows longer than `SHORT` only what no problem explains); returns the lines of the tallies that changed.
        """
        touched = np.zeros(len(self._tallies.candidate), np.bool_)
        here = int(self._incidence.axis[candidate]) if candidate >= 0 else -1
        whole = here >= 0 and self._incidence.axes[here].counted
        holders = self._incidence.axes[here].holders(candidate)[:-1] if whole else None
        for age, mask in enumerate(rows):
            mine = np.flatnonzero(mask & ~self.gone[age])
            if len(mine):
                self._take_rows(age, mine, here if whole else -1, touched)
                self.gone[age][mine] = True
            if holders is not None:
                self._take_keys(age, here, np.flatnonzero(holders).astype(np.int32), len(rows) > SHORT, touched)
        return np.flatnonzero(touched)

    def _take_rows(self, age: int, mine: Int64, but: int, touched: Bool) -> None:
        s = self._slots[age]
        sent = mine[mine < s.sent]
        for i, axis in enumerate(self._incidence.axes):
            of = sent if axis.counted else mine[mine < s.followed]
            weights = s.weights[of].astype(np.float64)
            self._subtract(i, age, FULL, s.keys[i][of], weights, touched)
            free = s.owner[of] < 0
            self._subtract(i, age, LEFT, s.keys[i][of][free], weights[free], touched)
            if axis.counted and i != but and len(mine) > len(sent):
                taken = np.zeros(len(s), np.bool_)
                taken[mine] = True
                there = ~self.gone[age]
                lines_of = s.beside(i, taken & there, there, partial(self._remaining, (i, age, FULL)))
                for which in (FULL, LEFT):
                    at = (i, age, which)
                    if which == LEFT and s.left[i] is not s.goods[i]:
                        there = there & (s.owner < 0)
                        lines_of = s.beside(i, taken & there, there, partial(self._remaining, at))
                    key, lines = lines_of
                    self._subtract(*at, key, lines, touched)
                    self._taken.setdefault(at, []).append((key, lines))

    def _take_keys(self, age: int, i: int, key: Int32, free: bool, touched: Bool) -> None:
        """All that the keys have left of the rows that were not sent."""
        for which in (FULL, LEFT):
            lines = self._remaining((i, age, LEFT if free else which), key)
            self._subtract(i, age, which, key, lines, touched)
            self._taken.setdefault((i, age, which), []).append((key, lines))

    def _remaining(self, at: tuple[int, int, int], key: Int32) -> Float64:
        i, age, which = at
        goods = (self._slots[age].goods, self._slots[age].left)[which][i]
        out = np.zeros((len(key), CHANNELS)) if goods is None else at_keys(goods, key)
        for taken, lines in self._taken.get(at, []) if len(key) else []:
            place = np.minimum(np.searchsorted(key, taken), len(key) - 1)
            same = key[place] == taken
            out[place[same]] -= lines[same]
        return out

    def _subtract(self, i: int, age: int, which: int, key: Int32, lines: Float64, touched: Bool) -> None:
        axis, windows = self._incidence.axes[i], self._bins.touched(age)[which]
        if len(key) and windows.any():
            kernels.take_away(
                axis.start, axis.flat, self._tallies.place, np.ascontiguousarray(key, np.int32),
                np.ascontiguousarray(lines), windows, self._tallies.sums, touched,
            )  # fmt: skip
