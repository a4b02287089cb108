"""Tier 1's kernel against its NumPy twin, the machine's memory, and streaming and batch detectors of other libraries.

    python benchmarks/tier1_kernel.py [--series 2000000] [--json FILE]

CPU seconds of one thread. The bandwidth is that of a compiled loop that reads, changes and writes float32 in place,
over as many bytes as a step moves; of the kernel only what it must move counts: state read and written once, inputs
read, outputs written. Goals: 10x the twin, 45 % of the bandwidth, 1,000x the others a series update, 72 bytes a series.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit

from models.anomaly.seasonal import Seasonal

MOVED = 2 * 23 + 2 + 4 + 8 + 4 + 4 + 4 + 4
"""Bytes a series and step: hot state both ways, a byte of own season both ways, x, row, cohort, hour; surprise, z."""
NO = np.zeros(0, np.bool_)


@njit(nogil=True)  # type: ignore[untyped-decorator, unused-ignore]
def change(values):  # type: ignore[no-untyped-def]
    """Read, change, write."""
    for i in range(len(values)):
        values[i] = values[i] * np.float32(0.999) + np.float32(0.5)


def bandwidth(total: int) -> float:
    """Bytes a second, both ways, of changing that many bytes in place."""
    values = np.ones(total // 8, np.float32)
    change(values[:8])
    best = min(_cpu(change, values) for _ in range(5))
    return 2 * values.nbytes / best


def _cpu(do: Any, *arguments: Any) -> float:
    begin = time.process_time()
    do(*arguments)
    return time.process_time() - begin


def ours(engine: str, n: int, steps: int) -> tuple[float, float]:
    """(best seconds a step, bytes of state a series) of n series in six cohorts."""
    rng = np.random.default_rng(1)
    detector: Any = Seasonal(seconds=900, least=4, engine=engine)
    rows, cohort = np.arange(n), (np.arange(n) * 6 // n).astype(np.int32)
    level, spent = rng.uniform(50, 90, n).astype(np.float32), []
    for t in range(steps):
        x, hour = level + rng.standard_normal(n, dtype=np.float32), np.full(n, t // 4, np.int32)
        begin = time.process_time()
        detector, _, _, said = detector.advance(t * 900, rows, x, cohort, hour, NO)
        detector = detector.absorb(said)
        spent.append(time.process_time() - begin)
    return min(spent[-4:]), sum(v.nbytes for k, v in detector.get_state().items() if k.startswith("series/")) / n


def trees(updates: int = 300) -> float:
    """Seconds an update of River's HalfSpaceTrees."""
    from river.anomaly import HalfSpaceTrees

    model, rng = HalfSpaceTrees(seed=1), np.random.default_rng(1)
    points = [{"x": float(v)} for v in rng.uniform(0, 1, updates)]
    begin = time.process_time()
    for point in points:
        model.score_one(point)
        model.learn_one(point)
    return (time.process_time() - begin) / updates


def batch(name: str, series: int = 20, history: int = 672) -> float:
    """Seconds to refit a pyod detector on a week of quarter hours and score the last value, as an update would."""
    from pyod.models.ecod import ECOD
    from pyod.models.hbos import HBOS

    x = np.random.default_rng(1).normal(0, 1, (series, history, 1))
    begin = time.process_time()
    for one in x:
        {"HBOS": HBOS, "ECOD": ECOD}[name]().fit(one).decision_function(one[-1:])
    return (time.process_time() - begin) / series


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=2_000_000)
    parser.add_argument("--json", type=Path, help="write the figures there too")
    args = parser.parse_args()
    ours("numba", 1000, 8)
    kernel, state = ours("numba", args.series, 12)
    twin, _ = ours("numpy", min(args.series, 500_000), 8)
    a, b = kernel / args.series, twin / min(args.series, 500_000)
    width = bandwidth(20_000_000 * MOVED)
    others = {"river_halfspacetrees": trees(), "pyod_hbos": batch("HBOS"), "pyod_ecod": batch("ECOD")}
    figures = {
        "series": args.series, "kernel_ns": a * 1e9, "twin_ns": b * 1e9, "times_twin": b / a,
        "bytes_moved": MOVED, "bandwidth_gb_s": width / 1e9, "kernel_gb_s": MOVED / a / 1e9,
        "share_of_bandwidth": MOVED / a / width, "state_bytes": state,
        **{f"times_{k}": v / a for k, v in others.items()},
    }  # fmt: skip
    goals = {"times_twin": 10, "share_of_bandwidth": 0.45, **{f"times_{k}": 1000 for k in others}}
    met = {k: figures[k] >= v for k, v in goals.items()} | {"state_bytes": state <= 72}
    for name, value in figures.items():
        print(f"{name:<28}{value:>16,.3f}  {'' if name not in met else 'goal met' if met[name] else 'GOAL MISSED'}")
    if args.json:
        args.json.write_text(
            json.dumps({"benchmark": "tier1_kernel", "goals": goals, "figures": figures}, indent=1) + "\n"
        )
    return 0 if all(met.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
