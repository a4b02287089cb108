"""KQIs of one's own through the whole route; and a score of the past is explained by the catalogue of its time."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cemcore import Cem
from cemcore.application.evaluate import folder_settings
from cemcore.catalogue import Catalogue
from cemcore.settings import Settings, shipped
from tests.route.whole.conftest import ends

OWN = """
[counters.bytes_down]
unit = "bytes"

[kqis.dns_ms]
unit = "ms"
better = "lower"
habit = "log"
material = 0.3
low = 0
high = 60000

[kqis.goodput_mbps]
unit = "Mbit/s"
better = "higher"
habit = "log"
material = 0.3
low = 0
high = 100000
formula = 'convert(bytes_down / quantity(900, "s"), "Mbit/s")'
"""
NAMES = """
[services.web.indicators.names]
kqi = "dns_ms"
weight = 0.3
utility = { shape = "linear", good = 20, bad = 220 }

[services.web.indicators.goodput]
kqi = "goodput_mbps"
weight = 0.1
utility = { shape = "linear", good = 2.0, bad = 0.0 }
"""


def changed(text: str) -> str:
    """The shipped catalogue with two KQIs of one's own, which web is judged by besides."""
    for old, new in (
        ('version = "2026.1"', 'version = "2026.2"'),
        ("[moments]", OWN + "\n[moments]"),
        ('"setup_success_ratio", "startup_s"]\n\n[services.web.', '"setup_success_ratio", "startup_s", "dns_ms", '
         '"goodput_mbps"]\n\n[services.web.'),
        ("weight = 0.6\noptions = { fastest_s", "weight = 0.2\noptions = { fastest_s"),
        ("[services.gaming]", NAMES.lstrip() + "\n[services.gaming]"),
    ):  # fmt: skip
        assert text.count(old) >= 1, old
        text = text.replace(old, new, 1)
    return text


@pytest.fixture(scope="module")
def folder(operator: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The operator's folder, whose quality records say more: dns_ms 70 everywhere, bytes_down for 1 Mbit/s."""
    out = Path(shutil.copytree(operator, tmp_path_factory.mktemp("own") / "operator"))
    for file in sorted((out / "quality").rglob("*.parquet")):
        table = pq.read_table(file, partitioning=None)
        n = table.num_rows
        dns = np.full(n, 70.0)
        dns[0] = -1.0
        bytes_down = np.full(n, 1e6 / 8 * 900)
        more = table.append_column("dns_ms", pa.array(dns)).append_column("bytes_down", pa.array(bytes_down))
        pq.write_table(more.append_column("nobody_asked", pa.array(dns)), file)
    return out


@pytest.fixture(scope="module")
def settings(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    state = tmp_path_factory.mktemp("state")
    catalogue = state / "services.toml"
    catalogue.write_text(changed(shipped("services.toml").read_text()), encoding="utf-8")
    told = folder_settings(folder, state)
    return told.model_copy(update={"assess": told.assess.model_copy(update={"catalogue": str(catalogue)})})


@pytest.fixture(scope="module")
def hours(folder: Path) -> list[datetime]:
    start = ends(folder) - timedelta(days=6)
    return [start + timedelta(hours=h) for h in (0, 7, 9)]


@pytest.fixture(scope="module")
def before(settings: Settings, folder: Path, hours: list[datetime]) -> pd.DataFrame:
    """The scores of web of the first hours."""
    with Cem.open(settings, clock=lambda: ends(folder)) as cem:
        cem.collect()
        cem.assess(until=hours[1])
        return cem.scores(hours[0], hours[1], service="web")


@pytest.fixture
def cem(settings: Settings, folder: Path, before: pd.DataFrame) -> Iterator[Cem]:
    with Cem.open(settings, clock=lambda: ends(folder)) as opened:
        yield opened


def points(lines: list[str], kqi: str) -> float:
    (line,) = [x for x in lines if x.startswith(kqi)]
    found = re.search(r"cost ([\d.]+) points", line)
    assert found
    return float(found[1])


def test_a_kqi_of_ones_own_and_one_by_formula_are_scored(before: pd.DataFrame) -> None:
    said = before[before["cost_dns_ms"].notna() & (before["coverage"] == 1)]
    assert len(said) > 50
    assert said["cost_dns_ms"].min() == pytest.approx(0.3 * 25, abs=0.01)
    assert said["cost_goodput_mbps"].min() == pytest.approx(0.1 * 50, abs=0.01)
    costs = before[[c for c in before if c.startswith("cost_")]].sum(axis=1)
    known = before["score"].notna()
    assert np.allclose((before["score"] + costs)[known], 100, atol=0.01)


def test_a_value_beyond_the_bounds_of_ones_own_kqi_is_quarantined_with_its_reason(cem: Cem) -> None:
    house = cem.house
    refused = house.archive.read(house.ledger.files("quarantine"))
    assert (refused["reason"] == "dns_ms is below 0 ms").any()


def test_a_column_that_nobody_asked_for_is_left_out(cem: Cem) -> None:
    house = cem.house
    kept = house.archive.read(house.ledger.files("quality")[:1])
    assert {"dns_ms", "bytes_down"} <= set(kept)
    assert "nobody_asked" not in kept


def test_every_score_says_its_catalogue_and_profile_version(before: pd.DataFrame, cem: Cem) -> None:
    assert before["catalogue"].str.match(r"2026\.2\+[0-9a-f]{12}$").all()
    assert set(before["profile_version"]) == {"2026.1"}
    assert before["sessions"].notna().all()
    kept = cem.house.archive.read(cem.house.ledger.files("catalogues"))
    assert kept["stamp"].tolist() == [before["catalogue"].iloc[0]]
    assert Catalogue.parse(kept["text"].iloc[0], "kept").kqis == cem.house.catalogue.kqis


def test_an_old_score_is_explained_by_the_catalogue_of_its_time(
    settings: Settings, folder: Path, before: pd.DataFrame, hours: list[datetime]
) -> None:
    old = before[(before["cost_dns_ms"] > 1) & before["score"].notna()].iloc[0]
    catalogue = Path(settings.assess.catalogue)
    text = catalogue.read_text(encoding="utf-8")
    with Cem.open(settings, clock=lambda: ends(folder)) as cem:
        then = cem.explain(old["subject_id"], "web", old["slot"])
    newer = text.replace('version = "2026.2"', 'version = "2026.3"', 1).replace(
        "good = 20, bad = 220", "good = 60, bad = 260"
    )
    catalogue.write_text(newer, encoding="utf-8")
    try:
        with Cem.open(settings, clock=lambda: ends(folder)) as cem:
            cem.assess(until=hours[2])
            now = cem.explain(old["subject_id"], "web", old["slot"])
            rows = cem.scores(hours[1], hours[2], service="web")
            fresh = rows[(rows["cost_dns_ms"] > 0.01) & (rows["catalogue"] != old["catalogue"])].iloc[0]
            later = cem.explain(fresh["subject_id"], "web", fresh["slot"])
    finally:
        catalogue.write_text(text, encoding="utf-8")
    assert points(now, "dns_ms") == points(then, "dns_ms") == pytest.approx(float(old["cost_dns_ms"]), abs=0.051)
    assert any(f"scored by catalogue {old['catalogue']}, " in line and "web_g1030 0.1.0" in line for line in now)
    assert any(line.startswith("today's catalogue is 2026.3+") for line in now)
    assert not any("today's catalogue" in line for line in then)
    assert points(later, "dns_ms") == pytest.approx(float(fresh["cost_dns_ms"]), abs=0.051)
    assert float(fresh["cost_dns_ms"]) < float(old["cost_dns_ms"])


def test_a_kqi_may_be_added_to_what_runs(
    folder: Path, tmp_path: Path, hours: list[datetime], caplog: pytest.LogCaptureFixture
) -> None:
    first, last = hours[0] + timedelta(hours=4), hours[0] + timedelta(hours=6)
    told, catalogue = folder_settings(folder, tmp_path / "state"), tmp_path / "services.toml"
    storage = told.storage.model_copy(update={"commit_slots": 8, "snapshot_slots": 8})
    assess = told.assess.model_copy(update={"catalogue": str(catalogue)})
    settings = told.model_copy(update={"assess": assess, "storage": storage})

    catalogue.write_text(shipped("services.toml").read_text(), encoding="utf-8")
    with Cem.open(settings, clock=lambda: ends(folder)) as cem:
        cem.collect()
        cem.assess(until=first)
        assert cem.house.ledger.snapshot() is not None
        assert "cost_dns_ms" not in cem.scores(hours[0], first)
    catalogue.write_text(changed(catalogue.read_text(encoding="utf-8")), encoding="utf-8")
    with Cem.open(settings, clock=lambda: ends(folder)) as cem:
        cem.assess(until=last)
        whole = cem.scores(hours[0], last)
        rolled = cem.rollup("service", hours[0], last)
    assert "was made for other services or KQIs" in " ".join(str(r.__dict__.get("reason")) for r in caplog.records)
    assert [c.partition("+")[0] for c in whole["catalogue"].unique()] == ["2026.1", "2026.2"]
    assert whole.groupby("catalogue")["score"].count().min() > 100
    assert rolled["rows"].sum() == len(whole)
