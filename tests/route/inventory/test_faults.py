"""Bad inventory is found: each kind of fault by a fault of that kind, the same through every door."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import httpx
import pytest
from typer.testing import CliRunner

from cemcore.api import create_app
from cemcore.cli import app as cli
from cemcore.errors import NotFoundError
from cemcore.inventory import KINDS
from tests.route.inventory.small_operator import STOCK, Operator, T, moved, rows


def got(operator: Operator, **asked: str) -> httpx.Response:
    """What REST answers to a question about faults."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(operator.cem))
        async with httpx.AsyncClient(transport=transport, base_url="http://cem") as client:
            return await client.get("/inventory/faults", params=asked)

    return asyncio.run(ask())


def found(operator: Operator, *kinds: str) -> list[tuple[str, str, int]]:
    return [(f.kind, f.resource, f.count) for f in operator.cem.inventory(kinds).faults]


def test_of_a_clean_inventory_only_the_subject_that_was_never_seen_is_told(operator: Operator) -> None:
    assert found(operator) == [("no_access", "phone", 1)]


def test_services_without_a_way_are_counted_by_access_and_leg(operator: Operator) -> None:
    cut = [x for x in STOCK["connections"] if x["from_id"] != "r1"]
    operator.snapshot(10, connections=cut)
    assert found(operator, "partial_path") == [("partial_path", "g1a", 2)]


def test_names_that_are_not_in_the_inventory_are_told(operator: Operator) -> None:
    services = [
        *STOCK["services"],
        *rows("service_instance_id=i9 subject_id=s3 service=voice gateway_id=upf9 endpoint_id=dns"),
    ]
    subjects = [
        *STOCK["subjects"],
        *rows("subject_id=s9 kind=thing terminal_id=cpe9 access_id=pon9 customer_id=nobody"),
    ]
    operator.snapshot(10, services=services, subjects=subjects)
    operator.deliver(
        "alarms",
        [
            {
                "id": "a1",
                "alarmedObject": {"id": "ManagedElement=g9"},
                "state": "raised",
                "perceivedSeverity": "major",
                "alarmRaisedTime": T.isoformat(),
                "alarmChangedTime": T.isoformat(),
            }
        ],
    )
    operator.cem.collect()
    kinds = ("unknown_alarmed", "unknown_gateway", "unknown_terminal", "unknown_access", "no_customer")
    assert set(found(operator, *kinds)) == {
        ("unknown_alarmed", "ManagedElement=g9", 1),
        ("unknown_gateway", "upf9", 1),
        ("unknown_terminal", "cpe9", 1),
        ("unknown_access", "pon9", 1),
        ("no_customer", "nobody", 1),
    }


def test_a_name_that_the_inventory_learns_is_no_fault_any_more(operator: Operator) -> None:
    records = [{"slot": T.isoformat(), "subject_id": "s3", "service": "web", "resource_id": "g9a", "sessions": 1}]
    operator.deliver("quality", [dict(x) for x in records])
    operator.now = T + timedelta(minutes=16)
    operator.cem.collect()
    at = T + timedelta(minutes=15)
    assert [f.resource for f in operator.cem.inventory(["unknown_serving"], at=at).faults] == ["g9a"]
    operator.snapshot(20, resources=[*STOCK["resources"], *rows("resource_id=g9a type=nr_cell")])
    assert operator.cem.inventory(["unknown_serving"]).faults == ()


def test_one_resource_can_be_asked_for_and_an_unknown_one_is_refused(operator: Operator) -> None:
    operator.snapshot(10, connections=[x for x in STOCK["connections"] if x["from_id"] != "r1"])
    assert {f.kind for f in operator.cem.inventory(resource="g1a").faults} == {"partial_path"}
    assert operator.cem.inventory(resource="g2b").faults == ()
    with pytest.raises(NotFoundError):
        operator.cem.inventory(resource="no-such")
    with pytest.raises(ValueError, match="wrong_link"):
        operator.cem.inventory(["no-such-kind"])


def test_every_kind_has_a_meaning_and_the_frame_has_a_row_a_fault(operator: Operator) -> None:
    operator.snapshot(10, connections=moved(STOCK["connections"], "g1a", "nowhere"))
    view = operator.cem.inventory()
    assert set(view.counts) <= set(KINDS)
    assert sum(view.counts.values()) == len(view.frame()) == len(view.faults)
    assert view.frame()["kind"].drop_duplicates().tolist() == list(view.counts)


def test_command_and_rest_answer_the_same_to_the_byte(operator: Operator) -> None:
    operator.snapshot(10, connections=[x for x in STOCK["connections"] if x["from_id"] != "r1"])
    asked = "2025-11-08T12:10"
    rest = got(operator, kind="partial_path", at=asked, as_of=asked).content
    assert got(operator, kind="odd").status_code == 422
    assert got(operator, resource="odd").status_code == 404
    config = str(operator.folder / "cem.toml")
    words = ["inventory", "-k", "partial_path", "--at", asked, "--as-of", asked, "-c", config]
    shown = CliRunner().invoke(cli, [*words, "--json"])
    assert shown.stdout_bytes == rest
    assert json.loads(rest)["counts"] == {"partial_path": 1}
    table = CliRunner().invoke(cli, words)
    assert "no way from g1a to upf" in table.stdout
    listing = CliRunner().invoke(cli, [*words, "--csv"])
    assert listing.stdout.splitlines()[0].startswith("kind,resource,text,confidence,count")
