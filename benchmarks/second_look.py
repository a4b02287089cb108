"""Second looks against the truth: how many true degradations they bear out, how many usual windows they call abnormal.

    python benchmarks/second_look.py [FOLDER] [--seed 61] [--days 12] [--looks 60] [--json] [--write]

Assesses an operator's folder (without one: a small town of the seed), then lets all examiners look at the most harmful
series of every problem, and at windows of random healthy series. CPU time is of the looks alone, one process. With
`--write` the figures go beside this file.
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
from cemcore.application.evaluate import evaluate_folder, folder_settings
from cemcore.application.zoom_history import candidates, panels
from cemcore.pipeline import zooming
from cemcore.town import Town
from cemcore.zooming import SCORE, DetailRequest, Level, Look

PER_PROBLEM = 4


def looked(cem: Cem, requests: list[DetailRequest]) -> tuple[list[Look], list[float], float]:
    """(verdicts, chances, CPU seconds) of the requests, all examiners together."""
    known = cem.house.ledger.watermark("known_at") or 0
    history = panels(cem.house, requests, known)
    verdicts, chances = [], []
    begun = time.process_time()
    for r in requests:
        found = [e.examine(history[r.request_id], r) for e in cem.house.examiners.values()]
        both = zooming.combine(r, found, cem.house.settings.zoom.level)
        verdicts.append(both.verdict)
        chances.append(both.p_value)
    return verdicts, chances, time.process_time() - begun


def true_ones(cem: Cem) -> list[DetailRequest]:
    """The most harmful series of each problem."""
    known, now = cem.house.ledger.watermark("known_at") or 0, cem.house.clock()
    views = cem.problems()
    return [c.request for v in views for c in candidates(cem.house, v.problem, now, known)[:PER_PROBLEM]]


def healthy_ones(cem: Cem, n: int, seed: int) -> list[DetailRequest]:
    """Windows of one to six hours, of random series of random subjects, that no problem touched on that day."""
    rng = np.random.default_rng(seed)
    rows = cem.house.archive.read(
        cem.house.ledger.files("scores"), columns=["slot", "service", "subject_id", "score", "problem_id"]
    )
    rows = rows.assign(day=rows["slot"].dt.floor("D"))
    bad = set(rows.loc[rows["problem_id"].notna(), ["subject_id", "day"]].itertuples(index=False, name=None))
    late = rows[rows["slot"] >= rows["slot"].max() - pd.Timedelta(days=3)].reset_index(drop=True)
    end_of_all, out = rows["slot"].max().to_pydatetime(), []
    for i in rng.permutation(len(late)):
        row = late.iloc[int(i)]
        begin = row["slot"].to_pydatetime().astimezone(UTC)
        end = begin + timedelta(hours=int(rng.integers(1, 7)))
        if (row["subject_id"], row["day"]) in bad or end > end_of_all:
            continue
        series = (str(row["service"]), Level.SUBJECT, str(row["subject_id"]), SCORE, -1)
        out.append(DetailRequest(f"H-{i}", "none", *series, begin, end, end, end + timedelta(hours=1)))
        if len(out) == n:
            break
    return out


def measure(folder: Path, looks: int, seed: int) -> dict[str, float]:
    """Assess, look, count."""
    with tempfile.TemporaryDirectory() as state:
        evaluate_folder(folder, Path(state))
        end = datetime.fromisoformat(json.loads((folder / "operator.json").read_text(encoding="utf-8"))["end"])
        with Cem.open(folder_settings(folder, Path(state)), clock=lambda: end) as cem:
            of_problems, _, spent = looked(cem, true_ones(cem))
            healthy, chances, more = looked(cem, healthy_ones(cem, looks, seed))
            level = cem.house.settings.zoom.level
    abnormal = {Look.CONFIRMED, Look.CORRECTED}
    judged = [v for v in of_problems if v is not Look.UNCLEAR]
    usual = np.array([c for c in chances if np.isfinite(c)])
    return {
        "level": level,
        "looks_at_problems": len(of_problems),
        "borne_out": round(sum(v in abnormal for v in judged) / max(len(judged), 1), 3),
        "unclear": round(1 - len(judged) / max(len(of_problems), 1), 3),
        "looks_at_healthy": len(usual),
        "called_abnormal": round(sum(v in abnormal for v in healthy) / max(len(usual), 1), 4),
        "chance_under_5_percent": round(float((usual <= 0.05).mean()), 4),
        "cpu_s_a_look": round((spent + more) / max(len(of_problems) + len(healthy), 1), 3),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, help="an operator's folder; else a town is made")
    parser.add_argument("--seed", type=int, default=61)
    parser.add_argument("--days", type=int, default=12)
    parser.add_argument("--looks", type=int, default=60, help="windows of healthy series")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    parser.add_argument("--write", action="store_true", help="write the figures beside this file")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder
        if folder is None:
            folder = Path(temporary, "operator")
            Town(seed=args.seed, size="small", days=args.days).write(folder)
        figures = measure(folder, args.looks, args.seed)
    document = {"benchmark": "second_look", "seed": args.seed, "days": args.days, "figures": figures}
    if args.write:
        Path(__file__).with_suffix(".json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    if args.json:
        print(json.dumps(document, indent=1))
    else:
        for name, value in figures.items():
            print(f"{name:<24}{value:>12}")
    level = figures["level"]
    slack = 3 * np.sqrt(level * (1 - level) / max(figures["looks_at_healthy"], 1))
    return 0 if figures["borne_out"] >= 0.8 and figures["called_abnormal"] <= level + slack else 1


if __name__ == "__main__":
    sys.exit(main())
