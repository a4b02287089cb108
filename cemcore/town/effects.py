"""What a fault does to the rows of a day."""

from __future__ import annotations

import numpy as np

from cemcore.panel import Bool, Float64, Int64
from cemcore.town.activity import Day
from cemcore.town.experience import Strain
from cemcore.town.faults import Fault
from cemcore.town.people import People
from cemcore.town.population import KINDS, Population
from cemcore.town.seeds import stream

_NEVER = 1 << 40
_TAKEN_OVER = {"latency": 9.0, "loss": 0.3, "setup": 0.04, "delivery": 0.04}
_ADDED = {
    "latency_ms": "latency", "jitter_ms": "jitter", "loss_pct": "loss", "startup_s": "startup", "stall": "stall",
    "setup": "setup", "delivery": "delivery",
}  # fmt: skip


class Effects:
    """Knows whose rows a fault touches and how."""

    def __init__(self, seed: int, people: People, population: Population) -> None:
        self.seed, self.population = seed, population
        self.columns = {
            name: np.array([str(s.get(name) or "") for s in people.subjects])[population.subject]
            for name in ("device_model", "customer_id", "cpe_id")
        }
        for name in ("gateway_id", "endpoint_id", "app"):
            self.columns[name] = np.array([str(s[name]) for s in people.services])
        self.firmware = np.array([str(s["firmware"]) for s in people.subjects], dtype=object)

    def upgraded(self, fault: Fault) -> Int64:
        """(subjects): when each takes the firmware of a roll-out [s], if it has the model; `_NEVER` for the rest."""
        luck = stream(self.seed, "rollout", fault.start, fault.target.id).random((2, len(self.firmware)))
        when = fault.start + (luck[0] * fault.ramp).astype(np.int64)
        return np.asarray(np.where(luck[1] < fault.rollout, when, _NEVER))

    def versions(self, day: Day, faults: list[Fault]) -> np.ndarray:
        """(rows) firmware as seen in each session."""
        out = self.firmware[day.subject].copy()
        for f in faults:
            if f.rollout and f.start < day.slots[-1]:
                mine = self.columns["device_model"][day.pair] == f.target.attrs["device_model"]
                new = mine & (day.time >= self.upgraded(f)[day.subject])
                out[new] = f.target.attrs["firmware"]
                if f.incident:
                    out[new & (day.time >= f.end)] = f.target.attrs["mended"]
        return out

    def strain(self, fault: Fault, day: Day) -> tuple[Int64, Strain]:
        """(rows that a fault touches, what it does to them)."""
        depth = fault.depth(day.time)
        if fault.rollout:
            depth = ((day.time >= self.upgraded(fault)[day.subject]) & (day.time < fault.end)).astype(float)
        rows = np.flatnonzero((depth > 0) & self._scope(fault, day)) if fault.effect else np.empty(0, dtype=np.int64)
        return rows, self._strain(fault, day, rows, depth[rows])

    def usual(self, fault: Fault) -> Bool:
        """(pairs) that a fault may touch by where they live or what they use, active or not."""
        p = self.population
        if fault.kind.scope == "access":
            return np.asarray(fault.target.access[p.cells[p.subject, :2, 0]].any(axis=1))
        usual = self._static(fault)
        return usual & (self.upgraded(fault) < _NEVER)[p.subject] if fault.rollout else usual

    def _scope(self, fault: Fault, day: Day) -> Bool:
        if fault.kind.scope == "access":
            return np.asarray(fault.target.access[day.serving])
        return self._static(fault)[day.pair]

    def _static(self, fault: Fault) -> Bool:
        scope, target = fault.kind.scope, fault.target
        if scope == "gateway":
            return np.asarray(self.columns["gateway_id"] == target.id)
        if scope == "endpoint":
            return np.asarray(self.columns["endpoint_id"] == target.id)
        if scope == "terminal":
            return np.asarray(self.columns["cpe_id"] == target.id)
        if scope == "attributes":
            named = {k: v for k, v in target.attrs.items() if k in self.columns}
            return np.asarray(np.logical_and.reduce([self.columns[k] == v for k, v in named.items()]))
        return np.zeros(len(self.columns["app"]), dtype=bool)

    def _strain(self, fault: Fault, day: Day, rows: Int64, depth: Float64) -> Strain:
        out = Strain.none(len(rows))
        effect = fault.effect
        other, taken = self._takeover(fault, day, rows, effect.get("takeover", 0.0))
        rest = np.clip(
            (day.luck[rows, 0] - effect.get("takeover", 0.0)) / max(1e-9, 1 - effect.get("takeover", 0.0)), 0, 1
        )
        out.out = ~taken & (rest < effect.get("out", 0.0) * depth)
        out.lost = out.out & (day.luck[rows, 1] < effect.get("lost", 0.0))
        out.serving = np.where(taken, other, -1)
        for name, column in _ADDED.items():
            if name in effect:
                setattr(out, column, np.where(taken, 0.0, effect[name] * depth))
        if "throughput" in effect:
            out.throughput = np.where(taken, 1.0, 1 - (1 - effect["throughput"]) * depth)
        for column, value in _TAKEN_OVER.items():
            setattr(out, column, getattr(out, column) + np.where(taken, value * (0.8 + 0.4 * day.luck[rows, 1]), 0.0))
        out.throughput = np.where(taken, out.throughput * 0.65, out.throughput)
        return out

    def _takeover(self, fault: Fault, day: Day, rows: Int64, chance: float) -> tuple[Int64, Bool]:
        """(access resource that would take each row over, whether it does)."""
        p, subject, place = self.population, day.subject[rows], day.place[rows]
        spare, usual = p.spare[subject, place], p.cells[subject, place, 0]
        other = np.where(spare == day.serving[rows], usual, spare)
        second = p.cells[subject, place, 1]
        other = np.where(fault.target.access[other], second, other)
        alive = (other >= 0) & ~fault.target.access[other] & (p.kind[subject] != KINDS.index("fixed"))
        return other, np.asarray(alive & (day.luck[rows, 0] < chance))
