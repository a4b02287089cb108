"""Accuracy of the whole route, from files to problems, without looking ahead.

    python benchmarks/accuracy.py [FOLDER ...] [--json FILE]

Each FOLDER is an operator's folder with a truth.json. Without any: the ten towns below, which were named before they
were first run, and are not for tuning. Prints a line each: incidents, causes, affected pairs, delay, CPU time, memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cemcore.application.evaluate import evaluate_folder
from cemcore.town import Town

SEEDS = (2301, 2302, 2303, 2304, 2305, 2306, 2307, 2308, 2309, 2310)
SIZE, DAYS = "medium", 14

COLUMNS = ("precision", "recall", "f1", "top1", "top3", "pairs", "delay", "false_a_day", "gaps", "distractors", "cpu_s")


def figures(folder: Path) -> dict[str, Any]:
    """Evaluate one folder: the figures that people ask for first."""
    began = time.process_time()
    scores = evaluate_folder(folder).scores
    if scores is None:
        raise SystemExit(f"{folder} has no truth.json to compare with")
    d = scores.document()
    return {
        "precision": d["incidents"]["precision"],
        "recall": d["incidents"]["recall"],
        "f1": d["incidents"]["f1"],
        "top1": d["root_cause"]["top1"],
        "top3": d["root_cause"]["top3"],
        "pairs": d["affected_pairs"]["macro_matched"]["f1"],
        "delay": d["detection_delay_intervals"]["median"],
        "false_a_day": d["incidents"]["false_per_day"],
        "gaps": d["data_gap_false_alarms"],
        "distractors": d["distractor_false_alarms"]["total"],
        "cpu_s": round(time.process_time() - began, 1),
        "incidents": d["incidents"]["true"],
    }


@contextmanager
def town(seed: int) -> Iterator[Path]:
    """A town's folder, for as long as it is looked at."""
    with tempfile.TemporaryDirectory(prefix="town-") as folder:
        Town(seed, SIZE, DAYS).write(folder)
        yield Path(folder)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--json", type=Path, default=Path(__file__).with_suffix(".json"))
    arguments = parser.parse_args()
    results: dict[str, dict[str, Any]] = {}
    print(f"{'operator':24}" + "".join(f"{c:>12}" for c in COLUMNS), flush=True)
    for folder in arguments.folders:
        show(results, folder.name, figures(folder))
    for seed in () if arguments.folders else SEEDS:
        with town(seed) as folder:
            show(results, f"town {SIZE} {DAYS}d seed {seed}", figures(folder))
    peak = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2)
    print(f"peak memory {peak} GB")
    arguments.json.write_text(json.dumps({"peak_gb": peak, "operators": results}, indent=1) + "\n")
    return 0


def show(results: dict[str, dict[str, Any]], name: str, found: dict[str, Any]) -> None:
    """Keep and print one line."""
    results[name] = found
    print(f"{name:24}" + "".join(f"{found[c]!s:>12}" for c in COLUMNS), flush=True)


if __name__ == "__main__":
    sys.exit(main())
