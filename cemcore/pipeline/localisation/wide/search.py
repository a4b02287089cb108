"""Greedy explaining-away over millions of candidates: as `localisation.search`, on sums that are brought up to date
where rows were taken away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cemcore.panel import Bool, Float32, Int64
from cemcore.pipeline.localisation.evidence import N, score, tally
from cemcore.pipeline.localisation.explanations import TERMINAL
from cemcore.pipeline.localisation.search import RANK_SHARE, REST, ROUNDS, SHORT, SUBJECTS, Hit
from cemcore.pipeline.localisation.wide.incidence import Incidence
from cemcore.pipeline.localisation.wide.slots import WideSlot
from cemcore.pipeline.localisation.wide.taking import Taking
from cemcore.pipeline.localisation.wide.tallies import Bins, Scope, Tallies

EVERYWHERE = Scope()
"""The usual scope."""


@dataclass(frozen=True)
class Limits:
    """Thresholds. base float32 (KINDS, windows): by budget (inf = this kind is not judged in that window); healthy
    float32 (windows, candidates 0..h): most that each reached when all was well, plus a margin. bonus: log-odds of some
    candidates before the rows are seen (alarms), as (ids ascending, values).
    """

    base: Float32
    healthy: Float32
    bonus: tuple[Int64, Float32]

    def of(self, incidence: Incidence, candidate: Int64) -> tuple[Float32, Float32]:
        """(thresholds (candidates, windows), bonus) of some candidates."""
        out = self.base[incidence.kind[candidate]].copy()
        known = candidate < self.healthy.shape[1]
        out[known] = np.maximum(out[known], self.healthy[:, candidate[known]].T)
        bonus = np.zeros(len(candidate), np.float32)
        ids, values = self.bonus
        if len(ids):
            at = np.minimum(np.searchsorted(ids, candidate), len(ids) - 1)
            bonus = np.where(ids[at] == candidate, values[at], np.float32(0)).astype(np.float32)
        return out, bonus


def search(
    incidence: Incidence,
    slots: Sequence[WideSlot],
    lengths: tuple[int, ...],
    limits: Limits,
    scope: Scope = EVERYWHERE,
) -> list[Hit]:
    """Explanations over their thresholds, best first. A hit's rows are masks of the slots' rows, newest slot first."""
    view = _View(incidence, slots, Bins(lengths), limits, scope)
    hits: list[Hit] = []
    for _ in range(ROUNDS * 4):
        w = view.window()
        if len(hits) >= ROUNDS or w < 0:
            break
        a = view.best(w)
        ranked_in = w
        c = int(view.tallies.candidate[a])
        rows, loudest = view.members(c, a, w)
        if loudest >= 0:
            terminal = view.line(incidence.terminal_of(loudest))
            if terminal < 0 or view.over[terminal].max() <= 0:
                view.take([s.subject == loudest for s in view.newest(lengths[w])], -1)
                continue
            a, w = terminal, int(view.over[terminal].argmax())
            c = int(view.tallies.candidate[a])
            rows, _ = view.members(c, a, w)
        hits.append(view.hit(a, w, ranked_in, rows))
        view.take(rows, c)
    return hits


class _View:
    """What is left to explain, and how far each searched candidate is over its threshold (searched, windows)."""

    def __init__(
        self, incidence: Incidence, slots: Sequence[WideSlot], bins: Bins, limits: Limits, scope: Scope
    ) -> None:
        self._incidence, self._slots, self._bins = incidence, slots, bins
        self.tallies = Tallies.build(incidence, slots, bins, scope)
        at = self.tallies.candidate.astype(np.int64)
        self._threshold, self._bonus = limits.of(incidence, at)
        self._prior = incidence.prior[at] + self._bonus
        self._r, self._shared = self.tallies.evidence()
        self.over = self._r + self._bonus[:, None] - self._threshold
        self._live = np.flatnonzero((self.over > 0).any(axis=1))
        self._taking = Taking(incidence, slots, bins, self.tallies)

    def newest(self, n: int) -> list[WideSlot]:
        """The last n slots, newest first."""
        return list(reversed(self._slots))[:n]

    def line(self, candidate: int) -> int:
        """Line of a candidate in the tallies, -1 = not searched."""
        return int(self.tallies.place[candidate]) if candidate >= 0 else -1

    def window(self) -> int:
        """The window with the largest margin, -1 where none is over its threshold."""
        best = self.over[self._live].max(axis=0, initial=-np.inf)
        return int(best.argmax()) if best.max(initial=-np.inf) > 0 else -1

    def best(self, w: int) -> int:
        """Line of the candidate over its threshold in window w that ranks first."""
        at = self._live[self.over[self._live, w] > 0]
        return int(at[self._rank(at, w).argmax()])

    def _rank(self, at: Int64, w: int) -> Float32:
        r = self._r[at, w] + self._bonus[at]
        return np.asarray(np.maximum(self._shared[at, w], np.float32(RANK_SHARE) * r) + self._prior[at])

    def hit(self, a: int, w: int, ranked_in: int, rows: list[Bool]) -> Hit:
        """What stands out in window w, with the candidates that can't be told from it."""
        sums = self.tallies.sums
        mine = sums[a, w]
        near = np.abs(sums[:, w, N] - mine[N]) < 1e-3 * (1 + abs(mine[N]))
        same = np.flatnonzero(near & (sums[:, w, N] > 0))
        same = same[(np.abs(sums[same, w] - mine) < 1e-3 * (1 + np.abs(mine))).all(axis=1)]
        ties = tuple(int(self.tallies.candidate[i]) for i in same if i != a)
        one = np.array([a])
        return Hit(
            int(self.tallies.candidate[a]), self._bins.lengths[w], float(self._r[a, w] + self._bonus[a]),
            float(self.over[a, w]), float(self._rank(one, ranked_in)[0]), tuple(rows), ties,
        )  # fmt: skip

    def members(self, c: int, a: int, w: int) -> tuple[list[Bool], int]:
        """(rows of a candidate not yet explained, a slot; -1, or the subject whose own trouble it is where too little
        is left without it).
        """
        length, axis = self._bins.lengths[w], self._incidence.axis[c]
        holders = self._incidence.axes[axis].holders(c)
        rows, people, bad, sums = [], [], [], []
        for age, s in enumerate(self.newest(length)):
            mine = s.rows_of(self._incidence, c, holders) & ~self._taking.gone[age]
            if length > SHORT:
                mine &= s.owner < 0
            rows.append(mine)
            people.append(s.subject[mine])
            bad.append(s.bad[mine])
            sums.append(s.weights[mine])
        if self._incidence.kind[c] == TERMINAL or not sum(len(p) for p in people):
            return rows, -1
        who, at = np.unique(np.concatenate(people), return_inverse=True)
        n_bad = int((np.bincount(at, weights=np.concatenate(bad), minlength=len(who)) > 0).sum())
        each = tally(at, np.concatenate(sums), len(who))
        total = self.tallies.sums[a, w]
        loudest = int(each[:, int(total[:N].argmax())].argmax())
        rest = float(score((total - each[loudest]).astype(np.float32)[None])[0])
        return rows, int(who[loudest]) if n_bad < SUBJECTS or rest < REST else -1

    def take(self, rows: list[Bool], candidate: int) -> None:
        """Rows are explained (all rows of a candidate, or -1 those of one subject): out of the tallies."""
        which = self._taking.take(rows, candidate)
        if len(which):
            r, best = self.tallies.evidence(which)
            self._r[which], self._shared[which] = r[which], best[which]
            self.over[which] = self._r[which] + self._bonus[which, None] - self._threshold[which]
            both = np.union1d(self._live, which)
            self._live = both[(self.over[both] > 0).any(axis=1)]
