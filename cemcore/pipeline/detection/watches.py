"""The watches as they run: charts, then what the budget lets through, then episodes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from cemcore.panel import Bool, Float32, Float64, Int32, Int64, Rows
from cemcore.pipeline.detection import discovery
from cemcore.pipeline.detection.discovery import limit
from cemcore.pipeline.detection.episodes import Episodes, Rules, Told, advance
from cemcore.pipeline.detection.groups import Sums
from cemcore.pipeline.detection.pooled import PooledState, chart
from cemcore.pipeline.detection.renewal import LEAST_RECORDS, Records, SeriesState, Shared, silent
from cemcore.pipeline.detection.silence import Coverage, UsageRows, UsageState, usage

WINDOWS_A_DAY = 8.0
"""Charts of the same group three hours apart are taken for different tests: the budget is for the findings of a day."""
MATERIAL = 0.15
"""Mean shift of a group [spreads] from which an episode may begin."""
MISSING = 0.2
"""Share of the usual usage that must be missing where an episode begins."""
PATIENCE_S = 3 * 86_400
"""A group is not learned from while an episode lasts, at most so long: then what lasts is its new normal."""
HOURLY = 3600.0


def rules(seconds: int) -> Rules:
    """When pooled episodes open and close, by time: two of four slots, or half an hour's; quiet for an hour."""
    slots = max(round(HOURLY / seconds), 1)
    return Rules(need=max(2, slots // 3), window=max(4, slots), least=MATERIAL, sure=1.0, quiet=max(3, slots))


@dataclass(frozen=True)
class PooledWatch:
    """Charts of the groups; episodes that last; groups whose episode ended with the last slot."""

    groups: PooledState = field(default_factory=PooledState)
    episodes: Episodes = field(default_factory=Episodes)
    ended: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))


def watch_groups(
    watch: PooledWatch, sums: Sums, taught: Sums, q: float, clock: tuple[int, int, int]
) -> tuple[Told, PooledWatch]:
    """One slot on: what there is to say of groups, the strongest first; clock = (slot [s], seconds, local hour).

    sums: of all rows that count; taught: of those that no problem explains. q: share of what is told that may be
    chance.
    """
    slot, seconds, _ = clock
    held = watch.episodes.key[watch.episodes.open & (slot - watch.episodes.begin < PATIENCE_S)]
    said, groups = chart(watch.groups, sums, taught, held, watch.ended, clock)
    bar = bars(said.surprise, said.kind, groups.sizes, q)
    told, after = advance(watch.episodes, rules(seconds), clock[:2], said.key, said.surprise, said.shift, bar)
    told = told.take(np.argsort(-told.surprise, kind="stable"))
    return told, PooledWatch(groups, after, told.key[told.end > 0])


def bars(surprise: Float32, kind: Int32, sizes: Int64, q: float, windows: float = WINDOWS_A_DAY) -> Float64:
    """The surprise that each row must have: Benjamini-Hochberg over all groups and the windows of a day, kinds
    weighted so that each has the same share of the budget, however many groups it has.
    """
    tests = np.maximum(sizes, 1) * windows
    lift = np.log10(tests.sum() / (len(sizes) * tests))
    lifted = surprise + lift[kind]
    return np.asarray(_bar(lifted, q, float(tests.sum())) - lift[kind])


def _bar(surprise: Float32 | Float64, q: float, tests: float) -> float:
    """Benjamini-Hochberg's limit; where nothing passes, what a single one would have to pass."""
    return min(limit(surprise, q, tests), float(-np.log10(q / tests)))


def kept(seconds: int, days: float) -> float:
    """Share of a decayed count that a slot keeps, for a half-life in days."""
    return float(0.5 ** (seconds / (days * 86_400)))


@dataclass(frozen=True)
class UsageWatch:
    """Charts of the groups' usage; episodes that last; groups whose episode ended with the last slot."""

    groups: UsageState = field(default_factory=UsageState)
    episodes: Episodes = field(default_factory=Episodes)
    ended: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))


def watch_usage(
    watch: UsageWatch, counts: Float64, sizes: Int64, coverage: Coverage, q: float, clock: tuple[int, int, int]
) -> tuple[Told, UsageRows, UsageWatch]:
    """One slot on: missing usage of groups; clock = (slot [s], seconds, local hour, +24 on a free day)."""
    slot, seconds, _ = clock
    held = watch.episodes.key[watch.episodes.open & (slot - watch.episodes.begin < PATIENCE_S)]
    said, groups = usage(watch.groups, counts, sizes, coverage, held, watch.ended, clock)
    bar = bars(said.surprise, said.kind, groups.sizes, q, 86_400 / seconds)
    rule = replace(rules(seconds), need=2, least=MISSING)
    told, after = advance(watch.episodes, rule, clock[:2], said.key, said.surprise, said.missing, bar)
    told = told.take(np.argsort(-told.surprise, kind="stable"))
    return told, said, UsageWatch(groups, after, told.key[told.end > 0])


@dataclass(frozen=True)
class SeriesEpisodes:
    """Episodes of single series: worse than habit, silent, using nothing, stuck; null: decayed habit surprises."""

    worse: Episodes
    silent: Episodes
    unused: Episodes
    stuck: Episodes
    null: Float64


@dataclass(frozen=True)
class Judged(Rows):
    """Habit of a slot's records: surprise, z (above zero = worse), and whether they are not to be learned from."""

    surprise: Float32
    z: Float32
    left_out: Bool


def watch_series(
    before: SeriesEpisodes,
    state: SeriesState,
    shared: Shared,
    records: Records,
    judged: Judged,
    clock: tuple[int, int],
    domains: int,
    q: float,
) -> tuple[tuple[Told, Told, Told, Told], SeriesEpisodes]:
    """One slot on: worse than habit, silent, using nothing, stuck."""
    seconds = clock[1]
    ripe = float(max(int((state.count >= LEAST_RECORDS).sum()), 1))
    surprise = discovery.corrected(judged.surprise, before.null)
    bar = _bar(surprise, q, max(int(np.isfinite(surprise).sum()), 1) * WINDOWS_A_DAY)
    worse_rule = replace(rules(seconds), least=0.0)
    worse, worse_after = advance(before.worse, worse_rule, clock, records.series, surprise, judged.z, bar)
    open_now = worse_after.key[worse_after.open]
    healthy = ~judged.left_out & ~np.isin(records.series, open_now)
    learned = before.null * kept(seconds, 7) + discovery.histogram(judged.surprise[healthy])
    who, age, gap = silent(state, shared, domains, clock)
    returned = np.intersect1d(records.series, before.silent.key)
    who, first = np.unique(np.concatenate([returned, who]), return_index=True)
    age = np.concatenate([np.zeros(len(returned), np.float32), age])[first]
    gap = np.concatenate([np.zeros(len(returned), np.float32), gap])[first]
    quiet = Rules(need=1, window=1, quiet=1, shallow=0.0)
    quiet_told, quiet_after = advance(before.silent, quiet, clock, who, age, gap, _bar(age, q, ripe * WINDOWS_A_DAY))
    out, after = [], []
    for summed, old in ((state.unused, before.unused), (state.stuck, before.stuck)):
        value = summed[records.series]
        bar = -np.log10(q / (ripe * 86_400 / seconds))
        said, new = advance(old, replace(quiet, low=0.01), clock, records.series, value, np.ones_like(value), bar)
        out.append(said)
        after.append(new)
    return (worse, quiet_told, out[0], out[1]), SeriesEpisodes(worse_after, quiet_after, after[0], after[1], learned)
