"""The people as arrays: one entry a subject, one a (subject, service) pair."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cemcore.panel import Bool, Float64, Int64
from cemcore.town.network import LTE, NR, Network, core_delay
from cemcore.town.people import SHARES, People
from cemcore.town.seeds import stream

SERVICES = ("voice", "video", "web", "gaming", "iot_telemetry", "slice_control")
KINDS = tuple(k for k, _ in SHARES)
PLACES = 4
"""Places of a mobile subject: home, work, and two that it visits."""


@dataclass(frozen=True)
class Population:
    """n subjects, m pairs.

    kind (n), since and until (n) [s], poor (n): always on poor radio, pace (n): personal factor of the round trip,
    radio (n): personal factor of what the air gives, appetite (m): factor of activity; cells (n, PLACES, 3) positions
    in `Network.access`, the usual one first, spare (n, PLACES): where it goes when those are dead; subject, service
    (m): indexes; path (m, regions): round trip [ms] between the serving region and the endpoint over the gateway.
    """

    kind: Int64
    since: Int64
    until: Int64
    poor: Bool
    pace: Float64
    radio: Float64
    cells: Int64
    spare: Int64
    appetite: Float64
    subject: Int64
    service: Int64
    path: Float64

    @property
    def pairs(self) -> int:
        """How many (subject, service) pairs there are."""
        return len(self.subject)


def populate(seed: int, net: Network, people: People) -> Population:
    """Arrays of the people; where each lives and how its radio is are drawn here."""
    rng = stream(seed, "population")
    n = len(people.subjects)
    number = {s["subject_id"]: i for i, s in enumerate(people.subjects)}
    poor = rng.random(n) < 0.07
    kind = np.array([KINDS.index(s["subject_type"]) for s in people.subjects])
    cells, spare = _dwell(seed, net, people)
    return Population(
        kind=kind,
        since=np.array([s.get("from", 0) for s in people.subjects], dtype=np.int64),
        until=np.array([s.get("until", 1 << 40) for s in people.subjects], dtype=np.int64),
        poor=poor,
        pace=np.exp(rng.normal(0, 0.12, n)) * np.where(poor, rng.uniform(1.25, 1.8, n), 1),
        radio=np.exp(rng.normal(0, 0.15, n)) * np.where(poor, rng.uniform(0.15, 0.5, n), 1),
        cells=cells,
        spare=spare,
        appetite=np.exp(rng.normal(-0.1, 0.45, len(people.services))),
        subject=np.array([number[s["subject_id"]] for s in people.services]),
        service=np.array([SERVICES.index(s["service"]) for s in people.services]),
        path=_paths(net, people),
    )


def _dwell(seed: int, net: Network, people: People) -> tuple[Int64, Int64]:
    rng = stream(seed, "dwell")
    cells = np.zeros((len(people.subjects), PLACES, 3), dtype=np.int64)
    spare = np.zeros((len(people.subjects), PLACES), dtype=np.int64)
    stations = _Stations(net)
    for i, s in enumerate(people.subjects):
        if s["subject_type"] == "fixed":
            cells[i], spare[i] = net.points.index[s["access_line"]], -1
            continue
        technology = LTE if s["subject_type"] == "meter" or "LTE" in s["device_model"] else NR
        for p in range(PLACES):
            moves = s["subject_type"] in ("phone", "car") and p > 0
            region = s["region"] if not moves or rng.random() < 0.85 else str(rng.choice(net.regions))
            if p == 0 or moves:
                mine = stations.of(technology, region)
                here = int(rng.integers(len(mine)))
                turn = np.roll(mine[here], int(rng.integers(3)))
                beside = mine[(here + 1) % len(mine)]
                cells[i, p], spare[i, p] = turn, beside[int(rng.integers(len(beside)))]
            else:
                cells[i, p], spare[i, p] = cells[i, 0], spare[i, 0]
    return cells, spare


class _Stations:
    """Cells of the base stations of a region, by technology."""

    def __init__(self, net: Network) -> None:
        self.table: dict[tuple[int, str], list[np.ndarray]] = {}
        for station in net.of("gnb", "enb"):
            own = net.cells_of[station]
            key = (LTE if net.type(station) == "enb" else NR, net.region(station))
            self.table.setdefault(key, []).append(np.array([net.points.index[c] for c in own]))

    def of(self, technology: int, region: str) -> list[np.ndarray]:
        """(3,) positions of each station's cells."""
        return self.table[technology, region]


def _paths(net: Network, people: People) -> Float64:
    routers, delay = core_delay(net)
    place = {r: i for i, r in enumerate(routers)}
    regions = [place[f"CR-{r}"] for r in net.regions]
    gateway = [place[f"CR-{net.region(s['gateway_id'])}"] for s in people.services]
    end = [place[f"CR-{net.region(s['endpoint_id'] or s['gateway_id'])}"] for s in people.services]
    return np.asarray(delay[np.ix_(gateway, regions)] + delay[gateway, end][:, None])
