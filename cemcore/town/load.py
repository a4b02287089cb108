"""How busy the network is: the crowd behind the sampled subjects."""

from __future__ import annotations

import numpy as np

from cemcore.panel import Float64, Int64
from cemcore.town.calendar import Calendar
from cemcore.town.network import PON, Network
from cemcore.town.seeds import knots, stream

LIVING = np.array([30, 18, 12, 9, 8, 9, 14, 24, 34, 38, 41, 44, 48, 48, 47, 50, 56, 64, 74, 86, 97, 100, 82, 54]) / 100
WORKING = np.array([10, 8, 7, 7, 8, 10, 18, 40, 68, 88, 96, 100, 90, 94, 100, 96, 88, 70, 50, 38, 30, 24, 18, 13]) / 100


_DRIFTS = 20
"""For so many days some cells and ports grow busier or calmer."""


def curve(shape: Float64, hours: Float64) -> Float64:
    """A daily curve given for each hour, at local clock times."""
    return np.interp(hours, np.arange(25), np.append(shape, shape[0]))


class Load:
    """Utilisation of access resources and links, 0..1, for any local day on its own."""

    def __init__(self, seed: int, net: Network, calendar: Calendar) -> None:
        rng = stream(seed, "load")
        self.seed, self.net, self.calendar = seed, net, calendar
        ports = net.points.technology == PON
        n = len(net.access)
        self.peak = np.where(ports, rng.uniform(0.3, 0.55, n), rng.uniform(0.35, 0.8, n))
        self.drift = np.where(rng.random(n) < 0.12, rng.normal(0, 0.02, n), 0.0)
        self.office = np.where(ports, 0.15, rng.beta(1.2, 2.2, n))
        self.links = [r["id"] for r in net.resources.values() if r["type"] == "link"]
        self.link_peak = rng.uniform(0.22, 0.5, len(self.links))

    def access(self, day: int) -> Float64:
        """(access resources, slots of the day)."""
        slots = self.calendar.slots(day)
        noise = knots(self.seed, "load-access", len(self.peak), slots, 5400)
        fine = stream(self.seed, "load-fine", day).normal(0, 0.05, noise.shape)
        shape = self._shape(day, slots, self.office)
        mood = np.exp(stream(self.seed, "load-day", day).normal(0, 0.06, len(self.peak)))
        peak = self.peak * (1 + self.drift * min(day, _DRIFTS)) * mood
        return np.clip(peak[:, None] * shape * np.exp(0.1 * noise + fine), 0.01, 0.97)

    def link(self, day: int) -> Float64:
        """(links, slots of the day)."""
        slots = self.calendar.slots(day)
        noise = knots(self.seed, "load-link", len(self.links), slots, 5400)
        shape = self._shape(day, slots, np.full(len(self.links), 0.3))
        return np.clip(self.link_peak[:, None] * shape * np.exp(0.09 * noise), 0.005, 0.95)

    def _shape(self, day: int, slots: Int64, office: Float64) -> Float64:
        hours = self.calendar.hours(slots)
        rest = self.calendar.rest(day)
        work = curve(WORKING, hours) * (0.35 if rest else 1.0)
        live = curve(LIVING, hours) * (1.08 if rest else 1.0)
        return np.asarray(office[:, None] * work + (1 - office[:, None]) * live)
