"""Root causes on graphs: ours and the peers of the public sets' harness, on the same files, in the same run.

    python benchmarks/graph_causes.py [--bench DIR] [--json] [--write]

PetShop (Amazon; 16 faults that can be had, call graph, a symptom) and Nezha (FSE'23; metrics only, 47 faults, no
graph). One setting for both. It was chosen on the cases of even position; both halves are printed. All of PetShop's
faults here are of one node. The goal: top-1 and top-3 above every peer on each set. "named": the share of faults in
which we name a cause at all, and how often it is right; "in peace": of windows of PetShop's healthy part, judged
against the rest, the share in which one is named. The sets are in `bench` of the shared folder (`--bench`, or
`CEM_SHARED`, or `../shared` beside the repository).
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from cemcore import rank_causes

PEERS = ("nsigma", "baro_robust", "mean_shift_t", "traversal", "pagerank", "target_corr", "random_rank")
SETS = ("petshop", "nezha")


def bench_folder(given: Path | None) -> Path:
    """The folder of the public sets."""
    shared = Path(os.environ.get("CEM_SHARED", Path(__file__).resolve().parents[2] / "shared"))
    folder = given or shared / "bench"
    if not (folder / "harness" / "rca.py").exists():
        sys.exit(f"no public sets at {folder}: name their folder with --bench, or set CEM_SHARED")
    return folder


def ours(case: dict[str, Any]) -> list[str]:
    """Our ranking of a case of the harness."""
    return rank_causes(case["normal"], case["abnormal"], case["edges"], case["target"]).nodes()


def named(cases: list[dict[str, Any]]) -> dict[str, float]:
    """Share of faults in which we name a cause at all, and the share of these in which the first named is right."""
    found = [(rank_causes(c["normal"], c["abnormal"], c["edges"], c["target"]).causes, c["truth"]) for c in cases]
    right = [causes[0].node in truth for causes, truth in found if causes]
    return {"share": round(len(right) / len(found), 4), "right": round(float(np.mean(right or [0.0])), 4)}


def positions(cases: list[dict[str, Any]], solution: Callable[[dict[str, Any]], list[str]]) -> list[int]:
    """Rank of the true node by case, 0 where it is not named; names are told once, as the harness does."""
    out = []
    for case in cases:
        seen = {k: v for k, v in case.items() if k != "truth"}
        ranked = list(dict.fromkeys(str(n).split("|")[0] for n in solution(seen)))
        out.append(min((ranked.index(t) + 1 for t in case["truth"] if t in ranked), default=0))
    return out


def top(ranks: list[int], k: int) -> float:
    """Share of cases with the true node among the first k."""
    return round(float(np.mean([0 < r <= k for r in ranks])), 4)


def figures(cases: list[dict[str, Any]], name: str, solution: Callable[[dict[str, Any]], list[str]]) -> dict[str, Any]:
    """Figures of one solution on one set."""
    begun = time.process_time()
    ranks = positions(cases, solution)
    seconds = time.process_time() - begun
    halves = {"all": ranks, "even": ranks[::2], "odd": ranks[1::2]}
    out: dict[str, Any] = {
        "solution": name,
        "cases": len(ranks),
        "cpu_ms_per_case": round(1e3 * seconds / len(ranks), 1),
    }
    for half, of in halves.items():
        out |= {f"top1_{half}": top(of, 1), f"top3_{half}": top(of, 3)}
    return out


def named_in_peace(cases: list[dict[str, Any]], window: int = 5) -> dict[str, float]:
    """Share of healthy windows in which a cause is named, with and without a symptom to look for."""
    named: dict[str, list[bool]] = {"no target": [], "with target": []}
    for normal, edges, target in {
        c["group"].split("/")[0]: (c["normal"], c["edges"], c["target"]) for c in cases
    }.values():
        cut = len(normal) * 3 // 4
        for at in range(cut, len(normal) - window + 1, window):
            then, now = normal.iloc[:cut], normal.iloc[at : at + window]
            named["no target"].append(bool(rank_causes(then, now, edges).causes))
            named["with target"].append(bool(rank_causes(then, now, edges, target).causes))
    return {k: round(float(np.mean(v)), 4) for k, v in named.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=Path, help="folder of the public sets")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    parser.add_argument("--write", action="store_true", help="write the figures beside this file")
    args = parser.parse_args()
    folder = bench_folder(args.bench)
    os.environ["BENCH_DATA"] = str(folder / "data")
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(folder / "harness"))
    harness, peers = importlib.import_module("rca"), importlib.import_module("peers_rca")
    report: dict[str, Any] = {
        "benchmark": "graph_causes",
        "sets": {},
        "named": {},
        "goal": "top-1 and top-3 above every peer",
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the peers divide by zero
        for name in SETS:
            cases = list(getattr(harness, name)())
            rows = [figures(cases, p, getattr(peers, p)) for p in PEERS]
            report["sets"][name] = [figures(cases, "cemcore", ours), *rows]
            report["named"][name] = named(cases)
            if name == "petshop":
                report["named_in_peace"] = named_in_peace(cases)
    report["goal_met"] = all(
        rows[0][k] > max(r[k] for r in rows[1:]) for rows in report["sets"].values() for k in ("top1_all", "top3_all")
    )
    if args.json:
        print(json.dumps(report, indent=1))
    else:
        show(report)
    if args.write:
        Path(__file__).with_suffix(".json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return 0 if report["goal_met"] else 1


def show(report: dict[str, Any]) -> None:
    """The table."""
    for name, rows in report["sets"].items():
        print(f"{name} ({rows[0]['cases']} cases): top-1 / top-3, all, even and odd positions")
        for r in rows:
            halves = "".join(f"{r[f'top1_{h}']:>9.3f} /{r[f'top3_{h}']:>6.3f}" for h in ("all", "even", "odd"))
            print(f"  {r['solution']:<14}{halves}{r['cpu_ms_per_case']:>10} ms")
    print(f"named: {report['named']}; in peace: {report['named_in_peace']}; goal met: {report['goal_met']}")


if __name__ == "__main__":
    sys.exit(main())
