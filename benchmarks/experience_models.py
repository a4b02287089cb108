"""What one record costs each experience model, with its default options, on one core.

    python benchmarks/experience_models.py [--records 200000] [--json FILE] [--goal 1000]

Records are spread over what networks usually give. The figure is the best of five runs of `score` in CPU time; a model
that needs options is left out (the catalogue's own are in the benchmark of scoring).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from importlib.metadata import entry_points
from pathlib import Path

import numpy as np

USUAL = {
    "latency_ms": (1, 500),
    "jitter_ms": (0, 60),
    "loss_pct": (0, 5),
    "throughput_mbps": (0.3, 60),
    "bitrate_kbps": (200, 8_000),
    "startup_s": (0.1, 10),
    "stall_ratio": (0, 0.1),
    "mos": (1, 5),
    "delivery_ratio": (0.5, 1),
}


def records(model: object, n: int) -> dict[str, np.ndarray]:
    """KQIs of n records; those that are not usual over the model's own range, a thousand at most."""
    rng = np.random.default_rng(1)
    out = {}
    for kqi in model.kqis:  # type: ignore[attr-defined]
        low, high = USUAL.get(kqi, (0, 1))
        if kqi not in USUAL:
            taken = model.quantities[kqi]  # type: ignore[attr-defined]
            low, high = taken.low, min(taken.high, 1_000)
        out[kqi] = rng.uniform(low, high, n)
    return out


def measure(n: int) -> list[dict[str, object]]:
    """Nanoseconds a record of every registered model that stands without options."""
    figures: list[dict[str, object]] = []
    for point in sorted(entry_points(group="cemcore.experience_models"), key=lambda p: p.name):
        try:
            model = point.load()()
        except TypeError:
            continue
        kqis = records(model, n)
        model.score(kqis)
        best = float("inf")
        for _ in range(5):
            begin = time.process_time()
            model.score(kqis)
            best = min(best, time.process_time() - begin)
        figures.append({"model": point.name, "kqis": len(kqis), "ns_per_record": round(best / n * 1e9)})
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    parser.add_argument("--goal", type=int, default=1_000, help="most nanoseconds that a record may cost")
    args = parser.parse_args()
    figures = measure(args.records)
    print(f"{'model':<30}{'KQIs':>6}{'ns/record':>12}")
    for f in figures:
        print(f"{f['model']:<30}{f['kqis']:>6}{f['ns_per_record']:>12}")
    if args.json:
        result = {"benchmark": "experience_models", "goal_ns_per_record": args.goal, "figures": figures}
        args.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0 if all(int(str(f["ns_per_record"])) <= args.goal for f in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
