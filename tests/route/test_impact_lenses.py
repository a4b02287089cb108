"""Any lens parts an impact without losing or doubling anything, and hides groups of few."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cemcore.domain import ImpactLine
from cemcore.panel import Population
from cemcore.pipeline.impact import (
    Counted,
    Lens,
    Members,
    Pairs,
    Tally,
    by_pair,
    by_service,
    by_subject,
    through,
)

PEOPLE, SERVICES = 20, 2
LABELS = ("north", "south", "west")


def population() -> Population:
    """Twenty subjects, every third a thing; three of them share a payer, the last has none."""
    none = np.full(PEOPLE, -1, np.int32)
    payer = np.maximum(np.arange(PEOPLE, dtype=np.int32), 2)
    payer[-1] = -1
    pairs = np.full((PEOPLE, SERVICES), -1, np.int32)
    kind = (np.arange(PEOPLE) % 3 == 0).astype(np.int8)
    return Population(kind, payer, none, none, none[:, None], ("plan",), pairs, pairs, none)


_PAIR = st.tuples(st.integers(0, PEOPLE - 1), st.integers(0, SERVICES - 1))
_MEMBERS = st.dictionaries(_PAIR, st.integers(0, 2), max_size=25)
_LOST = st.dictionaries(_PAIR, st.integers(1, 60), max_size=25)
_GROUPS = st.lists(st.integers(-1, 2), min_size=PEOPLE * SERVICES, max_size=PEOPLE * SERVICES)


def counted(
    members: dict[tuple[int, int], int], exposed: list[tuple[int, int]], lost: dict[tuple[int, int], int]
) -> Counted:
    def columns(keys: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
        table = np.array(keys, np.int32).reshape(-1, 2)
        return table[:, 0], table[:, 1]

    subject, service = columns(list(members))
    states = np.array(list(members.values()), np.int8)
    who, what = columns(list(lost))
    minutes = np.array(list(lost.values()), np.float64)
    return Counted.of(
        Members(np.zeros(len(subject), np.int32), service, subject, states),
        Pairs(*columns(exposed)),
        Tally(np.zeros(len(who), np.int32), who, what, minutes, minutes / 8),
        population(),
        np.arange(PEOPLE, dtype=np.float64),
    )


@settings(deadline=None)
@given(_MEMBERS, st.lists(_PAIR, unique=True, max_size=20), _LOST, _GROUPS)
def test_lines_of_every_lens_add_up_to_the_total(
    members: dict[tuple[int, int], int],
    exposed: list[tuple[int, int]],
    lost: dict[tuple[int, int], int],
    groups: list[int],
) -> None:
    found, table = counted(members, exposed, lost), np.array(groups, np.int32).reshape(PEOPLE, SERVICES)
    total = found.total()
    for lens in (by_subject("area", LABELS, table[:, 0]), by_pair("contract", LABELS, table), by_service(("a", "b"))):
        lines = found.by(lens, 5)
        assert sum(x.bad_minutes for x in lines) == total.bad_minutes == sum(lost.values())
        assert sum(x.depth_minutes for x in lines) == total.depth_minutes
        if lens.name == "area":
            for name in ("affected_users", "affected_things", "at_risk", "unknown"):
                assert sum(getattr(x, name) for x in lines) == getattr(total, name)


@settings(deadline=None)
@given(_MEMBERS, _LOST, _GROUPS)
def test_no_named_line_is_about_fewer_than_five(
    members: dict[tuple[int, int], int], lost: dict[tuple[int, int], int], groups: list[int]
) -> None:
    table = np.array(groups, np.int32).reshape(PEOPLE, SERVICES)
    for line in counted(members, [], lost).by(by_pair("contract", LABELS, table), 5):
        if line.group != "(small groups)":
            code = -1 if line.group == "(undeclared)" else LABELS.index(line.group)
            assert len({s for s, v in [*members, *lost] if table[s, v] == code}) >= 5


def test_an_exact_lens_hides_nobody() -> None:
    found = counted({(0, 0): 0, (1, 1): 0}, [], {})
    assert [x.group for x in found.by(by_service(("voice", "web")), 5)] == ["voice", "web"]
    hidden = Lens("kind", ("voice", "web"), lambda subject, service: service)
    assert [x.group for x in found.by(hidden, 5)] == ["(small groups)"]


def test_spend_is_counted_once_a_payer_and_only_of_the_affected() -> None:
    found = counted({(0, 0): 0, (1, 0): 0, (2, 1): 0, (7, 0): 0, (9, 0): 2, (19, 0): 0}, [], {(11, 0): 15})
    line = found.total()
    assert line == ImpactLine("total", 4, 1, 1, 0, 2, 15.0, 15 / 8, 2.0 + 7.0)


def test_a_group_is_looked_up_through_the_customer() -> None:
    customer_of, group_of = np.array([1, 0, -1, 5], np.int32), np.array([2, -1], np.int32)
    assert through(customer_of, group_of).tolist() == [-1, 2, -1, -1]


def test_subjects_that_the_inventory_did_not_know_yet_are_undeclared() -> None:
    lens = by_subject("area", LABELS, np.array([2], np.int32))
    assert lens.codes(np.array([0, 8], np.int32), np.array([0, 0], np.int32)).tolist() == [2, -1]
