"""Indicators of links, microwave hops and network functions as CSV."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from cemcore.panel import Float64, Int64
from cemcore.town.calendar import iso
from cemcore.town.faults import Fault
from cemcore.town.files import put_text
from cemcore.town.load import LIVING, curve
from cemcore.town.seeds import knots, stream
from cemcore.town.world import World

MISSING = 0.002
FORMS = {
    "links": "ts,resource_id,util_pct,drops_per_s,latency_ms",
    "microwave": "ts,resource_id,rx_level_dbm,capacity_mbps",
    "nf": "ts,resource_id,metric,value",
}
# Of a type: metric -> (least, most at rest, added at the busiest hour, share of noise, digits).
METRICS: dict[str, dict[str, tuple[float, float, float, float, int]]] = {
    "upf": {
        "cpu_pct": (15, 22, 30, 0.05, 1), "drops_per_s": (1, 2, 1, 0.5, 2), "n3_latency_ms": (1.1, 1.7, 0.6, 0.1, 2),
        "sessions": (9000, 14000, 16000, 0.03, 0),
    },
    "bng": {"cpu_pct": (14, 20, 26, 0.05, 1), "drops_per_s": (1, 2, 1, 0.5, 2), "sessions": (15000, 30000, 4000, 0.01,
    0)}, "cdn_node": {
        "cache_hit_ratio": (0.88, 0.94, 0.0, 0.01, 3), "cpu_pct": (12, 18, 30, 0.06, 1), "egress_gbps": (3, 6, 28,
        0.05, 2), "http_5xx_ratio": (0.002, 0.004, 0.001, 0.3, 4),
    },
    "dns_resolver": {
        "cpu_pct": (12, 18, 18, 0.06, 1), "queries_per_s": (1200, 2000, 4500, 0.04, 0), "query_latency_ms": (13, 19,
        4, 0.08, 1), "servfail_ratio": (0.002, 0.003, 0.0, 0.2, 4),
    },
    "ims": {"cpu_pct": (12, 20, 16, 0.06, 1), "registrations": (40000, 60000, 3000, 0.01, 0), "sip_503_ratio": (0.001,
    0.002, 0.0, 0.3, 4)}, "iot_gateway": {"active_devices": (5000, 8000, 300, 0.02, 0), "tls_handshake_fail_ratio":
    (0.002, 0.004, 0.0, 0.2, 4)}, "core_router": {"cpu_pct": (12, 20, 8, 0.06, 1), "mem_pct": (40, 55, 0, 0.01, 1)},
    "agg_router": {"cpu_pct": (10, 16, 9, 0.06, 1), "mem_pct": (35, 48, 0, 0.01, 1)}, "amf": {"cpu_pct": (15, 25, 12,
    0.06, 1)}, "smf": {"cpu_pct": (15, 25, 12, 0.06, 1)}, "pon_port": {"util_pct": (6, 10, 32, 0.06, 1),
    "bip_errors_per_s": (1, 3, 0, 0.6, 2), "rx_power_dbm": (-21, -18, 0, 0.003, 2)},
}  # fmt: skip


class Indicators:
    """CSV lines of any stretch of time."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.lines = lru_cache(maxsize=2)(self._lines)
        rng = stream(world.seed, "kpi")
        self.series = [
            (r["id"], metric, *numbers)
            for r in world.net.resources.values()
            for metric, numbers in METRICS.get(r["type"], {}).items()
        ]
        self.rest = np.array([rng.uniform(s[2], s[3]) for s in self.series])
        self.swing = np.array([s[4] * rng.uniform(0.7, 1.2) for s in self.series])

    def write(self, folder: Path, day: int, first: int, last: int, stamp: str) -> None:
        """The rows of a local day with first <= ts < last as `links_<stamp>.csv`, `microwave_...` and `nf_...`."""
        slots = self.world.calendar.slots(day)
        for name, header in FORMS.items():
            rows = [
                line
                for t, group in zip(slots, self.lines(day)[name], strict=True)
                if first <= t < last
                for line in group
            ]
            put_text(folder / f"{name}_{stamp}.csv", "\n".join([header, *rows]) + "\n")

    def openmetrics(self, day: int) -> str:
        """Two hours of the evening's first series as OpenMetrics text."""
        out = ["# TYPE town_nf gauge"]
        at = int(np.searchsorted(self.world.calendar.slots(day), self.world.calendar.at(day, 18)))
        for group, slot in zip(
            self.lines(day)["nf"][at : at + 8], self.world.calendar.slots(day)[at : at + 8], strict=True
        ):
            for line in group:
                _, resource, metric, value = line.split(",")
                out.append(f'town_nf{{metric="{metric}",resource="{resource}"}} {value} {slot}')
        out[1:] = sorted(out[1:])
        return "\n".join([*out, "# EOF"]) + "\n"

    def _lines(self, day: int) -> dict[str, list[list[str]]]:
        """Of each file, of each slot, its lines."""
        slots = self.world.calendar.slots(day)
        faults = self.world.on(day)
        return {
            "links": self._links(day, slots, faults),
            "microwave": self._microwave(day, slots),
            "nf": self._functions(day, slots, faults),
        }

    def _links(self, day: int, slots: Int64, faults: list[Fault]) -> list[list[str]]:
        net, ids = self.world.net, self.world.load.links
        rng = stream(self.world.seed, "kpi-links", day)
        util = 100 * self.world.load.link(day)
        km = np.array([net.resources[i].get("length_km") or 3.0 for i in ids])
        drops = rng.exponential(0.5, util.shape)
        delay = 0.25 + km[:, None] * 0.005 + rng.exponential(0.03, util.shape) + (util / 100) ** 4
        for fault in faults:
            if fault.target.down:
                standing = net.standing(fault.target.down)
                ends = [(net.resources[i]["a_end"], net.resources[i]["z_end"]) for i in ids]
                dead = np.array(
                    [i in fault.target.down or not {a, z} <= standing for i, (a, z) in zip(ids, ends, strict=True)]
                )
                util = np.where(dead[:, None] & (fault.depth(slots) > 0), 0.0, util)
        heard = rng.random(util.shape) >= MISSING
        return [
            [
                f"{iso(t)},{ids[k]},{util[k, j]:.1f},{drops[k, j]:.1f},{delay[k, j]:.2f}"
                for k in range(len(ids))
                if heard[k, j]
            ]
            for j, t in enumerate(slots)
        ]

    def _microwave(self, day: int, slots: Int64) -> list[list[str]]:
        hops = [i for i in self.world.load.links if self.world.net.resources[i]["medium"] == "microwave"]
        rng = stream(self.world.seed, "kpi-microwave", day)
        level = -38 + rng.normal(0, 0.7, (len(hops), len(slots)))
        return [[f"{iso(t)},{h},{level[k, j]:.1f},1000.0" for k, h in enumerate(hops)] for j, t in enumerate(slots)]

    def _functions(self, day: int, slots: Int64, faults: list[Fault]) -> list[list[str]]:
        rng = stream(self.world.seed, "kpi-functions", day)
        values = self._values(day, slots)
        gone = np.zeros(values.shape, dtype=bool)
        for fault in faults:
            depth = fault.depth(slots)
            standing = self.world.net.standing(fault.target.down) if fault.target.down else None
            for k, (id, metric, *_) in enumerate(self.series):
                if standing is not None and id not in standing:
                    gone[k] |= depth > 0
                if id == fault.target.id and metric in fault.kpi:
                    values[k] = _bend(values[k], fault.kpi[metric], depth)
        gone |= rng.random(values.shape) < MISSING
        digits = [int(s[6]) for s in self.series]
        return [
            [
                f"{iso(t)},{s[0]},{s[1]},{values[k, j]:.{digits[k]}f}"
                for k, s in enumerate(self.series)
                if not gone[k, j]
            ]
            for j, t in enumerate(slots)
        ]

    def _values(self, day: int, slots: Int64) -> Float64:
        noise = knots(self.world.seed, "kpi-noise", len(self.series), slots, 5400)
        share = np.array([s[5] for s in self.series])[:, None]
        fine = stream(self.world.seed, "kpi-fine", day).normal(0, 1, noise.shape)
        busy = curve(LIVING, self.world.calendar.hours(slots))
        calm = self.rest[:, None] + self.swing[:, None] * busy[None, :]
        return np.asarray(calm * np.exp(share * (0.7 * noise + 0.7 * fine)))


def _bend(values: Float64, how: tuple[str, float], depth: Float64) -> Float64:
    mode, to = how
    aim = {"to": np.full_like(values, to), "add": values + to, "scale": values * to}[mode]
    return np.asarray(values + (aim - values) * depth)
