"""What the corridor works with, and what it remembers between ticks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from cemcore.catalogue import Catalogue
from cemcore.codes import Codes
from cemcore.domain import Cause, Evidence
from cemcore.panel import ScoredRows
from cemcore.pipeline import snapshot, watching
from cemcore.pipeline.chronic import Chronic
from cemcore.pipeline.detection import blindness, expectation, history, null
from cemcore.pipeline.detection import state as remembering
from cemcore.pipeline.detection.transform import judged, scales
from cemcore.pipeline.habit import HabitRows, HabitState
from cemcore.pipeline.impact import Attribution, Tally
from cemcore.pipeline.inputs import SlotInputs
from cemcore.pipeline.localisation import blocks, explanations, folding, live, thresholds
from cemcore.pipeline.localisation.state import LocaliseState
from cemcore.pipeline.localisation.vitals import watching as vitals
from cemcore.protocols import Detector, ExperienceModel
from cemcore.settings import Settings

FALSE_DISCOVERY = 0.05
"""Share of the rows called degraded, one by one, that may be so by chance."""

FirstRooms = Callable[
    [SlotInputs, HabitState, Mapping[str, Codes]], tuple[ScoredRows, HabitRows, HabitState]
]  # fmt: skip
"""Scores and watches a tick's rows, given the codings that profiles need."""


@dataclass(frozen=True)
class Parts:
    """What the corridor works with: catalogue and models of room one, settings of rooms two and three.

    first: who walks rooms one and two, where that is not this process.
    """

    catalogue: Catalogue
    models: Mapping[str, ExperienceModel]
    detection: remembering.Settings
    budget: float
    detector: Detector
    false_discovery: float = FALSE_DISCOVERY
    first: FirstRooms | None = None

    @classmethod
    def build(
        cls, catalogue: Catalogue, models: Mapping[str, ExperienceModel], detector: Detector, settings: Settings
    ) -> Parts:
        """Parts as the settings want them."""
        kpis = dict.fromkeys(settings.assess.load_kpis, 1.0)
        feel = judged(catalogue, models)
        found = remembering.Settings(scales(catalogue), len(catalogue.services), load=kpis, judged=feel)
        limits = settings.assess
        return cls(catalogue, models, found, limits.false_alarm_budget, detector, limits.false_discovery)


@dataclass(frozen=True)
class RouteState:
    """Everything the corridor remembers between ticks: plain arrays and values, never changed once made.

    tally: sums of attributed minutes; claims: those of the last day that were attributed as a record was missing.
    """

    detection: remembering.DetectionState = field(default_factory=remembering.DetectionState)
    localisation: LocaliseState = field(default_factory=LocaliseState)
    chronic: Chronic = field(default_factory=Chronic)
    tally: Tally = field(default_factory=Tally.none)
    last_hour: int = -1
    habit: HabitState = field(default_factory=HabitState)
    claims: Attribution = field(default_factory=Attribution.none)
    watches: watching.WatchState = field(default_factory=watching.WatchState)
    folding: folding.FoldingState = field(default_factory=folding.FoldingState)
    vitals: vitals.Vitals = field(default_factory=vitals.Vitals)

    def get_state(self) -> dict[str, NDArray[Any]]:
        """The state as plain arrays."""
        return snapshot.flatten(self)

    def set_state(self, arrays: Mapping[str, NDArray[Any]]) -> RouteState:
        """The state that `get_state` wrote; StorageError where it is none."""
        out: RouteState = snapshot.restore(arrays, CLASSES)
        return out


CLASSES: tuple[type, ...] = (
    RouteState, remembering.DetectionState, remembering.Learned, remembering.PairPlaces,
    history.Past, expectation.Expectation, blindness.Activity,
    null.ShrunkenNull, null.Tail, LocaliseState, explanations.Explanations, explanations.Table, blocks.Block,
    thresholds.Thresholds, live.Live, Cause, Evidence, Tally, Attribution, HabitState, Chronic,
    *watching.CLASSES, *folding.CLASSES, *vitals.CLASSES,
)  # fmt: skip
"""Classes that a state is made of."""


def initial_state(parts: Parts) -> RouteState:
    """The state before the first tick."""
    return RouteState()
