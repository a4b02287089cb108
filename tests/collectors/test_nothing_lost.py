"""Whatever happens to a delivery: no crash, and every record is kept, refused with a reason, or counted."""

import gzip
import io
import json

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.alarms import AlarmFiles
from collectors.inventory import InventoryFiles
from collectors.kpi import KpiFiles
from collectors.pm_xml import PmXml
from collectors.quality import QualityFiles
from collectors.work import WorkFiles

T = "2026-01-01T00:{:02d}:00Z"
QUALITY = [{"slot": T.format(i), "subject_id": f"s{i}", "service": "web", "latency_ms": i * 1.5} for i in range(12)]
ALARMS = [
    {
        "id": f"A{i}",
        "alarmedObject": {"id": f"R{i}"},
        "state": "raised",
        "perceivedSeverity": "major",
        "alarmRaisedTime": T.format(i),
        "alarmChangedTime": T.format(i),
    }
    for i in range(12)
]
WORK = [
    {
        "id": f"C{i}",
        "status": "scheduled",
        "requestDate": T.format(i),
        "plannedStartTime": T.format(i),
        "plannedEndTime": T.format(i + 1),
        "targetEntity": [{"id": "R"}],
    }
    for i in range(8)
]
RESOURCES = [
    {"id": f"R{i}", "category": "x", "resourceCharacteristic": [{"name": "region", "value": "N"}]} for i in range(8)
]
KPI = "ts,resource_id,cpu,mem\n" + "".join(f"{T.format(i)},R{i},{i},{i}.5\n" for i in range(12))
PM = (
    '<?xml version="1.0"?><measCollecFile xmlns="u"><fileHeader/><measData><managedElement localDn="ME=1"/><measInfo>'
    '<granPeriod duration="PT900S" endTime="2026-01-01T00:15:00Z"/><measTypes>a b c</measTypes>'
    + "".join(f'<measValue measObjLdn="C={i}"><measResults>{i} 2 NULL</measResults></measValue>' for i in range(12))
    + "</measInfo></measData><fileFooter/></measCollecFile>"
)


def lines(records):
    return "".join(json.dumps(r) + "\n" for r in records)


def parquet(records):
    out = io.BytesIO()
    pd.DataFrame(records).to_parquet(out)
    return out.getvalue()


CASES = {
    "quality.csv": (QualityFiles, {}, pd.DataFrame(QUALITY).to_csv(index=False)),
    "quality.jsonl": (QualityFiles, {}, lines(QUALITY)),
    "quality.json": (QualityFiles, {}, json.dumps(QUALITY)),
    "quality.parquet": (QualityFiles, {}, parquet(QUALITY)),
    "alarms.jsonl": (AlarmFiles, {}, lines(ALARMS)),
    "alarms.json": (AlarmFiles, {"arrival": {"column": "alarmChangedTime"}}, json.dumps(ALARMS)),
    "work.json": (WorkFiles, {"arrival": {"column": "requestDate"}}, json.dumps(WORK)),
    "resources.json": (InventoryFiles, {"feed": "resources"}, json.dumps(RESOURCES)),
    "kpi.csv": (KpiFiles, {}, KPI),
    "pm.xml": (PmXml, {}, PM),
}
harmless = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def damaged(data, raw):
    """`raw` cut, with bytes changed, or with bytes put in."""
    out = bytearray(raw)
    for _ in range(data.draw(st.integers(1, 3))):
        kind = data.draw(st.sampled_from(["cut", "change", "insert", "repeat"]))
        at = data.draw(st.integers(0, max(0, len(out) - 1)))
        if kind == "cut":
            del out[at:]
        elif kind == "change" and out:
            out[at] = data.draw(st.sampled_from(list(b'\0\xff"{}[],\n<>&;x9-')))
        elif kind == "insert":
            out[at:at] = data.draw(st.sampled_from([b"\n", b'"', b"\0", b"\xff", b"1e999", b",", b"null", b"<a>"]))
        else:
            out[at:at] = out[max(0, at - 80) : at]
    return bytes(out)


@pytest.mark.parametrize("name", list(CASES))
@harmless
@given(data=st.data())
def test_a_damaged_file_never_crashes_and_its_records_balance(drop, balance, name, data):
    cls, options, text = CASES[name]
    raw = text if isinstance(text, bytes) else text.encode()
    content = drop.read(cls, damaged(data, raw), name, **options)
    balance(content)
    assert content.quarantine["reason"].ne("").all()
    assert not content.quarantine.isna().any(axis=None)


@pytest.mark.parametrize("name", [n for n in CASES if not n.endswith("parquet")])
@harmless
@given(data=st.data())
def test_a_damaged_gzip_of_it_does_not_crash_either(drop, balance, name, data):
    cls, options, text = CASES[name]
    packed = gzip.compress(text.encode(), mtime=0)
    content = drop.read(cls, damaged(data, packed), name + ".gz", **options)
    balance(content)


@pytest.mark.parametrize("name", list(CASES))
def test_whole_it_gives_all_it_holds(drop, balance, name):
    cls, options, text = CASES[name]
    content = drop.read(cls, text, name, **options)
    assert content.quarantine.empty
    assert len(content.frame) >= 8
    balance(content)


@pytest.mark.parametrize("name", ["quality.jsonl", "alarms.jsonl"])
@pytest.mark.parametrize("at", range(0, 12, 3))
def test_a_line_between_others_costs_only_itself(drop, name, at):
    cls, options, text = CASES[name]
    rows = text.splitlines(keepends=True)
    rows[at] = rows[at][: len(rows[at]) // 2] + "\n"
    content = drop.read(cls, "".join(rows), name, **options)
    assert (len(content.frame), len(content.quarantine)) == (11, 1)
    assert content.quarantine["position"].tolist() == [f"line {at + 1}"]
