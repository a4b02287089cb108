"""The slots that room three remembers: rows with their keys and weights, and the tallies of each slot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cemcore.panel import Bool, Float32, Int32, Int64
from cemcore.pipeline.localisation.evidence import CHANNELS, tally
from cemcore.pipeline.localisation.explanations import Explanations, holders


@dataclass(frozen=True)
class Block:
    """One slot, n rows. hour: its local hour; path, made, subject: keys of `Explanations.entries`; pair int64 =
    subject * services + service; weights float32 (n, CHANNELS); bad: worse than its habit; effect float32: by how
    many times what a user would notice; known: the row has
    evidence; minutes, depth float32: bad minutes of the row beyond its usual ones, and how bad; place, usual int32:
    resource that served the row, and the one at which its subject is to be expected; owner int32: number of the
    problem that explains the row, -1 none; extra_row, extra_candidate: rows that also speak for the silent place at
    which their subject usually is; silent, silence: candidates whose rows are missing and the log evidence of it;
    full, left float32 (candidates, CHANNELS): tallies of all rows, and of the rows nobody explains.
    """

    slot: int
    hour: int
    path: Int32
    made: Int32
    subject: Int32
    pair: Int64
    weights: Float32
    bad: Bool
    effect: Float32
    known: Bool
    minutes: Float32
    depth: Float32
    place: Int32
    usual: Int32
    owner: Int32
    extra_row: Int32
    extra_candidate: Int32
    silent: Int32
    silence: Float32
    full: Float32
    left: Float32


def entries(known: Explanations, block: Block, which: Bool | None = None) -> tuple[Int64, Int32]:
    """(row, candidate) of every dependency of the block's rows (of those in `which`)."""
    row, candidate = known.entries(block.path, block.made, block.subject)
    row = np.concatenate([row, block.extra_row])
    candidate = np.concatenate([candidate, block.extra_candidate])
    if which is None:
        return row, candidate
    keep = which[row]
    return row[keep], candidate[keep]


def tallied(known: Explanations, block: Block) -> Block:
    """The block with both tallies made."""
    row, candidate = entries(known, block)
    full = tally(candidate, block.weights[row], len(known))
    free = block.owner < 0
    if bool(free.all()):
        return replace(block, full=full, left=full)
    keep = free[row]
    return replace(block, full=full, left=tally(candidate[keep], block.weights[row[keep]], len(known)))


def owned(known: Explanations, block: Block, which: Bool, number: int) -> Block:
    """The block with the free rows in `which` given to a problem, and taken from what is left."""
    new = which & (block.owner < 0)
    if not new.any():
        return block
    row, candidate = entries(known, block, new)
    gone = tally(candidate, block.weights[row], len(known))
    return replace(
        block, owner=np.where(new, np.int32(number), block.owner), left=padded(block.left, len(known)) - gone
    )


def padded(sums: Float32, size: int) -> Float32:
    """Tallies with zero lines for candidates that came later."""
    if len(sums) == size:
        return sums
    return np.concatenate([sums, np.zeros((size - len(sums), CHANNELS), np.float32)])


def light(block: Block) -> Block:
    """The block without its tallies: what the log of a lasting problem keeps."""
    none = np.zeros((0, CHANNELS), np.float32)
    return replace(block, full=none, left=none)


def rows_of(known: Explanations, block: Block, candidate: int, has: tuple[Bool, Bool, Bool] | None = None) -> Bool:
    """Which rows of a block depend on a candidate."""
    path, made, subject = has or holders(known, candidate)
    out = (block.path >= 0) & path[block.path] | made[block.made] | subject[block.subject]
    if len(block.extra_row):
        out = out.copy()
        out[block.extra_row[block.extra_candidate == candidate]] = True
    return np.asarray(out)


def ring(blocks: Sequence[Block], size: int, left: bool) -> Float32:
    """Tallies (slots, candidates, CHANNELS), newest slot first."""
    out = np.zeros((len(blocks), size, CHANNELS), dtype=np.float32)
    for i, b in enumerate(reversed(blocks)):
        sums = b.left if left else b.full
        out[i, : len(sums)] = sums
    return out


def silence_ring(blocks: Sequence[Block], size: int) -> Float32:
    """Log evidence of missing rows (slots, candidates), newest slot first."""
    out = np.zeros((len(blocks), size), dtype=np.float32)
    for i, b in enumerate(reversed(blocks)):
        out[i, b.silent] = b.silence
    return out
