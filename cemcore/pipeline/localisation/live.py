"""A problem as room three carries it from slot to slot."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cemcore.domain import Cause
from cemcore.pipeline.localisation.search import Hit


@dataclass(frozen=True)
class Live:
    """One problem. number: its place in the order of opening; candidate: its cause as voted by the hits; votes:
    (candidate, evidence) of all hits; begin [s]: estimated onset; trace: (slot, evidence of the cause) since begin;
    confirmed_at: known time [s] of the first report, 0 = not yet reported; quiet: slots in a row without evidence; end
    [s] or 0; merged_into: number of the problem that absorbed it, -1 none; reported: affected pairs, cause and bad
    minutes at the last revision; split_from: number of the problem that this one was part of, -1 none; reopened: slot
    at which it came back, 0 never; told: the causes of the last revision, in brief; crowded: (resource under the cause,
    slots in which its load was high and far above the usual).
    """

    number: int
    opened: int
    candidate: int
    votes: tuple[tuple[int, float], ...]
    begin: int
    last_hit: int
    hits: int
    margin: float
    ties: tuple[int, ...]
    confirmed_at: int = 0
    quiet: int = 0
    end: int = 0
    revision: int = 0
    merged_into: int = -1
    trace: tuple[tuple[int, float], ...] = ()
    reported: tuple[int, ...] = ()
    crowded: tuple[tuple[int, int], ...] = ()
    split_from: int = -1
    reopened: int = 0
    told: tuple[Cause, ...] = ()

    @property
    def open(self) -> bool:
        """Neither cleared nor merged."""
        return self.end == 0 and self.merged_into < 0


def voted(p: Live, hit: Hit, slot: int) -> Live:
    """The problem after another hit of its own."""
    votes = dict(p.votes)
    votes[hit.candidate] = votes.get(hit.candidate, 0.0) + max(hit.rank, 0.0)
    best = max(votes, key=lambda c: (votes[c], -c))
    ties = hit.ties if hit.candidate == best else p.ties
    return replace(
        p,
        votes=tuple(votes.items()),
        candidate=best,
        last_hit=slot,
        hits=p.hits + (slot > p.last_hit),
        margin=max(p.margin, hit.margin),
        ties=ties,
        quiet=0,
    )
