"""Early warning: does the interval hold, how often is it raised in vain, how fast is the screening?

    python benchmarks/early_warning.py [--series 1000] [--tables 100] [--seed 71] [--json] [--write]

Simulated daily levels with errors that hang together (correlation 0 and 0.4 from day to day): a level that turns into a
drift on some day and breaches its requirement at a known time, and tables of 300 flat series. CPU time, one process.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

from cemcore.pipeline.foretelling import daily_levels, foretell, screen

DAYS, SHARE, INTERVAL = 28, 0.05, 0.8


def errors(rng: np.random.Generator, rows: int, memory: float) -> np.ndarray:
    """Errors (rows, days) of spread one that hang together from day to day."""
    e = rng.normal(0, 1, (rows, DAYS))
    for t in range(1, DAYS):
        e[:, t] = memory * e[:, t - 1] + np.sqrt(1 - memory**2) * e[:, t]
    return e


def coverage(n: int, seed: int, memory: float) -> float:
    """Share of simulated drifts whose true time of breach lies in the interval."""
    rng, held = np.random.default_rng(seed), 0
    for noise in errors(rng, n, memory):
        turn, slope, wait = int(rng.integers(0, DAYS - 7)), -rng.uniform(0.3, 1.2), rng.uniform(2, 20)
        requirement = 90 + slope * (DAYS - 1 - turn + wait)
        level = 90 + slope * np.maximum(0, np.arange(DAYS) - turn) + noise
        seen = foretell(level, requirement, -1, 14, INTERVAL, memory)
        held += seen.low <= wait <= seen.high
    return held / n


def in_vain(tables: int, seed: int, memory: float) -> float:
    """Share of tables of flat series in which anything is said to drift."""
    rng = np.random.default_rng(seed)
    return sum(bool(screen(80 + errors(rng, 300, memory), -1, SHARE).drifting.any()) for _ in range(tables)) / tables


def speed(seed: int) -> tuple[float, float]:
    """(million rows a CPU second made daily levels of, thousand series a CPU second screened)."""
    rng, m, n = np.random.default_rng(seed), 100_000, 4_000_000
    series, day, hour = rng.integers(0, m, n), rng.integers(0, DAYS, n), rng.integers(0, 48, n)
    value = rng.normal(80, 3, n)
    begun = time.process_time()
    levels = daily_levels(series, day, hour, value, np.zeros(m, np.int64), (m, DAYS))
    between = time.process_time()
    screen(levels.level, -1, SHARE)
    return n / (between - begun) / 1e6, m / (time.process_time() - between) / 1e3


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=1000, help="drifting series")
    parser.add_argument("--tables", type=int, default=100, help="tables of 300 flat series")
    parser.add_argument("--seed", type=int, default=71)
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    parser.add_argument("--write", action="store_true", help="write the figures beside this file")
    args = parser.parse_args()
    rows, screened = speed(args.seed)
    figures = {
        "interval": INTERVAL,
        "coverage_memory_0": round(coverage(args.series, args.seed, 0.0), 3),
        "coverage_memory_0.4": round(coverage(args.series, args.seed, 0.4), 3),
        "stated_in_vain": SHARE,
        "in_vain_memory_0": round(in_vain(args.tables, args.seed, 0.0), 3),
        "in_vain_memory_0.4": round(in_vain(args.tables, args.seed, 0.4), 3),
        "million_rows_per_cpu_s": round(rows, 2),
        "thousand_series_screened_per_cpu_s": round(screened, 1),
    }
    document = {"benchmark": "early_warning", "seed": args.seed, "figures": figures}
    if args.write:
        Path(__file__).with_suffix(".json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    if args.json:
        print(json.dumps(document, indent=1))
    else:
        for name, value in figures.items():
            print(f"{name:<36}{value:>10}")
    slack = 3 * np.sqrt(SHARE * (1 - SHARE) / args.tables)
    held = all(0.7 <= figures[f"coverage_memory_{k}"] <= 0.9 for k in ("0", "0.4"))
    return 0 if held and all(figures[f"in_vain_memory_{k}"] <= SHARE + slack for k in ("0", "0.4")) else 1


if __name__ == "__main__":
    sys.exit(main())
