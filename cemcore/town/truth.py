"""Who suffered under what: counted against the same luck without the fault."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from cemcore.panel import Bool, Float64, Int64
from cemcore.town.calendar import SLOT, Calendar, iso
from cemcore.town.experience import KQIS, MATERIAL, MEASURED, material
from cemcore.town.faults import Fault
from cemcore.town.population import SERVICES
from cemcore.town.world import Observed, Toll, World

_SHARE = 0.3
_FEW = 3


class Tally:
    """Counts one fault over its days."""

    def __init__(self, fault: Fault, pairs: int) -> None:
        self.fault = fault
        self.active = np.zeros(pairs, dtype=np.int64)
        self.bad = np.zeros(pairs, dtype=np.int64)
        self.lost = np.zeros(pairs, dtype=np.int64)
        self.depth = np.zeros(pairs)
        self.change = np.zeros((pairs, len(KQIS)))
        self.measured = np.zeros((pairs, len(KQIS)))
        self.first = np.full(pairs, np.iinfo(np.int64).max)
        self.last = np.zeros(pairs, dtype=np.int64)
        self.marks: list[tuple[Int64, Int64]] = []

    def add(self, seen: Observed, service: Int64) -> None:
        """Count a day."""
        inside = (seen.day.time >= self.fault.start) & (seen.day.time < self.fault.end)
        self.active += np.bincount(seen.day.pair[inside], minlength=len(self.active))
        for toll in seen.tolls:
            if toll.fault.number == self.fault.number:
                self._toll(toll, seen, service)

    def _toll(self, toll: Toll, seen: Observed, service: Int64) -> None:
        pair, time = seen.day.pair[toll.rows], seen.day.time[toll.rows]
        felt = material(toll.without, toll.hurt, service[pair])
        felt &= ~np.isnan(toll.without)
        bad = felt.any(axis=1) | toll.lost
        np.add.at(self.bad, pair[bad], 1)
        np.add.at(self.lost, pair[toll.lost], 1)
        np.add.at(self.depth, pair[bad], _severity(toll, service[pair])[bad])
        change = np.where(felt & ~toll.lost[:, None], toll.hurt - toll.without, np.nan)
        np.add.at(self.change, pair, np.nan_to_num(change))
        np.add.at(self.measured, pair, ~np.isnan(change))
        np.minimum.at(self.first, pair[bad], time[bad])
        np.maximum.at(self.last, pair[bad], time[bad])
        self.marks.append((pair[bad], time[bad]))

    @property
    def affected(self) -> Bool:
        """Pairs with at least two bad records (one, of three or fewer), and at least 30 % of their active ones."""
        enough = np.where(self.active <= _FEW, 1, 2)
        return np.asarray((self.bad >= enough) & (self.bad >= _SHARE * self.active))

    def document(self, subjects: list[str], service: Int64, usual: Bool) -> dict[str, Any]:
        """The counted part of the fault's entry; `usual` are the pairs that it may touch."""
        hit = np.flatnonzero(self.affected)
        slots = np.arange(self.fault.start, self.fault.end, SLOT)
        per_slot = np.zeros(len(slots), dtype=np.int64)
        for pair, time in self.marks:
            mine = self.affected[pair]
            np.add.at(per_slot, (time[mine] - self.fault.start) // SLOT, 1)
        first = self.first[hit].min() if len(hit) else self.fault.start
        risk = np.flatnonzero(usual & ~self.affected)
        return {
            "services": sorted({SERVICES[service[i]] for i in hit}),
            "effective_start": iso(first),
            "n_affected_pairs": len(hit),
            "n_affected_subjects": len({subjects[i] for i in hit}),
            "visible": bool(len(hit)),
            "affected": [self._pair(int(i), subjects[i], SERVICES[service[i]]) for i in hit],
            "at_risk": [[subjects[i], SERVICES[service[i]]] for i in risk],
            "n_at_risk": len(risk),
            "affected_per_interval": per_slot.tolist(),
        }

    def _pair(self, i: int, subject: str, service: str) -> dict[str, Any]:
        return {
            "subject_id": subject,
            "service": service,
            "n_active": int(self.active[i]),
            "n_bad": int(self.bad[i]),
            "n_lost": int(self.lost[i]),
            "severity": round(float(self.depth[i] / self.bad[i]), 3),
            "first": iso(self.first[i]),
            "last": iso(self.last[i]),
            "delta": {
                k: round(float(self.change[i, j] / self.measured[i, j]), 3)
                for j, k in enumerate(KQIS)
                if self.measured[i, j]
            },
        }


def _severity(toll: Toll, service: Int64) -> Float64:
    """0..1: how much of the worst-hit KQI is gone; 1 where nothing was possible."""
    sign = np.array([MATERIAL[k][2] for k in KQIS])
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(sign > 0, 1 - toll.without / toll.hurt, 1 - toll.hurt / toll.without)
    keep = np.array([[i in MEASURED[s] for i in range(len(KQIS))] for s in SERVICES])[service]
    worst = np.nan_to_num(np.where(keep, share, 0.0), nan=0.0, posinf=1.0, neginf=0.0).max(axis=1)
    gone = toll.lost | (np.isnan(toll.hurt) & ~np.isnan(toll.without)).any(axis=1)
    return np.asarray(np.where(gone, 1.0, np.clip(worst, 0, 1)))


class Truth:
    """The truth of a town, filled day by day."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.tallies = {f.number: Tally(f, world.population.pairs) for f in world.faults}
        self.counted = 0

    def add(self, number: int) -> None:
        """Count what the next local day showed; a day that is counted already is passed over."""
        if number < self.counted:
            return
        self.counted = number + 1
        for fault in self.world.on(number):
            tally = self.tallies.setdefault(fault.number, Tally(fault, self.world.population.pairs))
            tally.add(self.world.observe(number), self.world.population.service)

    def bad_hours(self) -> dict[str, float]:
        """Bad hours of each customer, over all services of all that it pays for."""
        out: dict[str, float] = {}
        customers = [self.world.people.subjects[i]["customer_id"] for i in self.world.population.subject]
        for tally in self.tallies.values():
            for i in np.flatnonzero(tally.affected):
                out[customers[i]] = out.get(customers[i], 0.0) + float(tally.bad[i]) * SLOT / 3600
        return out

    def document(
        self, end: int, alarms_of: Callable[[Fault], list[str]], work_of: Callable[[Fault], str | None]
    ) -> dict[str, Any]:
        """The truth file: world, parameters, and the incidents and distractors that are over at `end` [s]."""
        over = [t for t in self.tallies.values() if t.fault.end <= end]
        entries = [(t.fault, self._entry(t, alarms_of(t.fault), work_of(t.fault))) for t in over]
        return {
            "world": _world(self.world, end),
            "parameters": {"material": {k: list(v[:2]) for k, v in MATERIAL.items()}, "share": _SHARE},
            "incidents": [e for f, e in entries if f.incident],
            "distractors": [e for f, e in entries if not f.incident],
        }

    def _entry(self, tally: Tally, alarms: list[str], work: str | None) -> dict[str, Any]:
        fault = tally.fault
        out: dict[str, Any] = {
            "id": fault.id,
            "kind": fault.kind.name,
            "start": iso(fault.start),
            "end": iso(fault.end),
            "causes": [dict(c) for c in fault.target.causes],
            "also_accept": [dict(c) for c in fault.target.also],
            "planned_work": work,
            "has_alarm": bool(alarms),
            "alarm_ids": alarms,
            "note": fault.kind.note,
        }
        if not fault.incident:
            return out | self._gap(fault)
        subjects = [self.world.people.subjects[i]["subject_id"] for i in self.world.population.subject]
        out["onset"] = "gradual" if fault.ramp else "abrupt"
        usual = self.world.effects.usual(fault)
        return out | tally.document(subjects, self.world.population.service, usual)

    def _gap(self, fault: Fault) -> dict[str, Any]:
        if fault.kind.target != "region":
            return {}
        region = fault.target.area
        return {"gap": {"region": region, "collector": fault.target.id, "pm_vendor": gap_vendor(self.world, fault)}}


def gap_vendor(world: World, fault: Fault) -> str:
    """The vendor whose PM files are missing while the collector of a region is out.

    That of the region's base stations.
    """
    station = next(g for g in world.net.of("gnb") if world.net.region(g) == fault.target.area)
    return str(world.net.resources[station]["vendor"])


def _world(world: World, end: int) -> dict[str, Any]:
    calendar: Calendar = world.calendar
    start = calendar.midnight(0)
    return {
        "seed": world.seed,
        "size": world.size.name,
        "backbone": "generated",
        "tz": calendar.zone,
        "start": iso(start),
        "end": iso(end),
        "interval_min": SLOT // 60,
        "intervals": (end - start) // SLOT,
        "train_end": iso(calendar.midnight(world.spec.quiet_days(calendar.days))),
        "holidays": [d.isoformat() for d in calendar.holidays],
    }
