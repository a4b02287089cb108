"""Figures of a tiny world that one can check by hand.

One and a half days are judged (2026-03-02T12:00Z on). Two visible incidents (a cell, four pairs; a firmware, two
pairs) and one that nobody felt; a harmless work on gateway G and a gap of region NORTH. Cell C1 stands on node N,
node N on site S.
"""

import json
from datetime import UTC, datetime

import pandas as pd
import pytest

from cemcore.errors import ContractError
from cemcore.evaluation import evaluate, load_predictions, write_predictions


def resource(name: str) -> dict:
    return {"type": "resource", "id": name}


def incident(name: str, start: str, end: str, causes: list, pairs: str, **more) -> dict:
    affected = [{"subject_id": p[0], "service": {"v": "voice", "w": "web"}[p[1]]} for p in pairs.split()]
    return {
        "id": name, "kind": f"kind-{name}", "start": start, "effective_start": start, "end": end, "causes": causes,
        "also_accept": [], "visible": bool(affected), "has_alarm": True, "services": ["voice", "web"],
        "affected": affected, "at_risk": [], **more,
    }  # fmt: skip


FIRMWARE = {"type": "attribute", "attrs": {"firmware": "F-2"}}
TRUTH = {
    "world": {"start": "2026-03-01T00:00:00Z", "train_end": "2026-03-02T12:00:00Z", "end": "2026-03-04T00:00:00Z"},
    "incidents": [
        incident("cell", "2026-03-02T14:00:00Z", "2026-03-02T16:00:00Z", [resource("C1")], "av aw bv cw",
                 at_risk=[["e", "web"]]),
        incident("fw", "2026-03-03T00:00:00Z", "2026-03-03T12:00:00Z", [FIRMWARE], "hw iw"),
        incident("unfelt", "2026-03-03T18:00:00Z", "2026-03-03T19:00:00Z", [resource("LINK")], ""),
    ],
    "distractors": [
        {"kind": "harmless_work", "start": "2026-03-03T20:00:00Z", "end": "2026-03-03T21:00:00Z",
         "causes": [resource("G")]},
        {"kind": "data_gap", "start": "2026-03-02T20:00:00Z", "end": "2026-03-02T22:00:00Z",
         "causes": [resource("PROBE-NORTH")], "gap": {"region": "NORTH", "collector": "PROBE-NORTH"}},
    ],
}  # fmt: skip
CONNECTIONS = pd.DataFrame({"from_id": ["C1", "N"], "to_id": ["N", "S"], "via": [None, "LINK"]})
SUBJECTS = pd.DataFrame({"subject_id": ["a", "k", "l"], "region": ["SOUTH", "NORTH", "NORTH"]})


def guess(start: str, end: str | None, causes: list, pairs: str, first: str | None = None) -> dict:
    x = incident("p", start, end, causes, pairs)
    return {k: x[k] for k in ("start", "end", "causes", "services", "affected")} | {"first_detected_at": first}


NEAR_CELL = guess("2026-03-02T14:00:00Z", "2026-03-02T16:00:00Z", [resource("N"), resource("C1")], "av aw bv ew",
                  "2026-03-02T14:30:00Z")  # fmt: skip
AGAIN = guess("2026-03-02T15:00:00Z", "2026-03-02T15:30:00Z", [resource("C1")], "av")
AT_WORK = guess("2026-03-03T20:15:00Z", "2026-03-03T20:30:00Z", [resource("G")], "mw")
IN_GAP = guess("2026-03-02T20:00:00Z", "2026-03-02T21:00:00Z", [resource("X")], "kw lw av")


def scores(*predictions: dict):
    return evaluate(TRUTH, list(predictions), CONNECTIONS, SUBJECTS).document()


def test_a_near_cause_and_three_of_four_pairs():
    s = scores(NEAR_CELL)
    assert s["incidents"]["precision"] == 1
    assert s["incidents"]["recall"] == 0.5
    assert s["incidents"]["f1"] == pytest.approx(0.6667)
    assert s["root_cause"] == {
        "top1": 0, "top3": 1, "top1_near": 1, "top3_near": 1, "of_detected": 1, "top1_of_all": 0,
    }  # fmt: skip
    assert s["detection_delay_intervals"] == {"median": 2, "mean": 2, "p90": 2, "n": 1}
    assert s["affected_pairs"]["macro_matched"] == {"precision": 0.75, "recall": 0.75, "f1": 0.75}
    assert s["affected_pairs"]["macro_all"]["f1"] == 0.375
    assert s["affected_pairs"]["micro"] == {"precision": 0.75, "recall": 0.5, "f1": 0.6}
    assert s["affected_subjects"]["micro"] == {"precision": 0.6667, "recall": 0.4, "f1": 0.5}
    assert s["per_incident"][0]["pairs_fp_at_risk"] == 1


def test_the_second_prediction_of_an_incident_is_a_duplicate():
    s = scores(NEAR_CELL, AGAIN)["incidents"]
    assert (s["matched"], s["duplicates"], s["false"]) == (1, 1, 0)
    assert s["precision"] == 0.5
    assert s["precision_lenient"] == 1


def test_false_incidents_are_told_by_what_fooled_them():
    s = scores(AT_WORK, IN_GAP)
    assert s["incidents"]["false"] == 2
    assert s["incidents"]["false_per_day"] == 1.333
    assert s["distractor_false_alarms"] == {"total": 1, "by_kind": {"harmless_work": 1}, "distractors": 2}
    assert s["data_gap_false_alarms"] == 1
    assert s["affected_pairs"]["micro"] == {"precision": 0, "recall": 0, "f1": 0}


def test_part_of_an_attribute_combination_is_near():
    both = {"type": "attribute", "attrs": {"firmware": "F-2", "device_model": "M"}}
    s = scores(guess("2026-03-03T01:00:00Z", None, [both], ""))
    assert s["root_cause"]["top1_near"] == 1
    assert s["root_cause"]["top1"] == 0


def test_an_unfelt_incident_neither_counts_nor_harms():
    s = scores(guess("2026-03-03T18:00:00Z", "2026-03-03T19:00:00Z", [resource("LINK")], ""))["incidents"]
    assert (s["true"], s["invisible_matched"], s["false"]) == (2, 1, 0)


def test_written_predictions_read_back_and_score_the_same(tmp_path):
    path = tmp_path / "p.json"
    pairs = {("c", "web"), ("a", "voice")}
    start = datetime(2026, 3, 2, 14, tzinfo=UTC)
    mine = {"id": "x", "start": start, "causes": [resource("C1")], "services": {"web", "voice"}, "affected": pairs}
    write_predictions(path, [mine])
    read = load_predictions(path)
    assert read[0]["start"] == "2026-03-02T14:00:00Z"
    assert read[0]["end"] is None
    assert read[0]["affected"][0] == {"subject_id": "a", "service": "voice"}
    assert scores(*read)["affected_pairs"]["micro"]["recall"] == 0.3333


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not JSON"),
        ("3", "neither a list"),
        ('[{"id": "x"}]', "KeyError: 'start'"),
        ('[{"start": "yesterday"}]', "ValueError"),
        ('[{"start": "2026-03-02T14:00:00Z", "affected": [{"service": "web"}]}]', "KeyError: 'subject_id'"),
    ],
)
def test_a_broken_prediction_file_says_what_is_wrong(tmp_path, text, reason):
    path = tmp_path / "p.json"
    path.write_text(text)
    with pytest.raises(ContractError, match=reason):
        load_predictions(path)


def test_the_document_is_json():
    assert json.loads(json.dumps(scores(NEAR_CELL, AGAIN, AT_WORK)))["incidents"]["predicted"] == 3
