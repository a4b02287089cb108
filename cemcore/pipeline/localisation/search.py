"""Greedy explaining-away: take the best explanation, remove the rows that it explains, look again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cemcore.panel import Bool, Float32
from cemcore.pipeline.localisation.blocks import Block, entries, ring, rows_of, silence_ring
from cemcore.pipeline.localisation.evidence import N, score, shared, tally
from cemcore.pipeline.localisation.explanations import TERMINAL, Explanations, holders

ROUNDS = 8
REST = 5.0
"""Evidence that a shared cause must have without the subject that says most: else it is that subject's own trouble."""
SUBJECTS = 3
"""Bad subjects that a shared cause needs."""
RANK_SHARE = 0.6
SHORT = 4
"""Windows up to so many slots see all rows; longer ones only what no problem explains yet."""


@dataclass(frozen=True)
class Hit:
    """One explanation that stands out: candidate, window (slots), evidence R, its excess over the threshold, what it
    is ranked by, its rows a block (newest first) and the ties: candidates with the very same rows.
    """

    candidate: int
    window: int
    evidence: float
    margin: float
    rank: float
    rows: tuple[Bool, ...]
    ties: tuple[int, ...]


def search(
    known: Explanations,
    blocks: Sequence[Block],
    lengths: tuple[int, ...],
    threshold: Float32,
    prior: Float32,
    bonus: Float32,
) -> list[Hit]:
    """Explanations over their thresholds (windows, candidates), best first; prior, bonus: log-odds of each candidate
    before the rows are seen.
    """
    size = len(known)
    view = _View(known, blocks, ring(blocks, size, False), ring(blocks, size, True), silence_ring(blocks, size))
    hits: list[Hit] = []
    for _ in range(ROUNDS * 4):
        sums, quiet = view.windows(lengths)
        r = score(sums) + quiet + bonus
        over = r - threshold
        if len(hits) >= ROUNDS or over.max(initial=-np.inf) <= 0:
            break
        w = int(np.unravel_index(int(over.argmax()), over.shape)[0])
        rank = np.maximum(shared(sums[w]) + quiet[w], RANK_SHARE * r[w]) + prior + bonus
        c = int(np.where(over[w] > 0, rank, -np.inf).argmax())
        rows, loudest = view.members(c, lengths[w], float(quiet[w, c]))
        if loudest >= 0:
            terminal = known.terminal_of(loudest)
            if terminal < 0 or over[:, terminal].max() <= 0:
                view.take_away([view.block(age).subject == loudest for age in range(len(rows))])
                continue
            c, w = terminal, int(over[:, terminal].argmax())
            rows, _ = view.members(c, lengths[w], 0.0)
        same = np.flatnonzero(
            (np.abs(sums[w] - sums[w, c]) < 1e-3 * (1 + np.abs(sums[w, c]))).all(axis=1) & (sums[w, :, N] > 0)
        )
        ties = tuple(int(i) for i in same if i != c)
        hits.append(Hit(c, lengths[w], float(r[w, c]), float(over[w, c]), float(rank[c]), tuple(rows), ties))
        view.take_away(rows)
        view.silence[:, c] = 0
    return hits


@dataclass
class _View:
    """What is left to explain of the remembered slots, newest first: tallies of all rows and of those that no problem
    owns.
    """

    known: Explanations
    blocks: Sequence[Block]
    full: Float32
    left: Float32
    silence: Float32

    def __post_init__(self) -> None:
        self.gone = [np.zeros(len(b.pair), dtype=bool) for b in reversed(self.blocks)]

    def block(self, age: int) -> Block:
        """The block so many slots ago."""
        return self.blocks[len(self.blocks) - 1 - age]

    def windows(self, lengths: tuple[int, ...]) -> tuple[Float32, Float32]:
        """(tallies (windows, candidates, CHANNELS), evidence of silence (windows, candidates))."""
        sums, quiet = [], []
        for w in lengths:
            source = self.full if w <= SHORT else self.left
            sums.append(source[: min(w, len(source))].sum(axis=0))
            quiet.append(self.silence[: min(w, len(self.silence))].sum(axis=0))
        return np.stack(sums), np.stack(quiet)

    def members(self, candidate: int, length: int, quiet: float) -> tuple[list[Bool], int]:
        """(rows of a candidate not yet explained, a block; -1, or the subject whose own trouble it is where too little
        is left without it).
        """
        has = holders(self.known, candidate)
        rows, people, bad, sums = [], [], [], []
        for age in range(min(length, len(self.blocks))):
            block = self.block(age)
            mine = rows_of(self.known, block, candidate, has) & ~self.gone[age]
            if length > SHORT:
                mine &= block.owner < 0
            rows.append(mine)
            people.append(block.subject[mine])
            bad.append(block.bad[mine])
            sums.append(block.weights[mine])
        if self.known.kind[candidate] == TERMINAL:
            return rows, -1
        who, at = np.unique(np.concatenate(people), return_inverse=True)
        if not len(who):
            return rows, -1
        n_bad = int((np.bincount(at, weights=np.concatenate(bad), minlength=len(who)) > 0).sum())
        each = tally(at, np.concatenate(sums), len(who))
        total = each.sum(axis=0)
        loudest = int(each[:, int(total[:N].argmax())].argmax())
        rest = float(score((total - each[loudest])[None])[0]) + quiet
        return rows, int(who[loudest]) if n_bad < SUBJECTS or rest < REST else -1

    def take_away(self, rows: Sequence[Bool]) -> None:
        """Rows are explained: out of the tallies."""
        for age, mine in enumerate(rows):
            mine = mine & ~self.gone[age]
            if mine.any():
                block = self.block(age)
                row, candidate = entries(self.known, block, mine)
                self.full[age] -= tally(candidate, block.weights[row], len(self.known))
                free = block.owner[row] < 0
                self.left[age] -= tally(candidate[free], block.weights[row[free]], len(self.known))
                self.gone[age] = self.gone[age] | mine
