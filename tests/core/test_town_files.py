"""A written town is complete, in the promised formats, and the same for the same seed."""

import csv
import gzip
import hashlib
import json
import re
from collections import Counter
from datetime import date, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from lxml import etree

from cemcore.errors import ConfigError
from cemcore.town import Town

DAYS = 3
NS = {"m": "http://www.3gpp.org/ftp/specs/archive/32_series/32.435#measCollec"}


@pytest.fixture(scope="module")
def town(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("town")
    Town(5, "tiny", DAYS).write(folder)
    return folder


def digests(folder: Path) -> dict[str, str]:
    files = (p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(town, tmp_path):
    Town(5, "tiny", DAYS).write(tmp_path / "again")
    Town(6, "tiny", DAYS).write(tmp_path / "other")
    assert digests(tmp_path / "again") == digests(town)
    assert digests(tmp_path / "other").values() != digests(town).values()


def test_every_part_of_the_layout_is_there(town):
    names = Counter(re.sub(r"\d{4}-\d{2}-\d{2}", "DAY", n) for n in digests(town))
    for form in ("csv", "json"):
        for name in ("resources", "connections", "subjects", "services", "customers"):
            assert names[f"inventory/{name}.{form}"] == 1
    assert names["quality/date=DAY/part-0.parquet"] == DAYS
    for name in ("links", "microwave", "nf"):
        assert names[f"kpi/{name}_DAY.csv"] == DAYS
    single = ["alarms/alarms.jsonl", "planned_work.json", "truth.json", "operator.json", "README.md"]
    single += [f"feedback/{n}.csv" for n in ("nps", "churn", "contacts", "billing")]
    single += ["kpi/sample_openmetrics.txt", "quality_sample/quality_DAY.csv.gz", "quality_sample/quality_DAY.jsonl.gz"]
    assert all(names[n] == 1 for n in single)
    assert not [n for n in names if n.endswith(".tmp")]


def test_quality_records_refer_to_the_inventory(town):
    subjects = {r["subject_id"] for r in rows(town / "inventory/subjects.csv")}
    resources = {r["id"] for r in rows(town / "inventory/resources.csv")}
    services = {(r["subject_id"], r["service"]) for r in rows(town / "inventory/services.csv")}
    for file in (town / "quality").rglob("*.parquet"):
        table = pq.read_table(file).to_pandas()
        assert set(table.subject_id) <= subjects
        assert set(table.serving_resource) <= resources
        assert set(zip(table.subject_id, table.service, strict=True)) <= services
        assert (table.received_ts > table.ts).mean() > 0.99
        late = table.received_ts - table.ts
        assert 0.002 < (late > "20min").mean() < 0.03


def test_services_stand_on_gateways_and_endpoints_of_the_inventory(town):
    kinds = {r["id"]: r["type"] for r in rows(town / "inventory/resources.csv")}
    for s in rows(town / "inventory/services.csv"):
        assert kinds[s["gateway_id"]] in ("upf", "bng")
        assert not s["endpoint_id"] or kinds[s["endpoint_id"]]


def test_connections_join_resources_and_cells_reach_the_core(town):
    ids = {r["id"] for r in rows(town / "inventory/resources.csv")}
    up: dict[str, set[str]] = {}
    for c in rows(town / "inventory/connections.csv"):
        assert {c["from_id"], c["to_id"]} | ({c["via"]} - {""}) <= ids
        up.setdefault(c["from_id"], set()).add(c["to_id"])
    for cell in (i for i in ids if i.startswith(("NRC", "LTC", "PON", "CPE"))):
        seen, front = {cell}, [cell]
        while front:
            new = up.get(front.pop(), set()) - seen
            seen |= new
            front += new
        assert any(s.startswith("CR-") for s in seen)


def test_pm_files_are_well_formed_and_join_the_inventory(town):
    dns = {r["dn"] for r in rows(town / "inventory/resources.csv") if r["type"] in ("nr_cell", "lte_cell")}
    layouts, bad = Counter(), 0
    files = sorted((town / "pm").rglob("*.xml.gz"))
    assert len(files) > 100
    for file in files:
        try:
            root = etree.fromstring(gzip.decompress(file.read_bytes()))
        except (EOFError, etree.XMLSyntaxError):
            bad += 1
            continue
        prefix = root.find("m:fileHeader", NS).get("dnPrefix")
        for element in root.iterfind("m:measData", NS):
            local = element.find("m:managedElement", NS).get("localDn")
            for info in element.iterfind("m:measInfo", NS):
                layouts["positions" if info.find("m:measTypes", NS) is not None else "indexed"] += 1
                for value in info.iterfind("m:measValue", NS):
                    assert joined(local, value.get("measObjLdn")) in dns, (prefix, local)
                    assert len(numbers(value)) == len(types(info))
    assert set(layouts) == {"positions", "indexed"}
    assert bad <= 0.02 * len(files)


def joined(local: str, ldn: str) -> str:
    """The inventory's name of a measured object: a gNB's CU-side cell is the DU-side one (TS 28.552)."""
    tail = ldn.split(",", 1)[1] if ldn.startswith("ManagedElement=") else ldn
    tail = re.sub(r"GNBCU[CU]PFunction", "GNBDUFunction", tail).replace("NRCellCU", "NRCellDU")
    return f"{local},{tail}"


def numbers(value) -> list[str]:
    results = value.find("m:measResults", NS)
    return results.text.split() if results is not None else [r.text for r in value.iterfind("m:r", NS)]


def types(info) -> list[str]:
    names = info.find("m:measTypes", NS)
    return names.text.split() if names is not None else [t.text for t in info.iterfind("m:measType", NS)]


def test_alarms_come_in_order_and_are_cleared_after_they_were_raised(town):
    ids = {r["id"] for r in rows(town / "inventory/resources.csv")}
    state: dict[str, str] = {}
    before = ""
    for line in (town / "alarms/alarms.jsonl").read_text().splitlines():
        alarm = json.loads(line)
        assert alarm["alarmedObject"]["id"] in ids
        assert alarm["alarmChangedTime"] >= before
        before = alarm["alarmChangedTime"]
        assert state.get(alarm["id"]) == (None if alarm["state"] == "raised" else "raised")
        state[alarm["id"]] = alarm["state"]
    assert Counter(state.values())["cleared"] > 0.8 * len(state)


def test_indicators_name_resources_and_have_a_row_for_most_slots(town):
    ids = {r["id"] for r in rows(town / "inventory/resources.csv")}
    for file in (town / "kpi").glob("*.csv"):
        table = rows(file)
        assert {r["resource_id"] for r in table} <= ids
        assert len({r["ts"] for r in table}) in (92, 96, 100)


def test_works_past_have_actual_times_and_coming_ones_have_none(town):
    end = json.loads((town / "operator.json").read_text())["end"]
    works = json.loads((town / "planned_work.json").read_text())
    assert works
    for work in works:
        assert ("actualEndTime" in work) == (work["status"] == "completed")
        assert datetime.fromisoformat(work["requestDate"]) <= datetime.fromisoformat(end)
        if work["plannedStartTime"] > end:
            assert work["status"] == "acknowledged"


@pytest.mark.parametrize(("first", "slots"), [(date(2026, 3, 29), 92), (date(2026, 10, 25), 100)])
def test_the_days_on_which_clocks_change_are_whole(tmp_path, first, slots):
    town = Town(2, "tiny", 1, first=first)
    town.write(tmp_path)
    assert json.loads((tmp_path / "operator.json").read_text())["timezone"] == "Europe/Lisbon"
    assert len({r["ts"] for r in rows(next((tmp_path / "kpi").glob("links_*.csv")))}) == slots
    assert slots - 3 <= len(list((tmp_path / "pm").rglob("B*.xml.gz"))) <= slots


def test_an_unknown_size_is_refused():
    with pytest.raises(ConfigError, match="huge"):
        Town(1, "huge")
