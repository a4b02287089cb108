"""The seams: what a plug-in must be able to do. No base class to inherit; laws in `tests/laws` hold every one to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from cemcore.domain import Batch, Feed, Window
from cemcore.panel import Bool, Float32, Float64, Int32, Int64


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
