"""Inventory: the same facts from CSV, flat JSON and TMF639 / TMF638 JSON."""

import json

import pandas as pd
import pytest

from cemcore.domain import Feed
from cemcore.errors import ConfigError
from cemcore.frames import conform
from collectors.inventory import InventoryFiles

COLUMNS = {
    "resources": {"id": "resource_id", "lat": "latitude", "lon": "longitude"},
    "connections": {},
    "services": {"service_id": "service_instance_id", "sNssai": "slice"},
    "subjects": {
        "subject_class": "kind",
        "cpe_id": "terminal_id",
        "access_line": "access_id",
        "activated": "activated_at",
    },
    "customers": {"declared_segment": "segment"},
}
CSV = {
    "resources": (
        "id,type,name,region,lat,lon,capacity_gbps,a_end,z_end\n"
        "N-1,router,North,N,50.5,6.0,,,\nL-1,link,Line,,,,100,N-1,N-2\n"
    ),
    "connections": "from_id,to_id,relation,via,redundancy_group\nN-1,N-2,uplink,L-1,ring\nN-1,N-3,poweredBy,,\n",
    "services": (
        "service_id,subject_id,service,gateway_id,endpoint_id,slice,app,state\n"
        "S-1,P-1,voice,U-1,IMS,1-000001,Dialer,active\n"
    ),
    "subjects": (
        "subject_id,subject_class,subject_type,customer_id,firmware,cpe_id,activated\n"
        "P-1,user,phone,C-1,5.0,,\nP-2,thing,meter,C-2,007,T-1,2026-01-01T00:00:00Z\n"
    ),
    "customers": (
        "customer_id,customer_type,declared_segment,monthly_spend,consent_contact\nC-1,household,,41.5,True\nC-2,sme,gold,400,False\n"
    ),
}
JSON = {
    "resources": [
        {
            "id": "N-1",
            "href": "/N-1",
            "@type": "PhysicalResource",
            "category": "router",
            "name": "North",
            "resourceCharacteristic": [
                {"name": "region", "value": "N"},
                {"name": "lat", "value": 50.5},
                {"name": "lon", "value": 6},
            ],
            "resourceRelationship": [
                {
                    "relationshipType": "uplink",
                    "id": "N-2",
                    "resourceRelationshipCharacteristic": [
                        {"name": "via", "value": "L-1"},
                        {"name": "redundancy_group", "value": "ring"},
                    ],
                },
                {"relationshipType": "poweredBy", "resource": {"id": "N-3"}},
            ],
        },
        {
            "id": "L-1",
            "href": "/L-1",
            "category": "link",
            "name": "Line",
            "resourceCharacteristic": [{"name": "capacity_gbps", "value": 100}],
            "resourceRelationship": [{"relationshipType": "connects", "id": i} for i in ("N-1", "N-2")],
        },
    ],
    "services": [
        {
            "id": "S-1",
            "serviceType": "voice",
            "state": "active",
            "relatedParty": [{"id": "X", "role": "payer"}, {"id": "P-1", "role": "subject"}],
            "supportingResource": [{"id": "U-1"}, {"id": "IMS"}],
            "serviceCharacteristic": [{"name": "app", "value": "Dialer"}, {"name": "sNssai", "value": "1-000001"}],
        }
    ],
    "subjects": [
        {
            "subject_id": "P-1",
            "subject_class": "user",
            "subject_type": "phone",
            "customer_id": "C-1",
            "firmware": "5.0",
            "cpe_id": "",
        },
        {
            "subject_id": "P-2",
            "subject_class": "thing",
            "subject_type": "meter",
            "customer_id": "C-2",
            "firmware": "007",
            "cpe_id": "T-1",
            "activated": "2026-01-01T00:00:00Z",
        },
    ],
    "customers": [
        {
            "customer_id": "C-1",
            "customer_type": "household",
            "declared_segment": "",
            "monthly_spend": 41.5,
            "consent_contact": True,
        },
        {
            "customer_id": "C-2",
            "customer_type": "sme",
            "declared_segment": "gold",
            "monthly_spend": 400,
            "consent_contact": False,
        },
    ],
}
JSON["connections"] = JSON["resources"]


@pytest.mark.parametrize("feed", list(CSV))
def test_csv_and_json_say_the_same(drop, balance, feed):
    one = drop.read(InventoryFiles, CSV[feed], f"{feed}.csv", feed=feed, columns=COLUMNS[feed])
    other = drop.read(InventoryFiles, json.dumps(JSON[feed]), f"{feed}.json", feed=feed, columns=COLUMNS[feed])
    pd.testing.assert_frame_equal(one.frame, other.frame)
    assert len(one.frame) == CSV[feed].count("\n") - 1
    pd.testing.assert_frame_equal(conform(Feed(feed), one.frame)[0], one.frame)
    for content in (one, other):
        assert content.quarantine.empty
        balance(content)


@pytest.mark.parametrize("feed", list(CSV))
def test_csv_and_json_of_a_whole_operator_say_the_same(world, feed, window):
    def frame(pattern):
        (batch,) = InventoryFiles("i", Feed(feed), str(world / "inventory"), pattern, columns=COLUMNS[feed]).collect(
            window
        )
        content = batch.read()
        assert content.quarantine.empty
        return content.frame

    plain = frame(f"{feed}.csv")
    assert len(plain) > 100
    pd.testing.assert_frame_equal(plain, frame(f"{feed}.json"))
    if feed == "connections":
        found = frame("resources.json").fillna("")
        assert set(found.itertuples(index=False)) == set(plain.fillna("").itertuples(index=False))


def test_a_snapshot_is_known_since_the_time_that_is_fixed(drop):
    content = drop.read(
        InventoryFiles,
        CSV["subjects"],
        "s.csv",
        feed="subjects",
        columns=COLUMNS["subjects"],
        arrival={"fixed": "1970-01-01T00:00:00Z"},
    )
    assert set(content.frame["recorded_at"]) == {pd.Timestamp(0, tz="UTC")}


def test_supporting_resources_go_by_role_before_order(drop):
    service = {**JSON["services"][0], "supportingResource": [{"id": "IMS", "role": "endpoint"}, {"id": "U-1"}]}
    f = drop.read(InventoryFiles, json.dumps([service]), "s.json", feed="services").frame
    assert f[["gateway_id", "endpoint_id"]].to_numpy().tolist() == [["U-1", "IMS"]]
    f = drop.read(
        InventoryFiles,
        json.dumps(JSON["services"]),
        "s.json",
        feed="services",
        supporting=("endpoint_id", "gateway_id"),
    ).frame
    assert f[["gateway_id", "endpoint_id"]].to_numpy().tolist() == [["IMS", "U-1"]]


@pytest.mark.parametrize(
    ("feed", "text", "reason"),
    [
        ("subjects", "subject_id,kind\nP-1,user\nP-2,robot\n", "kind is neither user nor thing"),
        (
            "subjects",
            "subject_id,kind\nP-1,user\nP-1,thing\n",
            "duplicate id with other content: subject_id, valid_from",
        ),
        ("subjects", "subject_id,kind\nP-1,user\n,thing\n", "subject_id is missing"),
        ("subjects", "subject_id,kind,activated_at\nP-1,user,\nP-2,user,never\n", "activated_at is not a time"),
        ("resources", "resource_id,type,latitude\nR-1,x,1\nR-2,x,91\n", "latitude is above 90 deg"),
        ("resources", "resource_id,type,capacity_gbps\nR-1,x,1\nR-2,x,much\n", "capacity_gbps is not a number"),
        ("resources", "resource_id,type,capacity_gbps\nR-1,x,1\nR-2,x,-1\n", "capacity_gbps is below 0 Gbit/s"),
        ("connections", "from_id,to_id,relation\nA,B,uplink\nA,,uplink\n", "to_id is missing"),
        ("customers", "customer_id,monthly_spend\nC-1,1\nC-2,-1\n", "monthly_spend is below 0"),
    ],
)
def test_a_broken_row_has_its_reason_and_the_other_stays(drop, balance, feed, text, reason):
    content = drop.read(InventoryFiles, text, "x.csv", feed=feed)
    assert len(content.frame) == 1
    assert content.quarantine["reason"].tolist() == [reason]
    balance(content)


@pytest.mark.parametrize(
    ("feed", "record"),
    [
        ("resources", {"href": "/x", "resourceCharacteristic": []}),
        ("resources", {"id": "x", "resourceCharacteristic": {"region": "N"}}),
        ("resources", {"id": "x", "resourceCharacteristic": ["region"]}),
        ("connections", {"id": "x", "resourceRelationship": [{"relationshipType": "uplink"}]}),
        ("connections", {"id": "x", "resourceRelationship": 7}),
        ("services", {"relatedParty": []}),
        ("services", {"id": "s", "relatedParty": [{"role": "subject"}]}),
    ],
)
def test_an_object_of_another_shape_is_refused_and_the_others_stay(drop, balance, feed, record):
    content = drop.read(InventoryFiles, json.dumps([record, *JSON[feed]]), "x.json", feed=feed)
    assert len(content.frame) == (2 if feed != "services" else 1)
    assert content.quarantine["reason"].str.startswith("not of TMF639 / TMF638 shape").tolist() == [True]
    balance(content)


def test_the_same_row_twice_is_one_and_counted(drop, balance):
    content = drop.read(InventoryFiles, "subject_id,kind\nP-1,user\nP-1,user\n", "x.csv", feed="subjects")
    assert (len(content.frame), content.counts["duplicates"]) == (1, 1)
    balance(content)


@pytest.mark.parametrize(
    "options",
    [
        {"feed": "quality"},
        {"feed": "people"},
        {"arrival": {"fixed": "once"}},
        {"supporting": ("gate",)},
        {"format": "xls"},
    ],
)
def test_options_that_cannot_be_are_refused(options):
    with pytest.raises(ConfigError):
        InventoryFiles(**{"source": "i", "feed": "subjects", "path": "x", "pattern": "*", **options})
