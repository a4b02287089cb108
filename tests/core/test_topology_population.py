"""The population: what inventory frames say of subjects, in the corridor's codes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cemcore.codes import Codes
from cemcore.domain import Feed
from cemcore.frames import conform, empty
from cemcore.panel import Population
from cemcore.topology import Facts, Topology, build_population, grown


class Register(dict[str, Codes]):
    def __missing__(self, name: str) -> Codes:
        self[name] = Codes()
        return self[name]


def framed(feed: Feed, rows: list[dict[str, str]]) -> pd.DataFrame:
    return conform(feed, pd.DataFrame(rows, dtype="str"))[0]


TOPOLOGY = Topology.build(
    framed(Feed.RESOURCES, [{"resource_id": r, "type": "node"} for r in ("line", "cpe", "gw", "ep")]),
    empty(Feed.CONNECTIONS),
)


@pytest.fixture
def register() -> Register:
    return Register(subject=Codes(["seen-before"]))


@pytest.fixture
def population(register: Register) -> Population:
    subjects = [
        {
            "subject_id": "anna",
            "kind": "user",
            "customer_id": "c1",
            "terminal_id": "cpe",
            "access_id": "line",
            "plan": "L",
            "device_model": "M1",
        },
        {"subject_id": "meter", "kind": "Thing", "customer_id": "c2", "firmware": "7", "slice": "3-1"},
        {"subject_id": "odd", "kind": "ghost", "terminal_id": "no-such"},
    ]
    services = [
        {"service_instance_id": "1", "subject_id": "anna", "service": "web", "gateway_id": "gw", "endpoint_id": "ep"},
        {"service_instance_id": "2", "subject_id": "meter", "service": "iot", "gateway_id": "gw"},
        {"service_instance_id": "3", "subject_id": "stranger", "service": "web", "gateway_id": "gw"},
        {"service_instance_id": "4", "subject_id": "anna", "service": "fax", "gateway_id": "gw"},
    ]
    customers = [{"customer_id": "c2", "segment": "business"}, {"customer_id": "c1"}]
    return build_population(
        framed(Feed.SUBJECTS, subjects),
        framed(Feed.SERVICES, services),
        framed(Feed.CUSTOMERS, customers),
        services=("iot", "web"),
        topology=TOPOLOGY,
        codes=register.__getitem__,
    )


def test_subjects_stand_at_their_codes_and_unknown_ones_at_minus_one(
    population: Population, register: Register
) -> None:
    assert register["subject"].texts == ["seen-before", "anna", "meter", "odd"]
    assert population.kind.tolist() == [-1, 0, 1, -1]
    assert population.terminal.tolist() == [-1, 1, -1, -1]
    assert population.access.tolist() == [-1, 0, -1, -1]
    facts = Facts(register.__getitem__, ("iot", "web"))
    assert [facts.customer(c) for c in population.customer.tolist()] == [None, "c1", "c2", None]
    assert [facts.segment(c) for c in population.segment.tolist()] == [None, None, "business", None]


def test_services_say_gateway_and_endpoint_of_each_pair(population: Population) -> None:
    assert population.pair_gateway.tolist() == [[-1, -1], [-1, 2], [2, -1], [-1, -1]]
    assert population.pair_endpoint.tolist() == [[-1, -1], [-1, 3], [-1, -1], [-1, -1]]


def test_attributes_are_coded_as_those_of_sessions_are(population: Population, register: Register) -> None:
    assert population.attribute_names == ("device_model", "device_vendor", "firmware", "plan", "slice", "region")
    firmware = population.attributes[:, 2]
    assert [register["attribute:firmware"].text(int(c)) for c in firmware] == [None, None, "7", None]


def test_subjects_that_come_later_find_room(population: Population) -> None:
    later = grown(population, 6)
    assert later.kind.tolist() == [-1, 0, 1, -1, -1, -1]
    assert later.attributes.shape == (6, 6)
    assert np.array_equal(later.pair_gateway[:4], population.pair_gateway)
    assert grown(population, 2) is population


def test_an_empty_inventory_gives_an_empty_population() -> None:
    nobody = build_population(
        empty(Feed.SUBJECTS),
        empty(Feed.SERVICES),
        empty(Feed.CUSTOMERS),
        services=("web",),
        topology=TOPOLOGY,
        codes=Register().__getitem__,
    )
    assert len(nobody.kind) == 0
    assert nobody.pair_gateway.shape == (0, 1)
