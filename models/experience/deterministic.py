"""Deterministic communication with survival time (3GPP TS 22.104 clause 3.1, annex C).

A message has failed if it is incorrect, lost or late. The service is down once failures have lasted longer than the
survival time, which the application bridges, until the next good message.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from cemcore.panel import Bool, Float64, Int64
from models.experience.inputs import Quantity, Reader

_MOST = 100_000_000


@dataclass(frozen=True, slots=True)
class Requirement:
    """What TS 22.104 asks of a kind of deterministic service; the lowest availability where it gives a range.

    availability: share of time; latency_s: end to end, None = less than the interval; message_bytes: at most;
    interval_s: transfer interval, at most; survival_s: at most; None = not given.
    """

    availability: float
    latency_s: float | None
    message_bytes: int
    interval_s: float | None = None
    survival_s: float | None = None


REQUIREMENTS: dict[str, Requirement] = {
    "motion control, 20 devices": Requirement(0.99999, None, 50, 0.0005, 0.0005),
    "motion control, 50 devices": Requirement(0.99999, None, 40, 0.001, 0.001),
    "motion control, 100 devices": Requirement(0.99999, None, 20, 0.002, 0.002),
    "control to control": Requirement(0.999999, 0.010, 1000, 0.010, 0.010),
    "mobile robots": Requirement(0.999999, None, 250, 0.050, 0.050),
    "mobile control panel with safety": Requirement(0.999999, 0.012, 250),
    "process monitoring": Requirement(0.9999, 0.100, 20, 60.0, 180.0),
}
"""Kind of service -> what it needs (3GPP TS 22.104 clause 5, all from memory: check before you hold anybody to it)."""


@dataclass(frozen=True, slots=True)
class Availability:
    """What a flow of messages came to.

    messages: all that were due; lost, late, incorrect: their shares (a message counts as the first that holds of:
    lost, incorrect, late); failed: the share of all three; down_s, watched_s: time; availability: 1 - down / watched;
    outages: how often the service went down; mtbf_s: time up per outage (reliability), infinite without any.
    """

    messages: int
    lost: float
    late: float
    incorrect: float
    failed: float
    down_s: float
    watched_s: float
    availability: float
    outages: int
    mtbf_s: float


def assess(
    sequence: ArrayLike,
    sent_s: ArrayLike,
    received_s: ArrayLike,
    correct: ArrayLike,
    bound_s: float,
    survival_s: float,
    interval_s: float | None = None,
) -> Availability:
    """The availability of a periodic flow as its application sees it.

    sequence: whole numbers; numbers between the first and the last that are not there were lost. sent_s, received_s:
    times on one clock [s]; received NaN = lost. correct: the content is right. bound_s: latency bound. interval_s: the
    transfer interval; the median of what is seen where it is not given. A sequence number that is there several times
    counts by its best copy. Deadline = time sent + bound, and at the deadline the application acts on a message: the
    service goes down survival_s after the first missed deadline and is up at the next deadline that is kept. Watched
    is one interval per message due. Times may be seconds since 1970, which double precision knows to 0.2 us: what lies
    within that of a bound keeps it. ValueError where there is no message, the interval can't be told, or numbers leave
    gaps of more than a hundred million.
    """
    seq, sent, good, lost, wrong, late = _messages(sequence, sent_s, received_s, correct, bound_s)
    if survival_s < 0 or bound_s < 0:
        raise ValueError("bound and survival time are 0 or more")
    if interval_s is None:
        if seq.size < 2:
            raise ValueError("the interval can't be told from one message: give interval_s")
        interval_s = float(np.median(np.diff(sent)))
    if interval_s <= 0:
        raise ValueError("the interval is above 0")
    n = seq.size
    deadline = sent + bound_s
    begin, end = _stretches(~good)
    until = np.append(deadline, deadline[-1] + interval_s)[end]
    down = np.maximum(until - deadline[begin] - survival_s, 0.0)
    down = np.where(down > _precision(sent) + 1e-9 * interval_s, down, 0.0)
    watched = max(float(deadline[-1] - deadline[0]) + interval_s, float(down.sum()))
    total, outages = float(down.sum()), int((down > 0).sum())
    return Availability(
        messages=n,
        lost=float(lost.mean()),
        late=float(late.mean()),
        incorrect=float(wrong.mean()),
        failed=1.0 - float(good.mean()),
        down_s=total,
        watched_s=watched,
        availability=1.0 - total / watched,
        outages=outages,
        mtbf_s=(watched - total) / outages if outages else float("inf"),
    )


def _messages(
    sequence: ArrayLike, sent_s: ArrayLike, received_s: ArrayLike, correct: ArrayLike, bound_s: float
) -> tuple[Float64, Float64, Bool, Bool, Bool, Bool]:
    """(sequence, time sent, good, lost, incorrect, late) of every message that was due, in order."""
    seq, sent, received = (np.asarray(a, np.float64) for a in (sequence, sent_s, received_s))
    right = np.asarray(correct, np.bool_)
    if not seq.size or not seq.shape == sent.shape == received.shape == right.shape or seq.ndim != 1:
        raise ValueError("sequence, sent, received and correct are vectors of the same length, one message or more")
    if not (np.isfinite(seq).all() and np.isfinite(sent).all() and (seq == np.rint(seq)).all()):
        raise ValueError("sequence numbers are whole, and every message that is there has a time sent")
    came = ~np.isnan(received)
    kept = came & (received - sent <= bound_s * (1.0 + 1e-9) + _precision(sent))
    rank = came.astype(int) + (came & right) + (kept & right)  # best copy of a number last
    order = np.lexsort((rank, seq))
    last = np.append(np.diff(seq[order]) > 0, True)
    pick = order[last]
    if seq[pick[-1]] - seq[pick[0]] > _MOST:
        raise ValueError("sequence numbers leave too large a gap: did a counter wrap, or are there several flows?")
    due = np.arange(seq[pick[0]], seq[pick[-1]] + 1.0)
    at = (seq[pick] - due[0]).astype(np.int64)
    lost, wrong, late = np.ones(due.size, np.bool_), np.zeros(due.size, np.bool_), np.zeros(due.size, np.bool_)
    lost[at] = ~came[pick]
    wrong[at] = came[pick] & ~right[pick]
    late[at] = came[pick] & right[pick] & ~kept[pick]
    return due, np.interp(due, seq[pick], sent[pick]), ~(lost | wrong | late), lost, wrong, late


def _precision(times: Float64) -> float:
    """What a difference of such times may be off by [s]."""
    return float(4.0 * np.spacing(np.abs(times).max()))


def _stretches(flag: Bool) -> tuple[Int64, Int64]:
    """(first, one past the last) of each run of True."""
    edge = np.diff(np.concatenate([[0], flag.astype(np.int8), [0]]))
    return np.flatnonzero(edge == 1), np.flatnonzero(edge == -1)


def nines(availability: ArrayLike) -> Float64:
    """-log10(1 - availability): 3 for 99.9 %; infinite for 1, NaN for NaN."""
    with np.errstate(divide="ignore"):
        return np.asarray(-np.log10(1.0 - np.asarray(availability, np.float64)))


@dataclass(frozen=True)
class DeterministicAvailability(Reader):
    """Availability of a deterministic service (3GPP TS 22.104: survival time bridged) against its target, in nines.

    100 at `target` and better, 0 at `useless` and worse, straight between them on the scale of nines,
    -log10(1 - availability): each further nine is worth the same. The KQI `availability_ratio` is what `assess` makes
    of a flow of messages, or what the source reports (`inputs` may name another); quality records keep seven digits, so
    targets go to 0.999999. Monotone.
    """

    QUANTITIES: ClassVar[Mapping[str, Quantity]] = {
        "availability": Quantity("availability_ratio", "1", 0, 1, "higher", "share of time that the service was up")
    }

    target: float = 0.999999
    useless: float = 0.9

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.useless < self.target < 1:
            raise ValueError("0 <= useless < target < 1")
        if self.target > 0.9999995:
            raise ValueError("target: a quality record can't tell more than six nines apart")

    def score(self, kqis: Mapping[str, Float64]) -> Float64:
        """Scores 0..100 of n records; NaN where there is no availability."""
        got = np.clip(self.values(kqis)["availability"], self.useless, self.target)
        least = nines(self.useless)
        return np.clip(100.0 * (nines(got) - least) / (nines(self.target) - least), 0.0, 100.0)
