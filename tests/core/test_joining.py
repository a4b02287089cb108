"""Names of measured and alarmed objects find their resource (TS 32.300 names, TS 32.435 file parts)."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cemcore.topology import Joiner

INVENTORY = {
    "GNB-1": "SubNetwork=RAN,SubNetwork=NORTH,ManagedElement=GNB-1",
    "CELL-1-1": "SubNetwork=RAN,SubNetwork=NORTH,ManagedElement=GNB-1,GNBDUFunction=1,NRCellDU=1",
    "CELL-1-2": "SubNetwork=RAN,SubNetwork=NORTH,ManagedElement=GNB-1,GNBDUFunction=1,NRCellDU=2",
    "CELL-2-1": "SubNetwork=RAN,SubNetwork=SOUTH,ManagedElement=GNB-2,GNBDUFunction=1,NRCellDU=1",
    "DUCT-9": "",
}
ALIASES = {"GNBCUCPFunction=*,NRCellCU=*": "GNBDUFunction={1},NRCellDU={2}"}


def joiner(**options: object) -> Joiner:
    return Joiner(list(INVENTORY.values()), list(INVENTORY), ALIASES, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "resource"),
    [
        ("DUCT-9", "DUCT-9"),
        ("SubNetwork=RAN,SubNetwork=NORTH,ManagedElement=GNB-1", "GNB-1"),
        (
            "DC=operator.example,SubNetwork=RAN,SubNetwork=NORTH,ManagedElement=GNB-1,GNBDUFunction=1,NRCellDU=2",
            "CELL-1-2",
        ),
        (
            "DC=operator.example,SubNetwork=RAN,SubNetwork=NORTH,ManagedElement=GNB-1,GNBCUCPFunction=1,NRCellCU=2",
            "CELL-1-2",
        ),
        ("ManagedElement=GNB-2,GNBDUFunction=1,NRCellDU=1", "CELL-2-1"),
        ("ManagedElement=GNB-2,GNBCUCPFunction=1,NRCellCU=1", "CELL-2-1"),
        (" SubNetwork=RAN, SubNetwork=NORTH ,ManagedElement=GNB-1", "GNB-1"),
    ],
)
def test_names_join_by_id_by_their_longest_end_and_by_alias(name: str, resource: str) -> None:
    assert joiner().resource(name) == resource


def test_an_element_named_twice_in_a_row_is_one_element() -> None:
    local = "SubNetwork=RAN,SubNetwork=NORTH,ManagedElement=GNB-1"
    assert joiner().resource(f"{local},ManagedElement=GNB-1,GNBDUFunction=1,NRCellDU=1") == "CELL-1-1"


def test_a_bare_element_name_before_the_object_is_passed_over() -> None:
    assert joiner().resource("GNB-1,SubNetwork=RAN,SubNetwork=NORTH,ManagedElement=GNB-1") == "GNB-1"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "GNB-9",
        "NRCellDU=1",
        "GNBDUFunction=1,NRCellDU=1",
        "SubNetwork=RAN,SubNetwork=EAST,ManagedElement=GNB-1",
        "SubNetwork=RAN,SubNetwork=NORTH,ManagedElement=GNB-1,GNBDUFunction=1,NRCellDU=1,Beam=4",
        "SubNetwork=RAN,SubNetwork=NORTH,ManagedElement=GNB-1,GNBCUCPFunction=1,NRCellCU=7",
    ],
)
def test_what_fits_nothing_or_several_joins_nothing(name: str) -> None:
    assert joiner().resource(name) is None


def test_objects_below_the_inventory_join_what_is_above_them_only_where_told_to() -> None:
    name = "SubNetwork=RAN,SubNetwork=NORTH,ManagedElement=GNB-1,GNBDUFunction=1,NRCellDU=1,Beam=4"
    assert joiner(ancestors=["Beam"]).resource(name) == "CELL-1-1"
    assert joiner(ancestors=["Antenna"]).resource(name) is None


def test_an_alias_may_rename_across_levels_and_reorder_values() -> None:
    j = Joiner(["Net=a,Port=7-3"], ["P"], {"Shelf=*,Slot=*": "Port={2}-{1}"})
    assert j.resource("Net=a,Shelf=3,Slot=7") == "P"


def test_a_comma_that_is_escaped_does_not_part_a_name() -> None:
    assert Joiner([r"Site=Bonn\, east,Cell=1"], ["C"]).resource(r"X=1,Site=Bonn\, east,Cell=1") == "C"


def test_a_column_of_names_keeps_its_index_and_its_gaps() -> None:
    names = pd.Series(["DUCT-9", None, "what", "ManagedElement=GNB-1", "DUCT-9"], index=[5, 3, 9, 1, 0], dtype="str")
    found = joiner().join(names)
    assert found.index.tolist() == [5, 3, 9, 1, 0]
    assert found.fillna("-").tolist() == ["DUCT-9", "-", "-", "GNB-1", "DUCT-9"]
    assert found.dtype == "str"


_RDN = st.builds("{}={}".format, st.sampled_from("ABC"), st.integers(1, 3))


@settings(deadline=None)
@given(
    st.lists(st.lists(_RDN, min_size=1, max_size=4).map(",".join), unique=True, max_size=8), st.lists(_RDN, max_size=2)
)
def test_every_inventory_name_joins_its_own_resource_below_any_prefix_but_a_longer_name(
    dns: list[str], above: list[str]
) -> None:
    plain = [d for d in dns if all(a != b for a, b in zip(d.split(","), d.split(",")[1:], strict=False))]
    ids = [f"r{i}" for i in range(len(plain))]
    j = Joiner(plain, ids)
    for dn, resource in zip(plain, ids, strict=True):
        assert j.resource(dn) == resource
        found = j.resource(",".join([*above, dn]))
        assert found is not None
        assert plain[ids.index(found)].endswith(dn)
