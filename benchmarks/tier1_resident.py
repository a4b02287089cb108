"""Twenty million series resident: memory, and the CPU time of a tick's detection, dense and sparse.

    python benchmarks/tier1_resident.py [--series 20000000] [--json FILE]

A tick learns, judges and gives surprise. Goals: 6 GB at the peak in all (inputs and outputs too), 1 CPU second a dense
tick. The sparse tick has a value for 5 % of the series.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from models.anomaly.seasonal import Seasonal

NO = np.zeros(0, np.bool_)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=20_000_000)
    parser.add_argument("--json", type=Path, help="write the figures there too")
    args = parser.parse_args()
    n, rng = args.series, np.random.default_rng(1)
    detector: Any = Seasonal(seconds=900, least=3)
    rows, cohort = np.arange(n), (np.arange(n) * 6 // n).astype(np.int32)
    x, hour, spent = rng.uniform(50, 90, n).astype(np.float32), np.zeros(n, np.int32), []
    for t in range(7):
        x += np.float32(0.3) * np.float32((-1) ** t)
        hour[:] = t // 4
        begin = time.process_time()
        detector, _, _, said = detector.advance(t * 900, rows, x, cohort, hour, NO)
        detector = detector.absorb(said)
        spent.append(time.process_time() - begin)
        if t == 0:
            detector.series_["own"][...] = 0  # or the system would not have given it memory yet
    few = np.flatnonzero(rng.random(n) < 0.05)
    sparse = []
    for t in range(7, 11):
        begin = time.process_time()
        detector, _surprise, _z, said = detector.advance(t * 900, few, x[few], cohort[few], hour[few], NO)
        detector = detector.absorb(said)
        sparse.append(time.process_time() - begin)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    state = sum(v.nbytes for k, v in detector.get_state().items() if k.startswith("series/"))
    figures = {
        "series": n, "peak_gb": peak, "state_gb": state / 1e9, "dense_tick_s": min(spent[3:]),
        "sparse_rows": len(few), "sparse_tick_s": min(sparse[1:]),
    }  # fmt: skip
    for name, value in figures.items():
        print(f"{name:<16}{value:>16,.3f}")
    if args.json:
        args.json.write_text(json.dumps({"benchmark": "tier1_resident", "figures": figures}, indent=1) + "\n")
    return 0 if figures["peak_gb"] <= 6 and figures["dense_tick_s"] <= 1 else 1


if __name__ == "__main__":
    sys.exit(main())
