"""Episodes: persistence and hysteresis over slots, so that one odd slot is no news and one good slot is no recovery.

An episode opens when its surprise passed the limit in `need` of the last `window` slots that had a value, or at once
where it is overwhelming; it closes when the surprise stayed under half the limit, or the depth under a third of the
episode's mean, for `quiet` values, or when none came for `expire` seconds (a chart that adds up is high long after).
State is sparse: only what is open or about to be.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from cemcore.panel import Bool, Float32, Float64, Int16, Int32, Int64, Rows


@dataclass(frozen=True)
class Rules:
    """When episodes open and close. need of window values over the limit open one, or one by `sure` over it, where
    the depth is `least` or more; quiet values under `low` times the limit or `shallow` times the mean depth close it,
    or `expire` [s] without a value.
    """

    need: int = 2
    window: int = 4
    sure: float = 3.0
    low: float = 0.5
    least: float = -np.inf
    shallow: float = 0.33
    quiet: int = 4
    expire: int = 86_400


@dataclass(frozen=True)
class Episodes(Rows):
    """What lasts, or is about to begin: one line a candidate, sorted by `key`.

    key int64: number of the series or group. hits int32: bit i = the value i before the last passed. below int16:
    values in a row under the lower level. begin, seen, high int64 [s]: first slot that passed, last slot with a
    value, last slot over the lower level. peak float32: greatest surprise; depth float32 and count int32: sum of
    depths and number of the values over the lower level. open: reported.
    """

    key: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))
    hits: Int32 = field(default_factory=lambda: np.zeros(0, np.int32))
    below: Int16 = field(default_factory=lambda: np.zeros(0, np.int16))
    begin: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))
    seen: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))
    high: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))
    peak: Float32 = field(default_factory=lambda: np.zeros(0, np.float32))
    depth: Float32 = field(default_factory=lambda: np.zeros(0, np.float32))
    count: Int32 = field(default_factory=lambda: np.zeros(0, np.int32))
    open: Bool = field(default_factory=lambda: np.zeros(0, np.bool_))


@dataclass(frozen=True)
class Told(Rows):
    """What there is to say of episodes at a slot. end int64 [s]: 0 while it lasts; surprise float32 of this slot (of
    the peak where it ended); depth float32: mean so far.
    """

    key: Int64
    begin: Int64
    end: Int64
    depth: Float32
    surprise: Float32

    @classmethod
    def none(cls) -> Told:
        """Nothing to say."""
        i8, f4 = np.zeros(0, np.int64), np.zeros(0, np.float32)
        return cls(i8, i8, i8, f4, f4)


def advance(
    state: Episodes,
    rules: Rules,
    clock: tuple[int, int],
    key: Int64,
    surprise: Float32,
    depth: Float32,
    limit: float | Float64,
) -> tuple[Told, Episodes]:
    """One slot on; clock = (slot [s], seconds).

    key [n], each once, in any order; surprise [n], NaN = no value; depth [n]; limit: one, or one a row. Told are the
    open episodes that have a value at this slot, and those that end with it.
    """
    slot, seconds = clock
    there = ~np.isnan(surprise)
    bar = np.broadcast_to(np.asarray(limit, np.float64), surprise.shape)
    passed = there & (surprise >= bar) & (depth >= rules.least)
    if not len(state) and not passed.any():
        return Told.none(), state
    fresh = np.sort(key[passed & ~_among(key, state.key)])
    now = _with(state, fresh, slot)
    at, of = _positions(key, now.key, there)
    s, d, b = surprise[of], depth[of], bar[of]
    usual = now.depth[at] / np.maximum(now.count[at], 1)
    hit, high = passed[of], (s >= rules.low * b) & (d >= rules.shallow * usual)
    out = {name: getattr(now, name).copy() for name in ("hits", "below", "seen", "high", "peak", "depth", "count")}
    out["hits"][at] = ((out["hits"][at] << 1) | hit) & ((1 << rules.window) - 1)
    out["below"][at] = np.where(high, 0, out["below"][at] + 1)
    out["seen"][at] = slot
    out["high"][at] = np.where(high, slot, out["high"][at])
    out["peak"][at] = np.maximum(out["peak"][at], s)
    out["depth"][at] += np.where(high, d, 0)
    out["count"][at] += high
    opens = np.bitwise_count(out["hits"]) >= rules.need
    opens[at] |= hit & (s >= b + rules.sure)
    is_open = now.open | opens
    gone = (out["below"] >= rules.quiet) | (slot - out["seen"] >= rules.expire)
    after = Episodes(now.key, begin=now.begin, open=is_open, **out)
    told = _tell(after, (is_open & ~gone, at, s), is_open & gone, seconds)
    keep = ~gone & (is_open | (after.hits > 0))
    return told, after.take(keep)


def _tell(state: Episodes, lasting: tuple[Bool, Int64, Float32], ended: Bool, seconds: int) -> Told:
    """Open episodes with a value now (positions, surprises), then those that ended."""
    is_open, at, s = lasting
    now = np.full(len(state), np.nan, np.float32)
    now[at] = s
    say = np.flatnonzero((is_open & ~np.isnan(now)) | ended)
    over = ended[say]
    mean = state.depth[say] / np.maximum(state.count[say], 1)
    return Told(
        state.key[say],
        state.begin[say],
        np.where(over, state.high[say] + seconds, 0),
        mean.astype(np.float32),
        np.where(over, state.peak[say], now[say]).astype(np.float32),
    )


def _among(key: Int64, sorted_keys: Int64) -> Bool:
    if not len(sorted_keys):
        return np.zeros(len(key), np.bool_)
    at = np.minimum(np.searchsorted(sorted_keys, key), len(sorted_keys) - 1)
    return np.asarray(sorted_keys[at] == key)


def _positions(key: Int64, sorted_keys: Int64, there: Bool) -> tuple[Int64, Int64]:
    """(lines of the state, rows) of the rows that are both there and in the state."""
    of = np.flatnonzero(there & _among(key, sorted_keys))
    return np.searchsorted(sorted_keys, key[of]), of


def _with(state: Episodes, fresh: Int64, slot: int) -> Episodes:
    """The state with new candidates, sorted."""
    if not len(fresh):
        return state
    n = len(fresh)
    begin = np.full(n, slot, np.int64)
    zero, whole = np.zeros(n, np.float32), np.zeros(n, np.int32)
    new = Episodes(fresh, whole, np.zeros(n, np.int16), begin, begin, begin, zero, zero, whole, np.zeros(n, np.bool_))
    both = Episodes.concat([state, new])
    return both.take(np.argsort(both.key, kind="stable"))
