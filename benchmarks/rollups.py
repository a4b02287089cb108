"""How long experience over four weeks takes to roll up, from Parquet scores to the table.

    python benchmarks/rollups.py [--rows 1600000] [--json FILE] [--goal 10]

Makes an archive of score rows (15-minute slots, 28 days), registered as a commit registers them, and asks for each
level. CPU seconds of one process; the goal is for the slowest level.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from cemcore import Cem
from cemcore.application.rollups import LEVELS
from cemcore.settings import Settings, shipped

START, DAYS, SUBJECTS, CELLS = datetime(2026, 3, 2, tzinfo=UTC), 28, 2_500, 400


def day_of_scores(day: int, rows: int, services: tuple[str, ...], rng: np.random.Generator) -> pd.DataFrame:
    """Score rows of one day, in the order of their slots, as a commit writes them."""
    slot = np.sort(rng.integers(0, 96, rows)) * 900 + int(START.timestamp()) + day * 86_400
    score = np.clip(rng.normal(92, 12, rows), 0, 100).astype(np.float32)
    return pd.DataFrame(
        {
            "slot": slot,
            "recorded_at": slot + 1_200,
            "service": pd.Categorical.from_codes(rng.integers(0, len(services), rows), list(services)),
            "subject_id": pd.Series(rng.integers(0, SUBJECTS, rows)).map("SUB-{:06d}".format),
            "resource_id": pd.Series(rng.integers(0, CELLS, rows)).map("CELL-{:04d}".format),
            "sessions": rng.integers(1, 20, rows).astype(np.float32),
            "score": score,
            "requirement": np.full(rows, 73, np.float32),
            "coverage": np.ones(rows, np.float32),
            "state": pd.Categorical.from_codes((score < 73).astype(np.int8), ["good", "degraded", "unknown"]),
            "cost_setup_success_ratio": ((100 - score) / 3).astype(np.float32),
            "cost_startup_s": ((100 - score) / 5).astype(np.float32),
        }
    )


def measure(rows: int) -> list[dict[str, object]]:
    """Lines and CPU seconds of each level."""
    rng, out = np.random.default_rng(1), []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "services.toml").write_text(shipped("services.toml").read_text())
        (folder / "cem.toml").write_text('[operator]\nname = "bench"\ntimezone = "Europe/Berlin"\n')
        with Cem.open(Settings.load(folder / "cem.toml")) as cem:
            for day in range(DAYS):
                frame = day_of_scores(day, rows // DAYS, cem.house.catalogue.services, rng)
                file = cem.house.archive.write("scores", f"day-{day}", frame)
                with cem.house.ledger.begin() as tx:
                    tx.register_file(file)
            for by in LEVELS:
                begin = time.process_time()
                table = cem.rollup(by, START, START + timedelta(days=DAYS))
                out.append({"by": by, "lines": len(table), "cpu_s": round(time.process_time() - begin, 2)})
    return out


def main() -> int:
    """Measure, print, compare with the goal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_600_000, help="score rows in 28 days")
    parser.add_argument("--goal", type=float, default=10.0, help="CPU seconds that no level may take longer than")
    parser.add_argument("--json", type=Path, help="write the figures here")
    args = parser.parse_args()
    figures = measure(args.rows)
    print(f"{args.rows:,} score rows, {DAYS} days, {SUBJECTS:,} subjects\n{'by':<12}{'lines':>8}{'CPU s':>8}")
    for f in figures:
        print(f"{f['by']:<12}{f['lines']:>8}{f['cpu_s']:>8}")
    if args.json:
        document = {"benchmark": "rollups", "rows": args.rows, "goal_cpu_s": args.goal, "figures": figures}
        args.json.write_text(json.dumps(document, indent=1) + "\n")
    slow = [f["by"] for f in figures if float(str(f["cpu_s"])) > args.goal]
    if slow:
        print(f"over {args.goal:g} s: {', '.join(map(str, slow))}", file=sys.stderr)
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
