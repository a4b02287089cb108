"""The seams: what a plug-in must be able to do. No base class to inherit; laws in `tests/laws` hold every one to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from cemcore.domain import Batch, Feed, Window
from cemcore.panel import Bool, Float32, Float64, Int32, Int64, Panel
from cemcore.zooming import DetailRequest, Finding


@runtime_checkable
class Collector(Protocol):
    """One kind of source. A dataclass: its fields are its options, its constructor only stores them."""

    feed: ClassVar[Feed]

    def collect(self, window: Window) -> Iterator[Batch]:
        """Every batch that arrived in `window`; none means "asked, nothing there".

        Raises CollectError(source, transient) when the source cannot be asked.
        """
        ...


@runtime_checkable
class ExperienceModel(Protocol):
    """An experience score from quality indicators, on 0-100."""

    @property
    def kqis(self) -> tuple[str, ...]:
        """Names of the KQIs that it looks at; a class variable will do where they are always the same."""
        ...

    def score(self, kqis: Mapping[str, Float64]) -> Float64:
        """Scores 0..100 of n records from arrays of n values a KQI; NaN where unknowable."""
        ...


class Taken(Protocol):
    """What a model takes a KQI for: its unit, and which way is better (empty where the model is not monotone in it)."""

    @property
    def unit(self) -> str:
        """As the catalogue writes units."""
        ...

    @property
    def better(self) -> str:
        """`lower`, `higher`, or empty."""
        ...


@runtime_checkable
class DescribedModel(Protocol):
    """What an experience model may tell besides, so that a KQI in another unit is refused."""

    @property
    def quantities(self) -> Mapping[str, Taken]:
        """KQI -> what the model takes it for."""
        ...


@runtime_checkable
class TriedModel(Protocol):
    """What an experience model over k KQIs may do besides: try what each of them cost, cheaper than 1 + 2k scorings."""

    def trials(self, kqis: Mapping[str, Float64], best: Mapping[str, float]) -> Float64:
        """Scores (1 + 2k, n): with every reported KQI at its `best`; then, for each KQI in the order of the model's own
        `kqis`, with this one at its best, and with all but this one. What was not reported stays so.
        """
        ...


@runtime_checkable
class Detector(Protocol):
    """Tier 1: resident state over many series, sparse rows.

    `step` learns slot t-1 under its mask, then scores slot t; it returns a new state and leaves the old one as it
    was. Surprise is -log10 of the tail probability (high = abnormal); NaN in or too young gives NaN out.

    """

    def step(
        self, slot: int, rows: Int64, x: Float32, cohort: Int32, hour: Int32, mask_prev: Bool
    ) -> tuple[Self, Float32, Float32]:
        """(detector after the step, surprise[k], z[k]) for the k active series `rows` with values `x` at `slot` [s]."""
        ...

    def get_state(self) -> Mapping[str, NDArray[np.generic]]:
        """Everything learned, as plain arrays."""
        ...

    def set_state(self, state: Mapping[str, NDArray[Any]]) -> Self:
        """A detector with the same settings and this state."""
        ...


@runtime_checkable
class SharingDetector(Detector, Protocol):
    """A detector whose series can be spread over partitions, with cohorts and calibration in common.

    Of the same partitions, in the same order, the sum of their tallies is the same bit for bit; `step` is `judge`, then
    `absorb` of the tally.
    """

    def judge(
        self, slot: int, rows: Int64, x: Float32, cohort: Int32, hour: Int32, mask_prev: Bool
    ) -> tuple[Self, Float32, Float32, Mapping[str, NDArray[Any]]]:
        """`step` with what is shared left as it is: (detector, surprise, z, tally); tallies of parts add up."""
        ...

    def absorb(self, tally: Mapping[str, NDArray[Any]]) -> Self:
        """The detector after its parts' tallies, added up."""
        ...

    def get_shared(self) -> Mapping[str, NDArray[Any]]:
        """Cohorts and calibration, as plain arrays."""
        ...

    def set_shared(self, shared: Mapping[str, NDArray[Any]]) -> Self:
        """The detector with these cohorts and this calibration."""
        ...


@runtime_checkable
class Engine(Protocol):
    """Where partitions live: each has a state that stays where it is and that only its own steps change.

    Makers and functions are module-level (or `functools.partial` of such), so that they can be sent to other processes.
    The same steps give the same results on every engine, bit for bit.
    """

    @property
    def partitions(self) -> int:
        """How many there are; 0 before `start`."""
        ...

    def start(self, makers: Sequence[Callable[[], Any]]) -> None:
        """Make the state of every partition by its maker; EngineError where there is nobody to do it."""
        ...

    def step(self, fn: Callable[[Any, Any], tuple[Any, Any]], arguments: Sequence[Any]) -> list[Any]:
        """Every partition's result of fn(state, argument) -> (new state, result); the new state stays.

        `fn` depends on nothing else, since it may be run again elsewhere from the last checkpoint. It may use up the
        old state: after an exception the engine has to be started anew.
        """
        ...

    def collect(self, fn: Callable[[Any], Any]) -> list[Any]:
        """Every partition's result of fn(state), which stays as it is."""
        ...

    def checkpoint(self, makers: Sequence[Callable[[], Any]]) -> None:
        """What these makers make (of what was just committed) is each partition's state from here on."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...


@runtime_checkable
class Examiner(Protocol):
    """Tier 2: a second, longer look at one series. Pure: the same history and request give the same finding."""

    def examine(self, history: Panel, request: DetailRequest) -> Finding:
        """Confirmed, corrected, withdrawn or, where history is too short to say, unclear; always with the reason."""
        ...


@runtime_checkable
class DetailSource(Protocol):
    """What a collector may do besides: serve the raw rows behind one request, bounded by its `rows`."""

    def detail(self, request: DetailRequest) -> Batch:
        """Rows of feed `detail` for the request's series and window; CollectError where it can't be asked."""
        ...
