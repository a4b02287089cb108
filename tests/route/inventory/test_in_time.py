"""The inventory as valid at one time and as known at another; what was answered once can be answered again."""

from __future__ import annotations

from datetime import timedelta

from tests.route.inventory.small_operator import Operator, T, moved

HOUR = timedelta(hours=1)


def above(operator: Operator, cell: str, at: timedelta, known: timedelta | None = None) -> list[str]:
    topology = operator.cem.topology(T + at, None if known is None else T + known)
    hard = topology.path(topology.position(cell), -1, -1).hard
    return [r for r in topology.resource_ids if topology.position(r) in hard and r.startswith(("g", "r")) and r != cell]


def test_a_change_is_valid_from_the_snapshot_that_brought_it(operator: Operator) -> None:
    operator.snapshot(60, connections=moved(operator.stock["connections"], "g1", "r2"))
    assert above(operator, "g1a", timedelta()) == ["g1", "r1"]
    assert above(operator, "g1a", HOUR) == ["g1", "r2"]


def test_a_correction_dates_back_and_the_old_answer_stays_to_be_had(operator: Operator) -> None:
    since = {"valid_from": (T - HOUR).isoformat()}
    operator.snapshot(60, connections=moved(operator.stock["connections"], "g1", "r2", **since))
    assert above(operator, "g1a", timedelta()) == ["g1", "r2"]
    assert above(operator, "g1a", timedelta(), known=timedelta()) == ["g1", "r1"]
    assert above(operator, "g1a", -1.5 * HOUR) == ["g1", "r1"]


def test_before_the_first_snapshot_the_first_one_holds(operator: Operator) -> None:
    assert above(operator, "g1a", -24 * HOUR) == ["g1", "r1"]


def test_a_tick_knows_no_more_than_was_recorded(operator: Operator) -> None:
    early = operator.cem.house.worlds.at(int(T.timestamp()))
    since = {"valid_from": (T - HOUR).isoformat()}
    operator.snapshot(60, connections=moved(operator.stock["connections"], "g1", "r2", **since))
    again = operator.cem.house.worlds.at(int(T.timestamp()))
    assert above(operator, "g1a", timedelta(), known=timedelta()) == ["g1", "r1"]
    assert again.topology.network.ways.to.tolist() == early.topology.network.ways.to.tolist()


def test_the_history_of_a_feed_has_its_spans(operator: Operator) -> None:
    operator.snapshot(60, connections=moved(operator.stock["connections"], "g1", "r2"))
    history = operator.cem.house.worlds.history(operator.cem.house.collectors["connections"].feed)
    mine = history[history["from_id"] == "g1"].sort_values("to_id")
    assert mine["to_id"].tolist() == ["r1", "r2"]
    assert mine["valid_to"].iloc[0] == mine["valid_from"].iloc[1] == T + HOUR
    assert mine["valid_from"].isna().tolist() == [True, False]


def test_impact_of_a_past_time_takes_the_inventory_of_then(operator: Operator) -> None:
    operator.snapshot(60, connections=moved(operator.stock["connections"], "g1", "r2"))
    then, now = (operator.cem.impact(resources=["r1"], at=T + t).impact.total for t in (timedelta(), HOUR))
    assert (then.affected_users, now.affected_users) == (2, 0)


def test_impact_as_known_then_stays_what_it_was(operator: Operator) -> None:
    since = {"valid_from": (T - HOUR).isoformat()}
    operator.snapshot(60, connections=moved(operator.stock["connections"], "g1", "r2", **since))
    asked = [operator.cem.impact(resources=["r1"], at=T, as_of=k).impact.total for k in (T, None)]
    assert [a.affected_users for a in asked] == [2, 0]
