"""Does tier 1 keep the false-alarm budget, on clean and on contaminated history?

    python benchmarks/tier1_budget.py [--json FILE]

Seeds 9101, 9102 were not used in building. Benjamini and Hochberg (1995) at q = .05 over the series of each hour, with
20 % of 600 series in a fault at any time of the test; then episodes without any fault at a surprise that promises
.05 a series-week. Contaminated: 3 % of the training values lie in incidents. Goal: at most 1.5 times the budget.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from tier1_series import false_rate, faulty, town, watch

SEEDS, Q, BUDGET = (9101, 9102), 0.05, 0.05
Array = Any


def discoveries(surprise: Array) -> Array:
    """Which of a slot's series are discoveries at q."""
    p = np.where(np.isfinite(surprise), 10.0 ** -np.nan_to_num(surprise), 2.0)
    order = np.sort(p)
    n = int(np.isfinite(surprise).sum())
    under = np.flatnonzero(order[:n] <= Q * np.arange(1, n + 1) / max(n, 1))
    return p <= (order[under[-1]] if len(under) else -1.0)


def measure(seed: int, contaminated: float) -> dict[str, float]:
    """False share of discoveries (mean over the slots that had any fault), and false episodes a series-week."""
    w = town(seed, contaminated=contaminated, faults=1.0)
    surprise, _ = watch(w)
    bad, shares = faulty(w), []
    for t in range(w.train, len(w.x)):
        found = discoveries(surprise[t])
        shares.append((found & ~bad[t]).sum() / max(found.sum(), 1))
    quiet = town(seed + 50, contaminated=contaminated, faults=0.0)
    over = watch(quiet)[0] > -np.log10(BUDGET / 168)
    return {"false_discoveries": float(np.mean(shares)), "episodes_a_series_week": false_rate(quiet, over)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write the figures there too")
    args = parser.parse_args()
    figures = {}
    for name, share in (("clean", 0.0), ("contaminated", 0.03)):
        runs = [measure(seed, share) for seed in SEEDS]
        figures[name] = {k: float(np.mean([r[k] for r in runs])) for k in runs[0]}
        print(f"{name:<14}" + "".join(f"{k} {v:.4f}   " for k, v in figures[name].items()))
    if args.json:
        text = {"benchmark": "tier1_budget", "seeds": SEEDS, "q": Q, "budget": BUDGET, "figures": figures}
        args.json.write_text(json.dumps(text, indent=1) + "\n")
    met = all(v <= 1.5 * limit for f in figures.values() for v, limit in zip(f.values(), (Q, BUDGET), strict=True))
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
