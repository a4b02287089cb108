from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from cemcore.errors import ConfigError
from cemcore.pipeline import scoring

CLEAN = {"latency_ms": 60, "jitter_ms": 1, "loss_pct": 0, "mos": 4.5, "setup_success_ratio": 1}
PERFECT = {"latency_ms": 0, "jitter_ms": 0, "loss_pct": 0, "mos": 5, "setup_success_ratio": 1}


def costs(ground, service, values, subject=0):
    got = ground.score((service, subject, values))
    return {k: float(v) for k, v in zip(ground.catalogue.kqis, got.contributors[0], strict=True) if not np.isnan(v)}


@pytest.mark.parametrize(("kqi", "value"), [("latency_ms", 500), ("loss_pct", 12), ("jitter_ms", 60), ("mos", 2.0)])
def test_a_single_bad_kqi_of_a_call_carries_the_blame(ground, kqi, value):
    bad, ceiling = costs(ground, "voice", PERFECT | {kqi: value}), costs(ground, "voice", PERFECT)
    for other in CLEAN:
        if other != kqi:
            assert bad[other] == pytest.approx(ceiling[other], abs=1e-3)
    assert bad[kqi] > 10


def test_what_the_codec_costs_is_shared_evenly(ground):
    got = costs(ground, "voice", PERFECT)
    assert got["latency_ms"] == got["jitter_ms"] == got["loss_pct"] == got["mos"]
    assert got["setup_success_ratio"] == 0


def test_two_faults_share_the_blame_by_their_weight(ground):
    got = costs(ground, "voice", CLEAN | {"latency_ms": 300, "loss_pct": 1})
    alone_latency = costs(ground, "voice", CLEAN | {"latency_ms": 300})["latency_ms"]
    alone_loss = costs(ground, "voice", CLEAN | {"loss_pct": 1})["loss_pct"]
    assert (got["latency_ms"] > got["loss_pct"]) == (alone_latency > alone_loss)
    assert min(got["latency_ms"], got["loss_pct"]) > 5


def test_what_the_cap_takes_is_charged_to_what_was_useless(ground):
    values = {"latency_ms": 20, "jitter_ms": 1, "loss_pct": 0, "setup_success_ratio": 0.55}
    mild = costs(ground, "gaming", values | {"setup_success_ratio": 1})
    got = costs(ground, "gaming", values)
    assert got["setup_success_ratio"] == pytest.approx(60 - sum(mild.values()), abs=1e-3)
    assert got["latency_ms"] == pytest.approx(mild["latency_ms"], abs=1e-3)


def test_a_kqi_that_is_reported_but_not_judged_costs_nothing(ground):
    assert costs(ground, "web", {"latency_ms": 900, "startup_s": 0.5, "setup_success_ratio": 1})["latency_ms"] == 0


def test_a_row_explains_itself_dearest_first(ground):
    rows = ground.rows(("voice", 0, {"latency_ms": 420, "loss_pct": 2, "setup_success_ratio": 0.75}))
    scored = scoring.score(rows, ground.catalogue, ground.models, ground.people())
    lines = scoring.explain_row(rows, scored, ground.catalogue, 0)
    points = {k: scored.contributors[0, ground.catalogue.kqis.index(k)] for k in CLEAN}
    assert lines[0].startswith(
        f"voice: {scored.score[0]:.1f} of 100 from 100 % of the indicators; 73 required (voice/user"
    )
    assert f"latency_ms 420 ms cost {points['latency_ms']:.1f} points (call_quality: voice_g107)" in lines
    assert f"setup_success_ratio 0.75 cost {points['setup_success_ratio']:.1f} points (accessibility)" in lines
    assert "jitter_ms was not reported" in lines
    named = [float(line.split(" cost ")[1].split()[0]) for line in lines if " cost " in line]
    assert named == sorted(named, reverse=True)
    assert sum(named) == pytest.approx(100 - scored.score[0], abs=0.3)


def test_the_explanation_in_the_documentation_is_a_real_one(ground):
    page = (Path(ground.catalogue.file).parents[1] / "docs" / "services.md").read_text(encoding="utf-8")
    told = next(block for block in page.split("```") if block.startswith("\nvoice:")).strip().splitlines()
    rows = ground.rows(("voice", 0, {"latency_ms": 420, "loss_pct": 2, "setup_success_ratio": 0.75}))
    scored = scoring.score(rows, ground.catalogue, ground.models, ground.people())
    lines = scoring.explain_row(rows, scored, ground.catalogue, 0)
    assert lines[0].startswith(told[0].split(" ...")[0])
    assert list(lines[1:]) == told[1:]


def test_what_a_codec_never_reaches_is_said_to_be_that(ground):
    rows = ground.rows(("voice", 0, PERFECT))
    scored = scoring.score(rows, ground.catalogue, ground.models, ground.people())
    lines = scoring.explain_row(rows, scored, ground.catalogue, 0)
    assert all("even the best does not reach" in line for line in lines[1:])


def test_unknown_things_are_said_to_be_unknown(ground):
    rows = ground.rows(("voice", 0, {}), ("fax", 0, {}))
    scored = scoring.score(rows, ground.catalogue, ground.models, ground.people())
    assert scoring.explain_row(rows, scored, ground.catalogue, 0)[0].startswith("voice: score unknown")
    assert scoring.explain_row(rows, scored, ground.catalogue, 1) == ("unknown service: no score",)


def test_the_shipped_models_pass_the_check(ground):
    scoring.check(ground.catalogue, ground.models)


def test_a_missing_model_is_named(ground):
    models = {k: m for k, m in ground.models.items() if k != "web/page_time"}
    with pytest.raises(ConfigError, match=r"services\.web\.indicators\.page_time: no model was built"):
        scoring.check(ground.catalogue, models)


def test_a_model_on_a_service_that_lacks_its_kqis_is_named(ground):
    models = ground.models | {"web/page_time": ground.models["voice/call_quality"]}
    with pytest.raises(ConfigError, match=r"looks at jitter_ms, which its service lacks"):
        scoring.check(ground.catalogue, models)


def test_good_and_bad_the_wrong_way_round_is_named(ground):
    upside_down = SimpleNamespace(kqis=("startup_s",), score=lambda kqis: np.clip(kqis["startup_s"], 0, 100))
    with pytest.raises(
        ConfigError, match=r"page_time: its score rises while startup_s gets worse, but lower is better"
    ):
        scoring.check(ground.catalogue, ground.models | {"web/page_time": upside_down})
