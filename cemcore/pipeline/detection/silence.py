"""Missing usage of groups: a sleeping cell raises no alarm and sends no record, but its people are missed.

Expected active series of each group by hour of working and free days, learned streaming, against those seen: the log
likelihood ratio of "a tenth of them" and of "half of them" against "all of them" (Poisson, over the group's own
dispersion of two-hour counts) adds up in a one-sided CUSUM (Page 1954); by Wald's bound exp(-C) holds its false alarms,
and ranks among healthy charts hold where people move together. All counts go by how busy the whole is, so that a
holiday is no outage; what is blind is neither judged nor learned. Counts add up over partitions.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from cemcore.panel import Bool, Float32, Float64, Int32, Int64, Rows
from cemcore.pipeline.detection.groups import among, kind_of, moved, numbers, widest
from cemcore.pipeline.detection.tails import Tails

BINS = 48
"""Hours of a working day, then of a free one."""
GONE, HALF = 0.1, 0.5
"""Shares of the usual that the two charts look for."""
CEILING = 60.0
BLOCK_S = 7200
"""Counts are dispersed as sums of two hours: who is there now is there a quarter of an hour later."""
YOUNG_S = 2 * 86_400
LEAST = 1.0
"""Rows a slot that must be usual, on an average over the day's hours, before a group is watched."""
ASLEEP, WITNESS = 0.6, 0.6
"""A cell is asleep where this share of its usual is missing, while the rest of its domain has that share of its own."""
STEADY = (0.8, 1.25)
"""Where the whole is this busy of its usual, counts are learned as they are; else by how busy it is."""
WARY_S = 12 * 3600


@dataclass(frozen=True)
class UsageState:
    """What is known of the usage of groups, flat over kinds of `sizes`.

    expected, weight float32 (G, 48): rows a slot by hour and slots that it rests on; gone, half float32: charts;
    missing float32: share of the usual missing lately; dispersion float32: variance of two-hour counts over their
    mean; seen, due float32: rows of this block and those expected; first, wary int64 [s], -1 none.
    """

    sizes: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))
    expected: Float32 = field(default_factory=lambda: np.zeros((0, BINS), np.float32))
    weight: Float32 = field(default_factory=lambda: np.zeros((0, BINS), np.float32))
    gone: Float32 = field(default_factory=lambda: np.zeros(0, np.float32))
    half: Float32 = field(default_factory=lambda: np.zeros(0, np.float32))
    missing: Float32 = field(default_factory=lambda: np.zeros(0, np.float32))
    dispersion: Float32 = field(default_factory=lambda: np.zeros(0, np.float32))
    seen: Float32 = field(default_factory=lambda: np.zeros(0, np.float32))
    due: Float32 = field(default_factory=lambda: np.zeros(0, np.float32))
    first: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))
    wary: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))
    block: int = -1
    tails: Tails = field(default_factory=Tails)

    def grown(self, sizes: Int64) -> UsageState:
        """A copy with room for so many groups a kind, whose arrays may be written to."""
        at, g = moved(self.sizes, sizes), int(sizes.sum())
        new: dict[str, np.ndarray] = {}
        for name, start in _START.items():
            old = getattr(self, name)
            new[name] = np.full((g, *old.shape[1:]), start, old.dtype)
            new[name][at] = old
        return replace(self, sizes=sizes, **new)  # type: ignore[arg-type]


_START = {
    "expected": 0.0, "weight": 0.0, "gone": 0.0, "half": 0.0, "missing": 0.0, "dispersion": 1.5, "seen": 0.0,
    "due": 0.0, "first": -1, "wary": -1,
}  # fmt: skip


@dataclass(frozen=True)
class UsageRows(Rows):
    """What the watch says of the groups that have a usual: key int64, kind int32, surprise float32 (NaN = not known),
    missing float32 0..1, expected float32 rows at this slot.
    """

    key: Int64
    kind: Int32
    surprise: Float32
    missing: Float32
    expected: Float32


@dataclass(frozen=True)
class Coverage:
    """Which coverage domain each access resource is in (-1 none), and which domains are blind at the slot."""

    domain_of: Int32
    blind: Bool


def usage(
    state: UsageState,
    counts: Float64,
    sizes: Int64,
    coverage: Coverage,
    held: Int64,
    over: Int64,
    clock: tuple[int, int, int],
) -> tuple[UsageRows, UsageState]:
    """Judge the counts of a slot, then learn them; clock = (slot [s], seconds, hour of the day 0-23, +24 if free).

    counts: rows of each group (`groups.count`) of kinds of `sizes`, access resources first. held: numbers of groups
    that are not to be learned from; over: of those whose episode ended.
    """
    slot, seconds, hour = clock
    s = state.grown(widest(state.sizes, sizes))
    n = np.zeros(int(s.sizes.sum()))
    n[moved(sizes, s.sizes)] = counts
    kind, number = kind_of(s.sizes), numbers(s.sizes)
    over_at, kept_out = among(s.sizes, over), among(s.sizes, held)
    s.gone[over_at], s.half[over_at] = 0, 0
    usual, sure = _usual(s, hour)
    seen = ~_blind(s.sizes, coverage)
    busy = _busy(s.sizes, n, usual, seen, coverage)
    due = usual * busy
    careful = np.maximum(usual - np.sqrt(usual / np.maximum(sure, 1)), 0) * busy
    _add_up(s, n, careful, seen)
    old = (s.first >= 0) & (slot - s.first >= YOUNG_S)
    at = np.flatnonzero(old & seen & (s.expected.mean(axis=1) >= LEAST) & (usual > 0))
    score = np.maximum(s.gone, s.half)[at]
    size = np.searchsorted(np.array([4.0, 16.0, 64.0]), s.expected[at].mean(axis=1), side="right").astype(np.int32)
    ranked = s.tails.surprise(score, size)
    surprise = np.fmin(score / np.log(10), ranked).astype(np.float32)
    surprise[np.isnan(ranked)] = np.nan
    part = seconds / 3600
    follow = 1 - np.exp(-part / 1.5)
    lack = np.where(due > 0, 1 - n / np.maximum(due, 1e-6), 0)
    s.missing[seen] += (follow * (np.clip(lack, -1, 1) - s.missing))[seen]
    s.wary[at] = np.where(surprise > 3, slot + WARY_S, s.wary[at])
    healthy = (s.wary[at] < slot) & ~kept_out[at]
    tails = s.tails.learn(score, size, healthy, 0.5 ** (seconds / (7 * 86_400)), seconds / 3600)
    found = UsageRows(number[at], kind[at], surprise, np.clip(s.missing[at], 0, 1), due[at].astype(np.float32))
    learn = seen & ~kept_out
    whole = float(n[seen & (kind == 0)].sum() / max(usual[seen & (kind == 0)].sum(), 1e-6)) if old.any() else 1.0
    _learn(s, n, learn, hour, part, whole)
    _disperse(s, n, due, learn & (usual > 0), slot)
    s.first[(n > 0) & (s.first < 0)] = slot
    return found, replace(s, tails=tails, block=slot // BLOCK_S)


def witnessed(found: UsageRows, counts: Float64, coverage: Coverage) -> Int64:
    """Access resources (codes) that lost nearly all usage while the rest of their coverage domain reports as ever.

    Absence alone is unknown; the neighbours are the witness. counts: rows by access resource.
    """
    of = (found.kind == 0) & ~np.isnan(found.surprise)
    code, due = found.key[of], found.expected[of].astype(np.float64)
    domain = coverage.domain_of[code] + 1
    seen = np.minimum(counts[code], 2 * due)
    rest = np.bincount(domain, weights=seen)[domain] - seen if len(code) else seen
    rest_due = np.bincount(domain, weights=due)[domain] - due if len(code) else due
    return code[(found.missing[of] >= ASLEEP) & (rest_due > 0) & (rest >= WITNESS * rest_due)]


def _usual(s: UsageState, hour: int) -> tuple[Float64, Float64]:
    """(rows that are usual at the hour, slots that this rests on); a kind of day never seen takes the other's."""
    other = (hour + 24) % BINS
    own = s.weight[:, hour] >= 2
    usual = np.where(own, s.expected[:, hour], s.expected[:, other])
    sure = np.where(own, s.weight[:, hour], s.weight[:, other] / 4)
    return usual.astype(np.float64), sure.astype(np.float64)


def _blind(sizes: Int64, coverage: Coverage) -> Bool:
    """Groups that nothing can be said of: access resources of blind domains, and all that may have rows there."""
    out = np.zeros(int(sizes.sum()), np.bool_)
    if coverage.blind.any():
        out[int(sizes[0]) :] = True
        domain = coverage.domain_of[: int(sizes[0])]
        out[: len(domain)] = (domain >= 0) & coverage.blind[domain]
    return out


def _busy(sizes: Int64, n: Float64, usual: Float64, seen: Bool, coverage: Coverage) -> Float64:
    """How busy it is, of the usual, where each group is: its domain for access resources, else the whole."""
    places = int(sizes[0]) if len(sizes) else 0
    here = seen[:places]
    whole = np.clip((n[:places][here].sum() + 20) / (usual[:places].sum() + 20), 0.2, 3.0)
    out = np.full(len(n), whole)
    domain = coverage.domain_of[:places] + 1
    m = int(domain.max(initial=0)) + 1
    seen_n = np.bincount(domain, weights=np.minimum(n[:places], 2 * usual[:places] + 2) * here, minlength=m)
    usual_n = np.bincount(domain, weights=usual[:places] * here, minlength=m)
    near = np.clip((seen_n + 20 * whole) / (usual_n + 20), 0.2, 3.0)
    out[:places] = near[domain]
    return out


def _add_up(s: UsageState, n: Float64, due: Float64, seen: Bool) -> None:
    for name, share in (("gone", GONE), ("half", HALF)):
        step = (n * np.log(share) + (1 - share) * due) / np.maximum(s.dispersion, 1)
        chart = getattr(s, name)
        chart[seen] = np.clip(chart + step, 0, CEILING)[seen]


def _learn(s: UsageState, n: Float64, of: Bool, hour: int, part: float, whole: float) -> None:
    told = n if STEADY[0] <= whole <= STEADY[1] else n / np.clip(whole, 0.2, 3.0)
    rate = np.maximum(1 / (s.weight[of, hour] + 1), 0.1 * part)
    s.expected[of, hour] += rate * (told[of] - s.expected[of, hour])
    s.weight[of, hour] = np.minimum(s.weight[of, hour] + 1, 1000)


def _disperse(s: UsageState, n: Float64, due: Float64, of: Bool, slot: int) -> None:
    """Add to the block of two hours; at its end learn how counts vary beside their mean."""
    if s.block >= 0 and slot // BLOCK_S != s.block:
        full = s.due >= 1
        chi = (s.seen[full] - s.due[full]) ** 2 / s.due[full]
        s.dispersion[full] += 0.03 * (np.clip(chi, 0, 9 * s.dispersion[full]) - s.dispersion[full])
        s.seen[:], s.due[:] = 0, 0
    s.seen[of] += n[of].astype(np.float32)
    s.due[of] += due[of].astype(np.float32)
