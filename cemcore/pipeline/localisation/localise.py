"""Room three: which explanations stand out, and which problem each belongs to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cemcore.panel import Float32, Int32, Int64
from cemcore.pipeline.localisation import thresholds as limits
from cemcore.pipeline.localisation.blocks import Block, rows_of
from cemcore.pipeline.localisation.evidence import windows
from cemcore.pipeline.localisation.explanations import Explanations, holders, log_priors
from cemcore.pipeline.localisation.life import follow, onset, reclaimed
from cemcore.pipeline.localisation.live import Live, voted
from cemcore.pipeline.localisation.merging import merge
from cemcore.pipeline.localisation.search import Hit, search
from cemcore.pipeline.localisation.splitting import split
from cemcore.pipeline.localisation.state import LocaliseState, Settings
from cemcore.pipeline.localisation.thresholds import Thresholds
from cemcore.topology import Topology

DAY = 86_400
AGAIN_S = 4 * 3600
"""The same cause within this time after its problem ended re-opens it."""


def localise(
    state: LocaliseState, settings: Settings, topology: Topology, slot: int, known_at: int, bonus: Float32
) -> LocaliseState:
    """Search the remembered slots, join what is found to the problems that it belongs to, open and clear."""
    if state.thresholds is None or not state.blocks:
        return state
    threshold_of = state.thresholds.of
    state = reclaimed(state)
    known = state.known
    lengths = windows(settings.seconds)
    prior = log_priors(known, topology.types)
    threshold = threshold_of(known) + limits.allowed(known, lengths)
    hits = search(known, state.blocks, lengths, threshold, prior, bonus)
    problems = list(state.problems)
    count = state.count
    for hit in hits:
        at = _home(known, state.blocks, problems, hit)
        if at >= 0 and _part_of(problems, hit) == problems[at].number:
            continue
        if at >= 0:
            problems[at] = voted(problems[at], hit, slot)
            continue
        again = _closed_lately(problems, hit, slot, settings)
        if again >= 0:
            problems[again] = voted(replace(problems[again], end=0, reopened=slot), hit, slot)
            continue
        begin = onset(known, state.blocks, hit.candidate)
        problems.append(
            Live(
                count, slot, hit.candidate, ((hit.candidate, max(hit.rank, 0.0)),), begin, slot, 1, hit.margin, hit.ties
            )
        )
        count += 1
    state = follow(replace(state, problems=tuple(problems), count=count), settings, slot, known_at)
    parted, count = split(known, state.blocks, state.problems, topology, (slot, known_at), count)
    state = replace(state, problems=tuple(parted), count=count)
    return replace(state, problems=merge(known, state.blocks, state.problems, topology, settings.seconds))


def _closed_lately(problems: list[Live], hit: Hit, slot: int, settings: Settings) -> int:
    """Index of the reported problem of the same cause that ended a short while ago, -1 none: it is not over yet."""
    for i in range(len(problems) - 1, -1, -1):
        p = problems[i]
        late = p.end > slot - AGAIN_S and p.confirmed_at and p.merged_into < 0
        if late and hit.candidate == p.candidate:
            return i
    return -1


def _part_of(problems: list[Live], hit: Hit) -> int:
    """Number of the open problem that absorbed an earlier one of the hit's cause, -1 none."""
    for p in reversed(problems):
        if p.merged_into >= 0 and (p.candidate == hit.candidate or hit.candidate in p.ties):
            if problems[p.merged_into].open:
                return p.merged_into
            return -1
    return -1


def _home(known: Explanations, blocks: tuple[Block, ...], problems: list[Live], hit: Hit) -> int:
    """Index of the open problem that a hit belongs to, -1 for a new one."""
    whole = _part_of(problems, hit)
    if whole >= 0:
        return whole
    open_ = [i for i, p in enumerate(problems) if p.open]
    for i in open_:
        if (
            hit.candidate == problems[i].candidate
            or hit.candidate in dict(problems[i].votes)
            or hit.candidate in problems[i].ties
        ):
            return i
    window = [blocks[len(blocks) - 1 - age] for age in range(len(hit.rows))]
    mine = holders(known, hit.candidate)
    best, found = 0.0, -1
    for i in open_:
        other = holders(known, problems[i].candidate)
        n1 = n2 = n12 = 0
        a: list[Int64] = []
        b: list[Int64] = []
        for block, rows in zip(window, hit.rows, strict=True):
            x, y = rows_of(known, block, hit.candidate, mine), rows_of(known, block, problems[i].candidate, other)
            n1, n2, n12 = n1 + int(x.sum()), n2 + int(y.sum()), n12 + int((x & y).sum())
            a.append(block.pair[rows & block.bad])
            b.append(block.pair[y & block.bad])
        if n12 == 0:
            continue
        p1, p2 = np.unique(np.concatenate(a)), np.unique(np.concatenate(b))
        overlap = len(np.intersect1d(p1, p2)) / max(1, min(len(p1), len(p2)))
        nested = n12 / min(n1, n2) >= 0.8 and overlap > 0.4 and min(n1, n2) / max(n1, n2) > 0.15
        same = n12 / (n1 + n2 - n12) >= 0.75
        if (nested or same) and n12 / (n1 + n2 - n12) > best:
            best, found = n12 / (n1 + n2 - n12), i
    return found


def calibrated(
    state: LocaliseState,
    settings: Settings,
    slot: Int64,
    keys: tuple[Int32, Int32, Int32],
    surprise: Float32,
    attempts: tuple[Float32, Float32],
) -> LocaliseState:
    """The state with thresholds by the budget and by what healthy rows (see `thresholds.calibrate`) reached."""
    lengths = windows(settings.seconds)
    healthy = limits.calibrate(state.known, slot, keys, surprise, attempts, settings.seconds, lengths)
    base = limits.budget_base(limits.kinds_of(state.known), lengths, DAY / settings.seconds, settings.budget)
    return replace(state, thresholds=Thresholds(base, healthy))
