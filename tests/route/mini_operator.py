"""A small operator made here, for tests of the corridor: a learned state, and days that a test may spoil."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from cemcore.application.house import build_models
from cemcore.catalogue import Catalogue
from cemcore.codes import Codes
from cemcore.domain import Feed, ServiceProblem
from cemcore.frames import ATTRIBUTES, conform
from cemcore.panel import MeasurementRows, QualityRows
from cemcore.pipeline import route
from cemcore.topology import Facts, Topology, build_population
from models.anomaly.seasonal import Seasonal

CATALOGUE = Catalogue.load(Path(__file__).parents[2] / "config" / "services.toml")
KQIS, SERVICES = tuple(CATALOGUE.kqis), tuple(CATALOGUE.services)
SLOT, DAY = 900, 86_400
LEARN_DAYS = 6
CELLS, SUBJECTS = 12, 240
Change = Callable[[int, "Slot"], None]


@dataclass
class Slot:
    """Rows of one slot that a test may spoil: subject and cell numbers, firmware, KQI columns by name, rows to drop."""

    subject: np.ndarray
    cell: np.ndarray
    firmware: np.ndarray
    kqis: dict[str, np.ndarray]
    keep: np.ndarray


def _inventory() -> tuple[Topology, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    lines = [("CORE", "core_router"), ("GW", "upf"), ("DNS", "dns_resolver")]
    links = [("GW", "CORE", "hostedOn"), ("DNS", "CORE", "hostedOn")]
    for g in range(CELLS // 3):
        lines += [(f"GNB-{g}", "gnb"), (f"SITE-{g}", "site")]
        links += [(f"GNB-{g}", "CORE", "uplink"), (f"GNB-{g}", f"SITE-{g}", "locatedAt")]
    for c in range(CELLS):
        lines.append((f"CELL-{c}", "nr_cell"))
        links.append((f"CELL-{c}", f"GNB-{c // 3}", "containedIn"))
    resources = pd.DataFrame(lines, columns=["resource_id", "type"])
    resources["region"] = ["R" if not r.startswith("CELL") else f"R{int(r[5:]) // 6}" for r in resources["resource_id"]]
    connections = pd.DataFrame(links, columns=["from_id", "to_id", "relation"])
    topology = Topology.build(conform(Feed.RESOURCES, resources)[0], conform(Feed.CONNECTIONS, connections)[0])
    who = [f"S{i:03d}" for i in range(SUBJECTS)]
    subjects = pd.DataFrame(
        {
            "subject_id": who,
            "kind": "user",
            "customer_id": [f"C{i // 4}" for i in range(SUBJECTS)],
            "firmware": [f"F{i % 7}" for i in range(SUBJECTS)],
            "device_model": [f"M{i % 5}" for i in range(SUBJECTS)],
        }
    )
    instances = pd.DataFrame(
        {"service_instance_id": who, "subject_id": who, "service": "web", "gateway_id": "GW", "endpoint_id": "DNS"}
    )
    customers = pd.DataFrame({"customer_id": sorted(set(subjects["customer_id"])), "segment": "consumer"})
    return (
        topology,
        conform(Feed.SUBJECTS, subjects)[0],
        conform(Feed.SERVICES, instances)[0],
        conform(Feed.CUSTOMERS, customers)[0],
    )


class Mini:
    """The operator: made once, run with any change."""

    def __init__(self) -> None:
        self.topology, subjects, instances, customers = _inventory()
        self._codes: dict[str, Codes] = {}
        self.population = build_population(
            subjects, instances, customers, services=SERVICES, topology=self.topology, codes=self.codes
        )
        self.facts = Facts(self.codes, SERVICES)
        settings: Any = SimpleNamespace(
            assess=SimpleNamespace(load_kpis=(), false_alarm_budget=0.1, false_discovery=0.05)
        )
        self.parts = route.Parts.build(CATALOGUE, build_models(CATALOGUE), Seasonal(), settings)
        regions = sorted({r for r in self.topology.regions if r != "R"})
        self.domain_of = np.array([regions.index(r) if r in regions else -1 for r in self.topology.regions], np.int32)
        learned, _ = self.walk(route.initial_state(self.parts), 0, LEARN_DAYS * 96)
        self.learned = learned

    def codes(self, name: str) -> Codes:
        return self._codes.setdefault(name, Codes())

    def walk(
        self, state: route.RouteState, first: int, last: int, change: Change | None = None
    ) -> tuple[route.RouteState, list[route.SlotResult]]:
        results = []
        for t in range(first, last):
            result, state = route.run(self.inputs(t, change), state, self.parts)
            results.append(result)
        return state, results

    def inputs(self, t: int, change: Change | None = None) -> route.SlotInputs:
        return route.SlotInputs(
            slot=t * SLOT, known_at=(t + 1) * SLOT + 300, seconds=SLOT, hour=t // 4 % 24, day=t // 96 % 5,
            learning=t < LEARN_DAYS * 96, rows=self.rows(t, change), measurements=_no_measurements(), kpis=(),
            alarms=(), work=(), topology=self.topology, population=self.population, domain_of=self.domain_of,
            facts=self.facts,
        )  # fmt: skip

    def rows(self, t: int, change: Change | None) -> QualityRows:
        rng = np.random.default_rng(t)
        own = np.random.default_rng(99).normal(0, 0.3, SUBJECTS)
        subject = np.flatnonzero(rng.random(SUBJECTS) < 0.35)
        n = len(subject)
        spoiled = Slot(
            subject,
            subject % CELLS,
            subject % 7,
            {
                "latency_ms": 30 * np.exp(own[subject] + rng.normal(0, 0.2, n)),
                "throughput_mbps": 40 * np.exp(-own[subject] + rng.normal(0, 0.25, n)),
                "startup_s": np.exp(own[subject] + rng.normal(0, 0.2, n)),
                "setup_success_ratio": 1 - (rng.random(n) < 0.01) / 2,
            },
            np.ones(n, bool),
        )
        if change is not None:
            change(t, spoiled)
        values = np.full((n, len(KQIS)), np.nan, np.float32)
        for name, column in spoiled.kqis.items():
            values[:, KQIS.index(name)] = column
        place = np.array([self.topology.index[f"CELL-{c}"] for c in range(CELLS)], np.int32)[spoiled.cell]
        made = np.full((n, len(ATTRIBUTES)), -1, np.int32)
        made[:, ATTRIBUTES.index("firmware")] = self.codes("attribute:firmware").find(
            [f"F{f}" for f in spoiled.firmware]
        )
        made[:, ATTRIBUTES.index("device_model")] = self.codes("attribute:device_model").find(
            [f"M{s % 5}" for s in subject]
        )
        slot = np.full(n, t * SLOT, np.int64)
        rows = QualityRows(
            slot, self.codes("subject").find([f"S{s:03d}" for s in subject]),
            np.full(n, SERVICES.index("web"), np.int32),
            place, values, np.full(n, 2, np.float32), made, slot + 1000,
        )  # fmt: skip
        return rows.take(spoiled.keep)


def _no_measurements() -> MeasurementRows:
    i4, i8 = np.zeros(0, np.int32), np.zeros(0, np.int64)
    return MeasurementRows(i8, i4, i4, np.zeros(0, np.float32), np.zeros(0, bool), i4)


START, END = LEARN_DAYS * 96 + 40, LEARN_DAYS * 96 + 64


def slower(of: Callable[[Slot], np.ndarray], factor: float) -> Change:
    def change(t: int, s: Slot) -> None:
        if START <= t < END:
            hit = of(s)
            s.kqis["latency_ms"][hit] *= factor
            s.kqis["startup_s"][hit] *= factor
            s.kqis["throughput_mbps"][hit] /= factor

    return change


def final(results: list[route.SlotResult]) -> list[ServiceProblem]:
    last: dict[str, ServiceProblem] = {}
    for r in results:
        last.update({p.problem_id: p for p in r.problems})
    return [p for p in last.values() if p.merged_into is None]
