"""Small networks and alarms for tests of folding."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pandas as pd

from cemcore.domain import Alarm, Feed, Severity
from cemcore.frames import conform
from cemcore.pipeline.localisation import folding
from cemcore.topology import Topology

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SLOT = 900


def network(*connections: tuple[str, ...]) -> Topology:
    """From (from, to, relation[, via[, redundancy group]]), beside a backbone of two routers `c1` and `c2`.

    A resource's type is what its name begins with.
    """
    lines = [("c1", "c2", "uplink", "m1", "igp"), *connections]
    table = pd.DataFrame(
        [(*c, *[None] * (5 - len(c))) for c in lines],
        columns=["from_id", "to_id", "relation", "via", "redundancy_group"],
        dtype="str",
    )
    names = sorted({x for a, b, _, via, _ in table.itertuples(index=False) for x in (a, b, via) if isinstance(x, str)})
    nodes = pd.DataFrame({"resource_id": names})
    nodes["type"] = nodes["resource_id"].str.extract(r"^(cell|pair|agg|olt|pon|feed|mains|[a-z])")[0]
    nodes["role"] = nodes["resource_id"].map(lambda n: "core" if n == "m1" else None)
    nodes["igp_metric"] = nodes["resource_id"].map(lambda n: 1.0 if n == "m1" else None)
    return Topology.build(conform(Feed.RESOURCES, nodes)[0], conform(Feed.CONNECTIONS, table)[0])


def alarm(
    on: str,
    after: float = 0.0,
    severity: Severity = Severity.MAJOR,
    *,
    number: int = 0,
    problem: str = "out of service",
    skew: float = 0.0,
    delay: float = 5.0,
    cleared: float | None = None,
    source: str = "EMS",
) -> Alarm:
    """An alarm raised `after` seconds past noon, by a clock that is `skew` ahead, reported `delay` later."""
    begin = NOON + timedelta(seconds=after)
    return Alarm(
        f"{on}/{problem}/{number}", on, severity, "communicationsAlarm", "", problem, begin + timedelta(seconds=skew),
        begin + timedelta(seconds=delay), None if cleared is None else NOON + timedelta(seconds=cleared), source, on,
    )  # fmt: skip


def folded(
    topology: Topology, alarms: Sequence[Alarm], after: float = 3600.0, state: folding.FoldingState | None = None
) -> folding.Folded:
    """The alarms folded so long after noon."""
    known_at = int(NOON.timestamp() + after)
    return folding.fold(state or folding.FoldingState(), alarms, topology, known_at - SLOT, known_at, SLOT)[0]


def tops(topology: Topology, alarms: Sequence[Alarm], after: float = 3600.0) -> dict[str, str]:
    """Top by alarmed object."""
    found = folded(topology, alarms, after)
    return {a.alarmed_object: topology.resource(found.top_of(a.alarm_id)) for a in alarms}
