"""The truth of a town says what its records show: counted against the same town without its troubles."""

import dataclasses
import json
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from cemcore.evaluation import evaluate
from cemcore.town import Spec, Town, load_spec

SEED, DAYS = 3, 5
KQIS = ["latency_ms", "jitter_ms", "loss_pct", "throughput_mbps", "setup_success_ratio", "stall_ratio", "startup_s"]
KEY = ["ts", "subject_id", "service"]


def written(folder: Path, spec: Spec | None = None) -> tuple[dict, pd.DataFrame]:
    Town(SEED, "tiny", DAYS, spec).write(folder)
    tables = [pq.read_table(f).to_pandas() for f in sorted((folder / "quality").rglob("*.parquet"))]
    return json.loads((folder / "truth.json").read_text()), pd.concat(tables)


def quiet() -> Spec:
    """The town's own spec with nothing that anyone feels, and nobody's records lost."""
    spec = load_spec()
    kinds = {n: k for n, k in spec.kinds.items() if k.role == "incident"}
    return dataclasses.replace(spec, kinds={n: dataclasses.replace(k, effect={}) for n, k in kinds.items()})


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """(truth, records with the troubles, records without them)."""
    spec = load_spec()
    only = dataclasses.replace(spec, kinds={n: k for n, k in spec.kinds.items() if k.role == "incident"})
    truth, troubled = written(tmp_path_factory.mktemp("troubled"), only)
    _, calm = written(tmp_path_factory.mktemp("calm"), quiet())
    return truth, troubled, calm


@pytest.fixture(scope="module")
def town(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("town")
    written(folder)
    return folder


def test_no_incident_or_distractor_begins_on_the_learning_days(pair):
    truth, *_ = pair
    end = truth["world"]["train_end"]
    assert truth["incidents"]
    assert all(x["start"] >= end for x in truth["incidents"] + truth["distractors"])


def test_affected_pairs_exist_and_their_counts_add_up(town):
    truth = json.loads((town / "truth.json").read_text())
    services = pd.read_csv(town / "inventory/services.csv")
    pairs = set(zip(services.subject_id, services.service, strict=True))
    for x in truth["incidents"]:
        affected = {(a["subject_id"], a["service"]) for a in x["affected"]}
        assert affected <= pairs
        assert {tuple(p) for p in x["at_risk"]} <= pairs - affected
        assert x["n_affected_pairs"] == len(affected)
        assert sum(a["n_bad"] for a in x["affected"]) == sum(x["affected_per_interval"])
        for a in x["affected"]:
            assert a["n_lost"] <= a["n_bad"] <= a["n_active"]
            assert a["n_bad"] >= (1 if a["n_active"] <= 3 else 2)
            assert a["n_bad"] >= 0.3 * a["n_active"]


def test_records_of_the_learning_days_do_not_know_of_the_troubles(pair):
    truth, troubled, calm = pair
    end = pd.Timestamp(truth["world"]["train_end"])
    before = [t[t.ts < end].sort_values([*KEY, "received_ts"]).reset_index(drop=True) for t in (troubled, calm)]
    assert len(before[0]) > 1000
    pd.testing.assert_frame_equal(*before)


def test_pairs_that_no_incident_touches_are_the_same_with_and_without_it(pair):
    truth, troubled, calm = pair
    touched = {(a["subject_id"], a["service"]) for x in truth["incidents"] for a in x["affected"]}
    both = troubled.drop_duplicates(KEY).merge(calm.drop_duplicates(KEY), on=KEY, suffixes=("", "_calm"))
    same = (both[KQIS].fillna(-9).to_numpy() == both[[f"{k}_calm" for k in KQIS]].fillna(-9).to_numpy()).all(axis=1)
    outside = both[[(s, v) not in touched for s, v in zip(both.subject_id, both.service, strict=True)]]
    assert same[outside.index].mean() > 0.985


def test_affected_pairs_have_worse_or_missing_records_while_it_lasts(pair):
    truth, troubled, calm = pair
    index = [t.drop_duplicates(KEY).set_index(KEY)[KQIS] for t in (troubled, calm)]
    for x in truth["incidents"]:
        window = [
            i[(i.index.get_level_values("ts") >= x["start"]) & (i.index.get_level_values("ts") < x["end"])]
            for i in index
        ]
        pairs = pd.MultiIndex.from_tuples([(a["subject_id"], a["service"]) for a in x["affected"]])
        with_, without = (w[w.index.droplevel("ts").isin(pairs)] for w in window)
        bad = sum(a["n_bad"] for a in x["affected"])
        shown = with_.reindex(without.index)
        changed = (shown.fillna(-9) != without.fillna(-9)).any(axis=1).sum()
        assert changed >= 0.9 * bad, x["id"]


def test_the_truth_itself_scores_full_marks(town):
    truth = json.loads((town / "truth.json").read_text())
    seen = [x for x in truth["incidents"] if x["visible"]]
    guesses = [{**x, "start": x["effective_start"], "first_detected_at": x["effective_start"]} for x in seen]
    scores = evaluate(
        truth,
        guesses,
        pd.read_csv(town / "inventory/connections.csv"),
        pd.read_csv(town / "inventory/subjects.csv"),
    )
    assert scores.incidents.ratio.f1 == 1
    assert scores.root_cause.top1 == 1
    assert scores.affected_pairs.micro.f1 == 1


def test_a_gap_hides_the_records_of_its_region_and_says_how(tmp_path):
    spec = load_spec()
    only = dataclasses.replace(spec, kinds={"data_gap": spec.kinds["data_gap"]})
    truth, records = written(tmp_path, only)
    region = pd.read_csv(tmp_path / "inventory/resources.csv").set_index("id").region
    assert not truth["incidents"]
    gap = truth["distractors"][0]
    assert gap["gap"]["collector"] == gap["causes"][0]["id"]
    inside = records[(records.ts >= gap["start"]) & (records.ts < gap["end"])]
    assert len(inside)
    assert gap["gap"]["region"] not in set(inside.serving_resource.map(region))
