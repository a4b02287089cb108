"""Blindness: a domain that falls silent as one is unknown, unless something witnesses an outage."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from cemcore.domain import Alarm, Feed, Severity
from cemcore.frames import conform
from cemcore.pipeline.detection.blindness import Activity, blind_domains, learn_activity, silent_places
from cemcore.topology import Topology

DOMAIN_OF = np.array([0, 0, 0, 1, 1, 1], np.int32)
USUAL = Activity(np.full((6, 48), 5, np.float32))


@pytest.fixture(scope="module")
def topology() -> Topology:
    resources = pd.DataFrame({"resource_id": [f"CELL-{i}" for i in range(6)], "type": "nr_cell"})
    connections = pd.DataFrame({"from_id": ["CELL-0"], "to_id": ["CELL-1"], "relation": ["containedIn"]})
    return Topology.build(conform(Feed.RESOURCES, resources)[0], conform(Feed.CONNECTIONS, connections)[0])


def alarm(resource: str, severity: Severity) -> Alarm:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return Alarm("A", resource, severity, "equipmentAlarm", "powerProblem", "", now, now, resource_id=resource)


def test_a_domain_without_rows_is_blind_and_the_other_is_not(topology: Topology) -> None:
    counts = np.array([0, 1, 0, 5, 4, 6.0])
    blind = blind_domains(USUAL, counts, np.zeros(6), 10, DOMAIN_OF, (), topology)
    assert blind.tolist() == [True, False]


def test_rows_of_failed_attempts_witness_an_outage(topology: Topology) -> None:
    counts, failing = np.array([1, 1, 1, 5, 4, 6.0]), np.array([1, 1, 1, 0, 0, 0.0])
    assert not blind_domains(USUAL, counts, failing, 10, DOMAIN_OF, (), topology).any()


@pytest.mark.parametrize(("severity", "blind"), [(Severity.CRITICAL, False), (Severity.MINOR, True)])
def test_a_grave_standing_alarm_in_the_domain_witnesses_an_outage(
    topology: Topology, severity: Severity, blind: bool
) -> None:
    counts = np.array([0, 0, 0, 5, 4, 6.0])
    found = blind_domains(USUAL, counts, np.zeros(6), 10, DOMAIN_OF, (alarm("CELL-1", severity),), topology)
    assert found[0] == blind


def test_a_silent_cell_is_witnessed_by_its_reporting_domain_only() -> None:
    none = np.zeros(2, bool)
    alone, weight = silent_places(USUAL, np.array([0, 5, 6, 5, 5, 5.0]), 10, none, DOMAIN_OF)
    assert alone.tolist() == [0]
    assert 0 < weight[0] <= 6
    together, _ = silent_places(USUAL, np.array([0, 0, 1, 5, 5, 5.0]), 10, none, DOMAIN_OF)
    assert together.tolist() == []


def test_a_quiet_hour_is_not_silence(topology: Topology) -> None:
    night = Activity(np.full((6, 48), 0.2, np.float32))
    assert not blind_domains(night, np.zeros(6), np.zeros(6), 3, DOMAIN_OF, (), topology).any()


def test_what_is_usual_is_the_mean_of_the_days_by_hour_and_kind_of_day() -> None:
    resource = np.zeros(24, np.int32)
    hour = np.r_[np.full(16, 8), np.full(8, 8 + 24)]
    day = np.r_[np.zeros(8), np.ones(8), np.full(8, 2)].astype(np.int64)
    usual = learn_activity(resource, hour, day, 1, per_hour=4)
    assert usual.place[0, 8] == pytest.approx(2)
    assert usual.place[0, 32] == pytest.approx(2)
    assert usual.place[0, 9] == 0
