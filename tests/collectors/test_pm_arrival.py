"""When a performance file was there: a while after the last period that it reports."""

import pandas as pd
import pytest

from collectors.pm_xml import PmXml

NS = "http://www.3gpp.org/ftp/specs/archive/32_series/32.435#measCollec"
ARRIVAL = {"after_period_s": 300, "hourly_after_s": 600}


def document(ends, report="PT900S", begin="2026-01-01T00:00:00Z"):
    infos = "".join(
        f'<measInfo><granPeriod duration="PT900S" endTime="2026-01-01T{end}:00Z"/><repPeriod duration="{report}"/>'
        '<measTypes>a</measTypes><measValue measObjLdn="C=1"><measResults>1</measResults></measValue></measInfo>'
        for end in ends
    )
    return (
        f'<measCollecFile xmlns="{NS}"><fileHeader><measCollec beginTime="{begin}"/></fileHeader>'
        f'<measData><managedElement localDn="ME=1"/>{infos}</measData><fileFooter/></measCollecFile>'
    )


def arrived(drop, text):
    return set(drop.read(PmXml, text, "a.xml", arrival=ARRIVAL).frame["recorded_at"])


def test_a_file_of_one_period_comes_five_minutes_after_its_end(drop):
    assert arrived(drop, document(["00:15"])) == {pd.Timestamp("2026-01-01T00:20:00Z")}


def test_a_file_of_four_periods_comes_ten_minutes_after_the_last(drop):
    found = arrived(drop, document(["00:15", "00:30", "00:45", "01:00"], "PT3600S"))
    assert found == {pd.Timestamp("2026-01-01T01:10:00Z")}


def test_a_cut_hourly_file_was_not_there_before_its_hour_was_over(drop):
    text = document(["00:15", "00:30", "00:45", "01:00"], "PT3600S")
    assert arrived(drop, text[: text.index("T00:45")]) == {pd.Timestamp("2026-01-01T01:10:00Z")}


def test_header_times_that_disagree_with_the_periods_are_not_believed(drop):
    found = arrived(drop, document(["00:15", "00:30"], "PT1800S", begin="2031-01-01T00:00:00Z"))
    assert found == {pd.Timestamp("2026-01-01T00:40:00Z")}


def test_without_arrival_the_time_is_left_to_the_application_and_clocks_ahead_are_counted(drop):
    content = drop.read(PmXml, document(["00:15"]).replace("2026-01-01T00:15", "2126-01-01T00:15"), "a.xml")
    assert "recorded_at" not in content.frame
    assert content.counts["clock_skew"] == 1


@pytest.mark.parametrize("arrival", [{"after_period_s": "soon"}, {"column": "x"}])
def test_other_ways_of_arrival_are_refused(drop, arrival):
    with pytest.raises(Exception, match=r"arrival\."):
        PmXml("p", str(drop.path), arrival=arrival)
