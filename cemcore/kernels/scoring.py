"""Loops of room one: records laid out by service, indicators made one score, costs shared out to KQIs.

Rows of a block are judged service by service: `order` holds the positions of the rows of one service in the block.
"""

from __future__ import annotations

import numpy as np

from cemcore.kernels.compiled import inlined, kernel
from cemcore.panel import Bool, Float32, Float64, Int8, Int16, Int32, Int64

NOTHING = 1e-6
"""Points: a score this low is zero but for rounding."""

_CHUNK = 512  # rows at a time: sums on the way stay in the first-level cache


@kernel("in int32[:]", "in float32[:,:]", "in int32[:,:]", "int32[::1]", "int32[::1]", "int64[::1]", "float64[:,::1]")
def lay_out(
    service: Int32, kqis: Float32, columns: Int32, order: Int32, place: Int32, begin: Int64, laid: Float64
) -> None:
    """Sort the rows of a block by service, and write the KQIs that each service wants as columns of float64.

    `columns` (services, c >= 4): which KQIs a service wants, -1 = no more. Out: `order` (n), positions of the rows by
    service, those of unknown services last; `place` (n), where each row is in `order`; `begin` (services + 1), where
    each service begins in it; `laid` (c, n), in that order, where a service wants less than c anything after that.
    """
    (services, wanted), n = columns.shape, len(service)
    begin[:] = 0
    for r in range(n):
        if 0 <= service[r] < services:
            begin[service[r] + 1] += 1
    for s in range(services):
        begin[s + 1] += begin[s]
    alone = np.int64(service[0]) if n > 0 else np.int64(-1)
    if 0 <= alone < services and begin[alone + 1] - begin[alone] == n:
        for r in range(n):
            order[r] = r
            place[r] = r
        for c in range(wanted):
            k = max(columns[alone, c], 0)
            for r in range(n):
                laid[c, r] = kqis[r, k]
        return
    # As many columns for each service, and the first four by name: a loop whose end changes from row to row is guessed
    # wrong by the processor; unsigned, as a negative index would have to be looked for.
    at, unknown, base, width = begin.astype(np.uint64), np.uint64(services), np.uint64(0), np.uint64(kqis.shape[1])
    flat, column = kqis.ravel(), np.zeros((wanted, services + 1), np.uint64)
    for s in range(services):
        for c in range(wanted):
            column[c, s] = max(columns[s, c], 0)
    k0, k1, k2, k3 = column[0], column[1], column[2], column[3]
    laid0, laid1, laid2, laid3 = laid[0], laid[1], laid[2], laid[3]
    for r in range(n):
        code = min(np.uint64(service[r]), unknown)
        to = at[code]
        at[code] = to + np.uint64(1)
        order[to] = r
        place[r] = to
        laid0[to] = flat[base + k0[code]]
        laid1[to] = flat[base + k1[code]]
        laid2[to] = flat[base + k2[code]]
        laid3[to] = flat[base + k3[code]]
        for c in range(4, wanted):
            laid[c, to] = flat[base + column[c, code]]
        base += width


@inlined
def _add(scores: Float64, weight: float, due: float, known: Float64, had: Float64, missed: Float64) -> None:
    for r in range(scores.size):
        there = scores[r] == scores[r]
        known[r] += weight * scores[r] if there else 0.0
        had[r] += weight if there else 0.0
        missed[r] += 0.0 if there else due


@inlined
def _lower(scores: Float64, least: Float64) -> None:
    for r in range(scores.size):
        least[r] = scores[r] if scores[r] < least[r] else least[r]


@kernel(
    "in float64[:,:]", "in float64[:]", "in boolean[:]", "float64", "float64", "in int32[:]", "in float32[:,:]",
    "in int32[:]", "in float64[:]", "float32[::1]", "float32[::1]",
)  # fmt: skip
def combine(
    scores: Float64,
    weights: Float64,
    optional: Bool,
    floor: float,
    cap: float,
    order: Int32,
    kqis: Float32,
    failing: Int32,
    failures: Float64,
    total: Float32,
    coverage: Float32,
) -> None:
    """Score and coverage (m) of the rows `order` from the scores (p, m) of their indicators.

    A row whose total is nothing, and one of whose `failing` KQIs is at its failure value, is covered: what is absent
    there was not missed, it could not be.
    """
    parts, m = scores.shape
    known, had, missed, least = np.empty(_CHUNK), np.empty(_CHUNK), np.empty(_CHUNK), np.empty(_CHUNK)
    for first in range(0, m, _CHUNK):
        last = min(first + _CHUNK, m)
        known[:], had[:], missed[:], least[:] = 0.0, 0.0, 0.0, np.inf
        for i in range(parts):
            _add(scores[i, first:last], weights[i], 0.0 if optional[i] else weights[i], known, had, missed)
            _lower(scores[i, first:last], least)
        for r in range(last - first):
            mean = known[r] / had[r]
            mean = cap if least[r] < floor and mean > cap else mean
            total[first + r] = 0.0 if mean < 0.0 else (100.0 if mean > 100.0 else mean)
            coverage[first + r] = had[r] / (had[r] + missed[r])
    for r in range(m):
        if total[r] < NOTHING:
            for f in range(failing.size):
                if kqis[order[r], failing[f]] == failures[f]:
                    coverage[r] = 1.0


@kernel("in int32[:]", "in float32[:]", "float32[::1]")
def put_back(place: Int32, laid: Float32, out: Float32) -> None:
    """Values that are in the order of `lay_out` as values in the order of the rows."""
    for r in range(place.size):
        out[r] = laid[place[r]]


@kernel("in int16[:]", "in float32[:]", "float32[::1]")
def look_up(codes: Int16, table: Float32, out: Float32) -> None:
    """Entries of `table`; -1 is its last."""
    for r in range(codes.size):
        code = np.int64(codes[r])
        out[r] = table[code if code >= 0 else table.size + code]


@kernel("in float64[:,:]", "in float64[:]", "float64", "float64", "float64[:,::1]")
def costs(scores: Float64, weights: Float64, floor: float, cap: float, out: Float64) -> None:
    """Points (p, m) that each indicator took from 100; what the cap takes besides is charged to the useless ones."""
    parts, m = scores.shape
    had, whole, blamed = np.zeros(m), np.zeros(m), np.zeros(m)
    for i in range(parts):
        for r in range(m):
            had[r] += weights[i] if scores[i, r] == scores[i, r] else 0.0
    for i in range(parts):
        for r in range(m):
            x = scores[i, r]
            cost = weights[i] / had[r] * (100.0 - x) if x == x else 0.0
            out[i, r] = cost
            whole[r] += cost
            blamed[r] += cost if x < floor else 0.0
    for r in range(m):
        surplus = 100.0 - whole[r] - cap
        blamed[r] = surplus / blamed[r] if surplus > 0.0 and blamed[r] > 0.0 else 0.0
    for i in range(parts):
        for r in range(m):
            out[i, r] *= 1.0 + (blamed[r] if scores[i, r] < floor else 0.0)


@kernel("in float32[:,:]", "in int32[:]", "float32[:,::1]")
def open_accounts(kqis: Float32, order: Int32, points: Float32) -> None:
    """Points (n, k) of the rows `order`: 0 for each KQI that was reported, NaN for the others."""
    for at in order:
        for k in range(kqis.shape[1]):
            points[at, k] = 0.0 if kqis[at, k] == kqis[at, k] else np.nan


@kernel("in float64[:]", "in int32[:]", "int64", "float32[:,::1]")
def charge(cost: Float64, order: Int32, column: int, points: Float32) -> None:
    """Charge the cost of an indicator to its only KQI."""
    for r in range(order.size):
        points[order[r], column] += cost[r]


@kernel(
    "in float64[:,:]", "in float64[:]", "in float64[:]", "in int32[:]", "in int32[:]", "in float32[:,:]",
    "float32[:,::1]",
)  # fmt: skip
def share_out(
    trials: Float64,
    scores: Float64,
    cost: Float64,
    order: Int32,
    columns: Int32,
    kqis: Float32,
    points: Float32,
) -> None:
    """Share the cost of an indicator out to its k KQIs, in proportion to what each lost.

    `trials` (1 + 2k, m): the ideal; then of each KQI the score with it repaired, and with it alone as it was.
    """
    k = columns.size
    loss = np.empty(k)
    for r in range(order.size):
        if np.isnan(scores[r]):
            continue
        at, ideal, whole, there = order[r], trials[0, r], 0.0, 0
        for j in range(k):
            loss[j] = 0.0
            if kqis[at, columns[j]] == kqis[at, columns[j]]:
                there += 1
                loss[j] = max((trials[1 + 2 * j, r] - scores[r]) + (ideal - trials[2 + 2 * j, r]), 0.0)
            whole += loss[j]
        ceiling = 1.0
        if whole > 0.0 and scores[r] < 100.0:
            ceiling = min(max((100.0 - ideal) / (100.0 - scores[r]), 0.0), 1.0)
        for j in range(k):
            if kqis[at, columns[j]] == kqis[at, columns[j]]:
                own = (1.0 - ceiling) * loss[j] / whole if whole > 0.0 else 0.0
                points[at, columns[j]] += cost[r] * (ceiling / there + own)


@kernel("in int32[:]", "in int32[:]", "in int8[:]", "in int16[:,:]", "int16[::1]")
def by_kind(service: Int32, subject: Int32, kind: Int8, table: Int16, out: Int16) -> None:
    """Entry of `table` (services + 1, 2) for the service of each row and the kind of its subject (1 thing, else user).

    The last line of the table is that of unknown services.
    """
    services, people = len(table) - 1, kind.size
    for r in range(service.size):
        s, who = np.int64(service[r]), np.int64(subject[r])
        if s < 0 or s >= services:
            s = np.int64(services)
        thing = np.int64(0)
        if 0 <= who < people:
            thing = np.int64(kind[who] == 1)
        out[r] = table[s, thing]
