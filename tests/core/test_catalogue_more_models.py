"""The models of the documentation can be used as it says: the shipped catalogue stays as it is, services come after."""

import tomllib
from pathlib import Path

import numpy as np
import pytest

from cemcore import plugins
from cemcore.catalogue import Catalogue
from cemcore.errors import ConfigError
from cemcore.panel import Population, QualityRows
from cemcore.pipeline import scoring

ROOT = Path(__file__).parents[2]
FILE = ROOT / "config" / "services.toml"
PAGE = (ROOT / "docs" / "services.md").read_text(encoding="utf-8")
EXAMPLE = next(e for e in (p.split("```")[0] for p in PAGE.split("```toml\n")[1:]) if "video_p1203_derived" in e)
SHIPPED = Catalogue.load(FILE)


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    named = tomllib.loads(EXAMPLE)["services"]
    profiled = {p["service"] for p in tomllib.loads(EXAMPLE)["profiles"]}
    profile = '[[profiles]]\nservice = "{}"\nkind = "user"\nrequirement = 60\nversion = "1"\nsource = "test"\n'
    rest = "".join(profile.format(s) for s in named if s not in profiled)
    file = tmp_path_factory.mktemp("config") / "services.toml"
    file.write_text("\n".join([FILE.read_text(encoding="utf-8"), EXAMPLE, rest]), encoding="utf-8")
    return Catalogue.load(file)


@pytest.fixture(scope="module")
def models(catalogue):
    return {r.key: plugins.build("experience_models", r.plugin, r.options) for r in catalogue.models}


def test_codes_of_the_shipped_services_and_kqis_stay(catalogue):
    assert catalogue.services[: len(SHIPPED.services)] == SHIPPED.services
    assert catalogue.kqis[: len(SHIPPED.kqis)] == SHIPPED.kqis


def test_the_models_fit_their_services(catalogue, models):
    scoring.check(catalogue, models)


def test_every_model_of_ours_stands_in_the_table():
    for name in plugins.names("experience_models"):
        if plugins.load("experience_models", name).__module__.startswith("models."):
            assert f"`{name}`" in PAGE, f"docs/services.md does not know {name}"


def test_good_records_score_well_bad_ones_badly_and_points_add_up(catalogue, models):
    good = {"latency_ms": 5, "jitter_ms": 1, "loss_pct": 0, "throughput_mbps": 20, "stall_ratio": 0, "startup_s": 0.2}
    bad = {
        "latency_ms": 9000,
        "jitter_ms": 90,
        "loss_pct": 20,
        "throughput_mbps": 0.3,
        "stall_ratio": 0.4,
        "startup_s": 20,
    }
    more = ({"delivery_ratio": 1, "availability_ratio": 1}, {"delivery_ratio": 0.5, "availability_ratio": 0.9})
    services = [catalogue.services.index(s) for s in tomllib.loads(EXAMPLE)["services"]]
    n = len(services)
    kqis = np.full((2 * n, len(catalogue.kqis)), np.nan, np.float32)
    for half, values in enumerate((good | more[0], bad | more[1])):
        for name, value in {**values, "bitrate_kbps": 1000 * values["throughput_mbps"]}.items():
            kqis[half * n : (half + 1) * n, catalogue.kqis.index(name)] = value
    zero = np.zeros(2 * n, np.int32)
    rows = QualityRows(
        zero.astype(np.int64), zero, np.array(services * 2, np.int32), zero, kqis, np.ones(2 * n, np.float32),
        np.full((2 * n, 5), -1, np.int32), zero.astype(np.int64),
    )  # fmt: skip
    one = np.zeros(1, np.int32)
    table = np.full((1, len(catalogue.services)), -1, np.int32)
    population = Population(one.astype(np.int8), one, one, one, np.zeros((1, 0), np.int32), (), table, table, one)
    got = scoring.score(rows, catalogue, models, population)
    assert (got.score[:n] > 75).all(), dict(zip(services, got.score[:n], strict=True))
    assert (got.score[n:] < 30).all(), dict(zip(services, got.score[n:], strict=True))
    assert got.score + np.nansum(got.contributors, axis=1) == pytest.approx(100, abs=1e-3)


def one_service(tmp_path, kqis, model, options):
    """The shipped catalogue with one more service: `kqis` are its own KQIs as (name, unit, better, low, high)."""
    text = FILE.read_text(encoding="utf-8")
    for name, unit, better, low, high in kqis:
        text += f'[kqis.{name}]\nunit = "{unit}"\nbetter = "{better}"\nmaterial = 1.0\nlow = {low}\nhigh = {high}\n'
    names = [k[0] for k in kqis] + ["latency_ms", "loss_pct", "stall_ratio", "startup_s"]
    text += f"[services.more]\nkqis = {names}\n[services.more.indicators.x]\n"
    text += f'model = "{model}"\nweight = 1.0\noptions = {options}\n'
    text += '[[profiles]]\nservice = "more"\nkind = "user"\nrequirement = 60\nversion = "1"\nsource = "test"\n'
    file = tmp_path / "services.toml"
    file.write_text(text, encoding="utf-8")
    catalogue = Catalogue.load(file)
    return catalogue, {r.key: plugins.build("experience_models", r.plugin, r.options) for r in catalogue.models}


def test_a_kqi_in_another_unit_is_refused_with_the_reason(tmp_path):
    renamed = one_service(tmp_path, [("rtt_s", "s", "lower", 0, 60)], "rtc_shortcut", '{ inputs = { rtt = "rtt_s" } }')
    with pytest.raises(ConfigError, match="takes rtt_s in ms, and the catalogue has it in s"):
        scoring.check(*renamed)


def test_a_model_may_say_that_it_is_not_monotone_in_a_kqi(tmp_path):
    kqis = [
        ("bitrate_kbps", "kbit/s", "higher", 0, 200_000),
        ("video_height", "1", "higher", 90, 4_320),
        ("fps", "1/s", "higher", 1, 120),
    ]
    inputs = '{ inputs = { height = "video_height", fps = "fps" } }'
    scoring.check(*one_service(tmp_path, kqis, "video_p1203_derived", inputs))


def test_the_wrong_way_round_is_still_refused(tmp_path):
    kqis = [("rtt_ms", "ms", "higher", 0, 60_000)]
    with pytest.raises(ConfigError, match="higher is better"):
        scoring.check(*one_service(tmp_path, kqis, "rtc_shortcut", '{ inputs = { rtt = "rtt_ms" } }'))


def test_the_page_names_every_quantity_with_the_models_that_can_be_told():
    lines = [line for line in PAGE.split("quantities for `inputs`")[1].split("\n\n")[0].splitlines() if "`" in line]
    for name in plugins.names("experience_models"):
        quantities = getattr(plugins.load("experience_models", name), "QUANTITIES", {})
        if quantities:
            (line,) = [row for row in lines if f"`{name}`" in row.split("|")[1]]
            assert [q for q in quantities if f"`{q}`" not in line.split("|")[2]] == [], name
