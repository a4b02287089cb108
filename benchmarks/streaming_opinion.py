"""How near the P.1203-derived streaming model comes to what people said of the same videos.

    python benchmarks/streaming_opinion.py [--data FOLDER] [--stalls FILE] [--json FILE] [--goal 0.03]

Data: the P.1203 open data set (Robitza et al., ACM MMSys 2018; github.com/itu-p1203/open-dataset; for research), whose
training databases were rated on a computer's screen and on a phone. `FOLDER` holds features_mode0.parquet, mos.csv and
p1203_O46.csv (default: bench/data/p1203_mos in the shared folder); without it there is nothing to measure, and the
script says so and ends. The folder does not say when playing stalled: conditions with stalls are left out, unless
`FILE` tells (a CSV of condition, position_s, duration_s, from the data set's own model inputs, one line a stall).

Error and correlation per database and context, then their mean over databases, as the data set's authors give them;
beside it the Recommendation's own software, mode 0, as the folder has its results. The goal is how much larger our
error may be, on phones.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from models.experience.p1203_derived import quality
from models.experience.p1203_derived.session import integrate

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("CEM_SHARED", ROOT.parent / "shared"))
STALLING = {f"TR04_HRC{n}" for n in range(85, 97)} | {"TR06_HRC04", "TR06_HRC17", "TR06_HRC18"}
DATABASES = ("TR04", "TR06")


def stalls_of(file: Path | None) -> dict[str, list[tuple[float, float]]]:
    """Condition -> stalls, as the file tells."""
    out: dict[str, list[tuple[float, float]]] = {}
    if file is not None:
        for row in pd.read_csv(file).itertuples():
            out.setdefault(str(row.condition), []).append((float(row.position_s), float(row.duration_s)))
    return out


def opinions(data: Path, stalls: dict[str, list[tuple[float, float]]]) -> pd.DataFrame:
    """A line a sequence and context: what people said, what we say, what the reference says."""
    seconds = pd.read_parquet(data / "features_mode0.parquet").sort_values(["pvs_id", "sample_index"])
    people = pd.read_csv(data / "mos.csv")
    reference = pd.read_csv(data / "p1203_O46.csv").query("mode == 0")
    sound = float(quality.audio(128))
    rows = []
    for name, g in seconds.groupby("pvs_id"):
        condition = f"{str(name)[:4]}_{str(name).rsplit('_', 1)[1]}"
        if condition[:4] not in DATABASES or (condition in STALLING and condition not in stalls):
            continue
        display = float(g.display_res.iloc[0])
        for context in ("mobile", "pc"):
            o22 = quality.video(g.bitrate_kbps_segment_size, g.coding_res, g.framerate, display, context)
            ours = integrate(np.full(len(g), sound), o22, stalls.get(condition, [])).overall
            rows.append((name, context, condition[:4], ours))
    frame = pd.DataFrame(rows, columns=["pvs_id", "context", "database", "ours"])
    frame = frame.merge(people[["pvs_id", "context", "mos"]], on=["pvs_id", "context"])
    return frame.merge(reference[["pvs_id", "context", "O46"]], on=["pvs_id", "context"])


def measure(frame: pd.DataFrame) -> list[dict[str, object]]:
    """Root mean square error and linear correlation of ours and of the reference."""
    out = []
    for context, g in frame.groupby("context"):
        parts = [p for _, p in g.groupby("database")]
        figures: dict[str, object] = {"context": context, "sequences": len(g)}
        for name, column in (("ours", "ours"), ("reference", "O46")):
            errors = [np.sqrt(((p[column] - p.mos) ** 2).mean()) for p in parts]
            figures[f"rmse_{name}"] = round(float(np.mean(errors)), 3)
            figures[f"plcc_{name}"] = round(float(np.mean([p[column].corr(p.mos) for p in parts])), 3)
        figures["bias_ours"] = round(float((g.ours - g.mos).mean()), 3)
        out.append(figures)
    return out


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=SHARED / "bench" / "data" / "p1203_mos")
    parser.add_argument("--stalls", type=Path, help="CSV of condition, position_s, duration_s")
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    parser.add_argument("--goal", type=float, default=0.03, help="how much larger our error may be, on phones [MOS]")
    args = parser.parse_args()
    if not (args.data / "features_mode0.parquet").is_file():
        print(f"streaming_opinion: nothing to measure, no data in {args.data.name}")
        return 0
    begin = time.process_time()
    figures = measure(opinions(args.data, stalls_of(args.stalls)))
    what = "all conditions" if args.stalls else "conditions without stalls"
    print(f"{what}; {time.process_time() - begin:.1f} s of CPU time")
    print(f"{'context':<10}{'sequences':>10}{'RMSE ours':>11}{'reference':>11}{'PLCC ours':>11}{'ref.':>11}{'bias':>8}")
    for f in figures:
        print(
            f"{f['context']:<10}{f['sequences']:>10}{f['rmse_ours']:>11}{f['rmse_reference']:>11}"
            f"{f['plcc_ours']:>11}{f['plcc_reference']:>11}{f['bias_ours']:>8}"
        )
    if args.json:
        result = {
            "benchmark": "streaming_opinion",
            "what": what,
            "goal_excess_rmse_mobile": args.goal,
            "figures": figures,
        }
        args.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    mobile = next(f for f in figures if f["context"] == "mobile")
    return 0 if float(str(mobile["rmse_ours"])) - float(str(mobile["rmse_reference"])) <= args.goal else 1


if __name__ == "__main__":
    sys.exit(main())
