"""The engine on a Dask cluster: a partition's state is resident with a worker, and comes back when the worker is lost.

A state is the result of a task whose input is the state before it. The scheduler keeps the recipe of every task back
to the last checkpoint, so what was lost with a worker is computed once more by another: the maker reads what was
committed, the steps since then follow. Nothing of that is code of ours; a checkpoint only cuts the chain.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import dask
from distributed import Client, Future, KilledWorker, LocalCluster

from cemcore.errors import EngineError

_ARGUMENT_LIMIT = "1GiB"
"""Arguments travel in the recipes: they must outlive a worker. Dask would warn of some megabytes."""
_LOOK_S = 2.0
"""How often to look whether anybody is left [s]."""


class Cluster:
    """Partitions on the workers of a Dask scheduler at `address`, or of a local cluster of `workers` processes.

    patience_s: how long to wait for a worker where none is left. Functions and their arguments are sent to the workers,
    who need this package. A `cemcore.protocols.Engine`.
    """

    def __init__(self, workers: int = 2, address: str = "", patience_s: float = 60) -> None:
        self._workers, self._address, self._patience_s = workers, address, patience_s
        self._client: Client | None = None
        self._local: LocalCluster | None = None
        self._states: list[Future] = []
        self._submitted = 0
        self._name = uuid.uuid4().hex[:12]

    @property
    def partitions(self) -> int:
        """How many there are; 0 before `start`."""
        return len(self._states)

    @property
    def client(self) -> Client:
        """The connection; EngineError before `start`."""
        if self._client is None:
            raise EngineError("the engine has not been started")
        return self._client

    def start(self, makers: Sequence[Callable[[], Any]]) -> None:
        """Connect where that has not been done, and have the workers make every partition's state."""
        if self._client is None:
            self._connect()
        self._states = self._tasks(_make, makers)
        self._gathered(self._tasks(_nothing, self._states))

    def step(self, fn: Callable[[Any, Any], tuple[Any, Any]], arguments: Sequence[Any]) -> list[Any]:
        """Every partition's result of fn(state, argument), whose new state stays with its worker."""
        pairs = self._tasks(fn, self._states, arguments)
        states, results = self._tasks(_first, pairs), self._tasks(_second, pairs)
        answers = self._gathered(results)
        self._states = states
        return answers

    def collect(self, fn: Callable[[Any], Any]) -> list[Any]:
        """Every partition's result of fn(state), which stays as it is."""
        return self._gathered(self._tasks(fn, self._states))

    def checkpoint(self, makers: Sequence[Callable[[], Any]]) -> None:
        """From here on a lost state is made by these makers (of what has been committed), and the steps after."""
        self._states = self._tasks(_make, makers)
        self._gathered(self._tasks(_nothing, self._states))

    def close(self) -> None:
        """Let go of the states, the connection, and the local cluster."""
        self._states = []
        if self._client is not None:
            self._client.close()
        if self._local is not None:
            self._local.close()
        self._client = self._local = None

    def _connect(self) -> None:
        dask.config.set({"distributed.admin.large-graph-warning-threshold": _ARGUMENT_LIMIT})
        try:
            if not self._address:
                self._local = LocalCluster(
                    n_workers=self._workers, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0",
                    silence_logs=logging.ERROR,
                )  # fmt: skip
            self._client = Client(self._local or self._address, set_as_default=False)
        except (OSError, TimeoutError, RuntimeError) as e:
            where = self._address or "a local cluster"
            raise EngineError(f"no Dask scheduler at {where}: {e}; is it running, and of the same version?") from e

    def _tasks(self, fn: Callable[..., Any], *columns: Sequence[Any]) -> list[Future]:
        """A task a partition. Where: Dask goes where the state is, and spreads what has none.

        Naming workers, even loosely, would leave a task lying that was named to the last living one.
        """
        self._submitted += 1
        name = f"{getattr(fn, '__name__', 'task').strip('_')}-{self._name}-{self._submitted}"
        return [
            self.client.submit(fn, *arguments, key=f"{name}-{p}", pure=False)
            for p, arguments in enumerate(zip(*columns, strict=True))
        ]

    def _gathered(self, futures: list[Future]) -> list[Any]:
        """Results of tasks, or what they raised; EngineError where nobody is left to compute them."""
        try:
            for future in futures:
                self._waited(future)
            return list(self.client.gather(futures))
        except KilledWorker as e:
            raise EngineError(f"a partition took down every worker that it was given to: {e}") from e

    def _waited(self, future: Future) -> None:
        alone_since: float | None = None
        while not future.done():
            try:
                future.exception(timeout=_LOOK_S)
            except TimeoutError:
                now = time.monotonic()
                living = self.client.scheduler_info(n_workers=-1)["workers"]
                alone_since = None if living else alone_since or now
                if alone_since is not None and now - alone_since > self._patience_s:
                    raise EngineError(f"no worker came back within {self._patience_s:g} s") from None


def _make(maker: Callable[[], Any]) -> Any:
    return maker()


def _first(pair: tuple[Any, Any]) -> Any:
    return pair[0]


def _second(pair: tuple[Any, Any]) -> Any:
    return pair[1]


def _nothing(_: Any) -> None:
    """Waits for a state without fetching it."""
