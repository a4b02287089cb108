"""What one tick is given: all that is newly known, in the corridor's integers."""

from __future__ import annotations

from dataclasses import dataclass

from cemcore.domain import Alarm, PlannedWork
from cemcore.panel import Int32, MeasurementRows, Population, QualityRows
from cemcore.pipeline.localisation.causes import STATED, Weights
from cemcore.topology import Facts, Topology

FREE_DAY = 5
"""From this day of the week on (Saturday; holidays count as Sunday) a day is free."""


@dataclass(frozen=True)
class SlotInputs:
    """All that is newly known at one tick, in the corridor's integers.

    slot, known_at, seconds: start of the slot, known-time of the tick, length of a slot [s]. hour, day: local hour 0-23
    and day of week 0-6 (a public holiday counts as 6, Sunday). learning: learn, open nothing. rows: quality records
    that became known since the last tick, each (slot, subject, service) once; mostly of `slot`, late ones of earlier
    slots too. measurements: likewise. alarms: as known, standing or cleared within the last day, `resource_id` joined.
    work: as known, planned or actual within a day of the slot. domain_of: int32 per resource, its coverage domain for
    quality records (-1 none). facts: what the codes mean, for words; without it codes are written as numbers.
    weights: of evidence, as of `known_at`.
    """

    slot: int
    known_at: int
    seconds: int
    hour: int
    day: int
    learning: bool
    rows: QualityRows
    measurements: MeasurementRows
    kpis: tuple[str, ...]
    alarms: tuple[Alarm, ...]
    work: tuple[PlannedWork, ...]
    topology: Topology
    population: Population
    domain_of: Int32
    facts: Facts | None = None
    weights: Weights = STATED
