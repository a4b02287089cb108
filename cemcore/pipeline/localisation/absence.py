"""Records that were to be expected and did not come: in an outage most of the harm leaves no record at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cemcore.panel import Bool, Float32, Float64, Int32, Int64, Population
from cemcore.pipeline.localisation.blocks import Block, rows_of
from cemcore.pipeline.localisation.explanations import RESOURCE, TERMINAL, Explanations, holders
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


@dataclass(frozen=True)
class Shortfall:
    """Which lines of the activity hang on a candidate, and which share of their records did not come (0..1)."""

    under: Bool
    share: float


def shortfall(
    known: Explanations,
    candidate: int,
    inside: Sequence[Block],
    activity: Activity | None,
    topology: Topology,
    population: Population,
    services: int,
) -> Shortfall | None:
    """What is missing under a candidate over the slots `inside`; None where it has as many records as ever.

    What came of a pair says nothing of what did not: the share is that of all records together.
    """
    if activity is None or known.kind[candidate] not in (RESOURCE, TERMINAL) or not inside:
        return None
    under = _under(candidate, known, activity, topology, population, services)
    slots = np.bincount([b.hour // HOURS for b in inside], minlength=24 // HOURS)
    expected = float((activity.rate[under] * slots[activity.block[under]]).sum(dtype=np.float64))
    got = float(_seen(known, candidate, inside, np.unique(activity.pair[under])))
    if expected <= 0 or got > THINNED * expected or expected - got < SURE * np.sqrt(expected):
        return None
    return Shortfall(under, 1 - got / expected)


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
    """(pairs, records of theirs that are missing over the slots `span`) under a candidate: their usual records times
    the share that is missing of all.
    """
    inside = [b for b in log if span[0] <= b.slot < span[1]]
    short = shortfall(known, candidate, inside, activity, topology, population, services)
    if short is None or activity is None:
        return np.empty(0, np.int64), np.empty(0, np.float64)
    slots = np.bincount([b.hour // HOURS for b in inside], minlength=24 // HOURS)
    usual = activity.rate[short.under] * slots[activity.block[short.under]]
    pair, at = np.unique(activity.pair[short.under], return_inverse=True)
    rows = np.bincount(at, weights=usual, minlength=len(pair)) * short.share
    return pair, rows.astype(np.float64)


def missing_by_slot(
    known: Explanations,
    candidate: int,
    log: Sequence[Block],
    begin: int,
    slots: Sequence[int],
    activity: Activity | None,
    topology: Topology,
    population: Population,
    services: int,
) -> list[tuple[int, Int64, Float64]]:
    """(slot, pairs without a record in it, records of theirs to be expected and missing, 0..1) of each of `slots`, by
    what is missing since `begin`.
    """
    inside = [b for b in log if b.slot >= begin]
    short = shortfall(known, candidate, inside, activity, topology, population, services)
    if short is None or activity is None:
        return []
    out = []
    for b in inside:
        if b.slot in slots:
            now = short.under & (activity.block == b.hour // HOURS)
            pair, at = np.unique(activity.pair[now], return_inverse=True)
            rate = np.bincount(at, weights=activity.rate[now], minlength=len(pair)) * short.share
            absent = ~np.isin(pair, b.pair)
            out.append((b.slot, pair[absent], np.minimum(rate[absent], 1.0).astype(np.float64)))
    return out


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
    total, has = 0, holders(known, candidate)
    for b in inside:
        mine = rows_of(known, b, candidate, has)
        if len(b.extra_row):
            mine[b.extra_row[b.extra_candidate == candidate]] = False
        total += int(np.isin(b.pair[mine], pair).sum())
    return total
