"""Blindness: a coverage domain that falls silent as one is unknown, not bad; decided before detection.

Absence becomes an outage only with a witness: other rows of the domain report, or its attempts fail, or a grave alarm
stands on what its cells share.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cemcore.domain import Alarm, Severity
from cemcore.panel import Bool, Float32, Float64, Int32, Int64
from cemcore.topology import Topology

FEW = 0.25
"""A domain or cell with this share of its usual rows or less is silent."""
DOMAIN_ROWS, PLACE_ROWS = 6.0, 1.5
"""Rows a slot that must be usual before silence says anything: by Poisson, none of 6 comes by chance once in 400
slots.
"""


@dataclass(frozen=True)
class Activity:
    """Rows a slot that are usual: place float32 (resources, 48), by local hour (+ 24 on free days)."""

    place: Float32


def learn_activity(resource: Int32, hour: Int64, day: Int64, resources: int, per_hour: float) -> Activity:
    """Mean rows a slot by place and hour. day numbers the days; per_hour = slots in an hour. Days of a kind never seen
    use the other kind's.
    """
    free = hour >= 24
    n_free = len(np.unique(day[free]))
    n_work = len(np.unique(day[~free]))
    at = np.maximum(resource, 0).astype(np.int64) * 48 + hour
    count = np.bincount(at[resource >= 0], minlength=resources * 48).reshape(resources, 2, 24).astype(np.float32)
    mean = np.stack([count[:, 0] / max(n_work, 1), count[:, 1] / max(n_free, 1)], axis=1) / np.float32(per_hour)
    if n_free == 0:
        mean[:, 1] = mean[:, 0]
    if n_work == 0:
        mean[:, 0] = mean[:, 1]
    return Activity(mean.reshape(resources, 48).astype(np.float32))


def blind_domains(
    activity: Activity,
    counts: Float64,
    failing: Float64,
    hour: int,
    domain_of: Int32,
    alarms: tuple[Alarm, ...],
    topology: Topology,
) -> Bool:
    """Which domains are blind at a slot. counts, failing: rows and rows with failed attempts by resource."""
    n = int(domain_of.max(initial=-1)) + 1
    at = domain_of >= 0
    usual = np.bincount(domain_of[at], weights=activity.place[at, hour], minlength=n)
    seen = np.bincount(domain_of[at], weights=counts[at], minlength=n)
    failed = np.bincount(domain_of[at], weights=failing[at], minlength=n)
    silent = (usual >= DOMAIN_ROWS) & (seen <= FEW * usual)
    return np.asarray(silent & (failed < 0.5 * np.maximum(seen, 1)) & ~_alarmed(domain_of, alarms, topology, n))


def _alarmed(domain_of: Int32, alarms: tuple[Alarm, ...], topology: Topology, n: int) -> Bool:
    """Domains with a critical alarm standing on a resource of theirs."""
    out = np.zeros(n, dtype=bool)
    for a in alarms:
        if a.standing and a.severity == Severity.CRITICAL and a.resource_id in topology.index:
            d = domain_of[topology.index[a.resource_id]]
            if d >= 0:
                out[d] = True
    return out


def silent_places(
    activity: Activity, counts: Float64, hour: int, blind: Bool, domain_of: Int32
) -> tuple[Int32, Float32]:
    """(silent resources, log evidence of each 0..6) at a slot: places with far fewer rows than usual while their
    domain reports as ever.
    """
    usual = activity.place[:, hour].astype(np.float64)
    n = len(blind)
    at = domain_of >= 0
    whole = np.bincount(domain_of[at], weights=usual[at], minlength=n)
    seen = np.bincount(domain_of[at], weights=counts[at], minlength=n)
    rest = (seen - 0.0) > 0.6 * np.maximum(whole, 1e-9)
    witnessed = np.zeros(len(domain_of), dtype=bool)
    witnessed[at] = rest[domain_of[at]] & ~blind[domain_of[at]]
    silent = witnessed & (usual >= PLACE_ROWS) & (counts <= FEW * usual)
    which = np.flatnonzero(silent).astype(np.int32)
    lam, k = usual[which], counts[which]
    return which, np.clip((k * np.log(0.1) + 0.9 * lam) / 2, 0, 6).astype(np.float32)
