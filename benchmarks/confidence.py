"""How far the confidence of causes can be trusted: confidence against hits, on generated operators.

    python benchmarks/confidence.py [FOLDER ...] [--json FILE] [--goal 0.1]

Each FOLDER is an operator's folder with a truth.json. Without any: the four towns below, named before they were first
run, and not for tuning. Every true incident that was found counts twice: by the first revision of its problem and by
the last. A tie is one answer. Prints the reliability (mean confidence and share of hits by bin of confidence), the
Brier score and the calibration error. Exit code 1 when the calibration error is above the goal.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from cemcore.application.cem import Cem
from cemcore.application.evaluate import folder_settings, judge, predicted
from cemcore.domain import Cause, ServiceProblem
from cemcore.evaluation.predictions import cause_key
from cemcore.town import Town

SEEDS = (2401, 2402, 2403, 2404)
SIZE, DAYS = "small", 14
EDGES = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99, 1.0)


@dataclass(frozen=True)
class Said:
    """One answer: at which revision, of what kind of incident, how sure; whether the first cause or one tied with it
    was right, and whether the first was.
    """

    when: str
    kind: str
    confidence: float
    hit: bool
    alone: bool


def said(folder: Path) -> Iterator[Said]:
    """Every answer about the true incidents of an operator that were found."""
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    accepted = {i["id"]: {cause_key(c) for c in [*i["causes"], *i.get("also_accept", [])]} for i in truth["incidents"]}
    with tempfile.TemporaryDirectory(prefix="confidence-") as state:
        end = datetime.fromisoformat(json.loads((folder / "operator.json").read_text(encoding="utf-8"))["end"])
        with Cem.open(folder_settings(folder, Path(state)), clock=lambda: end) as cem:
            cem.collect()
            cem.assess()
            scores = judge(folder, predicted(cem))
            assert scores is not None
            for row in scores.per_incident:
                if row.found:
                    revisions = cem.house.ledger.revisions(row.found["pred"])
                    for when, p in (("first", revisions[0]), ("last", revisions[-1])):
                        yield _said(when, row.kind, p, accepted[row.id])


def _said(when: str, kind: str, p: ServiceProblem, accepted: set[Any]) -> Said:
    first = p.causes[0]
    hit = _key(first) in accepted
    names = {n[1] if n[0] == "resource" else ", ".join(f"{k}={v}" for k, v in n[1]) for n in accepted}
    together = hit or any(t in names or _turned(t) in names for t in first.tied_with)
    return Said(when, kind, p.confidence, together, hit)


def _key(c: Cause) -> Any:
    return ("resource", c.resource_id) if c.resource_id else ("attribute", tuple(sorted(c.attributes)))


def _turned(name: str) -> str:
    return ", ".join(sorted(name.split(", ")))


def figures(answers: list[Said]) -> dict[str, Any]:
    """Reliability by bin, Brier score and expected calibration error (Naeini et al., 2015) of answers."""
    bins, error = [], 0.0
    for low, high in pairwise(EDGES):
        inside = [a for a in answers if low <= a.confidence < high or (high == 1.0 and a.confidence >= 1.0)]
        if inside:
            sure = sum(a.confidence for a in inside) / len(inside)
            right = sum(a.hit for a in inside) / len(inside)
            error += len(inside) / len(answers) * abs(sure - right)
            bins.append(
                {"from": low, "to": high, "n": len(inside), "confidence": round(sure, 4), "hits": round(right, 4)}
            )
    n = len(answers)
    return {
        "n": n,
        "confidence": round(sum(a.confidence for a in answers) / n, 4),
        "hits": round(sum(a.hit for a in answers) / n, 4),
        "brier": round(sum((a.confidence - a.hit) ** 2 for a in answers) / n, 4),
        "ece": round(error, 4),
        "first_alone": round(sum(a.alone for a in answers) / n, 4),
        "bins": bins,
    }


def folders(given: Iterable[Path]) -> Iterator[tuple[str, Path]]:
    """(name, folder) of every operator to look at, for as long as it is looked at."""
    listed = list(given)
    yield from ((f.name, f) for f in listed)
    for seed in () if listed else SEEDS:
        with tempfile.TemporaryDirectory(prefix="town-") as folder:
            Town(seed, SIZE, DAYS).write(folder)
            yield f"town {SIZE} {DAYS}d seed {seed}", Path(folder)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--json", type=Path, default=Path(__file__).with_suffix(".json"))
    parser.add_argument("--goal", type=float, default=0.1, help="calibration error that may not be exceeded")
    arguments = parser.parse_args()
    answers: list[Said] = []
    operators = []
    for name, folder in folders(arguments.folders):
        found = list(said(folder))
        right = sum(a.alone for a in found if a.when == "last")
        print(f"{name}: {right} of {len(found) // 2} first causes right at the end", flush=True)
        answers += found
        operators.append(name)
    result: dict[str, Any] = {"operators": operators}
    for when in ("first", "last", "both"):
        result[when] = figures([a for a in answers if when in (a.when, "both")])
        show(when, result[when])
    arguments.json.write_text(json.dumps(result, indent=1) + "\n")
    return 0 if result["both"]["ece"] <= arguments.goal else 1


def show(when: str, found: dict[str, Any]) -> None:
    """Print the reliability of one kind of answers."""
    head = f"{when} revision" if when != "both" else "both"
    right = f"right {found['hits']:.3f} (the first alone {found['first_alone']:.3f})"
    errors = f"Brier {found['brier']:.4f}, ECE {found['ece']:.4f}"
    print(f"\n{head}: {found['n']} answers, confidence {found['confidence']:.3f}, {right}, {errors}")
    print(f"{'confidence':>14}{'n':>6}{'mean':>9}{'hits':>9}")
    for b in found["bins"]:
        print(f"{b['from']:>7.2f}-{b['to']:<6.2f}{b['n']:>6}{b['confidence']:>9.3f}{b['hits']:>9.3f}")


if __name__ == "__main__":
    sys.exit(main())
