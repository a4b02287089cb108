"""The figures of an evaluation, as plain frozen values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Ratio:
    """Precision, recall and their harmonic mean, rounded to four digits; 0 where undefined."""

    precision: float
    recall: float
    f1: float

    @classmethod
    def of(cls, hit: int, wrong: int, missed: int) -> Ratio:
        """From counts: rightly named, wrongly named, not named."""
        p = hit / (hit + wrong) if hit + wrong else 0.0
        r = hit / (hit + missed) if hit + missed else 0.0
        return cls(round(p, 4), round(r, 4), round(2 * p * r / (p + r), 4) if p + r else 0.0)

    @classmethod
    def mean(cls, ratios: Sequence[Ratio], count: int) -> Ratio:
        """Sum of each figure over `count` (which may exceed the number of ratios: the others count as 0)."""
        if not count:
            return cls(0.0, 0.0, 0.0)
        precision, recall, f1 = (
            round(sum(getattr(r, name) for r in ratios) / count, 4) for name in ("precision", "recall", "f1")
        )
        return cls(precision, recall, f1)


@dataclass(frozen=True)
class IncidentFigures:
    """How many true incidents were found, and how many of the predicted are true."""

    ratio: Ratio
    precision_lenient: float
    true: int
    predicted: int
    matched: int
    duplicates: int
    false: int
    invisible_matched: int
    false_per_day: float
    before_training_end: int

    def document(self) -> dict[str, Any]:
        """Flat, with the ratio's figures first."""
        figures = asdict(self)
        return {**figures.pop("ratio"), **figures}


@dataclass(frozen=True)
class DelayFigures:
    """Slots from an incident's effective start to its first report, over those that were found and say when."""

    median: float | None
    mean: float | None
    p90: float | None
    n: int


@dataclass(frozen=True)
class CauseFigures:
    """Shares of the found incidents whose first, or one of the first three, causes is right or next to right."""

    top1: float
    top3: float
    top1_near: float
    top3_near: float
    of_detected: int
    top1_of_all: float


@dataclass(frozen=True)
class AffectedFigures:
    """Who was hit: mean over found incidents, mean over all visible ones.

    And pooled (false incidents count as wrong).
    """

    macro_matched: Ratio
    macro_all: Ratio
    micro: Ratio


@dataclass(frozen=True)
class IncidentRow:
    """One visible true incident, and what became of it."""

    id: str
    kind: str
    has_alarm: bool
    affected: int
    detected: bool
    found: Mapping[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Flat; what was found follows."""
        head = {name: getattr(self, name) for name in ("id", "kind", "has_alarm", "affected", "detected")}
        return {**head, **{k: asdict(v) if isinstance(v, Ratio) else v for k, v in self.found.items()}}


@dataclass(frozen=True)
class Scores:
    """Everything an evaluation says. `document()` is its JSON form."""

    incidents: IncidentFigures
    delay: DelayFigures
    root_cause: CauseFigures
    affected_pairs: AffectedFigures
    affected_subjects: AffectedFigures
    distractors_by_kind: Mapping[str, int]
    distractors: int
    data_gap_false_alarms: int
    days: float
    per_incident: tuple[IncidentRow, ...]
    false_incidents: tuple[Mapping[str, Any], ...]

    def document(self) -> dict[str, Any]:
        """The figures as nested dicts, ready for JSON."""
        return {
            "incidents": self.incidents.document(),
            "detection_delay_intervals": asdict(self.delay),
            "root_cause": asdict(self.root_cause),
            "affected_pairs": asdict(self.affected_pairs),
            "affected_subjects": asdict(self.affected_subjects),
            "distractor_false_alarms": {
                "total": sum(self.distractors_by_kind.values()),
                "by_kind": dict(self.distractors_by_kind),
                "distractors": self.distractors,
            },
            "data_gap_false_alarms": self.data_gap_false_alarms,
            "days": self.days,
            "per_incident": [row.document() for row in self.per_incident],
            "false_incidents": [dict(f) for f in self.false_incidents],
        }
