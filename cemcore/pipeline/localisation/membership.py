"""Who is affected by a problem: a posterior for each (subject, service), and counts of its rows over the problem's
life.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cemcore.panel import Bool, Float32, Float64, Int32, Int64
from cemcore.pipeline.localisation.blocks import Block, rows_of
from cemcore.pipeline.localisation.explanations import Explanations, holders

HIT = 0.7
"""Share of an affected pair's rows that the problem is taken to reach."""
POSTERIOR, ROWS_BAD, SHARE_BAD, FEW_ROWS = 0.15, 2, 0.25, 3
"""A pair is affected with this posterior and this many bad rows (1 where it had FEW_ROWS or fewer) and this share of
them.
"""


MISSED = 3.0
"""Evidence of one missing record [nats]."""
LIKELY = 0.7
"""Bad or missing records, expected, of a pair with few; as sessions come in bursts, with one expected it is as likely
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

    gone: (pairs, records that are missing), see `absence.missing`: a missing record is as bad as can be.
    """
    has = holders(known, candidate)
    pairs, bads, gains = [gone[0]], [np.zeros(len(gone[0]), bool)], [np.zeros(len(gone[0]))]
    rows = [np.zeros(len(gone[0]), bool)]
    for block in log:
        if span[0] <= block.slot < span[1]:
            mine = rows_of(known, block, candidate, has) & ((block.owner == number) | (block.owner < 0))
            pairs.append(block.pair[mine])
            bads.append(block.bad[mine])
            gains.append(np.log1p(HIT * np.expm1(gain(block.weights[mine])).clip(-0.999)))
            rows.append(np.ones(int(mine.sum()), bool))
    pair, at = np.unique(np.concatenate(pairs), return_inverse=True)
    absent = np.bincount(at[: len(gone[0])], weights=gone[1], minlength=len(pair))
    total = np.bincount(at, weights=np.concatenate(rows), minlength=len(pair)) + absent
    bad = np.bincount(at, weights=np.concatenate(bads), minlength=len(pair)) + absent
    llr = np.bincount(at, weights=np.concatenate(gains), minlength=len(pair)).astype(np.float64)
    posterior = _posterior(llr + MISSED * absent, pair % services, services)
    enough = bad >= np.where(total <= FEW_ROWS, LIKELY, ROWS_BAD)
    affected = (posterior > POSTERIOR) & enough & (bad >= SHARE_BAD * total)
    return Members(
        pair, np.rint(total).astype(np.int32), np.rint(bad).astype(np.int32), posterior.astype(np.float32), affected
    )


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
