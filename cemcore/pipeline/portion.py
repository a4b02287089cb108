"""Rooms one and two over a portion of a tick's rows: those of every n-th subject, for whoever has other hands to do it.

Portion p of n has the subjects p, p + n, p + 2n ... of the registry, as 0, 1, 2 ... of its own. Its detector's state
stays with it. What partitions have to say of cohorts and calibration adds up (`tally`), and comes back to all of them
with the next tick (`shared`), where the detector can do that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cemcore.catalogue import Catalogue
from cemcore.codes import Codes
from cemcore.panel import Bool, Int64, Population, QualityRows, Rows, ScoredRows
from cemcore.pipeline.habit import HabitRows, HabitState, Tally, judge
from cemcore.pipeline.scoring import score
from cemcore.protocols import Detector, ExperienceModel


@dataclass(frozen=True)
class Tools:
    """What rooms one and two work with, the same everywhere."""

    catalogue: Catalogue
    models: Mapping[str, ExperienceModel]
    detector: Detector


@dataclass(frozen=True)
class Portion:
    """A tick's errand: rows and the facts of their subjects in the portion's own numbers; codings that profiles need;
    series (the portion's own numbers) whose last value is not to be learned; what all share; (slot [s], hour of the
    local week).
    """

    rows: QualityRows
    population: Population
    codes: Mapping[str, Codes]
    masked: Bool
    shared: Tally
    now: tuple[int, int]


@dataclass(frozen=True)
class Judged:
    """What became of a portion, aligned with its rows; `tally`: what its series say of cohorts and calibration."""

    scored: ScoredRows
    habit: HabitRows
    tally: Tally


def walk(tools: Tools, state: HabitState, portion: Portion) -> tuple[HabitState, Judged]:
    """Score a portion's rows, then watch its series."""
    scored = score(portion.rows, tools.catalogue, tools.models, portion.population, portion.codes)
    services = len(tools.catalogue.services)
    ready = HabitState(state.arrays, portion.masked)
    habit, after, tally = judge(
        ready, tools.detector, portion.rows, scored, portion.population, portion.now, services, portion.shared
    )
    return after, Judged(scored, habit, tally)


def rows_of(rows: QualityRows, n: int) -> list[Int64]:
    """Which rows are whose: positions, a portion each."""
    whose = rows.subject % n
    return [np.flatnonzero(whose == p) for p in range(n)]


def own(rows: QualityRows, at: Int64, n: int) -> QualityRows:
    """The rows `at` in their portion's own numbers."""
    mine = rows.take(at)
    return replace(mine, subject=(mine.subject // n).astype(np.int32))


def people(population: Population, p: int, n: int) -> Population:
    """The subjects of portion `p`."""
    per_subject = ("kind", "customer", "terminal", "access", "attributes", "pair_gateway", "pair_endpoint", "segment")
    mine: dict[str, Any] = {f: np.ascontiguousarray(getattr(population, f)[p::n]) for f in per_subject}
    return replace(population, **mine)


def series_of(masked: Bool | None, p: int, n: int, services: int) -> Bool:
    """The mask over all series, as that over a portion's own."""
    if masked is None:
        return np.zeros(0, np.bool_)
    whole = np.zeros(-(-len(masked) // services) * services, np.bool_)
    whole[: len(masked)] = masked
    return np.ascontiguousarray(whole.reshape(-1, services)[p::n]).reshape(-1)


def together(parts: list[Any], at: list[Int64]) -> Any:
    """One panel, in the order of the tick's rows, from the portions' (`at`: whose rows are whose)."""
    order = np.argsort(np.concatenate(at), kind="stable")
    first: Rows = parts[0]
    return type(first).concat(parts).take(order)
