"""Broken performance files: each kind has its reason, what is whole is taken, nothing is fetched or expanded."""

import gzip
import re

import pytest

from collectors.pm_xml import PmXml

NS = "http://www.3gpp.org/ftp/specs/archive/32_series/32.435#measCollec"
GRAN = '<granPeriod duration="PT900S" endTime="2026-01-01T00:15:00Z"/>'
TYPES = '<measType p="1">a</measType><measType p="2">b</measType>'
GOOD = '<measValue measObjLdn="Cell=1"><r p="1">1</r><r p="2">2</r></measValue>'
OTHER = '<measValue measObjLdn="Cell=9"><r p="1">9</r></measValue>'


def document(infos, ns=NS, root="measCollecFile", before='<?xml version="1.0" encoding="UTF-8"?>\n'):
    return (
        f'{before}<{root} xmlns="{ns}"><fileHeader dnPrefix="DC=x"/><measData><managedElement localDn="ME=1"/>'
        f"{infos}</measData><fileFooter/></{root}>"
    )


def info(values, gran=GRAN, types=TYPES):
    return f"<measInfo>{gran}{types}{values}</measInfo>"


HEALTHY = info(OTHER)


@pytest.mark.parametrize(
    ("broken", "reason", "values"),
    [
        (info(GOOD, gran=""), "granPeriod is missing", 2),
        (info(GOOD, gran='<granPeriod duration="PT900S"/>'), "granPeriod endTime is missing", 2),
        (info(GOOD, gran='<granPeriod endTime="2026-01-01T00:15:00Z"/>'), "granPeriod duration is missing", 2),
        (info(GOOD, gran=GRAN.replace("PT9", "-PT9")), "granPeriod duration '-PT900S' is negative", 2),
        (info(GOOD, gran=GRAN.replace("PT900S", "15min")), "granPeriod duration '15min' is not a duration", 2),
        (info(GOOD, gran=GRAN.replace("2026", "soon")), "is not a time", 2),
        (info(GOOD, gran=GRAN.replace("0Z", "0")), "has no time zone", 2),
        (info(GOOD, types=""), "no measTypes and no measType", 2),
        (
            info(GOOD, types='<measType p="1">a</measType><measType p="1">b</measType>'),
            "two measType have the same p",
            2,
        ),
        (info(GOOD, types="<measType>a</measType>"), "measType without p", 2),
        (info(GOOD, types='<measType p="1"/>'), "a measType has no name", 2),
        (info(GOOD.replace(' measObjLdn="Cell=1"', "")), "measObjLdn is missing", 2),
        (info(GOOD.replace('p="2"', 'p="7"')), "r p=7: without measType", 1),
        (info(GOOD.replace('p="2"', 'p="1"')), "r p=1: p given twice", 1),
        (info(GOOD.replace(' p="2"', "")), "r p=None: without measType", 1),
        (info(GOOD.replace(">2<", ">two<")), "not a number", 1),
        (info(GOOD.replace(">2<", ">1_000<")), "not a number", 1),
        (info(GOOD.replace(">2<", ">0x10<")), "not a number", 1),
        (info(GOOD.replace(">2<", ">nan<")), "not a number", 1),
        (info(GOOD.replace(">2<", ">1e999<")), "not a number", 1),
        (info(GOOD.replace(">2<", ">١٢<")), "not a number", 1),
        (
            info(
                '<measValue measObjLdn="Cell=1"><measResults>1 2 3</measResults></measValue>',
                types="<measTypes>a b</measTypes>",
            ),
            "3 values for 2 types",
            3,
        ),
        (
            info(
                '<measValue measObjLdn="Cell=1"><measResults>1</measResults></measValue>',
                types="<measTypes>a b</measTypes>",
            ),
            "1 values for 2 types",
            1,
        ),
    ],
)
def test_a_broken_block_is_told_and_its_neighbour_is_taken(drop, balance, broken, reason, values):
    content = drop.read(PmXml, document(broken + HEALTHY), "a.xml")
    assert "DC=x,ME=1,Cell=9" in set(content.frame["object_id"])
    assert content.quarantine["reason"].str.endswith(reason).tolist() == [True]
    assert content.counts["refused_values"] == values
    written = (
        broken.count("<r ")
        + broken.count("<r>")
        + sum(len(m.split()) for m in re.findall("<measResults>(.*?)<", broken))
    )
    assert content.counts["rows"] == 1 + written
    balance(content)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty file"),
        (b" \n", "empty file"),
        (b"\x89PNG nothing of the kind", "not XML"),
        (b"<html><body/></html>", "root element is html, not measCollecFile or measDataFile"),
        (document(HEALTHY, root="measFile").encode(), "root element is measFile"),
        (b"<a><b></a>", "cut short"),
        (gzip.compress(b"", mtime=0)[:8], "cut short: gzip ends before its end"),
    ],
)
def test_a_file_that_gives_nothing_says_why_in_one_line(drop, data, reason):
    content = drop.read(PmXml, data, "a.xml")
    assert content.frame.empty
    assert content.quarantine["position"].tolist() == ["file"]
    assert content.quarantine["reason"][0].startswith(reason)


def bomb():
    entities = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10))
    return f'<?xml version="1.0"?><!DOCTYPE x [{entities}]>' + document(info(GOOD.replace(">2<", ">&a9;<")), before="")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused_before_they_expand(drop, encoding):
    text = bomb().replace("?>", f' encoding="{encoding}"?>', 1)
    content = drop.read(PmXml, text.encode(encoding), "a.xml")
    assert content.frame.empty
    assert content.quarantine["reason"].tolist() == ["document type or entities: refused"]


def test_an_external_document_is_never_fetched(drop):
    secret = drop.put("secret.txt", "42")
    head = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file://{secret}">]>'
    content = drop.read(PmXml, document(info(GOOD.replace(">2<", ">&e;<")), before=head), "a.xml")
    assert content.frame.empty
    assert content.quarantine["reason"].tolist() == ["document type or entities: refused"]


def test_nesting_without_end_is_refused(drop):
    content = drop.read(PmXml, document("<measInfo>" * 5000), "a.xml")
    assert content.frame.empty
    assert len(content.quarantine) == 1


@pytest.mark.parametrize(
    "ns", ["http://www.3gpp.org/ftp/specs/archive/32_series/32.435#measCollec", "urn:of:a:vendor", ""]
)
def test_any_revision_of_the_namespace_is_read(drop, ns):
    content = drop.read(PmXml, document(HEALTHY, ns=ns), "a.xml")
    assert content.frame["value"].tolist() == [9]
    assert content.quarantine.empty


def test_prefixed_names_are_read(drop):
    text = document(HEALTHY).replace("<?xml", "@").replace("</", "\0").replace("<", "<p:").replace("\0", "</p:")
    text = text.replace("@", "<?xml").replace("<p:<?", "<?").replace("xmlns=", "xmlns:p=")
    content = drop.read(PmXml, text.replace("<p:?xml", "<?xml"), "a.xml")
    assert content.frame["value"].tolist() == [9]


def test_what_stands_before_the_declaration_is_dropped(drop):
    for before in ("\ufeff", "\n\n", '<?xml-stylesheet type="text/xsl" href="x.xsl"?>\n', "junk\0"):
        content = drop.read(PmXml, before + document(HEALTHY), "a.xml")
        assert content.frame["value"].tolist() == [9]


def test_what_follows_the_end_is_told_and_costs_nothing(drop):
    content = drop.read(PmXml, document(HEALTHY) + "<more/>", "a.xml")
    assert content.frame["value"].tolist() == [9]
    assert content.quarantine["reason"][0].startswith("not well-formed")


def test_bytes_that_are_not_in_the_declared_encoding_end_the_file_there(drop):
    data = document(HEALTHY + info(GOOD.replace("Cell=1", "Cell=@"))).encode().replace(b"@", b"\xff\xfe")
    content = drop.read(PmXml, data, "a.xml")
    assert content.frame["value"].tolist() == [9]
    assert content.quarantine["reason"][0].startswith("not well-formed")


def test_the_same_value_twice_is_one_and_another_value_is_kept(drop, balance):
    other = GOOD.replace(">2<", ">5<")
    content = drop.read(PmXml, document(info(GOOD + GOOD + other)), "a.xml")
    assert content.frame["value"].tolist() == [1, 2, 5]
    assert content.counts["duplicates"] == 3
    balance(content)


def test_null_and_blank_are_counted_and_never_zero(drop, balance):
    values = "".join(
        GOOD.replace(">2<", f">{t}<").replace("Cell=1", f"Cell={i}")
        for i, t in enumerate(["NULL", "", "  ", "1,,NULL"])
    )
    content = drop.read(PmXml, document(info(values)), "a.xml")
    assert content.frame["kpi"].tolist() == ["a", "a", "a", "a", "b#0"]
    assert content.counts["nulls"] == 5
    balance(content)
