"""Engines: the same results in this process and on real worker processes, also when one of them is killed."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cemcore.engines import Inline, build
from cemcore.errors import ConfigError, EngineError
from cemcore.protocols import Engine

PARTITIONS = 4


def made(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=1000)


def decayed(state: np.ndarray, argument: tuple[float, float]) -> tuple[np.ndarray, float]:
    add, wait = argument
    time.sleep(wait)
    new = state * 0.9 + add
    return new, float(new.sum())


def total(state: np.ndarray) -> float:
    return float(state.sum())


def refused(state: np.ndarray, argument: float) -> tuple[np.ndarray, float]:
    raise ValueError("no")


def process_of(state: np.ndarray) -> int:
    return os.getpid()


def read_back(folder: str, n: int) -> np.ndarray:
    with open(f"{folder}/{n}.read", "a") as log:
        log.write("x")
    return np.load(f"{folder}/{n}.npy")


def saved(state: np.ndarray, where: tuple[str, int]) -> tuple[np.ndarray, None]:
    np.save(f"{where[0]}/{where[1]}.npy", state)
    return state, None


@pytest.fixture(scope="module")
def cluster() -> Iterator[Engine]:
    yield from processes()


@pytest.fixture
def victims() -> Iterator[Engine]:
    """A cluster of its own for who kills in it."""
    yield from processes()


def processes() -> Iterator[Engine]:
    pytest.importorskip("distributed", reason="the extra 'dask' is not installed")
    engine = build("dask", workers=2)
    yield engine
    engine.close()


def walked(engine: Engine, steps: int, wait: float = 0.0) -> list[list[float]]:
    return [engine.step(decayed, [(p + t / 10, wait) for p in range(PARTITIONS)]) for t in range(steps)]


def started(engine: Engine) -> Engine:
    engine.start([partial(made, p) for p in range(PARTITIONS)])
    return engine


def expected(steps: int) -> list[list[float]]:
    """The same by hand."""
    states = [made(p) for p in range(PARTITIONS)]
    out = []
    for t in range(steps):
        states = [s * 0.9 + (p + t / 10) for p, s in enumerate(states)]
        out.append([float(s.sum()) for s in states])
    return out


@pytest.mark.parametrize("workers", [1, 3])
def test_the_inline_engine_steps_every_partition(workers: int) -> None:
    engine = started(Inline(workers))
    assert isinstance(engine, Engine)
    assert engine.partitions == PARTITIONS
    assert walked(engine, 5) == expected(5)
    assert engine.collect(total) == expected(5)[-1]
    engine.close()
    assert engine.partitions == 0


def test_a_cluster_of_processes_gives_the_same_bit_for_bit(cluster: Engine) -> None:
    assert walked(started(cluster), 5) == expected(5)
    assert cluster.collect(total) == expected(5)[-1]


def test_states_are_spread_over_processes_that_are_not_this_one(cluster: Engine) -> None:
    homes = set(started(cluster).collect(process_of))
    assert len(homes) == 2
    assert os.getpid() not in homes


def _kill_soon(pid: int, after: float) -> threading.Timer:
    timer = threading.Timer(after, os.kill, (pid, signal.SIGKILL))
    timer.start()
    return timer


@pytest.mark.parametrize("after", [0.0, 0.15])
def test_a_killed_worker_takes_nothing_with_it(victims: Engine, after: float) -> None:
    started(victims)
    first = walked(victims, 3)
    victim = victims.collect(process_of)[0]
    timer = _kill_soon(victim, after)  # between two steps, and in the midst of one
    then = [victims.step(decayed, [(p + t / 10, 0.1) for p in range(PARTITIONS)]) for t in range(3, 8)]
    timer.join()
    assert first + then == expected(8)
    assert victim not in victims.collect(process_of)


def test_after_a_checkpoint_a_lost_state_comes_from_what_was_committed(victims: Engine, tmp_path: Path) -> None:
    started(victims)
    walked(victims, 3)
    where = str(tmp_path)
    victims.step(saved, [(where, p) for p in range(PARTITIONS)])
    victims.checkpoint([partial(read_back, where, p) for p in range(PARTITIONS)])
    os.kill(victims.collect(process_of)[0], signal.SIGKILL)
    then = [victims.step(decayed, [(p + t / 10, 0.0) for p in range(PARTITIONS)]) for t in range(3, 6)]
    assert then == expected(6)[3:]
    reads = sum(len(f.read_text()) for f in tmp_path.glob("*.read"))
    assert reads > PARTITIONS  # what the killed one held was read once more


def test_where_no_worker_is_left_the_engine_says_so(victims: Any) -> None:
    started(victims)
    victims._local.scale(0)
    victims._patience_s = 1
    with pytest.raises(EngineError, match="no worker came back"):
        walked(victims, 1)


def test_a_step_that_fails_says_why(cluster: Engine) -> None:
    for engine in (started(cluster), started(Inline())):
        with pytest.raises(ValueError, match="no"):
            engine.step(refused, [1.0] * PARTITIONS)
    started(cluster)
    assert cluster.collect(total) == [float(made(p).sum()) for p in range(PARTITIONS)]


def test_an_unknown_engine_is_refused_with_what_there_is() -> None:
    with pytest.raises(ConfigError, match=r"engine\.kind: no engine called spark"):
        build("spark")


@pytest.mark.parametrize("ask", [lambda e: e.collect(total), lambda e: e.step(decayed, [])])
def test_a_cluster_that_was_not_started_has_nothing(ask: Callable[[Engine], Any]) -> None:
    pytest.importorskip("distributed", reason="the extra 'dask' is not installed")
    engine = build("dask")
    with pytest.raises(EngineError, match="has not been started"):
        ask(engine)


def test_a_scheduler_that_runs_already_is_found_by_its_address() -> None:
    distributed = pytest.importorskip("distributed", reason="the extra 'dask' is not installed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0") as running:
        engine = started(build("dask", address=running.scheduler_address))
        assert walked(engine, 3) == expected(3)
        engine.close()
        assert len(running.workers) == 2  # who was there before is there still


def test_a_scheduler_that_is_not_there_is_said_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    dask = pytest.importorskip("dask", reason="the extra 'dask' is not installed")
    with dask.config.set({"distributed.comm.timeouts.connect": "200ms"}):
        engine = build("dask", address="tcp://127.0.0.1:1")
        with pytest.raises(EngineError, match=r"no Dask scheduler at tcp://127\.0\.0\.1:1"):
            engine.start([partial(made, 0)])
