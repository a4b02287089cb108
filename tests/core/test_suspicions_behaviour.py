"""What happens speaks against the inventory only where it does so again and again."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cemcore.topology.suspicions.behaviour import elsewhere, painless, single_legs

PARENT = np.array([8, 8, 8, 8, 9, 9, 9, 9, -1, -1], np.int32)
"""Places 0-3 hang on node 8, places 4-7 on node 9."""


def shares(troubles: dict[int, set[int]], slots: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(slot, place, share of bad rows): each place is bad in its slots."""
    grid = [(s, p, 1.0 if s in troubles.get(p, ()) else 0.0) for s in range(slots) for p in range(8)]
    slot, place, bad = zip(*grid, strict=True)
    return np.array(slot, np.int64), np.array(place, np.int32), np.array(bad, np.float64)


TWICE = {*range(10, 14), *range(30, 34)}


def test_a_place_that_falls_ill_with_another_nodes_places_twice_is_named() -> None:
    slot, place, bad = shares(dict.fromkeys((0, 4, 5, 6, 7), TWICE))
    found = elsewhere(slot, place, bad, PARENT)
    assert [(e.place, e.own, e.other, e.spells) for e in found] == [(0, 8, 9, 2)]
    assert found[0].confidence > 0.5


def test_once_is_chance() -> None:
    assert elsewhere(*shares({p: set(range(10, 18)) for p in (0, 4, 5, 6, 7)}), PARENT) == []


def test_trouble_everywhere_says_nothing() -> None:
    assert elsewhere(*shares(dict.fromkeys(range(8), TWICE)), PARENT) == []


def test_trouble_of_a_place_alone_says_nothing() -> None:
    assert elsewhere(*shares({0: TWICE, 5: {11}}), PARENT) == []


def test_places_of_one_node_that_suffer_together_are_as_they_should_be() -> None:
    assert elsewhere(*shares(dict.fromkeys((0, 1, 2, 3), TWICE)), PARENT) == []


def alarms(*lines: tuple[int, str, bool]) -> pd.DataFrame:
    return pd.DataFrame(lines, columns=["resource", "sort", "hurt"])


def test_alarms_that_hurt_nobody_speak_against_the_mapping_where_alike_ones_hurt() -> None:
    alike = [(i, "gnb LOS", True) for i in range(10, 16)]
    found = painless(alarms(*[(1, "gnb LOS", False)] * 3, *alike))
    assert [(r, n) for r, n, _ in found] == [(1, 3)]
    assert found[0][2] > 0.5


def test_alarms_of_a_harmless_kind_do_not() -> None:
    harmless = [(i, "gnb FAN", False) for i in range(10, 16)]
    assert painless(alarms(*[(1, "gnb FAN", False)] * 5, *harmless)) == []


def test_a_resource_whose_alarm_hurt_once_is_mapped_right() -> None:
    alike = [(i, "gnb LOS", True) for i in range(10, 16)]
    assert painless(alarms(*[(1, "gnb LOS", False)] * 4, (1, "gnb LOS", True), *alike)) == []


def test_a_group_with_one_leg_is_named_where_others_have_two() -> None:
    groups = ["G1", "G1", "G2", "G2", "G3", "", ""]
    assert single_legs(groups, ["uplink csr"] * 7) == ["G3"]
    assert single_legs(["A", "B", "C"], ["uplink csr"] * 3) == []
