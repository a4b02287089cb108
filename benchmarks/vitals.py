"""What the KPIs of resources say about causes: of an operator's folder with truth, how many true causes speak, and how
often healthy resources do.

    python benchmarks/vitals.py [FOLDER] [--seed 61] [--days 12] [--json] [--write]

Without a folder a small town of the seed is made. Measurements are watched tick by tick, as they became known; values
of what lies under a cause of the truth teach nothing while it lasts, as under an open problem. "causes that speak": of
the incidents' causes that carry KPIs or have dependents that do, the share with more than 2 nats while the incident
lasts. "healthy hours that speak": of all resource-hours away from any incident (above and below its causes, one hour
before to four after), after the days without incident. CPU time is of the watching alone.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cemcore import Cem
from cemcore.application.arrivals import Measured
from cemcore.application.evaluate import folder_settings
from cemcore.application.gather import local, settled_at
from cemcore.codes import Codes
from cemcore.pipeline.localisation.vitals.unwell import Unwell
from cemcore.pipeline.localisation.vitals.watching import Vitals, watch
from cemcore.settings import Settings
from cemcore.topology import Topology
from cemcore.town import Town

SPEAKS, GOAL_SPEAK, GOAL_FALSE = 2.0, 0.6, 0.01


def collected(folder: Path, state: Path) -> tuple[pd.DataFrame, Topology, Settings]:
    """(measurements in recorded order, the network at the end, settings) of a folder."""
    end = datetime.fromisoformat(json.loads((folder / "operator.json").read_text(encoding="utf-8"))["end"])
    settings = folder_settings(folder, state)
    with Cem.open(settings, clock=lambda: end) as cem:
        cem.collect()
        house = cem.house
        house.worlds.refresh()
        frame = house.archive.read(house.ledger.files("measurements"))
        return frame.sort_values("recorded_at", kind="stable"), house.worlds.at(int(end.timestamp())).topology, settings


def spans(truth: dict[str, Any], topology: Topology) -> list[tuple[str, float, float, list[int]]]:
    """(kind, begin [s], end [s], causes that are resources) of the incidents."""
    out = []
    for i in truth["incidents"]:
        begin, end = (pd.Timestamp(i[k]).timestamp() for k in ("start", "end"))
        causes = [topology.index[c["id"]] for c in i["causes"] if c.get("id") in topology.index]
        out.append((i["kind"], begin, end, causes))
    return out


def watched(
    frame: pd.DataFrame, topology: Topology, settings: Settings, incidents: list[tuple[str, float, float, list[int]]]
) -> tuple[dict[int, Unwell], set[int], float]:
    """(what is told by slot [s], resources with KPIs, CPU seconds)."""
    codes, resources = Codes(), Codes(topology.resource_ids)
    rows, recorded = Measured((), resources.find, None, codes, ("*",)).rows(frame)
    kpis, seconds = tuple(codes.texts), settings.operator.slot_seconds
    under = [
        (begin, end + 3600, np.concatenate([[c], topology.dependents(c)]).astype(int))
        for _, begin, end, causes in incidents
        for c in causes
    ]
    state, told, spent, before = Vitals(), {}, 0.0, -(1 << 40)
    for slot in range(int(rows.slot.min()), int(rows.slot.max()) + 1, seconds):
        known = settled_at(slot, settings)
        low, high = np.searchsorted(recorded, [before, known], side="right")
        before = known
        hour, day = local(slot, settings.operator)
        masked = np.zeros(len(topology), np.bool_)
        for begin, end, below in under:
            if begin <= slot < end:
                masked[below] = True
        begun = time.process_time()
        part = rows.take(slice(int(low), int(high)))
        told[slot], state = watch(state, part, kpis, topology, (slot, seconds, hour, day >= 5), masked)
        spent += time.process_time() - begun
    return told, set(np.unique(rows.resource).tolist()), spent


def healthy(
    told: dict[int, Unwell], carried: set[int], topology: Topology, incidents: list[tuple[str, float, float, list[int]]]
) -> tuple[int, int]:
    """(resource-hours away from incidents, those that speak)."""
    busy: dict[int, list[tuple[float, float]]] = {}
    for _, begin, end, causes in incidents:
        for c in causes:
            for r in (c, *topology.dependents(c).tolist(), *topology.ancestors(c).tolist()):
                busy.setdefault(r, []).append((begin - 3600, end + 4 * 3600))
    first = min(begin for _, begin, _, _ in incidents) - 86_400
    hours = speak = 0
    for slot in (s for s in told if s >= first and s % 3600 == 0):
        calm = {r for r in carried if not any(a <= slot <= b for a, b in busy.get(r, ()))}
        hours += len(calm)
        speak += sum(told[slot].log_odds(r, slot - 3600) > SPEAKS for r in calm & set(told[slot].resources()))
    return hours, speak


def said(told: dict[int, Unwell], cause: int, begin: float, end: float, seconds: int) -> float:
    """The most that is said of a cause while its incident lasts [nats]."""
    since = int(begin) - seconds
    odds = [(u.log_odds(cause, since) or u.below(cause, since)[0]) for s, u in told.items() if begin <= s <= end]
    return max(odds, default=0.0)


def measure(folder: Path) -> dict[str, Any]:
    """Collect, watch, count."""
    with tempfile.TemporaryDirectory() as state:
        frame, topology, settings = collected(folder, Path(state))
    incidents = spans(json.loads((folder / "truth.json").read_text(encoding="utf-8")), topology)
    told, carried, spent = watched(frame, topology, settings, incidents)
    hours, speak = healthy(told, carried, topology, incidents)
    kinds, seconds = {}, settings.operator.slot_seconds
    for kind, begin, end, causes in incidents:
        for c in causes:
            if c in carried or carried & set(topology.dependents(c).tolist()):
                kinds.setdefault(kind, []).append(round(said(told, c, begin, end, seconds), 2))
    every = [v for values in kinds.values() for v in values]
    return {
        "values": len(frame),
        "causes": len(every),
        "causes_that_speak": round(float(np.mean([v > SPEAKS for v in every] or [0])), 3),
        "healthy_resource_hours": hours,
        "healthy_hours_that_speak": round(speak / max(hours, 1), 5),
        "cpu_s": round(spent, 2),
        "cpu_ms_a_tick": round(1e3 * spent / len(told), 2),
        "nats_by_kind": kinds,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "folder", nargs="?", type=Path, help="an operator's folder with truth.json; else a town is made"
    )
    parser.add_argument("--seed", type=int, default=61)
    parser.add_argument("--days", type=int, default=12)
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    parser.add_argument("--write", action="store_true", help="write the figures beside this file")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder
        if folder is None:
            folder = Path(temporary, "operator")
            Town(seed=args.seed, size="small", days=args.days).write(folder)
        figures = measure(folder)
    document = {"benchmark": "vitals", "seed": args.seed, "days": args.days, "figures": figures}
    if args.write:
        Path(__file__).with_suffix(".json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    if args.json:
        print(json.dumps(document, indent=1))
    else:
        for name, value in figures.items():
            print(f"{name:<26}{value!s:>12}")
    good = figures["causes_that_speak"] >= GOAL_SPEAK and figures["healthy_hours_that_speak"] < GOAL_FALSE
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
