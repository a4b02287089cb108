"""The index for millions answers as the plain way of asking does, and as taking the elements out of a graph does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from cemcore.domain import Feed, ImpactLine
from cemcore.panel import Population
from cemcore.pipeline.impact import Names, Prediction, exposure, impact_of
from cemcore.topology import Topology
from cemcore.topology.national import Counts, National
from tests.core.test_topology_twin import World, framed, worlds

NAMES = Names(("voice", "web", "things"), ("w", "x", "y", "z"))
COLUMNS = ["from_id", "to_id", "relation", "via", "redundancy_group"]
RELATIONS = ["uplink", "containedIn", "poweredBy", "hostedOn", "memberOf"]


def built(world: World) -> Topology:
    table = pd.DataFrame(world.connections, columns=COLUMNS)
    return Topology.build(framed(Feed.RESOURCES, pd.DataFrame(world.resources)), framed(Feed.CONNECTIONS, table))


def spoilt(world: World, rng: np.random.Generator) -> World:
    """The same with connections missing, and some that make no sense."""
    names = [r["resource_id"] for r in world.resources]
    kept = [c for c in world.connections if rng.random() > 0.12]
    for _ in range(3):
        a, b = rng.choice(names, 2, replace=False)
        kept.append((str(a), str(b), str(rng.choice(RELATIONS)), "", ""))
    return World(world.resources, kept)


def crowd(topology: Topology, rng: np.random.Generator, anywhere: bool, n: int = 60) -> Population:
    """Subjects with up to three services at resources where people can be, or at any resource."""

    def named(*starts: str) -> list[int]:
        return [i for i, x in enumerate(topology.resource_ids) if anywhere or x.startswith(starts)]

    customer = rng.integers(-1, 30, n).astype(np.int32)
    terminal = np.where(rng.random(n) < 0.2, rng.integers(0, len(topology), n), -1)
    ends = [rng.choice([*named(start)[:3], -1], (n, 3)).astype(np.int32) for start in ("GW", "EP")]
    return Population(
        kind=rng.integers(-1, 2, n).astype(np.int8),
        customer=customer,
        terminal=terminal.astype(np.int32),
        access=rng.choice([*named("Y", "X", "R", "K"), -1], n).astype(np.int32),
        attributes=np.zeros((n, 1), np.int32),
        attribute_names=("plan",),
        pair_gateway=ends[0],
        pair_endpoint=ends[1],
        segment=rng.integers(-1, 4, 31).astype(np.int32)[customer],
    )


def told(counts: Counts) -> dict[str, list[int]]:
    segments = {("(undeclared)", *NAMES.segments)[i]: x.tolist() for i, x in enumerate(counts.segments)}
    services = {NAMES.services[i]: x.tolist() for i, x in enumerate(counts.services)}
    lines = {"total": counts.total.tolist(), **segments, **services}
    return {name: x for name, x in lines.items() if any(x[:3])} | {"saved": [counts.saved]}


def expected(found: Prediction) -> dict[str, list[int]]:
    def line(x: ImpactLine) -> list[int]:
        return [x.affected_users, x.affected_things, x.at_risk, x.customers]

    impact = found.impact
    lines = {x.group: line(x) for x in (impact.total, *impact.by_segment, *impact.by_service)}
    return {name: x for name, x in lines.items() if any(x[:3])} | {"saved": [found.protected]}


@settings(max_examples=25, deadline=None)
@given(worlds(), st.integers(0, 2**31), st.booleans())
def test_who_is_hit_is_what_the_plain_way_says(world: World, seed: int, spoil: bool) -> None:
    rng = np.random.default_rng(seed)
    topology = built(spoilt(world, rng) if spoil else world)
    population = crowd(topology, rng, spoil)
    index = National.build(topology, population)
    for size in (1, 1, 1, 2, 3, 6):
        down = rng.choice(len(topology), size, replace=False).tolist()
        assert told(index.counts(down)) == expected(impact_of(down, topology, population, NAMES, least=0))
        plain = exposure(down, topology, population)
        for mine, theirs in zip(index.pairs(down), (plain.lost, plain.at_risk, plain.protected), strict=True):
            assert mine[0].tolist() == theirs.subject.tolist()
            assert mine[1].tolist() == theirs.service.tolist()


@settings(max_examples=15, deadline=None)
@given(worlds(), st.integers(0, 2**31))
def test_services_are_lost_where_a_graph_without_the_elements_has_no_way(world: World, seed: int) -> None:
    rng = np.random.default_rng(seed)
    topology = built(world)
    population = crowd(topology, rng, False, 12)
    index = National.build(topology, population)
    ids = topology.resource_ids
    for _ in range(3):
        down = rng.choice(len(topology), rng.integers(1, 4), replace=False).tolist()
        names, lost = {ids[i] for i in down}, set(zip(*(x.tolist() for x in index.pairs(down)[0]), strict=True))
        for subject, service in np.ndindex(12, 3):
            triple = (population.access[subject], population.pair_gateway[subject, service],
                      population.pair_endpoint[subject, service])  # fmt: skip
            if min(triple) < 0 or population.terminal[subject] in down:
                continue
            a, g, e = (ids[i] for i in triple)
            if world.served((a, g, e), set()):
                assert ((subject, service) in lost) is not world.served((a, g, e), names)


@settings(max_examples=10, deadline=None)
@given(worlds(), st.integers(0, 2**31))
def test_people_who_moved_are_found_where_they_are(world: World, seed: int) -> None:
    rng = np.random.default_rng(seed)
    topology = built(world)
    population = crowd(topology, rng, False)
    index = National.build(topology, population)
    away = population.access.copy()
    some = rng.choice(len(away), 20, replace=False)
    away[some] = rng.permutation(away)[:20]
    moved = index.moved(away)
    fresh = National.build(topology, replace(population, access=away))
    for r in range(len(topology)):
        assert told(moved.counts([r])) == told(fresh.counts([r]))


def test_large_populations_are_counted_by_the_index_and_pairs_put_together_later() -> None:
    from cemcore.topology.national.keeping import LEAST_SUBJECTS

    world = World([{"resource_id": x, "type": "node"} for x in ("cell", "csr", "gw", "a", "l1", "l2")], [])
    world.connections += [("cell", "csr", "containedIn", "", ""), ("gw", "a", "hostedOn", "", "")]
    world.connections += [("csr", "a", "uplink", "l1", "g"), ("csr", "a", "uplink", "l2", "g")]
    topology = built(world)
    n = LEAST_SUBJECTS
    gateway = np.full((n, 3), -1, np.int32)
    gateway[:, 1] = topology.position("gw")
    none = np.full(n, -1, np.int32)
    population = Population(
        np.zeros(n, np.int8), np.arange(n, dtype=np.int32) // 2, none, np.full_like(none, topology.position("cell")),
        np.zeros((n, 1), np.int32), ("plan",), gateway, np.full((n, 3), -1, np.int32),
        (np.arange(n, dtype=np.int32) // 2 % 4).astype(np.int32),
    )  # fmt: skip
    lost = impact_of([topology.position("csr")], topology, population, NAMES)
    assert lost.impact.total == ImpactLine("total", n, customers=n // 2)
    assert [x.affected_users for x in lost.impact.by_segment] == [n // 4] * 4
    saved = impact_of([topology.position("l1")], topology, population, NAMES)
    assert saved.impact.total == ImpactLine("total", at_risk=n)
    assert len(saved.exposure.at_risk) == n
    assert len(saved.exposure.lost) == 0
