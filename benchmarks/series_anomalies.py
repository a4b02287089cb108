"""How well one series is watched: published series with experts' labels, beside causal peers on the same files.

    python benchmarks/series_anomalies.py [--only NAME ...] [--json] [--write] [--no-check-causal]

Two public sets, Microsoft's cloud monitoring series and the Numenta Anomaly Benchmark, and the scorer beside them:
VUS-PR (Paparrizos et al., VLDB 2022), AUC-PR, neither point-adjusted, and the NAB score of the standard profile with
one threshold for the corpus (Lavin and Ahmad, ICMLA 2015). Each detector has one setting for all series and looks only
back: the scorer cuts each series and compares.

The sets are not part of the repository. They are looked for in `$CEM_SHARED/bench`, or in `../shared/bench` beside the
repository; where there are none, nothing is measured. The structure of `single` was chosen with all series in view; its
final constants were tuned on half of them, by a hash of their names: `single, other half` is the rest.

Exit code 1 when a goal is missed: VUS-PR above every causal peer on both sets, NAB score at least --goal.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import json
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.anomaly.seasonal import Seasonal
from models.anomaly.single import SingleSeries

Scores = NDArray[np.float64]
SETS = ("cloudmon", "nab")
PEERS = ("seasonal_z", "windowed_gaussian", "ewma_z", "river_hst")
BUILT_ON = 0
"""The half of the series (MD5 of the name, modulo 2) on which the final constants were tuned."""


def seconds(times: NDArray[np.datetime64]) -> Scores:
    """Epoch seconds."""
    return times.astype("datetime64[s]").astype(np.int64).astype(np.float64)


def single(times: NDArray[np.datetime64], values: Scores) -> Scores:
    """The watcher of one series, as shipped."""
    return np.nan_to_num(SingleSeries().score(seconds(times), values))


def tier1(times: NDArray[np.datetime64], values: Scores) -> Scores:
    """The national-scale model, on one series. It is one-sided and made for scores of many subjects: it is fed the
    series and its negative, scaled by the first fifty values, and answers with the higher surprise.
    """
    t = np.maximum.accumulate(seconds(times)).astype(np.int64)
    first = values[:50]
    x = 50 + 5 * (values - np.median(first)) / (np.std(first) or 1.0)
    step = int(np.median(np.diff(t[:50])))
    model, found = Seasonal(seconds=step), np.zeros(len(x))
    rows, cohort, none = np.array([0, 1]), np.array([0, 1], np.int32), np.zeros(0, bool)
    for i, (at, value) in enumerate(zip(t, x, strict=True)):
        hour = np.full(2, at // 3600 % 168, np.int32)
        pair = np.array([value, 100 - value], np.float32)
        model, surprise, _ = model.step(int(at), rows, pair, cohort, hour, none)
        found[i] = np.nan_to_num(surprise).max()
    return found


@dataclass
class Timed:
    """A detector that counts its points and the CPU seconds they took."""

    detector: Callable[[Any, Any], Scores]
    points: int = 0
    cpu: float = 0.0

    def __call__(self, times: Any, values: Any) -> Scores:
        begin = time.process_time()
        found = self.detector(times, values)
        self.cpu += time.process_time() - begin
        self.points += len(values)
        return found


def half(name: str) -> int:
    """Which half of the series a name falls into."""
    return int(hashlib.md5(name.encode(), usedforsecurity=False).hexdigest(), 16) % 2


class Scorer:
    """The scorer that lies beside the sets, called in process."""

    def __init__(self, folder: Path, check_causal: bool) -> None:
        sys.path.insert(0, str(folder / "harness"))
        self._scorer: Any = import_module("ts_ad")
        self.peers: Any = import_module("peers_ad")
        self._scorer.C.BENCH = str(folder / "data")
        self._check = check_causal

    def measure(self, detector: Callable[[Any, Any], Scores], data: str, split: str = "all") -> dict[str, Any]:
        """Figures of a detector on a set, or on one half of it ("0", "1")."""
        timed = Timed(detector)
        self._scorer.C.load = lambda _: (timed, None)
        self._scorer.split_of = lambda name, wanted: wanted == "all" or str(half(name)) == wanted
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            out = str(Path(folder, "out"))
            options = {"data": data, "solution": "", "split": split, "out": out, "no_vus": False}
            self._scorer.main(argparse.Namespace(check_causal=self._check, **options))
            figures = json.loads(Path(out + ".json").read_text(encoding="utf-8"))
        found = {k: figures[k] for k in ("vus_pr", "auc_pr", "nab_standard", "causal_share") if k in figures}
        return {**found, "series": figures["series"], "cpu_us_per_point": round(1e6 * timed.cpu / timed.points, 1)}


def shared() -> Path:
    """Where the sets are, if anywhere."""
    default = Path(__file__).resolve().parents[2] / "shared"
    return Path(os.environ.get("CEM_SHARED", default)) / "bench"


def measure_all(scorer: Scorer, only: list[str]) -> dict[str, dict[str, Any]]:
    """Figures by detector and set."""
    runs: dict[str, tuple[Callable[[Any, Any], Scores], str]] = {
        "single": (single, "all"),
        "single, half built on": (single, str(BUILT_ON)),
        "single, other half": (single, str(1 - BUILT_ON)),
        "tier 1": (tier1, "all"),
    }
    for name in PEERS:
        if name == "river_hst" and find_spec("river") is None:
            continue
        runs[name] = (getattr(scorer.peers, name), "all")
    found: dict[str, dict[str, Any]] = {}
    for name, (detector, split) in runs.items():
        if only and name not in only:
            continue
        found[name] = {data: scorer.measure(detector, data, split) for data in SETS}
    return found


def missed(found: dict[str, dict[str, Any]], goal: float) -> list[str]:
    """What the goals ask and the figures don't hold."""
    if "single" not in found:
        return []
    out = []
    for data in SETS:
        ours = found["single"][data]
        out += [f"{data}: {p}" for p in PEERS if p in found and found[p][data]["vus_pr"] >= ours["vus_pr"]]
        out += [f"{data}: looks ahead"] if ours.get("causal_share", 1.0) < 1 else []
    return out + (["nab_standard"] if found["single"]["nab"]["nab_standard"] < goal else [])


def table(found: dict[str, dict[str, Any]]) -> str:
    """One line a detector."""
    head = (
        f"{'':<24}{'cloudmon VUS-PR':>16}{'AUC-PR':>8}{'NAB VUS-PR':>12}{'AUC-PR':>8}{'NAB score':>11}{'us/point':>10}"
    )
    lines = [head]
    for name, by in found.items():
        c, n = by["cloudmon"], by["nab"]
        lines.append(
            f"{name:<24}{c['vus_pr']:>16.3f}{c['auc_pr']:>8.3f}{n['vus_pr']:>12.3f}{n['auc_pr']:>8.3f}"
            f"{n['nab_standard']:>11.1f}{n['cpu_us_per_point']:>10.1f}"
        )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=[], help="names of detectors")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    parser.add_argument("--write", action="store_true", help="keep the figures beside this file")
    parser.add_argument("--no-check-causal", action="store_true", help="don't cut each series to compare")
    parser.add_argument("--goal", type=float, default=58.0, help="NAB score that must be reached")
    args = parser.parse_args()
    folder = shared()
    if not (folder / "harness" / "ts_ad.py").exists():
        print(f"no published series in {folder}: nothing measured (set CEM_SHARED to the folder that has bench/)")
        return 0
    warnings.simplefilter("ignore")
    single(np.arange("2026-01-01", "2026-01-03", dtype="datetime64[h]"), np.arange(48.0))  # compiles
    found = measure_all(Scorer(folder, not args.no_check_causal), args.only)
    short = missed(found, args.goal)
    document = json.dumps({"benchmark": "series_anomalies", "missed": short, "figures": found}, indent=1)
    if args.write:
        Path(__file__).with_suffix(".json").write_text(document + "\n", encoding="utf-8")
    print(document if args.json else table(found) + ("\nmissed: " + ", ".join(short) if short else ""))
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
