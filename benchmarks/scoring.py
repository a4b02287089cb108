"""Scoring of quality records: ours against the same formulas in pandas, score and coverage, then with contributors.

    python benchmarks/scoring.py [--rows 2000000] [--goal 8] [--json FILE]

The shipped catalogue, a slot of many subjects on all its services, with gaps and faults, services mixed and sorted. The
pandas side is written as an analyst would: groups by service, Series arithmetic, `clip`, `where`; on float64, as the
frames of the contract are, and on float32, as the files of probes often are. Ours is the public `score`, which also
looks up profiles and requirements. CPU time, one thread, best of three in turns.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cemcore import plugins
from cemcore.catalogue import Catalogue, model_key
from cemcore.frames import ATTRIBUTES
from cemcore.panel import Population, QualityRows
from cemcore.pipeline.scoring import score
from models.experience import emodel
from models.experience.voice import VoiceG107

SHARES = {"voice": 0.15, "video": 0.2, "web": 0.3, "gaming": 0.1, "iot_telemetry": 0.2, "slice_control": 0.05}
USUAL = {
    "latency_ms": 40.0, "jitter_ms": 4.0, "loss_pct": 0.2, "throughput_mbps": 15.0, "setup_success_ratio": 0.04,
    "stall_ratio": 0.01, "startup_s": 1.2, "mos": 0.6, "delivery_ratio": 0.03,
}  # fmt: skip
"""Median of a KQI; of those whose best is at the top, how far they usually are below it."""
TOP = {"setup_success_ratio": 1.0, "mos": 4.5, "delivery_ratio": 1.0}


def frame(catalogue: Catalogue, n: int, seed: int) -> pd.DataFrame:
    """Records: lognormal KQIs, one row in fifty ten times worse, one value in twenty missing, one row in 500 failed."""
    rng = np.random.default_rng(seed)
    shares = np.array([SHARES.get(s, 0.05) for s in catalogue.services])
    service = rng.choice(len(shares), n, p=shares / shares.sum())
    worse = np.where(rng.random(n) < 0.02, 10.0, 1.0)
    columns: dict[str, Any] = {"service": pd.Categorical.from_codes(service, list(catalogue.services))}
    carried = {s: catalogue.service(s).kqis for s in catalogue.services}
    failed = rng.random(n) < 0.002
    for kqi in catalogue.kqis:
        x = USUAL.get(kqi, 1.0) * rng.lognormal(0.0, 0.8, n) * (1 / worse if kqi == "throughput_mbps" else worse)
        x = np.clip(TOP[kqi] - x, 1.0 if kqi == "mos" else 0.0, TOP[kqi]) if kqi in TOP else x
        x = np.clip(x, 0.0, 100.0) if kqi == "loss_pct" else (np.clip(x, 0.0, 1.0) if kqi == "stall_ratio" else x)
        there = np.array([kqi in carried[s] for s in catalogue.services])[service] & (rng.random(n) > 0.05)
        value = np.where(failed & (catalogue.kqi(kqi).failure is None), np.nan, np.where(failed, 0.0, x))
        columns[kqi] = np.where(there, value, np.nan).astype(np.float32)
    return pd.DataFrame(columns)


def panel(catalogue: Catalogue, records: pd.DataFrame) -> QualityRows:
    """The same records as the corridor has them."""
    n = len(records)
    return QualityRows(
        np.zeros(n, np.int64), np.arange(n, dtype=np.int32) // 3, records["service"].cat.codes.to_numpy(np.int32),
        np.zeros(n, np.int32), np.ascontiguousarray(records[list(catalogue.kqis)].to_numpy(np.float32)),
        np.ones(n, np.float32), np.full((n, len(ATTRIBUTES)), -1, np.int32), np.zeros(n, np.int64),
    )  # fmt: skip


def people(catalogue: Catalogue, n: int) -> Population:
    """As many subjects, every eighth a thing."""
    none, pairs = np.full(n, -1, np.int32), np.full((n, len(catalogue.services)), -1, np.int32)
    kind = (np.arange(n) % 8 == 0).astype(np.int8)
    return Population(kind, none, none, none, np.zeros((n, 0), np.int32), (), pairs, pairs, none)


def voice(d: pd.DataFrame, options: Any) -> pd.Series:
    """ITU-T G.107 and a measured opinion score, the lower one."""
    line = VoiceG107(**options).line
    jitter = d["jitter_ms"].fillna(0.0)
    late = np.where(jitter > 0, np.exp(-60.0 / jitter.where(jitter > 0, 1.0)), 0.0)
    loss = d["loss_pct"] + (100.0 - d["loss_pct"]) * late
    x = np.log2(d["latency_ms"].clip(lower=100.0) / 100.0)
    delay = 25.0 * ((1.0 + x**6) ** (1 / 6) - 3.0 * (1.0 + (x / 3.0) ** 6) ** (1 / 6) + 2.0)
    r = emodel.undisturbed(line) - delay - line.ie - (95.0 - line.ie) * loss / (loss / line.burst_ratio + line.bpl)
    r = r.clip(0.0, 100.0)
    mos = (1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6).clip(1.0, 4.5)
    return ((np.fmin(mos, d["mos"]) - 1.0) * (100.0 / 3.5)).clip(0.0, 100.0)


def web(d: pd.DataFrame, options: Any) -> pd.Series:
    """ITU-T G.1030."""
    fastest, slowest = options["fastest_s"], options["slowest_s"]
    b = float(4.0 / np.log(slowest / fastest))
    mos = 5.0 + b * float(np.log(fastest)) - b * np.log(d["startup_s"].clip(fastest, slowest))
    return ((mos - 1.0) * 25.0).clip(0.0, 100.0)


def utility(x: pd.Series, u: Any) -> pd.Series:
    """The three shapes."""
    if u["shape"] == "linear":
        return (100.0 * (u["bad"] - x) / (u["bad"] - u["good"])).clip(0.0, 100.0)
    if u["shape"] == "sigmoid":
        return 100.0 / (1.0 + np.exp((u["steepness"] * (x - u["midpoint"])).clip(upper=80.0)))
    return ((u["alpha"] * np.exp(-u["beta"] * x) + u["gamma"] - 1.0) * 25.0).clip(0.0, 100.0)


MODELS: dict[str, Callable[[pd.DataFrame, Any], pd.Series]] = {"voice_g107": voice, "web_g1030": web}
LOOKED_AT = {"voice_g107": ("latency_ms", "jitter_ms", "loss_pct", "mos"), "web_g1030": ("startup_s",)}


def in_pandas(catalogue: Catalogue, records: pd.DataFrame, contributors: bool) -> pd.DataFrame:
    """Score and coverage of each record, and what each KQI cost."""
    parts = [_service(catalogue, str(name), d, contributors) for name, d in records.groupby("service", observed=True)]
    return pd.concat(parts).reindex(records.index)


def _service(catalogue: Catalogue, name: str, d: pd.DataFrame, contributors: bool) -> pd.DataFrame:
    service = catalogue.service(name)
    scores, known, had, missed = {}, 0.0, 0.0, 0.0
    useless: Any = False
    for i, part in service.indicators.items():
        s = MODELS[part.model](d, part.options) if part.model else utility(d[part.kqi], part.utility)
        there = s.notna()
        known, had = known + s.fillna(0.0) * part.weight, had + there * part.weight
        missed = missed if part.optional else missed + ~there * part.weight
        useless = useless | (s < catalogue.floor)
        scores[i] = s
    total = (known / had).where(had > 0)
    total = total.where(~(useless & (total > catalogue.cap)), catalogue.cap)
    failed: Any = False
    for k in service.kqis:
        if catalogue.kqi(k).failure is not None:
            failed = failed | (d[k] == catalogue.kqi(k).failure)
    coverage = (had / (had + missed)).where(~(failed & (total < 1e-6)), 1.0)
    out = {"score": total, "coverage": coverage}
    if contributors:
        out |= _costs(catalogue, name, d, scores, had)
    return pd.DataFrame(out)


def _costs(catalogue: Catalogue, name: str, d: pd.DataFrame, scores: Any, had: Any) -> dict[str, pd.Series]:
    service = catalogue.service(name)
    cost = {i: ((100.0 - s) * (service.indicators[i].weight / had)).fillna(0.0) for i, s in scores.items()}
    blame = {i: c.where(scores[i] < catalogue.floor, 0.0) for i, c in cost.items()}
    blamed = sum(blame.values())
    surplus = (100.0 - sum(cost.values()) - catalogue.cap).clip(lower=0.0)
    factor = (surplus / blamed).where(blamed > 0, 0.0)
    out = {k: d[k].where(d[k].isna(), 0.0) for k in catalogue.kqis}
    for i, part in service.indicators.items():
        c = cost[i] + blame[i] * factor
        kqis = LOOKED_AT[part.model] if part.model else (part.kqi,)
        if len(kqis) == 1:
            out[kqis[0]] = out[kqis[0]] + c
            continue
        best = d.assign(**{k: d[k].where(d[k].isna(), catalogue.best(k)) for k in kqis})
        ideal = MODELS[part.model](best, part.options)
        loss = {}
        for k in kqis:
            repaired = MODELS[part.model](d.assign(**{k: best[k]}), part.options)
            alone = MODELS[part.model](best.assign(**{k: d[k]}), part.options)
            loss[k] = ((repaired - scores[i]) + (ideal - alone)).clip(lower=0.0).where(d[k].notna(), 0.0).fillna(0.0)
        whole = sum(loss.values())
        ceiling = ((100.0 - ideal) / (100.0 - scores[i])).clip(0.0, 1.0)
        ceiling = ceiling.where(ceiling.notna() & (whole > 0), 1.0)
        there = sum(d[k].notna() for k in kqis)
        for k in kqis:
            own = ((1.0 - ceiling) * loss[k] / whole).where(whole > 0, 0.0)
            out[k] = out[k] + c * ((ceiling / there).where(d[k].notna(), 0.0) + own)
    return out


def seconds(*work: Callable[[], object]) -> list[float]:
    """CPU seconds of each, the best of three, in turns."""
    best = [float("inf")] * len(work)
    for _ in range(3):
        for i, w in enumerate(work):
            begin = time.process_time()
            w()
            best[i] = min(best[i], time.process_time() - begin)
    return best


def measure(catalogue: Catalogue, models: Any, records: pd.DataFrame, what: str) -> list[dict[str, Any]]:
    """Ours and pandas on the same records, without and with contributors."""
    rows, population = panel(catalogue, records), people(catalogue, len(records) // 3 + 1)
    double = records.astype(dict.fromkeys(catalogue.kqis, np.float64))
    nobody = np.zeros(len(records), np.bool_)
    out = []
    for contributors in (False, True):
        wanted = None if contributors else nobody
        got = score(rows, catalogue, models, population, contributors=wanted)
        want = in_pandas(catalogue, double, contributors)
        off = max(_off(got.score, want["score"]), 100 * _off(got.coverage, want["coverage"]))
        if contributors:
            off = max(off, *(_off(got.contributors[:, j], want[k]) for j, k in enumerate(catalogue.kqis)))
        ours, theirs, single = seconds(
            lambda wanted=wanted: score(rows, catalogue, models, population, contributors=wanted),
            lambda contributors=contributors: in_pandas(catalogue, double, contributors),
            lambda contributors=contributors: in_pandas(catalogue, records, contributors),
        )
        what_of = "with contributors" if contributors else "score and coverage"
        out.append({
            "what": f"{what}, {what_of}", "rows": len(records), "ours_s": round(ours, 4),
            "pandas_s": round(theirs, 4), "ratio": round(theirs / ours, 2),
            "pandas_float32_s": round(single, 4), "ratio_float32": round(single / ours, 2),
            "ours_rows_per_s": round(len(records) / ours), "largest_difference": float(f"{off:.2g}"),
        })  # fmt: skip
    return out


def _off(ours: Any, theirs: pd.Series) -> float:
    """Largest difference; infinite where one knows what the other doesn't."""
    a, b = np.asarray(ours, np.float64), theirs.to_numpy(np.float64)
    if not np.array_equal(np.isnan(a), np.isnan(b)):
        return float("inf")
    return float(np.nanmax(np.abs(a - b), initial=0.0))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--goal", type=float, default=8.0, help="how many times faster, mixed services, score only")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    args = parser.parse_args()
    catalogue = Catalogue.load(Path(__file__).parents[1] / "config" / "services.toml")
    models = {r.key: plugins.build("experience_models", r.plugin, r.options) for r in catalogue.models}
    assert set(models) == {model_key(s, i) for s in catalogue.services for i in catalogue.service(s).indicators}
    records = frame(catalogue, args.rows, seed=1)
    figures = measure(catalogue, models, records, "mixed")
    records = records.sort_values("service", kind="stable").reset_index(drop=True)
    figures += measure(catalogue, models, records, "sorted")
    heads = {
        "what": -34, "rows": 9, "ours_s": 9, "pandas_s": 10, "ratio": 7, "pandas_float32_s": 18, "ratio_float32": 15,
        "ours_rows_per_s": 17, "largest_difference": 20,
    }  # fmt: skip
    for line in ({h: h for h in heads}, *figures):
        print("".join(f"{line[h]:<{-w}}" if w < 0 else f"{line[h]:>{w}}" for h, w in heads.items()))
    if args.json:
        told = {"benchmark": "scoring", "goal_ratio": args.goal, "goal_difference": 0.01, "figures": figures}
        args.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    exact = all(f["largest_difference"] <= 0.01 for f in figures)
    return 0 if exact and figures[0]["ratio"] >= args.goal else 1


if __name__ == "__main__":
    sys.exit(main())
