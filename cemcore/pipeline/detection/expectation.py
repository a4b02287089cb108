"""What is expected of a row: its pair's level, the effect of the load it met, the standing effect of place and hour.

r = x - level[pair] - load[technology, service, bin] - place[resource, hour], every effect a robust mean that is shrunk
towards its parent by how little was seen. The spread is predictive: it holds the doubt about the level too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import bdtrc, ndtri

from cemcore.panel import Bool, Float32, Float64, Int32, Int64
from cemcore.pipeline.detection.history import Past

LOAD_EDGES = np.array([10, 20, 30, 40, 50, 60, 70, 80, 86, 92, 96, 99], dtype=np.float32)
"""Edges of the load bins [%]: finer where queues grow. The last bin but one is all above; the last holds rows of
unknown load.
"""
BINS = len(LOAD_EDGES) + 2
LEVEL_PRIOR, EFFECT_PRIOR, SPREAD_PRIOR, FAILURE_PRIOR = 3.0, 10.0, 15.0, 20.0
"""Records by which a pair's level, an effect, a pair's spread and its failure rate lean on their parents."""
CLIP = 3.0


def load_bin(load: Float32) -> Int64:
    """Bin of a load [%]; the last one for NaN."""
    out = np.searchsorted(LOAD_EDGES, load, side="right")
    return np.where(np.isnan(load), BINS - 1, out).astype(np.int64)


@dataclass(frozen=True)
class Expectation:
    """Fitted effects. Pair = subject * n_services + service; arrays are dense and grow by refits.

    level, spread float32 (pairs, k); count float32 (pairs,); load_effect, load_spread float32 (technologies * services
    * BINS, k); place float32 (resources * 48, k); rate float32 (pairs,) failure rate; technology int32 per resource.
    """

    services: int
    level: Float32
    spread: Float32
    count: Float32
    service_level: Float32
    service_spread: Float32
    load_effect: Float32
    load_spread: Float32
    place: Float32
    rate: Float32
    service_rate: Float32
    load_rate: Float32
    technology: Int32

    def cell(self, resource: Int32, service: Int32, load: Float32) -> Int64:
        """Index into the load effects."""
        tech = np.where(resource >= 0, self.technology[resource], 0).astype(np.int64)
        return (tech * self.services + service) * BINS + load_bin(load)

    def pairs(self, subject: Int32, service: Int32) -> tuple[Int64, Bool]:
        """(pair index, known): unknown pairs get index 0."""
        pair = subject.astype(np.int64) * self.services + service
        known = (pair < len(self.count)) & (subject >= 0)
        return np.where(known, pair, 0), known


def _sum(at: Int64, weights: Float64 | None, size: int) -> Float64:
    return np.bincount(at, weights=weights, minlength=size).astype(np.float64, copy=False)


def _means(at: Int64, r: Float64, old: Float64, spread: Float64, prior: float, parent: Float64 | float) -> Float64:
    """One step of a robust shrunken mean a group: residuals are held to CLIP spreads around the old mean."""
    c = old[at]
    s = _sum(at, c + np.clip(r - c, -CLIP * spread, CLIP * spread), len(old))
    n = _sum(at, None, len(old))
    return np.asarray((s + prior * parent) / (n + prior))


@dataclass
class _Fit:
    """Work arrays of one indicator over its valid rows."""

    at: Int64
    y: Float64
    pair: Int64
    service: Int64
    cell: Int64
    spot: Int64
    day: Int64


def fit(
    past: Past, services: int, subjects: int, technology: Int32, days: Int64, material: Float32
) -> tuple[Expectation, Float32, Float32]:
    """(expectation, leave-one-day-out z (n, k), the same for failures (n,)) of a history; `days` numbers each row's
    day 0..D-1.

    The z of a row uses nothing of its own day in level, spread and place: what a calibration needs.
    """
    n, k = past.x.shape
    pairs, resources = subjects * services, len(technology)
    pair = past.subject.astype(np.int64) * services + past.service
    tech = technology[np.maximum(past.resource, 0)].astype(np.int64)
    n_tech = int(technology.max(initial=0)) + 1
    cell = (tech * services + past.service) * BINS + load_bin(past.load)
    spot = np.maximum(past.resource, 0).astype(np.int64) * 48 + past.hour
    n_days = int(days.max(initial=0)) + 1
    e = Expectation(
        services,
        np.zeros((pairs, k), np.float32),
        np.ones((pairs, k), np.float32),
        _sum(pair, None, pairs).astype(np.float32),
        np.zeros((services, k), np.float32),
        np.ones((services, k), np.float32),
        np.zeros((n_tech * services * BINS, k), np.float32),
        np.ones((n_tech * services * BINS, k), np.float32),
        np.zeros((resources * 48, k), np.float32),
        np.zeros(pairs, np.float32),
        np.zeros(services, np.float32),
        np.ones(n_tech * services * BINS, np.float32),
        technology,
    )
    z = np.full((n, k), np.nan, dtype=np.float32)
    for j in range(k):
        at = np.flatnonzero(np.isfinite(past.x[:, j]))
        if len(at):
            w = _Fit(
                at,
                past.x[at, j].astype(np.float64),
                pair[at],
                past.service[at].astype(np.int64),
                cell[at],
                spot[at],
                days[at],
            )
            z[at, j] = _fit_one(e, w, j, n_days, float(material[j]))
    return e, z, _fit_failures(e, past, pair, cell, days, n_days)


def _fit_one(e: Expectation, w: _Fit, j: int, n_days: int, material: float) -> Float32:
    services, pairs = e.services, len(e.count)
    mid = np.zeros(services)
    for s in np.unique(w.service):
        mid[s] = np.median(w.y[w.service == s])
    seen = _sum(w.pair, None, pairs) > 0
    service_of = np.arange(pairs) % services
    m = mid[service_of]
    wide = np.zeros(services)
    for s in np.unique(w.service):
        wide[s] = 1.4826 * np.median(np.abs(w.y[w.service == s] - mid[s])) + 1e-3
    f, h = np.zeros(len(e.load_effect)), np.zeros(len(e.place))
    sd_service = wide.copy()
    parent = mid[service_of]
    for turn in range(4):
        spread = (wide if turn == 0 else 2 * sd_service)[w.service]
        for _ in range(2):
            m = _means(w.pair, w.y - f[w.cell] - h[w.spot], m, spread, LEVEL_PRIOR, parent)
        f = _monotone(_means(w.cell, w.y - m[w.pair] - h[w.spot], f, spread, EFFECT_PRIOR, 0.0))
        h = _means(w.spot, w.y - m[w.pair] - f[w.cell], h, spread, EFFECT_PRIOR, 0.0)
        r = w.y - m[w.pair] - f[w.cell] - h[w.spot]
        for s in np.unique(w.service):
            sd_service[s] = 1.4826 * np.median(np.abs(r[w.service == s])) + 1e-3
    sd0 = sd_service[w.service]
    clipped = np.clip(r, -CLIP * sd0, CLIP * sd0)
    n_cell = _sum(w.cell, None, len(f))
    ratio = np.sqrt((_sum(w.cell, (clipped / sd0) ** 2, len(f)) + 30.0) / (n_cell + 30.0))
    ratio = np.maximum(ratio, 0.5)
    square = (clipped / ratio[w.cell]) ** 2
    tau = np.zeros(services)
    for s in np.unique(w.service):
        of = seen & (service_of == s)
        tau[s] = 1.4826 * np.median(np.abs(m[of] - np.median(m[of]))) if of.any() else 0.0
    n_pair, q_pair = _sum(w.pair, None, pairs), _sum(w.pair, square, pairs)
    service_sq = (_sum(w.service, square, services) + 1e-6) / (_sum(w.service, None, services) + 1e-3)
    variance = (q_pair + SPREAD_PRIOR * service_sq[service_of]) / (n_pair + SPREAD_PRIOR)
    e.level[:, j], e.load_effect[:, j], e.load_spread[:, j], e.place[:, j] = m, f, ratio, h
    e.service_level[:, j], e.service_spread[:, j] = mid, np.sqrt(service_sq)
    e.spread[:, j] = np.sqrt(variance + tau[service_of] ** 2 * LEVEL_PRIOR / (n_pair + LEVEL_PRIOR))
    own = _without_own_day(w.pair, w.day, n_days, m[w.pair] + clipped, n_pair, pairs)
    left = n_pair[w.pair] - own[1]
    m_cf = (_sum(w.pair, m[w.pair] + clipped, pairs)[w.pair] - own[0] + LEVEL_PRIOR * parent[w.pair]) / (
        left + LEVEL_PRIOR
    )
    sq_own = _without_own_day(w.pair, w.day, n_days, square, n_pair, pairs)[0]
    var_cf = (q_pair[w.pair] - sq_own + SPREAD_PRIOR * service_sq[w.service]) / (left + SPREAD_PRIOR)
    spots = len(h)
    n_spot = _sum(w.spot, None, spots)
    own_h = _without_own_day(w.spot, w.day, n_days, h[w.spot] + clipped, n_spot, spots)
    h_cf = (_sum(w.spot, h[w.spot] + clipped, spots)[w.spot] - own_h[0]) / (n_spot[w.spot] - own_h[1] + EFFECT_PRIOR)
    sd = np.sqrt(var_cf + tau[w.service] ** 2 * LEVEL_PRIOR / (left + LEVEL_PRIOR)) * ratio[w.cell]
    r_cf = w.y - m_cf - f[w.cell] - h_cf
    return damped(np.asarray(-r_cf / sd, dtype=np.float32), r_cf, material)


def damped(z: Float32, residual: Float32 | Float64, material: Float32 | float) -> Float32:
    """z held to 1 where the residual is under half of what a user would notice."""
    return np.where((z > 1) & (residual > -0.5 * np.asarray(material)), np.float32(1), z).astype(np.float32)


def _without_own_day(
    group: Int64, day: Int64, n_days: int, v: Float64, n: Float64, size: int
) -> tuple[Float64, Float64]:
    """(sum of v, number of rows) over each row's own group and own day."""
    key = group * n_days + day
    return _sum(key, v, size * n_days)[key], _sum(key, None, size * n_days)[key]


def _monotone(effect: Float64) -> Float64:
    """Effects made non-increasing over the load bins (more load is never better); the bin of unknown load stays as it
    is.
    """
    e = effect.reshape(-1, BINS)
    out = e.copy()
    down, up = np.minimum.accumulate(e[:, :-1], axis=1), np.maximum.accumulate(e[:, -2::-1], axis=1)[:, ::-1]
    out[:, :-1] = (down + up) / 2
    return np.asarray(out.reshape(-1))


def _fit_failures(e: Expectation, past: Past, pair: Int64, cell: Int64, days: Int64, n_days: int) -> Float32:
    service = past.service.astype(np.int64)
    tried, failed = past.tried.astype(np.float64), past.failed.astype(np.float64)
    pairs = len(e.count)
    p_service = (_sum(service, failed, e.services) + 0.5) / (_sum(service, tried, e.services) + 100.0)
    p_cell = (
        _sum(cell, failed, len(e.load_rate))
        + 100 * np.repeat(np.tile(p_service, len(e.load_rate) // e.services // BINS), BINS)
    ) / (_sum(cell, tried, len(e.load_rate)) + 100)
    e.load_rate[:] = np.maximum(
        p_cell / np.repeat(np.tile(p_service, len(e.load_rate) // e.services // BINS), BINS), 0.5
    )
    f_pair, n_pair = _sum(pair, failed, pairs), _sum(pair, tried, pairs)
    base = p_service[np.arange(pairs) % e.services]
    e.service_rate[:] = p_service
    e.rate[:] = (f_pair + FAILURE_PRIOR * base) / (n_pair + FAILURE_PRIOR)
    f_own, _ = _without_own_day(pair, days, n_days, failed, n_pair, pairs)
    n_own, _ = _without_own_day(pair, days, n_days, tried, n_pair, pairs)
    p = (f_pair[pair] - f_own + FAILURE_PRIOR * p_service[service]) / (n_pair[pair] - n_own + FAILURE_PRIOR)
    return failure_z(tried, failed, p * e.load_rate[cell])


def failure_z(tried: Float32 | Float64, failed: Float32 | Float64, p: Float32 | Float64) -> Float32:
    """z of the binomial tail P(at least so many failures); NaN where nothing was tried, -1 where nothing failed."""
    rate = np.clip(p, 1e-5, 0.95)
    k = np.minimum(failed, tried)
    tail = np.where(k > 0, bdtrc(np.maximum(k - 1, 0), np.maximum(tried, 1).astype(np.int64), rate), 1.0)
    z = -ndtri(np.clip(tail, 1e-15, 0.84))
    return np.where(tried > 0, z, np.nan).astype(np.float32)


def predict(e: Expectation, past: Past) -> tuple[Float32, Float32, Float32, Float32]:
    """(z (n, k) with above zero = worse, residual (n, k) with below zero = worse, failure z (n,), failure rate
    expected (n,)).

    Rows of pairs that were never seen are judged by their service's level and spread.
    """
    pair, known = e.pairs(past.subject, past.service)
    cell = e.cell(past.resource, past.service, past.load)
    spot = np.maximum(past.resource, 0).astype(np.int64) * 48 + past.hour
    there = (past.resource >= 0)[:, None]
    level = np.where(known[:, None], e.level[pair], e.service_level[past.service])
    spread = np.where(known[:, None], e.spread[pair], 2 * e.service_spread[past.service])
    r = past.x - level - e.load_effect[cell] - np.where(there, e.place[spot], 0)
    z = -r / (spread * e.load_spread[cell])
    p = np.where(known, e.rate[pair], e.service_rate[past.service]) * e.load_rate[cell]
    return z.astype(np.float32), r.astype(np.float32), failure_z(past.tried, past.failed, p), p.astype(np.float32)
