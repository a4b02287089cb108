"""The engine in this process: a thread a partition at most, for kernels that let go of the interpreter's lock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any


class Inline:
    """Keeps the partitions' states in this process; `workers` threads step them. A `cemcore.protocols.Engine`."""

    def __init__(self, workers: int = 1) -> None:
        self._workers = workers
        self._states: list[Any] = []
        self._pool: ThreadPoolExecutor | None = None

    @property
    def partitions(self) -> int:
        """How many there are; 0 before `start`."""
        return len(self._states)

    def start(self, makers: Sequence[Callable[[], Any]]) -> None:
        """Make the state of every partition."""
        self.close()
        if self._workers > 1:
            self._pool = ThreadPoolExecutor(self._workers, "partition")
        self._states = self._map(_made, list(makers))

    def step(self, fn: Callable[[Any, Any], tuple[Any, Any]], arguments: Sequence[Any]) -> list[Any]:
        """Every partition's result of fn(state, argument), whose new state stays."""
        pairs = self._map(_applied, [(fn, s, a) for s, a in zip(self._states, arguments, strict=True)])
        self._states = [state for state, _ in pairs]
        return [result for _, result in pairs]

    def collect(self, fn: Callable[[Any], Any]) -> list[Any]:
        """Every partition's result of fn(state), which stays as it is."""
        return self._map(fn, self._states)

    def checkpoint(self, makers: Sequence[Callable[[], Any]]) -> None:
        """Nothing to do: what this process forgets, the application restores."""

    def close(self) -> None:
        """Let go of states and threads."""
        if self._pool is not None:
            self._pool.shutdown()
        self._states, self._pool = [], None

    def _map(self, fn: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
        return list(map(fn, items)) if self._pool is None else list(self._pool.map(fn, items))


def _made(maker: Callable[[], Any]) -> Any:
    return maker()


def _applied(task: tuple[Callable[[Any, Any], tuple[Any, Any]], Any, Any]) -> tuple[Any, Any]:
    fn, state, argument = task
    return fn(state, argument)
