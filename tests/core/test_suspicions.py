"""Wrong and missing connections are named from the regularities of the inventory; a clean one is left in peace."""

from __future__ import annotations

import pandas as pd
import pytest

from cemcore.domain import Feed
from cemcore.frames import conform
from cemcore.topology.suspicions import Suspicion, suspect

PLACES = ("KATOWICE", "GDANSK", "POZNAN", "LODZ")

Line = tuple[str, str, str, str]


def inventory(plain: bool = False) -> tuple[pd.DataFrame, list[Line]]:
    """An operator of four places: router pairs, site routers over links, gNBs with DNs and cells. With `plain`, ids are
    numbers, and there are neither names nor DNs nor link ends.
    """
    things: list[dict[str, str]] = []
    lines: list[Line] = []

    def thing(kind: str, name: str, place: str, **more: str) -> str:
        things.append({"resource_id": name, "type": kind, "name": name, "region": place, **more})
        return name

    for p, place in enumerate(PLACES):
        core = thing("core_router", f"CR-{place}", place)
        aggs = [thing("agg_router", f"AGG-{place}-{x}", place) for x in "AB"]
        for x, agg in zip("AB", aggs, strict=True):
            link = thing("link", f"AL-{place}-{x}", "", a_end=agg, z_end=core)
            lines.append((agg, core, "uplink", link))
        for k in range(1, 5):
            site = thing("site", f"SITE-{place}-{k:02d}", place)
            router = thing("cell_site_router", f"CSR-{place}-{k:02d}", place)
            lines.append((router, site, "locatedAt", ""))
            for x, agg in zip("ab", aggs, strict=True):
                link = thing("link", f"SL-{place}-{k:02d}{x}", "", a_end=router, z_end=agg)
                lines.append((router, agg, "uplink", link))
            number = f"{4 * p + k:04d}"
            dn = f"SubNetwork=RAN,ManagedElement=GNB-{number}"
            gnb = thing("gnb", f"GNB-{number}", place, dn=dn)
            lines += [(gnb, site, "locatedAt", ""), (gnb, router, "uplink", "")]
            for c in range(1, 4):
                cell = thing("nr_cell", f"NRC-{number}-{c}", place, dn=f"{dn},GNBDUFunction=1,NRCellDU={c}")
                lines.append((cell, gnb, "containedIn", ""))
    table = pd.DataFrame(things, dtype="str")
    if plain:
        order = {
            r: f"{i:05d}" for i, r in enumerate(sorted(table["resource_id"], key=lambda r: hash((len(r), r[::-1]))))
        }
        table = table.assign(resource_id=table["resource_id"].map(order), name=None, dn=None, a_end=None, z_end=None)
        lines = [(order[a], order[b], r, order.get(v, "")) for a, b, r, v in lines]
    return conform(Feed.RESOURCES, table)[0], lines


def told(resources: pd.DataFrame, lines: list[Line], **more: object) -> tuple[Suspicion, ...]:
    table = pd.DataFrame(lines, columns=["from_id", "to_id", "relation", "via"], dtype="str")
    return suspect(resources, conform(Feed.CONNECTIONS, table.mask(table == ""))[0], **more)  # type: ignore[arg-type]


def turned(lines: list[Line], line: Line, to: str) -> list[Line]:
    return [(x[0], to, x[2], x[3]) if x == line else x for x in lines]


@pytest.mark.parametrize("plain", [False, True])
def test_a_clean_inventory_raises_no_suspicion(plain: bool) -> None:
    assert told(*inventory(plain)) == ()


@pytest.mark.parametrize(
    ("line", "to"),
    [
        (("NRC-0003-2", "GNB-0003", "containedIn", ""), "GNB-0004"),
        (("CSR-LODZ-02", "AGG-LODZ-A", "uplink", "SL-LODZ-02a"), "AGG-POZNAN-A"),
        (("CSR-LODZ-02", "SITE-LODZ-02", "locatedAt", ""), "SITE-LODZ-03"),
        (("GNB-0007", "CSR-GDANSK-03", "uplink", ""), "CSR-KATOWICE-01"),
    ],
)
def test_a_connection_that_leads_elsewhere_is_named_with_where_it_should_lead(line: Line, to: str) -> None:
    resources, lines = inventory()
    found = told(resources, turned(lines, line, to))
    assert [(s.kind, s.from_id, s.to_id, s.suggested) for s in found] == [("wrong_link", line[0], to, (line[1],))]
    assert found[0].confidence > 0.9
    assert found[0].reasons


@pytest.mark.parametrize(
    "line",
    [
        ("NRC-0003-2", "GNB-0003", "containedIn", ""),
        ("CSR-LODZ-02", "AGG-LODZ-A", "uplink", "SL-LODZ-02a"),
        ("CSR-LODZ-02", "SITE-LODZ-02", "locatedAt", ""),
    ],
)
def test_a_connection_that_others_have_is_missed(line: Line) -> None:
    resources, lines = inventory()
    found = told(resources, [x for x in lines if x != line])
    assert [(s.kind, s.from_id, s.relation, s.suggested, s.via) for s in found] == [
        ("missing_link", line[0], line[2], (line[1],), line[3])
    ]


def test_without_any_name_shape_alone_says_that_something_is_missing_and_does_not_guess_what() -> None:
    resources, lines = inventory(plain=True)
    gone = next(x for x in lines if x[2] == "containedIn")
    found = told(resources, [x for x in lines if x != gone])
    assert [(s.kind, s.from_id, s.relation) for s in found] == [("missing_link", gone[0], "containedIn")]
    assert found[0].suggested in ((), (gone[1],))


def test_what_another_source_states_speaks_against_a_connection() -> None:
    resources, lines = inventory(plain=True)
    cells = [x for x in lines if x[2] == "containedIn"]
    stated = pd.DataFrame([(x[0], x[1]) for x in cells], columns=["from_id", "to_id"], dtype="str")
    other = next(x[1] for x in cells if x[1] != cells[0][1])
    found = told(resources, turned(lines, cells[0], other), stated={"stated": (stated, "the element says so")})
    assert [(s.from_id, s.to_id, s.suggested) for s in found] == [(cells[0][0], other, (cells[0][1],))]


def test_the_order_of_the_inventory_does_not_matter() -> None:
    resources, lines = inventory()
    bad = turned(lines, lines[7], "AGG-LODZ-B")[:-3]
    again = told(resources.sample(frac=1, random_state=5).reset_index(drop=True), bad[::-1])
    assert {(s.kind, s.from_id, s.to_id, s.suggested) for s in told(resources, bad)} == {
        (s.kind, s.from_id, s.to_id, s.suggested) for s in again
    }


def test_an_empty_inventory_and_one_of_unknown_ends_say_nothing() -> None:
    resources, _ = inventory()
    assert told(resources, []) == ()
    assert told(resources.head(0), [("a", "b", "uplink", "")]) == ()
