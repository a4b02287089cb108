"""Things: what a meter, camera, sensor or gateway gets from its connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from cemcore.panel import Float64
from models.experience.classes import within
from models.experience.deterministic import DeterministicAvailability
from models.experience.inputs import LATENCY, Quantity, Reader, table

WEIGHTS: dict[str, float] = {
    "delivery": 0.35,
    "latency": 0.20,
    "reachability": 0.20,
    "registration": 0.10,
    "battery": 0.10,
    "signal": 0.05,
}
"""Weight of each part; a deterministic thing has its availability in place of delivery and latency."""

RSRP_GRADES: tuple[tuple[float, str, float], ...] = (
    (-80.0, "excellent", 100.0),
    (-90.0, "good", 75.0),
    (-100.0, "fair", 50.0),
    (-115.0, "poor", 25.0),
)
"""(from this RSRP [dBm] on, grade, worth 0-100); below the last one: at the edge, worth 0. Common practice."""


def rsrp_grade(dbm: float) -> str:
    """The grade of a reference signal received power [dBm]; empty for NaN."""
    if np.isnan(dbm):
        return ""
    return next((grade for least, grade, _ in RSRP_GRADES if dbm >= least), "edge")


def rsrp_worth(dbm: Float64) -> Float64:
    """What the grade is worth, 0..100; NaN stays NaN."""
    least = [g[0] for g in RSRP_GRADES]
    worth = np.select([dbm >= g for g in least], [g[2] for g in RSRP_GRADES], 0.0)
    return np.where(np.isnan(dbm), np.nan, worth)


@dataclass(frozen=True)
class Thing(Reader):
    """Experience of a thing: a weighted mean of what is known of it (no standard fixes this; weights are practice).

    delivery: received of expected reports, 100 at `delivery_good`, 0 at `delivery_bad`; latency: 100 within
    `latency_bound_ms`, 0 from `latency_unusable_ms` on; reachability: 100 where it was seen within 1.5 times
    `report_interval_s`, else 0; registration: success ratio, 100 at 1, 0 at `registration_bad`; battery: drain a day,
    100 at `battery_plan_pct` and less, 0 at twice of that, half the planned life; signal: grade of RSRP.
    With `deterministic` the availability against `availability_target` (`DeterministicAvailability`) takes the place
    and the weight of delivery and latency. `weights` replaces single weights; they are taken relative to each other,
    over what is reported. `inputs`: part -> KQI. Monotone.
    """

    QUANTITIES: ClassVar[Mapping[str, Quantity]] = {
        "delivery": Quantity("delivery_ratio", "1", 0, 1, "higher", "received of expected reports"),
        "latency": LATENCY,
        "reachability": Quantity("since_seen_s", "s", 0, 31_536_000, "lower", "time since it was last seen"),
        "registration": Quantity("registration_success_ratio", "1", 0, 1, "higher", "registrations that succeed"),
        "battery": Quantity("battery_drain_pct_per_day", "%", 0, 100, "lower", "battery drain a day"),
        "signal": Quantity("rsrp_dbm", "dBm", -156, -31, "higher", "reference signal received power"),
        "availability": Quantity("availability_ratio", "1", 0, 1, "higher", "share of time that the service was up"),
    }

    deterministic: bool = False
    availability_target: float = 0.999999
    delivery_good: float = 1.0
    delivery_bad: float = 0.7
    latency_bound_ms: float = 1_000.0
    latency_unusable_ms: float = 10_000.0
    report_interval_s: float = 900.0
    registration_bad: float = 0.5
    battery_plan_pct: float = 0.05
    weights: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.deterministic, bool):
            raise ValueError("deterministic is true or false")
        if not 0 <= self.delivery_bad < self.delivery_good <= 1 or not 0 <= self.registration_bad < 1:
            raise ValueError("0 <= delivery_bad < delivery_good <= 1, registration_bad is 0 to 1")
        if not 0 < self.latency_bound_ms < self.latency_unusable_ms:
            raise ValueError("latency_bound_ms is above 0 and below latency_unusable_ms")
        if self.report_interval_s <= 0 or self.battery_plan_pct <= 0:
            raise ValueError("report_interval_s and battery_plan_pct are above 0")
        DeterministicAvailability(target=self.availability_target)
        if not any(self.shares.values()):
            raise ValueError("weights: at least one is above 0")

    @property
    def judged(self) -> tuple[str, ...]:
        """Names of the parts that count."""
        return tuple(q for q in self.QUANTITIES if self.shares.get(q, 0.0) > 0)

    @property
    def shares(self) -> dict[str, float]:
        """Part -> weight."""
        if not self.deterministic:
            return table("weights", self.weights, WEIGHTS)
        both = WEIGHTS["delivery"] + WEIGHTS["latency"]
        rest = {k: w for k, w in WEIGHTS.items() if k not in ("delivery", "latency")}
        return table("weights", self.weights, {"availability": both, **rest})

    def parts(self, kqis: Mapping[str, Float64]) -> dict[str, Float64]:
        """Part -> 0..100 of n records; NaN where it is not reported."""
        v = self.values(kqis)
        seen = np.where(v["reachability"] <= 1.5 * self.report_interval_s, 100.0, 0.0)
        available = DeterministicAvailability(target=self.availability_target)
        worth = {
            "delivery": within(-v["delivery"], -self.delivery_good, -self.delivery_bad),
            "latency": within(v["latency"], self.latency_bound_ms, self.latency_unusable_ms),
            "reachability": np.where(np.isnan(v["reachability"]), np.nan, seen),
            "registration": within(-v["registration"], -1.0, -self.registration_bad),
            "battery": within(v["battery"], self.battery_plan_pct, 2.0 * self.battery_plan_pct),
            "signal": rsrp_worth(v["signal"]),
            "availability": available.score({"availability_ratio": v["availability"]}),
        }
        return {q: worth[q] for q in self.judged}

    def score(self, kqis: Mapping[str, Float64]) -> Float64:
        """Scores 0..100 of n records; NaN only where nothing is reported."""
        parts = self.parts(kqis)
        n = len(next(iter(kqis.values()), ()))
        total, weight = np.zeros(n), np.zeros(n)
        for name, worth in parts.items():
            share = np.where(np.isnan(worth), 0.0, self.shares[name])
            weight += share
            total += share * np.nan_to_num(worth)
        return np.clip(np.divide(total, weight, out=np.full(n, np.nan), where=weight > 0), 0.0, 100.0)
