"""The watches beside the corridor's own: groups of this slot, their usage, single series. They tell, and change
nothing.

Called once a slot by the route, after it knows what open problems explain: what they explain is judged, and not
learned.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from cemcore.domain import Alarm, PlannedWork
from cemcore.panel import Bool, Float32, Float64, Int8, Int16, Int32, Int64, Population, QualityRows, Rows
from cemcore.pipeline.detection import discovery, episodes, groups, pooled, renewal, silence, tails, watches
from cemcore.topology import Topology

SERIES = "series"
"""Level of single (subject, service) series."""
WHATS = ("worse", "missing usage", "sleeping", "silent", "zero usage", "stuck")
"""What an episode is about: experience worse than habit; fewer records than usual, of a group; the same of an access
resource that lost nearly all, with witnesses and without an alarm; then of single series: no record for unusually
long, records of no usage, the same values over and over.
"""
FINDING = "finding:"
"""Begins the tallies of a tick that count its findings by level."""
VERSIONS = ("firmware", "app_version")
"""Attributes whose values are replaced by newer ones as a matter of course: their usage is not missed."""


@dataclass(frozen=True)
class Finding(Rows):
    """What lasts or ended at a slot, n rows, per watch the strongest first.

    what int8 indexes WHATS; level int16 the levels; key int64: code of the group, or the subject; service int32, -1
    all; begin, end int64 [s], end 0 while it lasts; depth float32: mean shift in spreads, or share missing; surprise
    float32.
    """

    what: Int8
    level: Int16
    key: Int64
    service: Int32
    begin: Int64
    end: Int64
    depth: Float32
    surprise: Float32


@dataclass(frozen=True)
class Findings:
    """Findings of a slot, and what their levels are called: kinds of groups, then "series"."""

    levels: tuple[str, ...]
    rows: Finding

    def counts(self) -> dict[str, int]:
        """How many episodes ended, by level, as tallies `finding:<level>`."""
        n = np.bincount(self.rows.level[self.rows.end > 0], minlength=len(self.levels))
        return {f"{FINDING}{name}": int(k) for name, k in zip(self.levels, n, strict=True) if k}


NOTHING = Findings(
    (),
    Finding(
        np.zeros(0, np.int8), np.zeros(0, np.int16), np.zeros(0, np.int64), np.zeros(0, np.int32),
        np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32), np.zeros(0, np.float32),
    ),
)  # fmt: skip
"""No findings."""


@dataclass(frozen=True)
class WatchState:
    """What the watches remember, plain arrays. null: decayed histogram of habit surprises."""

    pooled: watches.PooledWatch = field(default_factory=watches.PooledWatch)
    usage: watches.UsageWatch = field(default_factory=watches.UsageWatch)
    series: renewal.SeriesState = field(default_factory=renewal.SeriesState)
    shared: renewal.Shared = field(default_factory=renewal.Shared)
    null: Float64 = field(default_factory=lambda: np.zeros(discovery.BINS + 1))
    worse: episodes.Episodes = field(default_factory=episodes.Episodes)
    silent: episodes.Episodes = field(default_factory=episodes.Episodes)
    unused: episodes.Episodes = field(default_factory=episodes.Episodes)
    stuck: episodes.Episodes = field(default_factory=episodes.Episodes)


CLASSES: tuple[type, ...] = (
    WatchState, watches.PooledWatch, watches.UsageWatch, pooled.PooledState, silence.UsageState, tails.Tails,
    episodes.Episodes, renewal.SeriesState, renewal.Shared,
)  # fmt: skip
"""Classes that the state is made of."""


@dataclass(frozen=True)
class Slot:
    """One slot as the watches see it: quality rows, and of each its habit (z above zero = worse; surprise), how far it
    is below requirement, whether a problem explains it, whether its domain is blind. clock = (slot [s], seconds, local
    hour, free day); domain_of by resource; blind by domain; services: how many there are; tell: False while learning.
    """

    rows: QualityRows
    z: Float32
    surprise: Float32
    explained: Bool
    unseen: Bool
    population: Population
    clock: tuple[int, int, int, bool]
    domain_of: Int32
    blind: Bool
    services: int
    tell: bool


Alarmed = Callable[[Int64], Bool]
"""Whether an alarm stands, or work is under way, on access resources or what they depend on."""


def watch(state: WatchState, at: Slot, q: float, alarmed: Alarmed) -> tuple[Findings, WatchState]:
    """One slot on: what there is to say, and the state after it. q: share of what each watch tells that may be
    chance.
    """
    now = at.rows.slot == at.clock[0]
    keys = groups.group_keys(at.rows.take(now), at.population)
    at = replace(
        at, rows=at.rows.take(now), z=at.z[now], surprise=at.surprise[now], explained=at.explained[now],
        unseen=at.unseen[now],
    )  # fmt: skip
    levels = (*keys.names, SERIES)
    told_groups, pooled_after = _pooled(state.pooled, keys, at, q)
    told_usage, usage_after = _usage(state.usage, keys, at, q, alarmed)
    told_series, after = _series(state, at, q)
    parts = [_of_groups(told_groups, 0), *told_usage, *told_series]
    found = Finding.concat(parts)
    if not at.tell:
        found = found.take(slice(0, 0))
    return Findings(levels, found), replace(after, pooled=pooled_after, usage=usage_after)


def alarmed(alarms: tuple[Alarm, ...], work: tuple[PlannedWork, ...], topology: Topology) -> Alarmed:
    """Whether something is said of a resource or of what it depends on: an alarm stands, or work is planned around."""
    names = {a.resource_id for a in alarms if a.standing} | {r for w in work for r in w.resources}
    said = {topology.index[r] for r in names if r in topology.index}

    def ask(places: Int64) -> Bool:
        return np.array([bool(said & {int(p), *topology.ancestors(int(p)).tolist()}) for p in places], np.bool_)

    return ask


def _pooled(
    state: watches.PooledWatch, keys: groups.GroupKeys, at: Slot, q: float
) -> tuple[episodes.Told, watches.PooledWatch]:
    z = np.where(at.unseen, np.float32(np.nan), at.z)
    sums = groups.reduce(keys, z, state.groups.sizes)
    left_out = at.explained & ~np.isnan(z)
    taught = groups.reduce(keys, np.where(left_out, np.float32(np.nan), z), sums.sizes) if left_out.any() else sums
    return watches.watch_groups(state, sums, taught, q, at.clock[:3])


def _usage(
    state: watches.UsageWatch, keys: groups.GroupKeys, at: Slot, q: float, alarmed: Alarmed
) -> tuple[list[Finding], watches.UsageWatch]:
    slot, seconds, hour, free = at.clock
    missed = replace(keys, codes=keys.codes.copy())
    missed.codes[[keys.names.index(name) for name in VERSIONS if name in keys.names]] = -1
    least = np.zeros(len(keys.names), np.int64)
    least[0] = len(at.domain_of)
    sizes = groups.widest(missed.sizes(), groups.widest(state.groups.sizes, least))
    counts = groups.count(missed, sizes)
    coverage = silence.Coverage(at.domain_of, at.blind)
    told, found, after = watches.watch_usage(state, counts, sizes, coverage, q, (slot, seconds, hour + 24 * free))
    place = told.key < groups.SPAN
    candidates = silence.witnessed(found, counts[: sizes[0]], coverage)
    gone = place & np.isin(told.key, candidates) & (told.end == 0)
    gone[gone] = ~alarmed(told.key[gone])
    return [_of_groups(told.take(~gone), 1), _of_groups(told.take(gone), 2)], after


def _series(state: WatchState, at: Slot, q: float) -> tuple[list[Finding], WatchState]:
    """Single series: worse than habit, silent, using nothing, stuck."""
    slot, seconds, _, _ = at.clock
    series = at.rows.subject.astype(np.int64) * at.services + at.rows.service
    domains = int(at.domain_of.max(initial=-1)) + 1
    cohort = at.rows.service * 2 + np.maximum(at.population.kind[at.rows.subject], 0)
    there = at.rows.resource >= 0
    domain = np.where(there, at.domain_of[np.where(there, at.rows.resource, 0)], -1) if domains else there * 0 - 1
    home = (cohort * (domains + 1) + domain + 1).astype(np.int32)
    hashed = renewal.digest(at.rows.kqis)
    records = renewal.Records(series, home, cohort.astype(np.int32), hashed, at.rows.sessions)
    known, sums = renewal.observe(state.series, state.shared, records, slot)
    shared = state.shared.plus(sums, slot, watches.kept(seconds, 28))
    before = watches.SeriesEpisodes(state.worse, state.silent, state.unused, state.stuck, state.null)
    judged = watches.Judged(at.surprise, at.z, at.explained | at.unseen)
    told, after = watches.watch_series(before, known, shared, records, judged, (slot, seconds), domains, q)
    new = replace(
        state, series=known, shared=shared, null=after.null, worse=after.worse, silent=after.silent,
        unused=after.unused, stuck=after.stuck,
    )  # fmt: skip
    level = len(groups.NAMES) + len(groups.rest_of(at.population))
    what = (0, 3, 4, 5)
    out = [_of_series(t, w, level, at.services) for t, w in zip(told, what, strict=True)]
    return [out[0], replace(out[1], begin=known.last[told[1].key].astype(np.int64) * 60 + seconds), *out[2:]], new


def _of_groups(told: episodes.Told, what: int) -> Finding:
    level = (told.key // groups.SPAN).astype(np.int16)
    code = told.key % groups.SPAN
    service = np.where(level == 1, code, np.where(level == 2, code // 2, -1)).astype(np.int32)
    whats = np.full(len(told), what, np.int8)
    return Finding(whats, level, code, service, told.begin, told.end, told.depth, told.surprise)


def _of_series(told: episodes.Told, what: int, level: int, services: int) -> Finding:
    n = len(told)
    service = (told.key % services).astype(np.int32)
    return Finding(
        np.full(n, what, np.int8), np.full(n, level, np.int16), told.key // services, service, told.begin, told.end,
        told.depth, told.surprise,
    )  # fmt: skip
