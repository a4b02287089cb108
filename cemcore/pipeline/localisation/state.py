"""What room three is told, and what it remembers between slots."""

from __future__ import annotations

from dataclasses import dataclass, field

from cemcore.panel import Bool, Float32, Int32, Int64
from cemcore.pipeline.localisation.blocks import Block
from cemcore.pipeline.localisation.explanations import Explanations
from cemcore.pipeline.localisation.live import Live
from cemcore.pipeline.localisation.thresholds import Thresholds


@dataclass(frozen=True)
class Settings:
    """services: number of services; seconds: slot length; budget: false problems a day that are accepted."""

    services: int
    seconds: int
    budget: float = 0.1


@dataclass(frozen=True)
class LocaliseState:
    """State of the room: registry of explanations, remembered slots (oldest first), thresholds, problems."""

    known: Explanations = field(default_factory=Explanations)
    blocks: tuple[Block, ...] = ()
    log: tuple[Block, ...] = ()
    thresholds: Thresholds | None = None
    problems: tuple[Live, ...] = ()
    count: int = 0


@dataclass(frozen=True)
class Evidenced:
    """What room three needs of each row of a tick: keys, surprise, worse than its habit (bad) and by how many times
    what a user would notice (effect), attempts, usual place; and the silent places.
    """

    slot: Int64
    path: Int32
    made: Int32
    subject: Int32
    service: Int32
    resource: Int32
    surprise: Float32
    bad: Bool
    effect: Float32
    failed: Float32
    expected: Float32
    usual: Int32
    silent: Int32
    silence: Float32
    minutes: Float32
    depth: Float32
