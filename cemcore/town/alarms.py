"""Alarms as an alarm manager delivers them.

TMF642 v4 (X.733 fields), one line a change, with noise, flapping and skewed clocks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from cemcore.town.calendar import iso_ms
from cemcore.town.faults import Fault
from cemcore.town.seeds import Rng, stream
from cemcore.town.sympathy import Raised, sympathetic
from cemcore.town.world import World

_TYPES = {
    "gnb": "GNBFunction",
    "enb": "ENBFunction",
    "nr_cell": "NRCellDU",
    "lte_cell": "EUtranCellFDD",
    "link": "Link",
    "site": "Site",
}
_HREF = "/tmf-api/alarmManagement/v4/alarm/"
_RESOURCE = "/tmf-api/resourceInventoryManagement/v4/resource/"
# Of everyday alarms: types, a day and element, severity, cause, kind, text, minutes that it stands at the median.
_EVERYDAY = (
    (("site",), 0.25, "minor", "enclosureDoorOpen", "environmentalAlarm", "Cabinet opened", 35),
    (("site", "olt"), 0.1, "minor", "temperatureUnacceptable", "environmentalAlarm", "Cabinet too warm", 120),
    (("link",), 0.05, "warning", "degradedSignal", "communicationsAlarm", "Received power near its limit", 90),
    (("pon_port",), 0.25, "minor", "lossOfSignal", "communicationsAlarm", "Terminal sends dying gasp", 25),
    (("upf", "cdn_node", "smf", "dns_resolver", "ims", "gnb"), 0.1, "warning", "softwareError",
    "processingErrorAlarm", "Process restarted", 4), (("cell_site_router", "core_router", "olt"), 0.06, "minor",
    "fanFailure", "equipmentAlarm", "Fan tray failed", 400), (("core_router", "agg_router", "upf"), 0.06, "warning",
    "authenticationFailure", "securityService", "Failed log-ins", 6), (("nr_cell", "lte_cell"), 0.05, "minor",
    "receiverFailure", "equipmentAlarm", "Antenna branch mismatch", 150), (("gnb", "enb"), 0.07, "major",
    "timingProblem", "equipmentAlarm", "Synchronisation lost, holdover", 45), (("power_feed",), 0.12, "major",
    "powerProblem", "environmentalAlarm", "Mains lost, on batteries", 30),
)  # fmt: skip
_FLAPS_A_DAY = 1.2
_BUSY = 0.72


@dataclass(frozen=True)
class Event:
    """One alarm over its life; times in epoch seconds, `reported` on the manager's clock."""

    id: str
    what: Raised
    begin: float
    end: float
    reported: float
    cleared: float

    def lines(self, element: dict[str, Any], skew: float) -> Iterator[tuple[float, str]]:
        """(when the manager knew, line) of its raise and its clearance.

        The element's clock is off by `skew` seconds.
        """
        source = f"EMS-{element.get('vendor') or 'Site'}"
        common = {
            "id": self.id,
            "href": _HREF + self.id,
            "@type": "Alarm",
            "externalAlarmId": f"{self.what.on}/{self.id[-4:]}",
            "alarmType": self.what.type,
            "perceivedSeverity": self.what.severity,
            "probableCause": self.what.cause,
            "specificProblem": self.what.problem,
            "alarmedObject": {"id": self.what.on, "href": _RESOURCE + self.what.on},
            "alarmedObjectType": _TYPES.get(element["type"], element["type"]),
            "sourceSystemId": source,
            "state": "raised",
            "ackState": "unacknowledged",
            "alarmRaisedTime": iso_ms(self.begin + skew),
            "alarmReportingTime": iso_ms(self.reported),
            "alarmChangedTime": iso_ms(self.reported),
        }
        yield self.reported, json.dumps(common, separators=(",", ":"))
        gone = {
            "perceivedSeverity": "cleared", "state": "cleared", "alarmChangedTime": iso_ms(self.cleared),
            "alarmClearedTime": iso_ms(self.end + skew),
        }  # fmt: skip
        yield self.cleared, json.dumps(common | gone, separators=(",", ":"))


class Alarms:
    """All alarms of a town."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.day = lru_cache(maxsize=4)(self._day)
        self.of = lru_cache(maxsize=256)(self._of)

    def ids(self, fault: Fault) -> list[str]:
        """Alarms that a fault raised."""
        return [e.id for e in self.of(fault.number)]

    def lines(self, first: float, last: float) -> list[str]:
        """Lines that the manager came to know in [first, last), in that order."""
        calendar = self.world.calendar
        found: list[tuple[float, str]] = []
        for day in range(max(0, calendar.day_of(int(first)) - 2), calendar.day_of(int(last)) + 1):
            found += [e for e in self.day(day) if first <= e[0] < last]
        for fault in self.world.faults:
            if fault.touches(int(first) - 7200, int(last) + 7200):
                found += [e for e in self._lines(self.of(fault.number)) if first <= e[0] < last]
        return [line for _, line in sorted(found)]

    def _lines(self, events: list[Event]) -> list[tuple[float, str]]:
        out: list[tuple[float, str]] = []
        for e in events:
            skew = stream(self.world.seed, "skew", e.what.on).standard_normal(2)
            off = float(skew[0]) * (100 if skew[1] > 1.7 else 4)
            out += e.lines(self.world.net.resources[e.what.on], off)
        return out

    def _of(self, number: int) -> list[Event]:
        fault = next(f for f in self.world.faults if f.number == number)
        rng = stream(self.world.seed, "fault-alarms", fault.start, fault.target.id)
        raised: list[tuple[float, float, Raised]] = [
            (fault.start + fault.alarm_after, fault.end, r) for r in self._own(fault)
        ]
        if fault.kind.sympathy or fault.kind.storm:
            for r in sympathetic(self.world.net, fault):
                raised.append((fault.start + float(rng.uniform(5, 130)), fault.end, r))
        if fault.kind.work is not None and fault.kind.alarm is None:
            text = "Restarted after software change"
            restart = Raised(fault.target.id, "warning", "softwareProgramError", "processingErrorAlarm", text)
            raised.append((fault.start - 700.0, fault.start - 200.0, restart))
        events = []
        for n, (begin, end, what) in enumerate(raised):
            events += self._events(
                rng, f"ALM-{5000000 + fault.number * 1000 + n:07d}", what, begin, end, storm=fault.kind.storm
            )
        return events

    def _own(self, fault: Fault) -> list[Raised]:
        a, target = fault.kind.alarm, fault.target
        if a is None:
            return []
        many = fault.kind.target in ("redundancy_pair", "crowded_cells")
        named = (target.down or tuple(str(c["id"]) for c in target.causes)) if many else (target.id,)
        return [Raised(on, a.severity, a.cause, a.type, a.problem) for on in named]

    def _events(self, rng: Rng, id: str, what: Raised, begin: float, end: float, *, storm: bool) -> list[Event]:
        if storm:
            end = min(end, begin + float(rng.uniform(600, 3000)))
        end = max(end, begin + 20)
        reported, cleared = (np.array([begin, end]) + rng.exponential(9, 2) + 1).tolist()
        return [Event(id, what, begin, end, reported, max(cleared, reported + 1))]

    def _day(self, day: int) -> list[tuple[float, str]]:
        """Lines of the everyday alarms that are raised on a local day."""
        rng = stream(self.world.seed, "alarms", day)
        slots = self.world.calendar.slots(day)
        span = (float(slots[0]), float(slots[-1]) + 900)
        raised = [*self._everyday(rng, span), *self._flapping(rng, span), *self._busy(rng, day)]
        events = []
        for n, (begin, end, what) in enumerate(sorted(raised, key=lambda r: r[0])):
            events += self._events(rng, f"ALM-{(day + 100) * 10000 + n:07d}", what, begin, end, storm=False)
        return self._lines(events)

    def _everyday(self, rng: Rng, span: tuple[float, float]) -> Iterator[tuple[float, float, Raised]]:
        for types, rate, severity, cause, kind, problem, minutes in _EVERYDAY:
            elements = self.world.net.of(*types)
            for _ in range(int(rng.poisson(rate * len(elements)))):
                begin = float(rng.uniform(*span))
                lasts = 60 * minutes * float(rng.lognormal(0, 0.8))
                on = elements[int(rng.integers(len(elements)))]
                yield begin, begin + min(lasts, 86400), Raised(on, severity, cause, kind, problem)

    def _flapping(self, rng: Rng, span: tuple[float, float]) -> Iterator[tuple[float, float, Raised]]:
        links = self.world.load.links
        for _ in range(int(rng.poisson(_FLAPS_A_DAY))):
            on = links[int(rng.integers(len(links)))]
            begin = float(rng.uniform(*span))
            for _ in range(int(rng.integers(4, 14))):
                what = Raised(on, "major", "lossOfSignal", "communicationsAlarm", "Port down")
                yield begin, begin + float(rng.uniform(5, 40)), what
                begin += float(rng.uniform(45, 240))

    def _busy(self, rng: Rng, day: int) -> Iterator[tuple[float, float, Raised]]:
        busy = self.world.load.access(day)
        slots = self.world.calendar.slots(day)
        for at in np.flatnonzero((busy > _BUSY).any(axis=1)):
            on = self.world.net.access[int(at)]
            if self.world.net.type(on) == "pon_port" or rng.random() < 0.4:
                continue
            over = np.flatnonzero(busy[at] > _BUSY)
            begin, end = float(slots[over[0]]) + 920, float(slots[over[-1]]) + 1820
            what = Raised(on, "warning", "thresholdCrossed", "qualityOfServiceAlarm", "RRU.PrbTotDl above limit")
            yield begin, end, what
