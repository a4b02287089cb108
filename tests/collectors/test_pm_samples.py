"""Performance files of real systems and of the standards' community, against values read from them by hand."""

import gzip

import pandas as pd
import pytest

from cemcore.domain import Feed
from cemcore.frames import conform
from collectors.pm_xml import PmXml

ONAP = "DC=a1.companyNN.com,SubNetwork=1,IRPAgent=1,SubNetwork=CountryNN,MeContext=MEC-Gbg-1,ManagedElement=RNC-Gbg-1"
ERICSSON = "SubNetwork=G3,ManagedElement=seliitdus00487"
KEYSIGHT = "DC=Keysight.com,SubNetwork=Morrisville,ManagedElement=GNB-1"


@pytest.fixture
def read(samples, window):
    def one(pattern, **options):
        (batch,) = PmXml("pm", str(samples), pattern, **options).collect(window)
        content = batch.read()
        again, refused = conform(Feed.MEASUREMENTS, content.frame)
        pd.testing.assert_frame_equal(again, content.frame)
        assert refused.empty
        return content

    return one


def value(content, object_id, kpi):
    f = content.frame
    (found,) = f[(f["object_id"] == object_id) & (f["kpi"] == kpi)]["value"]
    return found


@pytest.mark.parametrize("pattern", ["A20181002*", "PM2020*"])
def test_the_two_namespaces_hold_the_same_values_in_indexed_form(read, balance, pattern):
    content = read(pattern)
    assert len(content.frame) == 36  # 7 objects with 4 counters each, of which one has 9 items
    assert value(content, f"{ONAP},RncFunction=RF-1,UtranCell=Gbg-998", "attImmediateAssignProcs") == 123
    assert value(content, f"{ONAP},RncFunction=RF-1,UtranCell=Gbg-999", "succImmediateAssignProcs8") == 785
    items = content.frame[content.frame["kpi"].str.startswith("succTCHSeizures2#")]
    assert items["kpi"].tolist() == [f"succTCHSeizures2#{i}" for i in range(9)]
    assert items["value"].tolist() == [86, 87, 2, 6, 77, 96, 75, 33, 24]
    assert set(items["object_id"]) == {f"{ONAP},ENodeBFunction=1"}
    suspects = content.frame[content.frame["suspect"]]
    assert set(suspects["object_id"]) == {f"{ONAP},RncFunction=RF-1,UtranCell=Gbg-999"}
    assert len(suspects) == 8
    assert set(content.frame["slot"]) == {pd.Timestamp("2000-03-01T13:59:30+02:00")}
    assert set(content.frame["period_s"]) == {900.0}
    balance(content)


def test_the_positional_form_with_three_elements_and_their_own_periods(read):
    frame = read("C2019*").frame
    assert frame["kpi"].tolist() == ["z1", "a1", "zz1", "b1", "z2", "a2", "zz2", "b2", "z3", "a3", "zz3", "b3"]
    assert frame["value"].tolist() == [1, 11, 111, 1111, 2, 22, 222, 2222, 3, 33, 333, 3333]
    assert frame["period_s"].tolist() == [100] * 4 + [200] * 4 + [300] * 4
    assert frame["slot"][0] == pd.Timestamp("2001-10-02T12:13:20Z")
    assert frame["object_id"][4] == "some dnPrefix,Dublin2,objLdn"


def test_a_file_without_measurements_is_legal_and_empty(read):
    content = read("A_no_measdata.xml")
    assert (len(content.frame), len(content.quarantine), content.counts["rows"]) == (0, 0, 0)


def test_a_file_with_an_instruction_before_its_declaration_is_read(read, balance):
    content = read("D2024*")
    assert content.quarantine.empty
    assert content.frame["object_id"].str.startswith(KEYSIGHT).all()
    assert not content.frame["object_id"].str.contains("ManagedElement=GNB-1,ManagedElement").any()
    assert set(content.frame["period_s"]) == {60.0}
    assert "DRB.AirIfDelayDl.010003e8" in set(content.frame["kpi"])
    # 14 values with an empty measObjLdn and 8 that name the managed element: both mean the element itself
    assert (content.frame["object_id"] == KEYSIGHT).sum() == 22
    balance(content)


def test_a_real_base_station_file(read, balance):
    content = read("A2022*")
    # 2,667 r elements: 27 blank, 409 lists; 11,968 items in all that are not blank, 453 of them nothing
    assert len(content.frame) == 11968 - 453
    assert content.counts["nulls"] == 27 + 453
    assert content.quarantine.empty
    assert content.frame["kpi"].str.partition("#")[0].nunique() <= 810
    cell = f"{ERICSSON},GNBCUCPFunction=1,NRCellCU=32"
    assert value(content, cell, "pmCaConfigDlSamp") == 180
    assert value(content, f"{ERICSSON},GNBDUFunction=1,NRCellDU=32", "pmRadioPdschEmptySlots") == 1440001
    assert value(content, f"{ERICSSON},GNBDUFunction=1,NRCellDU=32", "pmRadioRecInterferencePowerDistr#11") == 1800001
    assert value(content, f"{ERICSSON},ENodeBFunction=1,EUtranCellFDD=2", "pmCellDowntimeMan") == 900
    assert set(content.frame["slot"]) == {pd.Timestamp("2022-04-18T19:00:00Z")}
    balance(content)


def test_only_wanted_counters_are_kept(read, balance):
    content = read("A2022*", kpis=("pmCellDowntime*", "pmFanSpeed"))
    found = set(content.frame["kpi"].str.partition("#")[0])
    assert found == {"pmCellDowntimeMan", "pmCellDowntimeManual", "pmCellDowntimeAuto", "pmFanSpeed"}
    assert content.counts["unwanted"] > 2600
    balance(content)


def test_every_cut_of_a_real_file_keeps_what_is_whole(samples, drop):
    (path,) = samples.glob("A2022*")
    text = gzip.decompress(path.read_bytes())
    whole = drop.read(PmXml, text, "a.xml").frame
    kept = []
    for share in (0.2, 0.4, 0.6, 0.8, 0.999):
        content = drop.read(PmXml, text[: int(len(text) * share)], "a.xml")
        n = len(content.frame)
        pd.testing.assert_frame_equal(content.frame, whole[:n])
        assert content.quarantine["position"].tolist() == ["file"]
        assert content.quarantine["reason"][0].startswith("cut short")
        kept.append(n)
    assert kept == sorted(kept)
    assert kept[-1] > 0.999 * len(whole)
