"""A fifth of the inventory's connections missing or wrong: are they named, and what does it cost?

    python benchmarks/broken_inventory.py [FOLDER ...] [--seeds 11,12,13] [--accuracy small1] [--json FILE | --write]

Each FOLDER is an operator's folder. Without any: dev1 and small1 of `--bench DIR` (else the environment's CEM_SHARED,
else ../shared beside the repository) where they are there, and two towns. By each seed, 20 % of the connections are
broken in a copy of the folder, in the CSV and in the JSON form: half are left out, half lead to another resource of the
same type. Printed for wrong and missing links apart: precision and recall of what `cem inventory` names, from the
inventory alone (before any record came). A wrong link counts as named when exactly that connection is named, a missing
one when both its ends are. With `--accuracy NAME,...` (operators with a truth.json): F1 of the whole route before and
after. Goals: precision .9, recall .8 over all folders and seeds; F1 falls by less than .15.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from cemcore.application.cem import Cem
from cemcore.application.evaluate import evaluate_folder, folder_settings, judge
from cemcore.domain import INVENTORY
from cemcore.town import Town

SHARE = 0.2
TOWNS = ((4101, "small"), (4102, "medium"))
"""Named before they were first run, and not for tuning."""

TABLES = ("resources", "connections")

GOALS = {"precision": 0.9, "recall": 0.8, "fall": 0.15}
Key = tuple[str, str, str, str]
"""(from, relation, to, via)"""


def breaks(resources: pd.DataFrame, connections: pd.DataFrame, seed: int) -> tuple[set[Key], dict[Key, str]]:
    """(connections to leave out, connections to lead elsewhere -> where), half and half, `SHARE` of all together."""
    chance = random.Random(seed)
    kind = dict(zip(resources["id"], resources["type"], strict=True))
    of_kind: dict[str, list[str]] = {}
    for name, what in kind.items():
        of_kind.setdefault(what, []).append(name)
    keys = [tuple(r) for r in connections[["from_id", "relation", "to_id", "via"]].itertuples(index=False)]
    chance.shuffle(keys)
    wanted = round(SHARE * len(keys))
    missing, wrong = set(keys[: wanted // 2]), {}
    for key in keys[wanted // 2 :]:
        others = [x for x in of_kind.get(kind.get(key[2], ""), ()) if x not in (key[0], key[2])]
        if others and len(wrong) < wanted - wanted // 2:
            wrong[key] = chance.choice(others)
    return missing, wrong


@contextmanager
def broken(folder: Path, missing: set[Key], wrong: dict[Key, str]) -> Iterator[Path]:
    """A copy of an operator's folder with broken connections; all but the inventory is linked, not copied."""
    with tempfile.TemporaryDirectory(prefix="broken-") as made:
        out = Path(made)
        for item in folder.iterdir():
            if item.name != "inventory":
                (out / item.name).symlink_to(item.absolute())
        shutil.copytree(folder / "inventory", out / "inventory")
        _break_csv(out / "inventory" / "connections.csv", missing, wrong)
        _break_json(out / "inventory" / "connections.json", missing, wrong)
        _break_tmf(out / "inventory" / "resources.json", missing, wrong)
        yield out


def _break_csv(file: Path, missing: set[Key], wrong: dict[Key, str]) -> None:
    table = pd.read_csv(file, dtype="str", keep_default_na=False)
    keys = [tuple(r) for r in table[["from_id", "relation", "to_id", "via"]].itertuples(index=False)]
    table["to_id"] = [wrong.get(k, k[2]) for k in keys]
    table[[k not in missing for k in keys]].to_csv(file, index=False)


def _break_json(file: Path, missing: set[Key], wrong: dict[Key, str]) -> None:
    if not file.exists():
        return
    lines = json.loads(file.read_text(encoding="utf-8"))
    kept = []
    for line in lines:
        key = (line["from_id"], line["relation"], line["to_id"], line.get("via") or "")
        if key not in missing:
            kept.append(line | {"to_id": wrong.get(key, key[2])})
    file.write_text(json.dumps(kept), encoding="utf-8")


def _break_tmf(file: Path, missing: set[Key], wrong: dict[Key, str]) -> None:
    """TMF639: relationships stand with their resource."""
    if not file.exists():
        return
    resources = json.loads(file.read_text(encoding="utf-8"))
    for resource in resources:
        kept = []
        for other in resource.get("resourceRelationship") or []:
            said = {c["name"]: c["value"] for c in other.get("resourceRelationshipCharacteristic") or []}
            key = (resource["id"], other["relationshipType"], other.get("id", ""), said.get("via") or "")
            if key in missing:
                continue
            to = wrong.get(key)
            if to is not None:
                other |= {"id": to, "href": other.get("href", "").replace(key[2], to)}
            kept.append(other)
        if "resourceRelationship" in resource:
            resource["resourceRelationship"] = kept
    file.write_text(json.dumps(resources), encoding="utf-8")


def named(folder: Path) -> tuple[list[Any], float]:
    """(faults of links that `cem inventory` names in a folder, CPU seconds), from its inventory alone."""
    with tempfile.TemporaryDirectory(prefix="cem-") as state:
        settings = folder_settings(folder, Path(state))
        now = datetime.now(UTC) - timedelta(seconds=1)
        with Cem.open(settings, clock=lambda: now) as cem:
            cem.collect([s.name for s in settings.sources if cem.house.collectors[s.name].feed in INVENTORY])
            began = time.process_time()
            view = cem.inventory(kinds=("wrong_link", "missing_link"))
            return list(view.faults), time.process_time() - began


def measure(folder: Path, seed: int | None) -> dict[str, Any]:
    """Counts of what was broken, what was named, and what of it is right; without a seed nothing is broken."""
    resources, connections = (
        pd.read_csv(folder / "inventory" / f"{n}.csv", dtype="str", keep_default_na=False) for n in TABLES
    )
    missing, wrong = breaks(resources, connections, seed) if seed is not None else (set(), {})
    with broken(folder, missing, wrong) as copy:
        faults, cpu = named(copy)
    turned = {(k[0], k[1], to, k[3]): k[2] for k, to in wrong.items()}
    absent = {(k[0], k[1], k[2]) for k in missing}
    told = [f for f in faults if f.kind == "wrong_link"]
    right = [f for f in told if (f.from_id, f.relation, f.to_id, f.via) in turned]
    mended = sum(turned[f.from_id, f.relation, f.to_id, f.via] in f.suggested for f in right)
    lost = [f for f in faults if f.kind == "missing_link"]
    found = {(f.from_id, f.relation, x) for f in lost for x in f.suggested} & absent
    hits = sum(any((f.from_id, f.relation, x) in absent for x in f.suggested) for f in lost)
    return {
        "operator": folder.name,
        "seed": seed,
        "connections": len(connections),
        "wrong": {
            "broken": len(turned),
            "named": len(told),
            "right": len(right),
            "found": len(right),
            "mended": mended,
        },
        "missing": {"broken": len(absent), "named": len(lost), "right": hits, "found": len(found)},
        "cpu_s": round(cpu, 2),
    }


def accuracy(folder: Path, seeds: list[int]) -> list[dict[str, Any]]:
    """F1 of incidents with the inventory as it is, and with broken connections; all by the true inventory's truth."""
    tables = [pd.read_csv(folder / "inventory" / f"{n}.csv", dtype="str", keep_default_na=False) for n in TABLES]
    whole = _judged(folder, folder)
    out = []
    for seed in seeds:
        with broken(folder, *breaks(*tables, seed)) as copy:
            found = _judged(folder, copy)
        fall = round(whole["f1"] - found["f1"], 4)
        out.append({"operator": folder.name, "seed": seed, "whole": whole, "broken": found, "fall": fall})
    return out


def _judged(truth: Path, folder: Path) -> dict[str, float]:
    scores = judge(truth, evaluate_folder(folder).incidents)
    if scores is None:
        raise SystemExit(f"{truth} has no truth.json to compare with")
    d = scores.document()
    return {
        "f1": d["incidents"]["f1"],
        "top1": d["root_cause"]["top1"],
        "pairs": d["affected_pairs"]["macro_matched"]["f1"],
        "false_a_day": d["incidents"]["false_per_day"],
    }


def shares(rows: list[dict[str, Any]], what: str) -> dict[str, float]:
    """Precision and recall over several measurements."""
    total = {k: sum(r[what][k] for r in rows) for k in ("broken", "named", "right", "found")}
    return {
        "precision": round(total["right"] / total["named"], 3) if total["named"] else 1.0,
        "recall": round(total["found"] / total["broken"], 3) if total["broken"] else 1.0,
    }


def _world(worlds: Path, name: str, to: Path) -> Path | None:
    """The folder of a world, unpacked where it is an archive; None where it is not there."""
    if (worlds / name).is_dir():
        return worlds / name
    if not (worlds / f"{name}.zip").exists():
        return None
    with zipfile.ZipFile(worlds / f"{name}.zip") as packed:
        packed.extractall(to)
    return next(p.parent for p in to.glob(f"**/{name}/inventory"))


@contextmanager
def operators(given: list[Path], bench: Path | None) -> Iterator[list[Path]]:
    """The folders to look at, towns among them written for as long as it takes."""
    if given:
        yield given
        return
    shared = bench or Path(os.environ.get("CEM_SHARED", Path(__file__).parents[2] / "shared"))
    with tempfile.TemporaryDirectory(prefix="town-") as made:
        worlds = [w for n in ("dev1", "small1") if (w := _world(shared / "worlds", n, Path(made))) is not None]
        if not worlds:
            print(f"no worlds in {shared / 'worlds'}: towns only", file=sys.stderr)
        towns = []
        for seed, size in TOWNS:
            towns.append(Path(made) / f"town-{size}-{seed}")
            Town(seed, size, 1).write(towns[-1])
        yield [*worlds, *towns]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--seeds", default="11,12,13")
    parser.add_argument("--bench", type=Path)
    parser.add_argument("--accuracy", default="", metavar="NAME,...", help="operators whose F1 is measured too")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--write", action="store_true", help="write the figures beside this script")
    arguments = parser.parse_args()
    seeds = [int(s) for s in arguments.seeds.split(",")]
    rows: list[dict[str, Any]] = []
    falls: list[dict[str, Any]] = []
    print(
        f"{'operator':22}{'seed':>6}{'links':>7} | wrong: broken named  right target | missing: broken named  found"
        "  cpu s"
    )
    with operators(arguments.folders, arguments.bench) as folders:
        for folder in folders:
            for seed in [None, *seeds]:
                rows.append(row := measure(folder, seed))
                w, m = row["wrong"], row["missing"]
                print(
                    f"{row['operator']:22}{'none' if seed is None else seed:>6}{row['connections']:>7} |"
                    f"{w['broken']:>14}{w['named']:>6}{w['right']:>7}{w['mended']:>7} |"
                    f"{m['broken']:>16}{m['named']:>6}{m['found']:>7}{row['cpu_s']:>7}",
                    flush=True,
                )
            if folder.name in arguments.accuracy.split(","):
                for fall in accuracy(folder, seeds):
                    falls.append(fall)
                    print(f"  seed {fall['seed']}: {fall['whole']} -> {fall['broken']}", flush=True)
    whole = {what: shares(rows, what) for what in ("wrong", "missing")}
    print(f"all together: {whole}")
    result = {"share": SHARE, "goals": GOALS, "all": whole, "rows": rows, "accuracy": falls}
    target = arguments.json or (Path(__file__).with_suffix(".json") if arguments.write else None)
    if target:
        target.write_text(json.dumps(result, indent=1) + "\n")
    held = all(v[k] >= GOALS[k] for v in whole.values() for k in ("precision", "recall"))
    return 0 if held and all(f["fall"] < GOALS["fall"] for f in falls) else 1


if __name__ == "__main__":
    sys.exit(main())
