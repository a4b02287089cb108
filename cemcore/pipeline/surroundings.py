"""What the network itself says at a tick: its alarms folded under their tops, and the resources whose KPIs are off."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cemcore.panel import Bool
from cemcore.pipeline.inputs import FREE_DAY, SlotInputs
from cemcore.pipeline.localisation import folding
from cemcore.pipeline.localisation.explanations import RESOURCE
from cemcore.pipeline.localisation.state import LocaliseState
from cemcore.pipeline.localisation.vitals import watching as vitals
from cemcore.pipeline.localisation.vitals.unwell import Unwell
from cemcore.pipeline.memory import RouteState
from cemcore.topology import Topology


@dataclass(frozen=True)
class Surroundings:
    """Alarms as folded, and resources whose own KPIs left their habit."""

    folded: folding.Folded
    unwell: Unwell


def listen(inputs: SlotInputs, state: RouteState) -> tuple[Surroundings, RouteState]:
    """What alarms and KPIs say, also while learning: clocks of systems and habits of KPIs are learned then."""
    folded, heard = folding.fold(
        state.folding, inputs.alarms, inputs.topology, inputs.slot, inputs.known_at, inputs.seconds
    )
    clock = (inputs.slot, inputs.seconds, inputs.hour, inputs.day >= FREE_DAY)
    masked = _troubled(state.localisation, inputs.topology)
    unwell, seen = vitals.watch(state.vitals, inputs.measurements, inputs.kpis, inputs.topology, clock, masked)
    return Surroundings(folded, unwell), replace(state, folding=heard, vitals=seen)


def _troubled(room: LocaliseState, topology: Topology) -> Bool:
    """Resources under a problem that lasts: their KPIs teach nothing."""
    out = np.zeros(len(topology), np.bool_)
    for p in room.problems:
        if p.open and p.confirmed_at and room.known.kind[p.candidate] == RESOURCE:
            cause = int(room.known.what[p.candidate, 0])
            out[cause] = True
            out[topology.dependents(cause)] = True
    return out
