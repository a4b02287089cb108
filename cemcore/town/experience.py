"""What each row of a day measures, from load, path, radio and what goes wrong."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from cemcore.panel import Bool, Float64, Int64
from cemcore.town.activity import Day
from cemcore.town.network import Network
from cemcore.town.population import KINDS, SERVICES, Population
from cemcore.town.seeds import knots

KQIS = (
    "latency_ms", "jitter_ms", "loss_pct", "throughput_mbps", "setup_success_ratio", "stall_ratio", "startup_s", "mos",
    "delivery_ratio",
)  # fmt: skip
LATENCY, JITTER, LOSS, THROUGHPUT, SETUP, STALL, STARTUP, MOS, DELIVERY = range(9)
MEASURED = {
    "voice": (LATENCY, JITTER, LOSS, SETUP, MOS),
    "video": (THROUGHPUT, SETUP, STALL, STARTUP),
    "web": (LATENCY, THROUGHPUT, SETUP, STARTUP),
    "gaming": (LATENCY, JITTER, LOSS, SETUP),
    "iot_telemetry": (LATENCY, DELIVERY),
    "slice_control": (LATENCY, JITTER, LOSS, DELIVERY),
}
_VOICE, _VIDEO, _WEB, _GAMING, _IOT, _CONTROL = range(6)
_CAMERA, _METER, _FIXED = KINDS.index("camera"), KINDS.index("meter"), KINDS.index("fixed")


ADDED = ("latency", "jitter", "loss", "startup", "stall", "setup", "delivery")
"""What strains add up."""


@dataclass
class Strain:
    """What a fault does to n rows; `none(n)` does nothing.

    latency, jitter [ms], loss [%] and startup [s] add up, throughput multiplies, stall [share], setup and delivery
    are chances of failure that add up; out: nothing can be set up; lost: not even a record of it is left; serving:
    another cell took over (-1: the same).
    """

    latency: Float64
    jitter: Float64
    loss: Float64
    startup: Float64
    stall: Float64
    setup: Float64
    delivery: Float64
    throughput: Float64
    out: Bool
    lost: Bool
    serving: Int64

    @classmethod
    def none(cls, n: int) -> Strain:
        """No strain on any of n rows."""
        none = {name: np.zeros(n) for name in ADDED}
        calm, same = np.zeros(n, dtype=bool), np.full(n, -1, dtype=np.int64)
        return cls(**none, throughput=np.ones(n), out=calm, lost=calm.copy(), serving=same)

    def join(self, rows: Int64, other: Strain) -> None:
        """Put the strain of another fault on top, for the `rows` it speaks of."""
        for name in ADDED:
            getattr(self, name)[rows] += getattr(other, name)
        self.throughput[rows] *= other.throughput
        self.out[rows] |= other.out
        self.lost[rows] |= other.lost
        self.serving[rows] = np.where(other.serving >= 0, other.serving, self.serving[rows])

    def take(self, rows: Int64) -> Strain:
        """The strain of some rows."""
        return Strain(*(getattr(self, f.name)[rows] for f in fields(self)))


class Experience:
    """Turns rows into KQIs.

    The luck is in the rows, so that the same row with and without a fault differs by the fault alone.
    """

    def __init__(self, seed: int, net: Network, population: Population) -> None:
        self.seed, self.net, self.population = seed, net, population
        self.services = population.service

    def measure(self, day: Day, rows: Int64, load: Float64, strain: Strain) -> Float64:
        """(len(rows), 9) KQIs in the order of `KQIS`, NaN where a service has none or nothing was set up.

        `load` is (access resources, slots of the day), 0..1; `strain` speaks of `rows`.
        """
        p, subject, pair = self.population, day.subject[rows], day.pair[rows]
        serving = np.where(strain.serving >= 0, strain.serving, day.serving[rows])
        busy = load[serving, day.slot[rows]]
        z, service = day.z[rows], self.services[pair]
        technology = self.net.points.technology[serving]
        mood = self._mood(day)[subject, day.slot[rows]]
        path = p.path[pair, self.net.points.region[serving]]
        radio = np.where(p.kind[subject] == _FIXED, 1.0, p.radio[subject])
        air = np.choose(technology, [15.5, 28.0, 6.8]) + np.choose(technology, [7.0, 12.0, 3.5]) * busy**2 / (
            1.02 - busy
        )
        rtt = (air * p.pace[subject] + path) * np.exp(0.13 * mood + 0.2 * z[:, 0])
        give = (
            np.choose(technology, [140.0, 42.0, 260.0])
            * (1 - 0.85 * busy)
            * radio
            * np.exp(0.35 * z[:, 1] - 0.1 * mood)
        )
        out = np.full((len(rows), len(KQIS)), np.nan)
        out[:, LATENCY] = self._latency(service, p.kind[subject], rtt, z, strain)
        out[:, JITTER] = (0.35 + 0.09 * rtt) * np.where(service == _CONTROL, 0.3, 1) * np.exp(
            0.3 * z[:, 2]
        ) + strain.jitter
        quiet = np.where(service == _CONTROL, 0.004, 0.055) * np.exp(0.75 * z[:, 3]) / np.maximum(radio, 0.3)
        out[:, LOSS] = quiet + strain.loss
        out[:, THROUGHPUT] = self._throughput(service, subject, give, z, strain)
        out[:, STARTUP], out[:, STALL] = _start_and_stall(service, rtt + strain.latency, out[:, THROUGHPUT], z, strain)
        weak = 0.0012 / np.maximum(radio, 0.1) + 0.02 * np.clip(busy - 0.8, 0, None)
        out[:, SETUP] = _share(day, rows, weak + strain.setup)
        out[:, DELIVERY] = _share(day, rows, 0.004 / np.maximum(radio, 0.2) + strain.delivery)
        out[:, MOS] = mos(out[:, LATENCY], out[:, JITTER], out[:, LOSS]) + 0.04 * z[:, 5]
        return self._trim(out, service, p.kind[subject], strain)

    def _mood(self, day: Day) -> Float64:
        return knots(self.seed, "mood", len(self.population.kind), day.slots, 10800)

    def _latency(self, service: Int64, kind: Int64, rtt: Float64, z: Float64, strain: Strain) -> Float64:
        asleep = np.where(kind == _METER, 310 * np.exp(0.14 * z[:, 4]), 9.0)
        base = np.choose(service, [33 + 0.85 * rtt, rtt, rtt, rtt, 1.25 * rtt + asleep, 3.4 + 0.18 * rtt])
        return np.asarray(base + np.choose(service, [1.0, 1.0, 1.0, 1.0, 1.25, 0.5]) * strain.latency)

    def _throughput(self, service: Int64, subject: Int64, give: Float64, z: Float64, strain: Strain) -> Float64:
        fixed = self.population.kind[subject] == _FIXED
        film = np.where(fixed, 37.0, 17.5) * np.exp(0.14 * z[:, 5])
        want = np.choose(service, [60.0, film, 60.0, 60.0, 3.8 * np.exp(0.07 * z[:, 5]), 60.0])
        return np.asarray(np.minimum(want, give) * strain.throughput)

    def _trim(self, out: Float64, service: Int64, kind: Int64, strain: Strain) -> Float64:
        keep = np.zeros((len(SERVICES), len(KQIS)), dtype=bool)
        for i, name in enumerate(SERVICES):
            keep[i, list(MEASURED[name])] = True
        mask = keep[service]
        mask[:, THROUGHPUT] |= kind == _CAMERA
        out = np.where(mask, out, np.nan)
        failed = np.where(np.isin(np.arange(len(KQIS)), (SETUP, DELIVERY)), 0.0, np.nan)
        out[strain.out] = np.where(mask[strain.out], failed, np.nan)
        out[strain.out & (service == _CONTROL), LOSS] = 100.0
        return _rounded(out)


def _start_and_stall(
    service: Int64, rtt: Float64, rate: Float64, z: Float64, strain: Strain
) -> tuple[Float64, Float64]:
    """(seconds until the film or the page is there, share of play time that stood still)."""
    rate = np.maximum(rate, 0.05)
    film = (0.38 + 0.01 * rtt + 4.0 / rate) * np.exp(0.27 * z[:, 6])
    page = (0.28 + 0.013 * rtt + 3.0 / rate) * np.exp(0.31 * z[:, 6])
    short = np.clip((3.6 / rate) ** 2 * 0.05, 0, 0.9)
    hiccup = np.where(z[:, 7] > 2.0, (z[:, 7] - 2.0) * 0.012, 0.0)
    start = np.where(service == _VIDEO, film, page) + strain.startup
    return start, np.clip(short * (rate < 7) + hiccup + strain.stall, 0, 1)


def _share(day: Day, rows: Int64, chance: Float64) -> Float64:
    """Share of a row's attempts that went well."""
    tries = day.sessions[rows]
    counted = np.arange(day.fails.shape[1])[None, :] < tries[:, None]
    failed = ((day.fails[rows] < np.clip(chance, 0, 1)[:, None]) & counted).sum(axis=1)
    return np.asarray(1 - failed / tries)


def mos(latency: Float64, jitter: Float64, loss: Float64) -> Float64:
    """Mean opinion score, 1..4.5, from delay [ms], jitter [ms] and loss [%].

    ITU-T G.107 Annex B for R to MOS; the impairments of delay and loss are the usual short forms.
    """
    delay = latency + 2 * jitter
    idd = 0.022 * delay + 0.1 * np.clip(delay - 160, 0, None)
    ie = 5 * np.log1p(1.3 * np.clip(loss, 0, 100))
    r = np.clip(93.2 - idd - ie, 0, 100)
    return np.asarray(np.clip(1 + 0.035 * r + 7e-6 * r * (r - 60) * (100 - r), 1, 4.5))


def _rounded(out: Float64) -> Float64:
    digits = np.array([1, 1, 2, 1, 3, 3, 2, 2, 3])
    scale = 10.0**digits
    return np.asarray(np.round(out * scale) / scale)


# What a change must reach to be felt: (least change, least share of the value without the fault), worse is + or -.
MATERIAL = {
    "latency_ms": (8.0, 0.4, 1),
    "jitter_ms": (4.0, 0.5, 1),
    "loss_pct": (0.5, 0.5, 1),
    "throughput_mbps": (1.0, 0.4, -1),
    "setup_success_ratio": (0.1, 0.0, -1),
    "stall_ratio": (0.02, 0.0, 1),
    "startup_s": (0.5, 0.4, 1),
    "mos": (0.25, 0.0, -1),
    "delivery_ratio": (0.1, 0.0, -1),
}
_GENTLER = {LATENCY: 4.0, JITTER: 1.0, LOSS: 0.1}
"""Control loops feel less than people do."""


def material(without: Float64, with_fault: Float64, service: Int64) -> Bool:
    """(n, 9): which KQIs of n rows are worse, by enough to be felt, with the fault than without.

    A value that is gone counts.
    """
    least = np.tile(np.array([MATERIAL[k][0] for k in KQIS]), (len(service), 1))
    for kqi, value in _GENTLER.items():
        least[service == _CONTROL, kqi] = value
    share = np.array([MATERIAL[k][1] for k in KQIS])
    worse = (with_fault - without) * np.array([MATERIAL[k][2] for k in KQIS])
    felt = (worse >= np.maximum(least, share * np.abs(without)) - 1e-9) & ~np.isnan(worse)
    return np.asarray(felt | (np.isnan(with_fault) & ~np.isnan(without)))
