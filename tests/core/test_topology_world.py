"""Known truths of the shared operator world: its pairs, rings, names, and how many of its measurements join."""

from __future__ import annotations

import gzip
import importlib.util
import os
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from lxml import etree

from cemcore.domain import Feed
from cemcore.frames import conform
from cemcore.topology import Joiner, Topology

SHARED = Path(os.environ.get("CEM_SHARED", Path(__file__).parents[2] / ".." / "shared"))
WORLD = SHARED / "worlds" / "dev1.zip"
pytestmark = pytest.mark.skipif(not WORLD.exists(), reason=f"no operator world at {WORLD}")
ALIASES = {
    "GNBCUCPFunction=*,NRCellCU=*": "GNBDUFunction={1},NRCellDU={2}",
    "GNBCUUPFunction=*,NRCellCU=*": "GNBDUFunction={1},NRCellDU={2}",
}


@pytest.fixture(scope="module")
def archive() -> Iterator[zipfile.ZipFile]:
    with zipfile.ZipFile(WORLD) as z:
        yield z


def member(archive: zipfile.ZipFile, end: str) -> str:
    return next(n for n in archive.namelist() if n.endswith(end))


@pytest.fixture(scope="module")
def resources(archive: zipfile.ZipFile) -> pd.DataFrame:
    with archive.open(member(archive, "inventory/resources.csv")) as f:
        frame = pd.read_csv(f, dtype="str").rename(columns={"id": "resource_id", "lat": "latitude", "lon": "longitude"})
    return conform(Feed.RESOURCES, frame)[0]


@pytest.fixture(scope="module")
def topology(archive: zipfile.ZipFile, resources: pd.DataFrame) -> Topology:
    with archive.open(member(archive, "inventory/connections.csv")) as f:
        return Topology.build(resources, conform(Feed.CONNECTIONS, pd.read_csv(f, dtype="str"))[0])


def hard(topology: Topology, *ids: str) -> set[str]:
    access, gateway, endpoint = (topology.position(i) for i in ids)
    path = topology.path(access, gateway, endpoint)
    assert path.complete
    return {topology.resource(i) for i in path.hard}


def soft(topology: Topology, *ids: str) -> set[str]:
    access, gateway, endpoint = (topology.position(i) for i in ids)
    return {topology.resource(i) for i in topology.path(access, gateway, endpoint).soft}


def test_its_inventory_is_without_fault(topology: Topology) -> None:
    assert topology.faults == ()
    assert set(topology.domains) == {"device", "access", "transport", "core", "platform"}


def test_an_aggregation_pair_is_hard_and_each_member_is_not(topology: Topology) -> None:
    triple = ("PON-WUERZBURG-1-1", "BNG-WUERZBURG-1", "PEER-WUERZBURG")
    assert "AGP-WUERZBURG" in hard(topology, *triple)
    assert {"AGG-WUERZBURG-A", "AGG-WUERZBURG-B", "OL-WUERZBURG-1a", "OL-WUERZBURG-1b"} <= soft(topology, *triple)


def test_a_link_of_the_ring_is_soft_and_its_cell_site_router_hard(topology: Topology) -> None:
    triple = ("NRC-0002-1", "UPF-WUERZBURG-1", "CDN-WUERZBURG-1")
    assert {"CSR-WUERZBURG-02", "SITE-WUERZBURG-02", "PF-WUERZBURG-1", "GNB-0002"} <= hard(topology, *triple)
    assert {"RL-WUERZBURG-1", "RL-WUERZBURG-2"} <= soft(topology, *triple)


def test_the_duct_of_both_uplinks_is_hard_behind_the_pre_aggregation(topology: Topology) -> None:
    found = hard(topology, "NRC-0007-1", "UPF-MUENSTER-1", "PEER-MUENSTER")
    assert {"DUCT-WUERZBURG-1", "PA-WUERZBURG", "SL-WUERZBURG-06", "MW-WUERZBURG-07", "FAB-MUENSTER"} <= found
    assert not {"PL-WUERZBURG-a", "PL-WUERZBURG-b"} & found


def test_every_service_of_the_world_has_a_complete_path(archive: zipfile.ZipFile, topology: Topology) -> None:
    with archive.open(member(archive, "inventory/services.csv")) as f:
        served = pd.read_csv(f, dtype="str")[["gateway_id", "endpoint_id"]].dropna().drop_duplicates()
    access = [i for i, kind in enumerate(topology.types) if kind in ("nr_cell", "lte_cell", "pon_port", "cpe")]
    for gateway, endpoint in served.itertuples(index=False):
        g, e = topology.position(gateway), topology.position(endpoint)
        assert all(topology.path(a, g, e).complete for a in access[::7])


def measured(content: bytes) -> Counter[str]:
    """Values by full name of the measured object: prefix, element, object."""
    found: Counter[str] = Counter()
    prefix = element = ""
    for e in etree.fromstring(content).iter(etree.Element):
        kind = etree.QName(e).localname
        prefix = e.get("dnPrefix") or "" if kind == "fileHeader" else prefix
        element = e.get("localDn") or "" if kind == "managedElement" else element
        if kind == "measValue":
            single = etree.QName(e[0]).localname == "measResults"
            name = ",".join(p for p in (prefix, element, e.get("measObjLdn")) if p)
            found[name] += len((e[0].text or "").split()) if single else len(e)
    return found


def test_at_least_995_of_1000_measured_values_join(archive: zipfile.ZipFile, resources: pd.DataFrame) -> None:
    joiner = Joiner(resources["dn"].fillna("").tolist(), resources["resource_id"].tolist(), ALIASES)
    values: Counter[str] = Counter()
    for name in archive.namelist():
        if "/pm/2025-10-29/" in name and name.endswith(".gz"):
            try:
                values += measured(gzip.decompress(archive.read(name)))
            except (etree.XMLSyntaxError, EOFError):
                continue
    assert sum(values.values()) > 100_000
    joined = sum(n for name, n in values.items() if joiner.resource(name) is not None)
    assert joined / sum(values.values()) >= 0.995


def test_nearness_is_that_of_the_scorer(archive: zipfile.ZipFile, topology: Topology, tmp_path: Path) -> None:
    scorer = SHARED / "worlds" / "score.py"
    if not scorer.exists():
        pytest.skip(f"no scorer at {scorer}")
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory" / "connections.csv").write_bytes(archive.read(member(archive, "inventory/connections.csv")))
    spec = importlib.util.spec_from_file_location("scorer", scorer)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        neighbours = module.Neighbours(tmp_path)
    names = topology.resource_ids
    close = [(a, b) for a in range(0, len(names), 9) for b in range(0, len(names), 4)]
    close += [(a, int(b)) for a in range(0, len(names), 11) for b in topology.ancestors(a)]
    for a, b in close:
        assert topology.near(a, b) is neighbours.near(names[a], names[b]), (names[a], names[b])


def test_the_picture_for_people_shows_a_neighbourhood(topology: Topology) -> None:
    graph = topology.graph(["PA-WUERZBURG"], reach=2)
    assert graph.nodes["PA-WUERZBURG"]["type"] == "preagg_router"
    assert graph.edges["PA-WUERZBURG", "AGG-WUERZBURG-A"]["via"] == "PL-WUERZBURG-a"
    assert graph.number_of_nodes() < 40
