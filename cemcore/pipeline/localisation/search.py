"""Greedy explaining-away: take the best explanation, remove the rows that it explains, look again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cemcore.panel import Bool, Float32
from cemcore.pipeline.localisation.blocks import Block, entries, ring, rows_of, silence_ring
from cemcore.pipeline.localisation.evidence import CHANNELS, N, score, shared, tally
from cemcore.pipeline.localisation.explanations import TERMINAL, Explanations, holders

ROUNDS = 8
SUBJECTS = 3
"""Bad subjects that a shared cause needs."""
RANK_SHARE = 0.6
SHORT = 4
"""Windows up to so many slots see all rows; longer ones only what no problem explains yet."""


@dataclass(frozen=True)
class Hit:
    """One explanation that stands out: candidate, window (slots), evidence R, its excess over the threshold, what it is ranked by, its rows
    a block (newest first) and the ties: candidates with the very same rows."""

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
    """Explanations over their thresholds (windows, candidates), best first; prior, bonus: log-odds of each candidate before the rows are seen."""
    size = len(known)
    full, left = ring(blocks, size, False), ring(blocks, size, True)
    silence = np.cumsum(silence_ring(blocks, size), axis=0)
    gone: list[Bool] = [np.zeros(len(b.pair), dtype=bool) for b in reversed(blocks)]
    refused = np.zeros((len(lengths), size), dtype=bool)
    hits: list[Hit] = []
    for _ in range(ROUNDS * 4):
        if len(hits) >= ROUNDS:
            break
        sums, quiet = _sums(full, left, silence, lengths)
        r = score(sums) + quiet + bonus
        over = np.where(refused, -np.inf, r - threshold)
        if over.max(initial=-np.inf) <= 0:
            break
        w = int(np.unravel_index(int(over.argmax()), over.shape)[0])
        rank = np.maximum(shared(sums[w]) + quiet[w], RANK_SHARE * r[w]) + prior + bonus
        c = int(np.where(over[w] > 0, rank, -np.inf).argmax())
        length = min(lengths[w], len(blocks))
        rows, bad = _members(known, blocks, c, length, gone)
        if bad < (1 if known.kind[c] == TERMINAL else SUBJECTS):
            refused[w, c] = True
            continue
        same = np.flatnonzero(
            (np.abs(sums[w] - sums[w, c]) < 1e-3 * (1 + np.abs(sums[w, c]))).all(axis=1) & (sums[w, :, N] > 0)
        )
        ties = tuple(int(i) for i in same if i != c)
        hits.append(Hit(c, lengths[w], float(r[w, c]), float(over[w, c]), float(rank[c]), tuple(rows), ties))
        for age in range(length):
            block = blocks[len(blocks) - 1 - age]
            if rows[age].any():
                row, candidate = entries(known, block, rows[age])
                full[age] -= tally(candidate, block.weights[row], size)
                free = block.owner[row] < 0
                left[age] -= tally(candidate[free], block.weights[row[free]], size)
                gone[age] = gone[age] | rows[age]
        silence = silence.copy()
        silence[:, c] = 0
    return hits


def _sums(full: Float32, left: Float32, silence: Float32, lengths: tuple[int, ...]) -> tuple[Float32, Float32]:
    """(tallies (windows, candidates, CHANNELS), evidence of silence (windows, candidates))."""
    sums, quiet = [], []
    for w in lengths:
        source = full if w <= SHORT else left
        sums.append(source[: min(w, len(source))].sum(axis=0))
        quiet.append(silence[min(w, len(silence)) - 1])
    return np.stack(sums), np.stack(quiet)


def _members(
    known: Explanations, blocks: Sequence[Block], candidate: int, length: int, gone: list[Bool]
) -> tuple[list[Bool], int]:
    """(rows of a candidate not yet explained, a block; bad subjects among them)."""
    has = holders(known, candidate)
    rows, people = [], []
    for age in range(length):
        block = blocks[len(blocks) - 1 - age]
        mine = rows_of(known, block, candidate, has) & ~gone[age]
        if length > SHORT:
            mine &= block.owner < 0
        rows.append(mine)
        people.append(block.subject[mine & block.bad])
    return rows, len(np.unique(np.concatenate(people))) if people else 0


__all__ = ["CHANNELS", "Hit", "search"]
