"""Scores of an operator's real-format data: sane on good days, and near zero where nothing worked."""

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cemcore.domain import Feed
from cemcore.frames import conform
from cemcore.pipeline import scoring

SHARED = Path(os.environ.get("CEM_SHARED", Path(__file__).parents[4] / "shared"))
WORLD = SHARED / "worlds" / "small1.zip"
pytestmark = pytest.mark.skipif(not WORLD.exists(), reason="no operator folder (set CEM_SHARED)")


@pytest.fixture(scope="module")
def scored(ground):
    with zipfile.ZipFile(WORLD) as z:
        names = sorted(n for n in z.namelist() if "/quality/" in n and n.endswith(".parquet"))
        frame = pd.concat([pd.read_parquet(io.BytesIO(z.read(n))) for n in names], ignore_index=True)
        where = next(n for n in z.namelist() if n.endswith("inventory/subjects.csv"))
        subjects = pd.read_csv(io.BytesIO(z.read(where)))
    frame, _ = conform(Feed.QUALITY, frame.rename(columns={"ts": "slot"}))
    subject = pd.Index(subjects["subject_id"]).get_indexer(frame["subject_id"])
    records = frame[list(ground.catalogue.kqis)].to_numpy(np.float32)
    blank = ground.rows(*[("voice", 0, {})])
    n = len(frame)
    rows = type(blank)(
        slot=np.zeros(n, np.int64),
        subject=subject.astype(np.int32),
        service=pd.Index(ground.catalogue.services).get_indexer(frame["service"]).astype(np.int32),
        resource=np.zeros(n, np.int32),
        kqis=records,
        sessions=np.ones(n, np.float32),
        attributes=np.full((n, blank.attributes.shape[1]), -1, np.int32),
        recorded=np.zeros(n, np.int64),
    )
    people = ground.people(tuple((subjects["subject_class"] == "thing").astype(int)))
    got = scoring.score(rows, ground.catalogue, ground.models, people)
    return frame.assign(score=got.score, coverage=got.coverage, below=got.below, requirement=got.requirement)


def test_every_row_gets_a_score_in_bounds(scored):
    assert scored["score"].notna().all()
    assert scored["score"].between(-1e-3, 100).all()
    assert (scored["coverage"] == 1).mean() > 0.999


def test_most_rows_are_well_above_their_requirement(scored):
    for service, rows in scored.groupby("service"):
        assert rows["score"].median() > rows["requirement"].median() + 8, service
        assert rows["below"].mean() < 0.05, service


def test_where_nothing_could_be_set_up_the_score_is_zero(scored):
    quality = ["latency_ms", "jitter_ms", "throughput_mbps", "stall_ratio", "startup_s", "mos"]
    failed = (scored["setup_success_ratio"] == 0) | (scored["delivery_ratio"] == 0)
    outage = scored[failed & scored[quality].isna().all(axis=1)]
    assert len(outage) > 0
    assert (outage["score"] < 1).all()
