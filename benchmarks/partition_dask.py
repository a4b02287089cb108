"""Room two's step over partitions on a Dask cluster of two worker processes, against the same in this process.

    python benchmarks/partition_dask.py [--series 10000000] [--json FILE] [--goal 1.6]

Each of 8 partitions makes its series where it lives and keeps them there. A tick: every series judged by its habit and
learned, tallies and histograms of surprise added up at the centre, tables sent back. In process: two threads. The
answers must be the same to the last bit. Wall time of a tick, median over ticks.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from cemcore import engines, plugins
from cemcore.pipeline import partition
from cemcore.pipeline.detection import discovery
from cemcore.protocols import Engine

PARTITIONS, WARM, TICKS, SLOT, COHORTS = 8, 3, 11, 900, 12


@dataclass
class Resident:
    """A partition: its detector, and the values that its series have at a slot."""

    detector: Any
    x: Any
    cohort: Any


@dataclass(frozen=True)
class Task:
    slot: int
    shared: Mapping[str, Any]


def make(number: int, series: int) -> Resident:
    """Series of one partition, made where it lives."""
    rng = np.random.default_rng(number)
    x = (80 + 10 * rng.standard_normal(series)).astype(np.float32)
    cohort = (np.arange(series) % COHORTS).astype(np.int32)
    return Resident(plugins.build("detectors", "seasonal", {"seconds": SLOT}), x, cohort)


def tick(state: Resident, task: Task) -> tuple[Resident, tuple[Any, Mapping[str, Any], str]]:
    """Judge every series; (histogram, tally, digest of what was said)."""
    n = len(state.x)
    rng = np.random.default_rng(task.slot)
    shift = np.float32(rng.standard_normal())
    detector = state.detector.set_shared(task.shared) if task.shared else state.detector
    hour = np.full(n, task.slot // 3600 % 168, np.int32)
    rows = np.arange(n)
    state.detector, surprise, z, tally = partition.judged(
        detector, task.slot, rows, np.roll(state.x, task.slot // SLOT) + shift, state.cohort, hour,
        np.zeros(0, np.bool_),
    )  # fmt: skip
    said = hashlib.blake2b(z[::101].tobytes() + surprise[::101].tobytes(), digest_size=8).hexdigest()
    return state, (discovery.histogram(surprise), tally, said)


class Side:
    """One engine with its centre, tick after tick."""

    def __init__(self, engine: Engine, series: int) -> None:
        self.engine, self.seconds, self.answers = engine, [], []
        self.centre, self.shared = plugins.build("detectors", "seasonal", {"seconds": SLOT}), {}
        engine.start([partial(make, p, series // PARTITIONS) for p in range(PARTITIONS)])

    def tick(self, slot: int) -> None:
        began = time.perf_counter()
        found = self.engine.step(tick, [Task(slot, self.shared)] * PARTITIONS)
        self.centre = self.centre.absorb({k: sum(f[1][k] for f in found) for k in found[0][1]})
        self.shared = self.centre.get_shared()
        self.seconds.append(time.perf_counter() - began)
        self.answers.append((sum(f[0] for f in found).tolist(), [f[2] for f in found]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=10_000_000)
    parser.add_argument("--goal", type=float, default=1.6, help="times the wall time in process that Dask may take")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    args = parser.parse_args()
    sides = [Side(engines.build(kind, workers=2), args.series) for kind in ("inline", "dask")]
    for i in range(WARM + TICKS):
        for side in sides:  # turn by turn: what else the machine does meets both
            side.tick((1_000_000 + i) * SLOT)
    for side in sides:
        side.engine.close()
    here, there = (side.seconds[WARM:] for side in sides)
    mine, theirs = (side.answers for side in sides)
    figures = {
        "series": args.series, "partitions": PARTITIONS, "same_answers": mine == theirs,
        "inline_s": round(statistics.median(here), 4), "dask_s": round(statistics.median(there), 4),
        "inline_best_s": round(min(here), 4), "dask_best_s": round(min(there), 4),
        "ratio": round(statistics.median(there) / statistics.median(here), 2),
        "ratio_best": round(min(there) / min(here), 2),
    }  # fmt: skip
    print(f"{args.series:,} series in {PARTITIONS} partitions; the same answers: {figures['same_answers']}")
    print(f"  in process, 2 threads    {figures['inline_s']:>8} s a tick (best {figures['inline_best_s']})")
    print(f"  Dask, 2 processes        {figures['dask_s']:>8} s a tick (best {figures['dask_best_s']})")
    print(f"  Dask / in process        {figures['ratio']:>8} (best {figures['ratio_best']})")
    if args.json:
        args.json.write_text(json.dumps({"benchmark": "partition_dask", "goal": args.goal, **figures}, indent=1) + "\n")
    return 0 if figures["same_answers"] and figures["ratio"] <= args.goal else 1


if __name__ == "__main__":
    sys.exit(main())
