"""Records that were to be expected and did not come: in an outage most of the harm leaves no record at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cemcore.panel import Bool, Float32, Float64, Int32, Int64, Population
from cemcore.pipeline.localisation.blocks import Block, rows_of
from cemcore.pipeline.localisation.explanations import RESOURCE, TERMINAL, Explanations
from cemcore.topology import Topology

HOURS = 4
"""Length of the blocks of the day by which a pair's activity is known [h]."""
THINNED = 0.75
"""Records under a cause that are fewer than this share of the usual, by more than chance, are missing."""
SURE = 3.5
"""Spreads (Poisson) by which they must be fewer."""


@dataclass(frozen=True)
class Activity:
    """Records a slot of each (pair, resource, block of the day), as parallel arrays: pair int64, resource int32, block
    int8, rate float32.
    """

    pair: Int64
    resource: Int32
    block: Int32
    rate: Float32


def missing(
    known: Explanations,
    candidate: int,
    log: Sequence[Block],
    span: tuple[int, int],
    activity: Activity | None,
    topology: Topology,
    population: Population,
    services: int,
) -> tuple[Int64, Float64]:
    """(pairs, records of theirs that are missing over the slots `span`) under a candidate; none where it has as many
    as ever.

    Of a pair's usual records the share is missing that is missing of all: what came of it says nothing of what did
    not.
    """
    none = np.empty(0, np.int64), np.empty(0, np.float64)
    kind = known.kind[candidate]
    if activity is None or kind not in (RESOURCE, TERMINAL):
        return none
    inside = [b for b in log if span[0] <= b.slot < span[1]]
    if not inside:
        return none
    under = _under(candidate, known, activity, topology, population, services)
    slots = np.bincount([b.hour // HOURS for b in inside], minlength=24 // HOURS)
    usual = activity.rate[under] * slots[activity.block[under]]
    pair, at = np.unique(activity.pair[under], return_inverse=True)
    here = np.bincount(at, weights=usual, minlength=len(pair)).astype(np.float64)
    expected, got = float(here.sum()), float(_seen(known, candidate, inside, pair))
    if expected <= 0 or got > THINNED * expected or expected - got < SURE * np.sqrt(expected):
        return none
    return pair, here * (1 - got / expected)


def _under(
    candidate: int, known: Explanations, activity: Activity, topology: Topology, population: Population, services: int
) -> Bool:
    """Which lines of the activity hang on the candidate alone."""
    resource = int(known.what[candidate, 0])
    subject, service = activity.pair // services, activity.pair % services
    if known.kind[candidate] == TERMINAL:
        return np.asarray(population.terminal[subject] == resource)
    down = np.zeros(len(topology.resource_ids) + 1, dtype=bool)
    down[topology.dependents(resource)] = True
    down[resource] = True
    down[-1] = False
    gateway, endpoint = population.pair_gateway[subject, service], population.pair_endpoint[subject, service]
    return np.asarray(down[activity.resource] | down[gateway] | down[endpoint])


def _seen(known: Explanations, candidate: int, inside: Sequence[Block], pair: Int64) -> int:
    """Records of these pairs that came from under the candidate."""
    total = 0
    for b in inside:
        mine = rows_of(known, b, candidate)
        if len(b.extra_row):
            mine[b.extra_row[b.extra_candidate == candidate]] = False
        total += int(np.isin(b.pair[mine], pair).sum())
    return total
