"""A small operator and its problems, made by hand: two base stations behind AGG-3, one over LINK-7, one over LINK-8."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from cemcore.codes import Codes
from cemcore.domain import Alarm, Feed, PlannedWork, Severity
from cemcore.frames import ATTRIBUTES, conform
from cemcore.panel import QualityRows
from cemcore.pipeline.localisation import causes, evidence
from cemcore.pipeline.localisation.blocks import Block, tallied
from cemcore.pipeline.localisation.explanations import RESOURCE, Explanations, attribute_names, explain
from cemcore.pipeline.localisation.live import Live
from cemcore.topology import Facts, Topology, build_population

SLOT = 900
BEGIN = int(datetime(2026, 3, 2, 14, tzinfo=UTC).timestamp())
CELLS = ("CELL-11", "CELL-12", "CELL-21", "CELL-22")
PEOPLE = 80
LINES = (
    ("CORE", "core_router"), ("UPF-1", "upf"), ("DNS-1", "dns_resolver"), ("AGG-3", "agg_router"), ("LINK-7", "link"),
    ("LINK-8", "link"), ("GNB-1", "gnb"), ("GNB-2", "gnb"), ("FAR-9", "olt"), *((c, "nr_cell") for c in CELLS),
)  # fmt: skip
WAYS = (
    ("UPF-1", "CORE", "hostedOn", ""), ("DNS-1", "CORE", "hostedOn", ""), ("AGG-3", "CORE", "uplink", ""),
    ("GNB-1", "AGG-3", "uplink", "LINK-7"), ("GNB-2", "AGG-3", "uplink", "LINK-8"), ("FAR-9", "CORE", "uplink", ""),
    *((c, f"GNB-{c[5]}", "containedIn", "") for c in CELLS),
)  # fmt: skip


def at(minutes: float) -> datetime:
    """So many minutes after the onset."""
    return datetime.fromtimestamp(BEGIN, UTC) + timedelta(minutes=minutes)


def alarm(
    on: str, minutes: float = 1.0, severity: str = "critical", reported: float | None = None, **more: Any
) -> Alarm:
    """Raised so many minutes after the onset, reported then too unless said otherwise."""
    said = {"alarm_id": f"ALM-{on}-{minutes:g}", "specific_problem": "Link down", **more}
    return Alarm(
        said.pop("alarm_id"), on, Severity(severity), "communicationsAlarm", "transmitFailure",
        said.pop("specific_problem"), at(minutes), at(minutes if reported is None else reported),
        resource_id=on, **said,
    )  # fmt: skip


def work(
    on: Sequence[str], start: float, end: float, impact: str = "Interruption of all cells", **more: Any
) -> PlannedWork:
    """Work planned for [start, end) minutes after the onset."""
    said = {"status": "inProgress", "actual_start": at(start), **more}
    return PlannedWork(
        "CHG-1", said.pop("status"), "Card exchange", impact, tuple(on), at(start), at(end), **said
    )  # fmt: skip


@dataclass
class Operator:
    """The operator; `trouble` makes a problem of it."""

    codes: dict[str, Codes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        resources = pd.DataFrame(LINES, columns=["resource_id", "type"]).assign(region="North")
        resources.loc[resources["resource_id"] == "FAR-9", "region"] = "South"
        connections = pd.DataFrame(WAYS, columns=["from_id", "to_id", "relation", "via"])
        self.topology = Topology.build(conform(Feed.RESOURCES, resources)[0], conform(Feed.CONNECTIONS, connections)[0])
        who = [f"S{i}" for i in range(PEOPLE)]
        subjects = pd.DataFrame({"subject_id": who, "kind": "user", "firmware": [f"F{i % 3}" for i in range(PEOPLE)]})
        instances = pd.DataFrame(
            {
                "service_instance_id": who,
                "subject_id": who,
                "service": "web",
                "gateway_id": "UPF-1",
                "endpoint_id": "DNS-1",
            }
        )
        none = pd.DataFrame({"customer_id": ["C"]})
        self.population = build_population(
            conform(Feed.SUBJECTS, subjects)[0], conform(Feed.SERVICES, instances)[0],
            conform(Feed.CUSTOMERS, none)[0], services=("web",), topology=self.topology, codes=self._coding,
        )  # fmt: skip
        self.facts = Facts(self._coding, ("web",))

    def _coding(self, name: str) -> Codes:
        return self.codes.setdefault(name, Codes())

    def trouble(
        self, candidate: str, bad: Callable[[np.ndarray, np.ndarray], np.ndarray], slots: int = 4, surprise: float = 3.0
    ) -> Trouble:
        """Problem number 0 that the search puts down to `candidate`; bad(cell, subject) says which rows are bad."""
        known, log = Explanations(), []
        for s in range(slots):
            rng = np.random.default_rng(s)
            subject = np.arange(PEOPLE, dtype=np.int32)
            cell = subject % len(CELLS)
            place = np.array([self.topology.index[c] for c in CELLS], np.int32)[cell]
            rows = self._rows(BEGIN + s * SLOT, subject, place)
            known, path, made = explain(known, rows, place, self.topology, self.population, ATTRIBUTES)
            hit = bad(cell, subject)
            how = np.where(hit, surprise, -np.log10(rng.random(PEOPLE))).astype(np.float32)
            log.append(_block(BEGIN + s * SLOT, path, made, subject, place, how, hit))
        c = known.find(RESOURCE, self.topology.index[candidate])
        log = [tallied(known, replace(b, owner=np.where(b.bad, 0, -1).astype(np.int32))) for b in log]
        live = Live(0, BEGIN, c, ((c, 40.0),), BEGIN, BEGIN + (slots - 1) * SLOT, slots, 20.0, ())
        return Trouble(self, known, tuple(log), live)

    def _rows(self, slot: int, subject: np.ndarray, place: np.ndarray) -> QualityRows:
        n, nothing = len(subject), np.full((len(subject), len(ATTRIBUTES)), -1, np.int32)
        nothing[:, ATTRIBUTES.index("firmware")] = self._coding("attribute:firmware").find(
            [f"F{i % 3}" for i in subject]
        )
        when = np.full(n, slot, np.int64)
        service, kqis = np.zeros(n, np.int32), np.zeros((n, 1), np.float32)
        return QualityRows(when, subject, service, place, kqis, np.ones(n, np.float32), nothing, when)


@dataclass
class Trouble:
    """A problem and what was remembered of its slots."""

    operator: Operator
    known: Explanations
    log: tuple[Block, ...]
    live: Live

    def rank(
        self,
        alarms: Sequence[Alarm] = (),
        works: Sequence[PlannedWork] = (),
        crowded: Sequence[str] = (),
        told: Any = (),
        **more: Any,
    ) -> causes.Ranking:
        """The causes, with these alarms and works known two hours after the onset."""
        of = self.operator
        scene = causes.Scene(of.topology, of.facts, tuple(alarms), tuple(works), SLOT, BEGIN + 7200, **more)
        names = attribute_names(of.population, ATTRIBUTES)
        places = [of.topology.index[c] for c in crowded]
        return causes.rank(self.known, names, self.log, self.live, 20, scene, places)


def _block(slot: int, path: Any, made: Any, subject: Any, place: Any, surprise: Any, bad: Any) -> Block:
    n, zero = len(subject), np.zeros(len(subject), np.float32)
    given = {
        "slot": slot, "hour": 14, "path": path, "made": made, "subject": subject, "pair": subject.astype(np.int64),
        "weights": evidence.weights(surprise, zero, zero), "bad": bad, "place": place, "usual": place,
        "owner": np.full(n, -1, np.int32),
    }  # fmt: skip
    none = np.zeros(0, np.int32)
    few = {"extra_row": none, "extra_candidate": none, "silent": none, "silence": np.zeros(0, np.float32)}
    return Block(**{f.name: {**given, **few}.get(f.name, zero) for f in fields(Block)})
