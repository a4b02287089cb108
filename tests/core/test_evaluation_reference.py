"""The figures equal those of the reference scorer that comes with the shared worlds."""

import importlib.util
import json
import os
import random
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from cemcore.evaluation import evaluate

SHARED = Path(os.environ.get("CEM_SHARED", Path(__file__).resolve().parents[3] / "shared")) / "worlds"
pytestmark = [
    pytest.mark.skipif(not (SHARED / "score.py").exists(), reason=f"no reference scorer in {SHARED}"),
    # The reference leaves its files to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def reference():
    spec = importlib.util.spec_from_file_location("reference_score", SHARED / "score.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", params=["dev1", "small1"])
def world(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    wanted = ("truth.json", "inventory/connections.csv", "inventory/subjects.csv")
    with zipfile.ZipFile(SHARED / f"{request.param}.zip") as z:
        for name in z.namelist():
            tail = next((w for w in wanted if name.endswith(w)), None)
            if tail:
                (folder / tail).parent.mkdir(exist_ok=True)
                (folder / tail).write_bytes(z.read(name))
    return folder


def perturbed(truth: dict, seed: int) -> list[dict]:
    """Predictions that are right, near, wrong, doubled, early, open-ended, empty and about distractors, by seed."""
    rng = random.Random(seed)
    everyone = sorted({(a["subject_id"], a["service"]) for x in truth["incidents"] for a in x["affected"]})
    out = []
    for x in [*truth["incidents"], *truth["distractors"]]:
        for _ in range(rng.choice([0, 1, 1, 1, 2])):
            out.append(guess(rng, x, everyone, len(out)))
    begin = datetime.fromisoformat(truth["world"]["start"])
    for _ in range(8):
        start = begin + timedelta(minutes=15 * rng.randrange(truth["world"]["intervals"]))
        out.append(guess(rng, {"start": start.isoformat(), "end": None, "causes": ["GNB-0001"]}, everyone, len(out)))
    rng.shuffle(out)
    return out


def guess(rng: random.Random, x: dict, everyone: list, number: int) -> dict:
    start = datetime.fromisoformat(x.get("effective_start", x["start"])) + timedelta(minutes=15 * rng.randint(-4, 12))
    pairs = [(a["subject_id"], a["service"]) for a in x.get("affected", [])]
    pairs = rng.sample(pairs, int(len(pairs) * rng.random())) + rng.sample(everyone, rng.randint(0, 40))
    causes = [*x["causes"], *x.get("also_accept", []), "CR-NOWHERE", {"attr": "firmware", "value": "x"}]
    rng.shuffle(causes)
    form = rng.choice(["pairs", "subjects", "texts", "ids"])
    affected = {
        "pairs": [{"subject_id": s, "service": k} for s, k in pairs],
        "subjects": [{"subject_id": s} for s, _ in pairs],
        "texts": [s for s, _ in pairs],
        "ids": [],
    }[form]
    return {
        "id": f"p{number}",
        "start": start.isoformat(),
        "end": rng.choice([x["end"], None]),
        "first_detected_at": rng.choice([None, (start + timedelta(minutes=rng.randint(0, 400))).isoformat()]),
        "causes": rng.choice([causes, causes[:1], []]),
        "services": sorted({k for _, k in pairs}),
        "affected": affected,
        "subject_ids": [s for s, _ in pairs] if form == "ids" else [],
    }


def same(mine: object, theirs: object, where: str = "") -> None:
    if isinstance(theirs, dict):
        assert isinstance(mine, dict)
        assert set(mine) == set(theirs), where
        for key, value in theirs.items():
            same(mine[key], value, f"{where}.{key}")
    elif isinstance(theirs, list):
        assert len(mine) == len(theirs), where
        for i, value in enumerate(theirs):
            same(mine[i], value, f"{where}[{i}]")
    elif isinstance(theirs, float):
        assert mine == pytest.approx(theirs, abs=1e-9, rel=0), where
    else:
        assert mine == theirs, where


@pytest.mark.parametrize("seed", [*range(12), None])
def test_every_figure_equals_the_reference_scorer(reference, world, seed):
    truth = json.loads((world / "truth.json").read_text())
    predictions = [] if seed is None else perturbed(truth, seed)
    theirs = reference.score(truth, reference.load_pred(predictions), world)
    connections = pd.read_csv(world / "inventory/connections.csv")
    subjects = pd.read_csv(world / "inventory/subjects.csv", usecols=["subject_id", "region"])
    same(evaluate(truth, predictions, connections, subjects).document(), json.loads(json.dumps(theirs)))


def test_a_perfect_prediction_file_scores_one_everywhere(world):
    truth = json.loads((world / "truth.json").read_text())
    perfect = [
        {**x, "start": x["effective_start"], "first_detected_at": x["effective_start"]} for x in truth["incidents"]
    ]
    perfect = [p for p in perfect if p["visible"]]
    scores = evaluate(truth, {"incidents": perfect}, no_connections())
    assert scores.incidents.ratio.f1 == scores.root_cause.top1 == scores.affected_pairs.micro.f1 == 1
    assert scores.delay.mean == 0


def no_connections() -> pd.DataFrame:
    return pd.DataFrame({"from_id": [], "to_id": [], "via": []}, dtype="str")
