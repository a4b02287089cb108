"""Laws of folding, for any alarms: each in one group, the order of arrival does not matter, the same again."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cemcore.domain import Alarm, Severity
from cemcore.pipeline import snapshot
from cemcore.pipeline.localisation import folding
from tests.route.folding.small_networks import NOON, alarm, network

TOPOLOGY = network(
    ("agga", "pair", "memberOf"), ("aggb", "pair", "memberOf"), ("agga", "c1", "uplink", "la"),
    ("aggb", "c1", "uplink", "lb"), ("r1", "agga", "uplink", "l1a", "g1"), ("r1", "aggb", "uplink", "l1b", "g1"),
    ("r2", "r1", "uplink", "l2"), ("r3", "agga", "uplink", "l3", "ring"), ("r3", "r4", "uplink", "l4", "ring"),
    ("r4", "r3", "uplink", "l4", "ring"), ("r4", "aggb", "uplink", "l5", "ring"), ("cell1", "r2", "containedIn"),
    ("cell2", "r3", "containedIn"), ("r2", "s2", "locatedAt"), ("r4", "s2", "locatedAt"),
)  # fmt: skip
"""A pair, a double uplink, a chain, a ring and a shared site."""

one = st.builds(
    alarm,
    st.sampled_from([*TOPOLOGY.resource_ids, "stranger"]),
    st.floats(-5000, 3000).map(lambda x: round(x, 1)),
    st.sampled_from([Severity.CRITICAL, Severity.MAJOR, Severity.MINOR, Severity.WARNING, Severity.INDETERMINATE]),
    number=st.integers(0, 10**9),
    problem=st.sampled_from(["down", "degraded"]),
    skew=st.sampled_from([0.0, 0.0, 0.0, -300.0, 120.0]),
    delay=st.floats(1, 60).map(lambda x: round(x, 1)),
)
some = st.lists(one, max_size=25, unique_by=lambda a: a.alarm_id)
lasting = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def told(found: folding.Folded) -> Any:
    """A folding in plain values."""
    return json.loads(
        json.dumps(
            [[*map(str, (g.top, g.suspected, g.first, g.settled, g.onset)), sorted(g.alarms)] for g in found.groups]
        )
    )


def ticks(alarms: list[Alarm], shown: list[list[Alarm]]) -> folding.Folded:
    """The last of several ticks, a quarter of an hour apart, that each know what was shown up to then."""
    state, known, found = folding.FoldingState(), [], None
    for k, new in enumerate([*shown, []]):
        known += new
        now = int(NOON.timestamp()) + 4000 + 900 * k
        found, state = folding.fold(state, known, TOPOLOGY, now - 900, now, 900)
    assert found is not None
    return found


@lasting
@given(some)
def test_each_alarm_is_in_exactly_one_group(alarms: list[Alarm]) -> None:
    found = ticks(alarms, [alarms])
    assert sorted(i for g in found.groups for i in g.alarms) == sorted(a.alarm_id for a in alarms)
    for a in alarms:
        assert a.alarm_id in found.group_of(a.alarm_id).alarms
        assert found.top_of(a.alarm_id) == found.group_of(a.alarm_id).top


@lasting
@given(some, st.randoms(use_true_random=False), st.integers(1, 4))
def test_the_order_of_arrival_does_not_matter_once_all_is_there(alarms: list[Alarm], random: Any, parts: int) -> None:
    shuffled = alarms[:]
    random.shuffle(shuffled)
    at_once = ticks(alarms, [[]] * (parts - 1) + [alarms])
    one_by_one = ticks(alarms, [shuffled[k::parts] for k in range(parts)])
    assert told(at_once) == told(one_by_one)


@lasting
@given(some, some)
def test_a_state_that_was_written_and_read_goes_on_as_before(first: list[Alarm], then: list[Alarm]) -> None:
    now = int(NOON.timestamp()) + 4000
    _, state = folding.fold(folding.FoldingState(), first, TOPOLOGY, now - 900, now, 900)
    kept = {k: v.copy() for k, v in snapshot.flatten(state).items()}
    restored = snapshot.restore(kept, folding.CLASSES)
    both = list({a.alarm_id: a for a in [*first, *then]}.values())
    a, after = folding.fold(state, both, TOPOLOGY, now, now + 900, 900)
    b, again = folding.fold(restored, both, TOPOLOGY, now, now + 900, 900)
    assert told(a) == told(b)
    for x, y in zip(snapshot.flatten(after).values(), snapshot.flatten(again).values(), strict=True):
        np.testing.assert_array_equal(x, y)
    for name, value in snapshot.flatten(state).items():
        np.testing.assert_array_equal(value, kept[name])  # the old state stays as it was


@lasting
@given(some)
def test_weights_lie_between_nothing_and_all_and_numbers_are_finite(alarms: list[Alarm]) -> None:
    found = ticks(alarms, [alarms])
    assert ((found.weight >= 0) & (found.weight <= 1)).all()
    assert np.isfinite(found.onset).all()
    assert (found.sd > 0).all()
    assert (found.onset <= found.reported + 1e-6).all()
