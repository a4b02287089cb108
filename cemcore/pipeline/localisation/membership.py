"""Who is affected by a problem: a posterior for each (subject, service), and counts of its rows over the problem's
life.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from cemcore.panel import Bool, Float32, Float64, Int32, Int64
from cemcore.pipeline.localisation.blocks import Block, rows_of
from cemcore.pipeline.localisation.explanations import Explanations, holders

HIT = 0.7
"""Share of an affected pair's rows that the problem is taken to reach."""
POSTERIOR, ROWS_BAD, SHARE_BAD, FEW_ROWS = 0.15, 1.5, 0.4, 3
"""A pair is affected with this posterior and this many rows expected to be felt (LIKELY where it had FEW_ROWS or fewer)
and this share of them.
"""
FELT, SPREAD = 1.2, 0.7
"""The mean effect at which half of a pair's rows are felt, in units of the least that a user notices, and the spread of
effects from row to row: a single row is too noisy to say.
"""
MISSED = 3.0
"""Evidence of one missing record [nats]."""
LIKELY = 0.8
"""Felt or missing records, expected, of a pair with few; as sessions come in bursts, with one expected it is as likely
as not that there was any.
"""


@dataclass(frozen=True)
class Members:
    """Pairs of a problem, n: pair int64, total and bad rows int32, posterior float32, affected bool."""

    pair: Int64
    total: Int32
    bad: Int32
    posterior: Float32
    affected: Bool


def members(
    known: Explanations,
    log: Sequence[Block],
    candidate: int,
    number: int,
    span: tuple[int, int],
    services: int,
    gone: tuple[Int64, Float64],
) -> Members:
    """Members of a problem over the slots `span` (end exclusive); rows that another problem explains are left out.

    gone: (pairs, records that are missing), see `absence.missing`: a missing record is as bad as can be. The slots just
    before and after count too: a trouble begins and ends inside of slots, which then show little of it.
    """
    pairs, effects, gains = _rows(known, _with_edges(log, span), candidate, number)
    pair, at = np.unique(np.concatenate([gone[0], pairs]), return_inverse=True)
    here, n = at[len(gone[0]) :], len(pair)
    absent = np.bincount(at[: len(gone[0])], weights=gone[1], minlength=n)
    seen = np.bincount(here, minlength=n)
    mean = np.bincount(here, weights=effects, minlength=n) / np.maximum(seen, 1)
    total, felt = seen + absent, seen * ndtr((mean - FELT) / SPREAD) + absent
    bad = np.bincount(here, weights=effects >= 1, minlength=n) + absent
    llr = np.bincount(here, weights=gains, minlength=n).astype(np.float64)
    posterior = _posterior(llr + MISSED * absent, pair % services, services)
    enough = felt >= np.where(total <= FEW_ROWS, LIKELY, ROWS_BAD)
    affected = (posterior > POSTERIOR) & enough & (felt >= SHARE_BAD * total)
    return Members(
        pair, np.rint(total).astype(np.int32), np.rint(bad).astype(np.int32), posterior.astype(np.float32), affected
    )


def _with_edges(log: Sequence[Block], span: tuple[int, int]) -> list[Block]:
    """The blocks of a span, the last before it, and the first after it."""
    before = [b for b in log if b.slot < span[0]][-1:]
    after = [b for b in log if b.slot >= span[1]][:1]
    return before + [b for b in log if span[0] <= b.slot < span[1]] + after


def _rows(known: Explanations, blocks: Sequence[Block], candidate: int, number: int) -> tuple[Int64, Float32, Float64]:
    """(pair, effect, evidence of being hit) of the rows that depend on a candidate and that no other problem owns."""
    has = holders(known, candidate)
    pairs, effects, gains = [np.empty(0, np.int64)], [np.empty(0, np.float32)], [np.empty(0)]
    for block in blocks:
        free = (block.owner == number) | (block.owner < 0)
        mine = rows_of(known, block, candidate, has) & free & np.isfinite(block.effect)
        pairs.append(block.pair[mine])
        effects.append(block.effect[mine])
        gains.append(np.log1p(HIT * np.expm1(gain(block.weights[mine])).clip(-0.999)))
    return np.concatenate(pairs), np.concatenate(effects), np.concatenate(gains)


def gain(weights: Float32) -> Float64:
    """log f of rows, from their channel of the largest share: log(1 - pi + pi f) -> log f."""
    pi = 0.8
    return np.log(np.maximum((np.exp(weights[:, 2].astype(np.float64)) - (1 - pi)) / pi, 1e-3))


def _posterior(llr: Float64, service: Int64, services: int) -> Float64:
    """Posterior of each pair under a prior a service, found by five rounds of EM."""
    rho = np.full(services, 0.5)
    n = np.maximum(np.bincount(service, minlength=services), 1)
    post = np.zeros(len(llr))
    for _ in range(5):
        odds = np.clip(llr, -50, 50) + np.log(rho / (1 - rho))[service]
        post = 1 / (1 + np.exp(-odds))
        rho = np.clip((np.bincount(service, weights=post, minlength=services) + 0.5) / (n + 1), 0.01, 0.99)
    return post
