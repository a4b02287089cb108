"""Impact totals: exact sums, one state a subject, small segments hidden, redundancy looked at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from cemcore.domain import Feed, ImpactLine
from cemcore.frames import conform
from cemcore.panel import Population
from cemcore.pipeline.impact import Members, Names, Pairs, Tally, assess, carriers, impact_of
from cemcore.topology import Topology

NAMES = Names(services=("voice", "web"), segments=("consumer", "business", "public"))


def people(segments: list[int], things: frozenset[int] = frozenset()) -> Population:
    """One subject for each entry of `segments`; subjects 0 and 1 have the same payer, every other pays for itself."""
    n = len(segments)
    none = np.full(n, -1, np.int32)
    return Population(
        kind=np.array([int(i in things) for i in range(n)], np.int8),
        customer=np.maximum(np.arange(n, dtype=np.int32), 1) if n else none,
        terminal=none,
        access=none,
        attributes=np.zeros((n, 1), np.int32),
        attribute_names=("firmware",),
        pair_gateway=np.full((n, 2), -1, np.int32),
        pair_endpoint=np.full((n, 2), -1, np.int32),
        segment=np.array(segments, np.int32),
    )


def members(rows: list[tuple[int, int, int]]) -> Members:
    subject, service, state = (np.array([r[i] for r in rows], np.int32) for i in range(3))
    return Members(np.zeros(len(rows), np.int32), service, subject, state.astype(np.int8))


def pairs(rows: list[tuple[int, int]]) -> Pairs:
    return Pairs(np.array([r[0] for r in rows], np.int32), np.array([r[1] for r in rows], np.int32))


def sums(rows: list[tuple[int, int, float]]) -> Tally:
    subject, service = (np.array([r[i] for r in rows], np.int32) for i in range(2))
    minutes = np.array([r[2] for r in rows], np.float64)
    return Tally(np.zeros(len(rows), np.int32), subject, service, minutes, minutes / 4)


def test_users_things_and_payers_are_counted_once_each() -> None:
    found = assess(
        members([(0, 0, 0), (0, 1, 0), (1, 0, 0), (2, 0, 0)]),
        Pairs.none(),
        sums([(0, 0, 30.0), (2, 1, 10.0)]),
        people([0, 0, 0], frozenset({2})),
        NAMES,
    )
    assert found.total == ImpactLine("total", 2, 1, 0, 0, 2, 40.0, 10.0)
    assert found.by_service == (
        ImpactLine("voice", 2, 1, 0, 0, 2, 30.0, 7.5),
        ImpactLine("web", 1, 0, 0, 0, 1, 10.0, 2.5),
    )


def test_a_subject_is_affected_before_it_is_unknown_before_it_is_at_risk() -> None:
    found = assess(
        members([(0, 0, 0), (0, 1, 1), (1, 0, 1)]),
        pairs([(0, 1), (1, 1), (2, 0)]),
        Tally.none(),
        people([0, 0, 0]),
        NAMES,
    )
    assert found.total == ImpactLine("total", 1, 0, 1, 1, 1)
    assert [(x.group, x.affected_users, x.unknown, x.at_risk) for x in found.by_service] == [
        ("voice", 1, 1, 1),
        ("web", 0, 1, 1),
    ]


def test_segments_of_fewer_than_five_subjects_go_into_one_line() -> None:
    found = assess(
        members([(i, 0, 0) for i in range(13)]),
        Pairs.none(),
        Tally.none(),
        people([0] * 5 + [-1] * 5 + [1] * 2 + [2]),
        NAMES,
    )
    assert {x.group: x.affected_users for x in found.by_segment} == {
        "(undeclared)": 5,
        "consumer": 5,
        "(small groups)": 3,
    }
    assert found.total.affected_users == 13


def test_without_anyone_there_is_a_total_of_nothing() -> None:
    found = assess(members([]), Pairs.none(), Tally.none(), people([]), NAMES)
    assert found.total == ImpactLine("total")
    assert found.by_segment == found.by_service == ()


_PAIRS = st.lists(st.tuples(st.integers(0, 19), st.integers(0, 1)), unique=True, max_size=30)


@settings(deadline=None)
@given(st.lists(st.integers(-1, 2), min_size=20, max_size=20), _PAIRS, _PAIRS, _PAIRS)
def test_segment_lines_add_up_to_the_total(
    segments: list[int], one: list[tuple[int, int]], other: list[tuple[int, int]], lost: list[tuple[int, int]]
) -> None:
    rows = [(s, v, 0) for s, v in one] + [(s, v, 1) for s, v in other if (s, v) not in one]
    found = assess(
        members(rows), pairs(other), sums([(s, v, 15.0) for s, v in lost]), people(segments, frozenset(range(7))), NAMES
    )
    for name in ("affected_users", "affected_things", "at_risk", "unknown", "bad_minutes", "depth_minutes"):
        assert sum(getattr(x, name) for x in found.by_segment) == getattr(found.total, name)
    assert sum(x.bad_minutes for x in found.by_service) == found.total.bad_minutes == 15.0 * len(lost)
    touched = {s for s, *_ in [*rows, *other, *lost]}
    sizes = {g: sum(segments[s] == g for s in touched) for g in (-1, 0, 1, 2)}
    assert len([x for x in found.by_segment if x.group != "(small groups)"]) == sum(n >= 5 for n in sizes.values())


LINES = [
    ("cell", "csr", "uplink", "wire", None),
    ("csr", "a1", "uplink", "o1", "og"),
    ("csr", "a2", "uplink", "o2", "og"),
    ("gw", "a1", "uplink", "g1", "gg"),
    ("gw", "a2", "uplink", "g2", "gg"),
]


def network() -> Topology:
    names = [*sorted({x for a, b, _, via, _ in LINES for x in (a, b, via)}), "cpe"]
    table = pd.DataFrame(LINES, columns=["from_id", "to_id", "relation", "via", "redundancy_group"])
    nodes = pd.DataFrame({"resource_id": names, "type": "node"}, dtype="str")
    return Topology.build(conform(Feed.RESOURCES, nodes)[0], conform(Feed.CONNECTIONS, table)[0])


def served(topology: Topology) -> Population:
    """Six subjects on the cell; all have web, the first also voice; the last has a terminal."""
    base = people([0] * 6)
    gateway = np.full((6, 2), -1, np.int32)
    gateway[:, 1] = gateway[0, 0] = topology.position("gw")
    terminal = np.array([-1] * 5 + [topology.position("cpe")], np.int32)
    return replace(
        base, pair_gateway=gateway, access=np.full(6, topology.position("cell"), np.int32), terminal=terminal
    )


def test_the_loss_of_a_single_element_is_predicted_for_all_behind_it() -> None:
    topology = network()
    found = impact_of([topology.position("wire")], topology, served(topology), NAMES)
    assert found.impact.total == ImpactLine("total", 6, 0, 0, 0, 5)
    assert found.protected == 0
    assert {(x.group, x.affected_users) for x in found.impact.by_service} == {("voice", 1), ("web", 6)}


def test_what_redundancy_saves_is_protected_and_at_risk() -> None:
    topology = network()
    found = impact_of([topology.position("o1")], topology, served(topology), NAMES)
    assert found.impact.total == ImpactLine("total", at_risk=6)
    assert found.protected == 6
    both = impact_of([topology.position("o1"), topology.position("o2")], topology, served(topology), NAMES)
    assert both.impact.total.affected_users == 6


def test_a_dead_terminal_ends_the_services_of_its_subject() -> None:
    topology = network()
    found = impact_of([topology.position("cpe")], topology, served(topology), NAMES)
    assert found.impact.total.affected_users == 1


def test_subjects_are_looked_for_where_they_are_now() -> None:
    topology = network()
    away = np.full(6, topology.position("csr"), np.int32)
    found = impact_of([topology.position("wire")], topology, served(topology), NAMES, access=away)
    assert found.impact.total == ImpactLine("total")


def test_nothing_down_hits_nobody() -> None:
    topology = network()
    assert impact_of([], topology, served(topology), NAMES).impact.total == ImpactLine("total")


def test_carriers_of_attribute_values_are_the_services_of_subjects_that_have_them_all() -> None:
    topology = network()
    population = replace(served(topology), attributes=np.array([[3], [3], [1], [1], [1], [1]], np.int32))
    found = carriers(population, {"firmware": 3})
    assert list(zip(found.subject.tolist(), found.service.tolist(), strict=True)) == [(0, 0), (0, 1), (1, 1)]
    assert len(carriers(population, {"hat": 1})) == 0
