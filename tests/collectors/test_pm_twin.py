"""The parser against a slow and obvious one, over files made at random; and over the same files damaged at random."""

import xml.etree.ElementTree as ET
from collections import Counter
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors import pm_frame, pm_parse

NS = "http://www.3gpp.org/ftp/specs/archive/32_series/32.435#measCollec"

texts = st.one_of(
    st.integers(-999, 10**9).map(str),
    st.floats(-1e6, 1e6, allow_nan=False).map(repr),
    st.sampled_from(["", " ", "NULL", "null", "1,2,3", "7,,NULL", "0"]),
)
names = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=5, unique=True)


@st.composite
def infos(draw):
    kpis = draw(names)
    period = draw(st.sampled_from([60, 300, 900]))
    indexed = draw(st.booleans())
    head = f'<granPeriod duration="PT{period}S" endTime="2026-01-01T0{draw(st.integers(0, 9))}:00:00Z"/>'
    if indexed:
        marks = draw(st.permutations(range(10, 10 + len(kpis))))
        head += "".join(f'<measType p="{p}">{k}</measType>' for p, k in zip(marks, kpis, strict=True))
    else:
        marks = []
        head += f"<measTypes>{' '.join(kpis)}</measTypes>"
    body = ""
    for n in range(draw(st.integers(0, 3))):
        if indexed:
            order = draw(st.permutations(marks))[: draw(st.integers(0, len(marks)))]
            cells = "".join(f'<r p="{p}">{draw(texts)}</r>' for p in order)
        else:
            plain = st.integers(0, 99).map(str) | st.just("NULL")
            cells = f"<measResults>{' '.join(draw(plain) for _ in kpis)}</measResults>"
        suspect = draw(st.sampled_from(["", "<suspect>true</suspect>", "<suspect>false</suspect>"]))
        body += f'<measValue measObjLdn="Cell={n}">{cells}{suspect}</measValue>'
    return f"<measInfo>{head}{body}</measInfo>"


@st.composite
def documents(draw):
    elements = "".join(
        f'<measData><managedElement localDn="ME={n}"/>{"".join(draw(st.lists(infos(), max_size=3)))}</measData>'
        for n in range(draw(st.integers(0, 3)))
    )
    return f'<measCollecFile xmlns="{NS}"><fileHeader dnPrefix="DC=x"/>{elements}<fileFooter/></measCollecFile>'


def slowly(document):
    """Every value as (begin, seconds, object, counter, value, suspect), one by one with the standard library."""
    found, nulls = Counter(), 0
    for data in ET.fromstring(document).iter(f"{{{NS}}}measData"):
        element = data.find(f"{{{NS}}}managedElement").get("localDn")
        for info in data.iter(f"{{{NS}}}measInfo"):
            period = info.find(f"{{{NS}}}granPeriod")
            seconds = int(period.get("duration")[2:-1])
            begin = datetime.fromisoformat(period.get("endTime")) - timedelta(seconds=seconds)
            by_mark = {t.get("p"): t.text for t in info.iter(f"{{{NS}}}measType")}
            in_order = [n for t in info.iter(f"{{{NS}}}measTypes") for n in t.text.split()]
            for value in info.iter(f"{{{NS}}}measValue"):
                suspect = value.findtext(f"{{{NS}}}suspect") == "true"
                pairs = [(by_mark[r.get("p")], r.text or "") for r in value.iter(f"{{{NS}}}r")]
                for results in value.iter(f"{{{NS}}}measResults"):
                    pairs += zip(in_order, results.text.split(), strict=True)
                for kpi, text in pairs:
                    items = text.split(",")
                    for i, item in enumerate(items):
                        if item.strip().upper() in ("", "NULL"):
                            nulls += 1
                            continue
                        name = kpi if len(items) == 1 else f"{kpi}#{i}"
                        where = f"DC=x,{element},{value.get('measObjLdn')}"
                        found[(begin.timestamp(), seconds, where, name, float(item), suspect)] += 1
    return found, nulls


def quickly(document):
    return pm_frame.frame(pm_parse.parse(document, lambda _: True), None)


@settings(max_examples=60, deadline=None)
@given(documents())
def test_the_parser_finds_what_a_slow_one_finds(document):
    expected, nulls = slowly(document)
    content = quickly(document.encode())
    f = content.frame
    begin = f["slot"].astype("datetime64[us, UTC]").astype("int64") / 1e6
    found = set(zip(begin, f["period_s"], f["object_id"], f["kpi"], f["value"], f["suspect"], strict=True))
    # a value that is said twice is kept once, whichever of the two is marked suspect
    assert {k[:5] for k in found} == {k[:5] for k in expected}
    assert found <= set(expected)
    assert content.counts["nulls"] == nulls
    assert len(f) + content.counts["duplicates"] == expected.total()
    assert content.quarantine.empty


@settings(max_examples=80, deadline=None)
@given(documents(), st.data())
def test_a_damaged_file_never_crashes_and_never_gives_a_value_that_was_not_there(document, data):
    raw = bytearray(document.encode())
    cut = data.draw(st.integers(0, len(raw)))
    content = quickly(bytes(raw[:cut]))
    f = content.frame
    begin = f["slot"].astype("datetime64[us, UTC]").astype("int64") / 1e6
    found = set(zip(begin, f["period_s"], f["object_id"], f["kpi"], f["value"], f["suspect"], strict=True))
    assert found <= set(slowly(document)[0])
    assert len(content.quarantine) == (cut < len(raw))


@settings(max_examples=80, deadline=None)
@given(documents(), st.data())
def test_any_byte_may_be_wrong(document, data):
    raw = bytearray(document.encode())
    for _ in range(data.draw(st.integers(1, 5))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    content = quickly(bytes(raw))
    assert np.isfinite(content.frame["value"]).all()
    assert content.frame["kpi"].notna().all()


@settings(max_examples=60, deadline=None)
@given(documents())
def test_in_one_go_and_piece_by_piece_a_file_says_the_same(document):
    one = pm_parse.parse(document.encode(), lambda _: True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pm_parse, "WHOLE", 0)
        assert pm_parse.parse(document.encode(), lambda _: True) == one
