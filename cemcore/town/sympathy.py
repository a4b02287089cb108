"""Alarms of elements that are well but miss something: what hangs on a failed one, and what lost its second way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from cemcore.town.faults import Fault
from cemcore.town.network import Network

_UNREACHED = {
    "gnb": ("critical", "connectionEstablishmentError", "communicationsAlarm", "NG link failure, no AMF reached"),
    "enb": ("critical", "connectionEstablishmentError", "communicationsAlarm", "S1 link failure"),
    "cell_site_router": ("major", "communicationsSubsystemFailure", "communicationsAlarm", "Node not reachable"),
    "preagg_router": ("major", "communicationsSubsystemFailure", "communicationsAlarm", "Node not reachable"),
    "agg_router": ("major", "communicationsSubsystemFailure", "communicationsAlarm", "Node not reachable"),
    "olt": ("critical", "communicationsSubsystemFailure", "communicationsAlarm", "All uplinks down"),
    "nr_cell": ("major", "performanceDegraded", "qualityOfServiceAlarm", "Cell out of service"),
    "lte_cell": ("major", "performanceDegraded", "qualityOfServiceAlarm", "Cell out of service"),
}


@dataclass(frozen=True)
class Raised:
    """What an element reports (X.733 fields)."""

    on: str
    severity: str
    cause: str
    type: str
    problem: str


def sympathetic(net: Network, fault: Fault) -> Iterator[Raised]:
    """What others report while `fault` lasts."""
    if fault.kind.storm:
        for id in net.of("cell_site_router", "gnb"):
            if net.region(id) == fault.target.area:
                yield Raised(
                    id, "major", "communicationsSubsystemFailure", "communicationsAlarm", "Management heartbeat lost"
                )
        return
    down = set(fault.target.down)
    standing = net.standing(down)
    for link in (r for r in net.resources.values() if r["type"] == "link"):
        if link["id"] in down and link["id"] != fault.target.id:
            yield Raised(link["id"], "critical", "lossOfSignal", "communicationsAlarm", "Link down")
        elif {link["a_end"], link["z_end"]} & down:
            yield Raised(link["id"], "major", "lossOfSignal", "communicationsAlarm", "Link down")
    for id in net.of(*_UNREACHED):
        if id not in standing and id not in down:
            yield Raised(id, *_UNREACHED[net.type(id)])
    for id in _unprotected(net, standing, down):
        yield Raised(id, "minor", "lossOfRedundancy", "communicationsAlarm", "Uplink redundancy lost")


def _unprotected(net: Network, standing: set[str], down: set[str]) -> Iterator[str]:
    """Nodes that are reached, but lost one of the uplinks that back each other up."""
    ways: dict[str, list[bool]] = defaultdict(list)
    for c in net.connections:
        if c["via"] and c["redundancy_group"] and net.type(c["from_id"]) != "core_router":
            ways[c["from_id"]].append(c["to_id"] not in down and c["via"] not in down)
    for id, alive in ways.items():
        if id in standing and any(alive) and not all(alive):
            yield id
