"""Which top alarms are folded under, by example: trees, rings, pairs, power, links, redundancy and its loss."""

from __future__ import annotations

from cemcore.domain import Severity
from tests.route.folding.small_networks import alarm, folded, network, tops

TREE = [
    ("agg", "c1", "uplink", "la"),
    ("rone", "agg", "uplink", "lone"),
    ("rtwo", "agg", "uplink", "ltwo"),
    ("gone", "rone", "uplink"),
    ("cellone", "gone", "containedIn"),
    ("celltwo", "gone", "containedIn"),
]
RING = [
    ("agg", "c1", "uplink", "la"),
    ("ra", "agg", "uplink", "l1", "ring"),
    ("ra", "rb", "uplink", "l2", "ring"),
    ("rb", "ra", "uplink", "l2", "ring"),
    ("rb", "rc", "uplink", "l3", "ring"),
    ("rc", "agg", "uplink", "l4", "ring"),
]
PAIR = [
    ("agga", "pair", "memberOf"),
    ("aggb", "pair", "memberOf"),
    ("agga", "c1", "uplink", "la"),
    ("aggb", "c1", "uplink", "lb"),
    ("olt", "agga", "uplink", "oa", "og"),
    ("olt", "aggb", "uplink", "ob", "og"),
    ("pon", "olt", "containedIn"),
]


def test_what_hangs_on_an_alarmed_element_is_folded_under_it_over_any_depth() -> None:
    found = tops(network(*TREE), [alarm("rone"), alarm("gone", 20), alarm("cellone", 40), alarm("celltwo", 50)])
    assert set(found.values()) == {"rone"}


def test_a_parent_that_comes_last_takes_the_children_that_came_first() -> None:
    topology = network(*TREE)
    children = [alarm("cellone", 0, number=1), alarm("gone", 5)]
    assert set(tops(topology, children).values()) == {"gone"}
    assert set(tops(topology, [*children, alarm("rone", 200)]).values()) == {"rone"}


def test_alarms_beyond_the_window_are_not_folded() -> None:
    assert tops(network(*TREE), [alarm("rone"), alarm("cellone", 1000)])["cellone"] == "cellone"


def test_one_of_two_uplinks_explains_no_outage() -> None:
    found = tops(network(*PAIR), [alarm("agga"), alarm("olt", 10), alarm("pon", 20)])
    assert found == {"agga": "agga", "olt": "olt", "pon": "olt"}


def test_one_of_two_uplinks_explains_that_protection_is_lost() -> None:
    found = tops(network(*PAIR), [alarm("agga"), alarm("olt", 10, Severity.MINOR, problem="redundancy lost")])
    assert found["olt"] == "agga"


def test_both_of_a_pair_are_folded_under_the_pair_with_all_that_hangs_on_it() -> None:
    topology = network(*PAIR)
    alarms = [alarm("agga"), alarm("aggb", 30), alarm("olt", 10), alarm("pon", 60)]
    found = folded(topology, alarms)
    assert len(found.top) == 1
    group = found.groups[0]
    assert (topology.resource(group.top), group.suspected, group.count) == ("pair", True, 4)


def test_a_ring_is_cut_at_two_places_only() -> None:
    one = tops(network(*RING), [alarm("l1"), alarm("ra", 10)])
    assert one["ra"] == "ra"
    two = tops(network(*RING), [alarm("l1"), alarm("l3", 5), alarm("ra", 10), alarm("rb", 20), alarm("rc", 20)])
    assert {two["ra"], two["rb"], two["rc"]} <= {"l1", "l3"}  # rc sees the end of l3


def test_a_ring_behind_a_router_is_folded_under_the_router_not_under_a_neighbour() -> None:
    found = tops(network(*RING), [alarm("agg", 30), alarm("ra", 20), alarm("rb", 0), alarm("rc", 10)])
    assert set(found.values()) == {"agg"}


def test_a_link_that_is_down_is_seen_at_both_its_ends() -> None:
    port = alarm("agg", 10, problem="loss of signal on a port")
    found = tops(network(*TREE), [alarm("lone"), port, alarm("rone", 20), alarm("cellone", 30)])
    assert set(found.values()) == {"lone"}


def test_a_router_that_is_down_takes_all_its_links_down() -> None:
    found = tops(network(*PAIR), [alarm("olt", 20), alarm("oa", 5), alarm("ob", 0), alarm("pon", 30)])
    assert set(found.values()) == {"olt"}


def test_power_that_fails_takes_the_sites_behind_it() -> None:
    sites = [("rone", "sone", "locatedAt"), ("rtwo", "stwo", "locatedAt")]
    power = [("sone", "mains", "poweredBy"), ("stwo", "mains", "poweredBy")]
    found = tops(network(*TREE, *sites, *power), [alarm("mains"), alarm("rone", 20), alarm("rtwo", 30)])
    assert set(found.values()) == {"mains"}


def test_two_feeds_that_back_each_other_up_must_both_fail() -> None:
    feeds = [("rone", "feeda", "poweredBy", "", "feeds"), ("rone", "feedb", "poweredBy", "", "feeds")]
    topology = network(*TREE, *feeds)
    assert tops(topology, [alarm("feeda"), alarm("rone", 10)])["rone"] == "rone"
    both = tops(topology, [alarm("feeda"), alarm("feedb", 5), alarm("rone", 10)])
    assert both["rone"] in {"feeda", "feedb"}


def test_where_all_that_hangs_on_something_is_alarmed_it_is_suspected() -> None:
    topology = network(*TREE)
    found = folded(topology, [alarm("rone"), alarm("rtwo", 30), alarm("cellone", 60)])
    group = found.groups[0]
    assert len(found.groups) == 1
    assert group.suspected
    assert group.top_alarm == ""
    assert topology.resource(group.top) == "agg"


def test_where_a_third_of_it_is_alarmed_nothing_is_suspected() -> None:
    more = [(f"r{x}", "agg", "uplink", f"l{x}") for x in ("x", "y", "z", "v")]
    found = folded(network(*TREE, *more), [alarm("rone"), alarm("rtwo", 30)])
    assert [g.suspected for g in found.groups] == [False, False]


def test_a_warning_explains_nothing_and_a_minor_alarm_no_outage() -> None:
    topology = network(*TREE)
    warned = tops(topology, [alarm("rone", 0, Severity.WARNING), alarm("cellone", 10, Severity.WARNING)])
    assert warned["cellone"] == "cellone"
    minor = tops(topology, [alarm("rone", 0, Severity.MINOR), alarm("cellone", 10, Severity.CRITICAL)])
    assert minor["cellone"] == "cellone"
    both = tops(topology, [alarm("rone", 0, Severity.MINOR), alarm("cellone", 10, Severity.MINOR)])
    assert both["cellone"] == "rone"


def test_an_object_that_the_inventory_lacks_stands_alone() -> None:
    found = folded(network(*TREE), [alarm("rone"), alarm("stranger", 5)])
    assert sorted(g.top for g in found.groups)[0] == -1
    assert [g.count for g in found.groups] == [1, 1]


def test_look_ups_find_alarms_on_under_and_above_a_resource() -> None:
    topology = network(*TREE)
    found = folded(topology, [alarm("agg"), alarm("gone", 20), alarm("rtwo", 30)])
    at = topology.index
    assert [a.alarm_id.split("/")[0] for a in found.on(at["gone"])] == ["gone"]
    assert [a.alarm_id.split("/")[0] for a in found.under(at["agg"])] == ["gone", "rtwo"]
    assert [a.alarm_id.split("/")[0] for a in found.under(at["rone"])] == ["gone"]
    assert [a.alarm_id.split("/")[0] for a in found.above(at["cellone"])] == ["agg", "gone"]
    assert found.on(at["cellone"]) == ()


def test_a_group_settles_when_nothing_has_joined_for_two_slots() -> None:
    topology = network(*TREE)
    alarms = [alarm("rone"), alarm("cellone", 600, delay=5)]
    assert not folded(topology, alarms, after=605 + 1799).groups[0].settled
    assert folded(topology, alarms, after=605 + 1801).groups[0].settled
    late = [*alarms, alarm("agg", 300, delay=2500)]
    assert not folded(topology, late, after=2900).groups[0].settled
