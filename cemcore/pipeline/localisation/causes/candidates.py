"""Which candidates could be behind a problem, and what its records say of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cemcore.panel import Bool
from cemcore.pipeline.localisation.blocks import Block, entries, rows_of
from cemcore.pipeline.localisation.evidence import score, shared
from cemcore.pipeline.localisation.explanations import Explanations, holders
from cemcore.pipeline.localisation.live import Live
from cemcore.pipeline.localisation.search import RANK_SHARE

SLOTS = 48
"""So many slots of a problem, the newest, are looked at."""
COVER = 0.5
"""Share of the problem's bad rows that must depend on a candidate which the search did not name."""
LISTED = 16
"""Candidates that are judged at most."""
SAME = 0.95
"""Jaccard of the rows of two candidates from which on records can't tell them apart."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """One candidate over the rows of a problem's slots that no other problem explains.

    number: its id; strength [nats]: evidence of its rows; quiet [nats]: of its missing rows; rows, bad: how many; mask:
    which of all rows looked at; votes: its share of the search's votes, which those with the same rows share.
    """

    number: int
    strength: float
    quiet: float
    rows: int
    bad: int
    mask: Bool
    votes: float

    @property
    def total(self) -> float:
        """All evidence of records, those that came and those that did not."""
        return self.strength + self.quiet


def candidates(known: Explanations, log: Sequence[Block], p: Live) -> tuple[Candidate, ...]:
    """The candidates of a problem, the strongest first: what the search named, what has the very same rows, and what
    most of the bad rows depend on.
    """
    last = _last(p)
    span = [b for b in log if p.begin <= b.slot <= last][-SLOTS:]
    votes = dict(p.votes)
    total = sum(votes.values()) or 1.0
    found = []
    for c in _named(known, span, p):
        has = holders(known, c)
        masks, sums, quiet, bad = [np.zeros(0, bool)], np.zeros(1), 0.0, 0
        for b in span:
            mine = rows_of(known, b, c, has) & ((b.owner == p.number) | (b.owner < 0))
            masks.append(mine)
            sums = sums + b.weights[mine].sum(axis=0, dtype=np.float64)
            quiet += float(b.silence[b.silent == c].sum())
            bad += int((mine & b.bad).sum())
        mask = np.concatenate(masks)
        w = np.asarray(sums, np.float32)
        strength = max(float(shared(w)), RANK_SHARE * float(score(w))) if mask.any() else 0.0
        share = votes.get(c, 0.0) / total if total > 0 else 0.0
        found.append(
            Candidate(c, strength, quiet, int(mask.sum()), bad, mask, share if votes else float(c == p.candidate))
        )
    found = [replace(c, votes=_shared(c, found)) for c in found]
    return tuple(sorted(found, key=lambda x: (-x.votes, -x.total, x.number)))


def _last(p: Live) -> int:
    """The last slot of a problem: that up to which its evidence grew. What follows is well, whatever the cause was."""
    if not p.trace:
        return p.last_hit
    total, best, last = 0.0, -np.inf, p.last_hit
    for slot, gain in p.trace:
        total += gain
        if total >= best:
            best, last = total, slot
    return last


def _shared(c: Candidate, found: Sequence[Candidate]) -> float:
    """The votes of all that have the same rows, in equal parts: the search names one of them."""
    alike = [x.votes for x in found if x is c or same(x, c)]
    return sum(alike) / len(alike)


def _named(known: Explanations, span: Sequence[Block], p: Live) -> list[int]:
    """Ids of the candidates worth judging: the problem's own first."""
    named = [p.candidate, *sorted(dict(p.votes), key=lambda c: (-dict(p.votes)[c], c)), *p.ties]
    parts = [entries(known, b, (b.owner == p.number) & b.bad)[1] for b in span]
    bad = sum(int(((b.owner == p.number) & b.bad).sum()) for b in span)
    if bad:
        count = np.bincount(np.concatenate(parts), minlength=len(known))
        wide = np.flatnonzero(count >= COVER * bad)
        named += sorted(wide.tolist(), key=lambda c: (-int(count[c]), c))
    return list(dict.fromkeys(int(c) for c in named))[:LISTED]


def same(a: Candidate, b: Candidate) -> bool:
    """Whether the two have nearly the same rows: records can't tell them apart."""
    either = int((a.mask | b.mask).sum())
    return either > 0 and int((a.mask & b.mask).sum()) >= SAME * either
