"""Causes by evidence: alarms and their time, ties, unknown, and who has to answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from cemcore.domain import Cause
from cemcore.pipeline.localisation.causes import Ranking, why
from cemcore.pipeline.localisation.explanations import RESOURCE
from cemcore.pipeline.localisation.folding import FoldingState, fold
from cemcore.pipeline.localisation.vitals.unwell import Unwell
from tests.route.causes_scene import BEGIN, SLOT, Operator, Trouble, alarm, at


@pytest.fixture(scope="module")
def operator() -> Operator:
    return Operator()


@pytest.fixture(scope="module")
def station(operator: Operator) -> Trouble:
    """All of GNB-1 is bad: its link has the very same rows."""
    return operator.trouble("LINK-7", lambda cell, who: cell < 2)


def lines(ranking: Ranking, name: str, kind: str) -> list[Any]:
    cause = next(c for c in ranking.causes if name in (c.name, *c.tied_with))
    return [e for e in cause.evidence if e.kind == kind]


def total(c: Cause) -> float:
    return sum(e.log_odds for e in c.evidence)


def test_what_records_and_network_cannot_tell_apart_is_one_tie(station: Trouble) -> None:
    first = station.rank().causes[0]
    assert {first.name, *first.tied_with} == {"LINK-7", "GNB-1"}
    assert first.confidence < 0.9


def test_an_alarm_on_one_of_them_ends_the_tie(station: Trouble) -> None:
    found = station.rank([alarm("GNB-1")])
    assert (found.causes[0].name, found.causes[0].tied_with) == ("GNB-1", ())
    assert {c.name for c in found.causes} >= {"GNB-1", "LINK-7"}


def test_a_parent_of_which_half_the_rows_are_well_is_far_less_likely(station: Trouble) -> None:
    found = station.rank()
    assert sum(c.confidence for c in found.causes if c.name in ("AGG-3", "CORE")) < 0.01


def test_confidence_of_causes_ties_and_unknown_sums_to_one(station: Trouble) -> None:
    found = station.rank([alarm("LINK-7")])
    assert sum(x for _, x in found.demarcation) == pytest.approx(1, abs=2e-3)
    assert found.demarcation[0] == ("transport", pytest.approx(found.causes[0].confidence, abs=0.05))


def test_the_lines_of_a_cause_sum_to_its_odds_over_another(station: Trouble) -> None:
    a, b = station.rank([alarm("LINK-7")]).causes[:2]
    assert np.log(a.confidence / b.confidence) == pytest.approx(total(a) - total(b), abs=0.05)


def test_thin_evidence_has_an_unknown_cause_in_a_domain(operator: Operator) -> None:
    thin = operator.trouble("AGG-3", lambda cell, who: who % 20 == 0, slots=1, surprise=1.2)
    found = thin.rank()
    first = found.causes[0]
    assert (first.label, first.name, first.resource_id) == ("unknown", "unknown", None)
    assert first.domain in ("access", "transport", "core", "platform")
    assert first.evidence[0].text.startswith(f"somewhere in {first.domain}")
    assert found.candidate == -1
    assert found.demarcation[0][0] == "unknown"


@pytest.mark.parametrize(
    ("nearer", "farther"),
    [
        (alarm("LINK-7", 2), alarm("LINK-7", 240)),
        (alarm("LINK-7", 2), alarm("LINK-7", -200)),
        (alarm("LINK-7", 2, "critical"), alarm("LINK-7", 2, "warning")),
        (alarm("LINK-7", -120), alarm("LINK-7", -120, cleared_at=at(-100))),
    ],
)
def test_alarms_count_by_severity_and_by_time_about_the_onset(station: Trouble, nearer: Any, farther: Any) -> None:
    def odds(a: Any) -> float:
        return sum(e.log_odds for e in lines(station.rank([a]), "LINK-7", "alarm"))

    assert odds(nearer) > 1.3 * odds(farther) >= 0


def test_a_clock_that_is_off_does_not_hide_an_alarm(station: Trouble) -> None:
    skewed = alarm("LINK-7", minutes=300, reported=1)
    (found,) = lines(station.rank([skewed]), "LINK-7", "alarm")
    assert found.log_odds == pytest.approx(3.0, abs=0.1)
    assert "clock is 299 min fast" in found.text


def test_many_alarms_on_one_element_count_once(station: Trouble) -> None:
    one = total(station.rank([alarm("LINK-7", 1)]).causes[0])
    many = station.rank([alarm("LINK-7", m) for m in (1, 14, 29, 61)])
    assert total(many.causes[0]) <= one + 0.01
    assert len(lines(many, "LINK-7", "alarm")) == 4


def test_a_flapping_alarm_counts_half(station: Trouble) -> None:
    flapping = station.rank([alarm("LINK-7", m, cleared_at=at(m + 1)) for m in (-20, -10, 0, 10, 20)])
    steady = station.rank([alarm("LINK-7", 1)])
    best = max(e.log_odds for e in lines(flapping, "LINK-7", "alarm"))
    assert best == pytest.approx(lines(steady, "LINK-7", "alarm")[0].log_odds / 2, abs=0.1)
    assert all("flapping" in e.text for e in lines(flapping, "LINK-7", "alarm"))


def test_a_storm_under_an_element_is_one_sign_and_speaks_against_what_is_under_it(operator: Operator) -> None:
    whole = operator.trouble("AGG-3", lambda cell, who: cell >= 0)
    under = [alarm(x, 1 + i) for i, x in enumerate(("GNB-1", "GNB-2", "LINK-7", "LINK-8", "CELL-11", "CELL-12"))]
    found = whole.rank([alarm("AGG-3"), *under])
    assert found.causes[0].name == "AGG-3"
    (storm,) = lines(found, "AGG-3", "alarm_under")
    assert 0 < storm.log_odds <= 1
    below = operator.trouble("GNB-1", lambda cell, who: cell < 2).rank([alarm("AGG-3"), alarm("GNB-1", 2)])
    assert lines(below, "GNB-1", "alarm_above")[0].log_odds < 0


def test_no_alarm_where_the_type_raises_one_speaks_against(station: Trouble) -> None:
    found = station.rank()
    (silent,) = lines(found, "LINK-7", "no_alarm")
    assert silent.log_odds < 0
    assert lines(station.rank([alarm("LINK-7")]), "LINK-7", "no_alarm") == []


def test_metrics_of_the_resource_itself_end_a_tie(station: Trouble) -> None:
    link = station.operator.topology.index["LINK-7"]
    one = np.array([link], np.int32)
    since, until = np.array([BEGIN], np.int64), np.array([BEGIN + SLOT], np.int64)
    odds, value, usual = (np.array([x], np.float32) for x in (4.0, 900.0, 3.0))
    names, topology = ("rx_errors_per_s",), station.operator.topology
    unwell = Unwell(one, np.zeros(1, np.int32), since, until, odds, value, usual, names, {link: 1}, topology)
    found = station.rank(unwell=unwell)
    assert (found.causes[0].name, found.causes[0].tied_with) == ("LINK-7", ())
    (line,) = lines(found, "LINK-7", "kpi")
    assert line.log_odds == pytest.approx(2 * unwell.log_odds(link, BEGIN) / 2.5, abs=0.01)
    assert line.log_odds > 1
    assert "rx_errors_per_s" in line.text
    assert "14:00 UTC" in line.text


def test_a_late_parent_alarm_revises_the_cause_and_says_why(operator: Operator) -> None:
    """All is bad and the search wavers; there is an alarm on UPF-1, until that on AGG-3 arrives."""
    both = operator.trouble("AGG-3", lambda cell, who: cell >= 0)
    agg, upf = both.live.candidate, both.known.find(RESOURCE, operator.topology.index["UPF-1"])
    both.live = replace(both.live, votes=((upf, 20.0), (agg, 18.0)), candidate=upf)
    before = both.rank([alarm("UPF-1")]).causes
    late = alarm("AGG-3", 0, reported=100, alarm_id="ALM-12")
    after = both.rank([alarm("UPF-1", 1, "minor", cleared_at=at(2)), late]).causes
    assert (before[0].name, after[0].name) == ("UPF-1", "AGG-3")
    assert why(before, after) == "cause changed: from UPF-1 to AGG-3, as alarm ALM-12 on AGG-3 came late"
    assert why(after, after) == ""


def test_folded_alarms_count_for_what_they_are_folded_under(operator: Operator) -> None:
    """AGG-3 fails and takes both stations with it: theirs are consequences."""
    names = ("AGG-3", "GNB-1", "GNB-2")
    alarms = [alarm(n, 1 + 0.1 * i) for i, n in enumerate(names)]
    folded, _ = fold(FoldingState(), alarms, operator.topology, BEGIN, BEGIN + 7200, SLOT)
    assert {folded.top_of(a.alarm_id) for a in alarms} == {operator.topology.index["AGG-3"]}
    station = operator.trouble("GNB-1", lambda cell, who: cell < 2)
    plain = lines(station.rank(alarms), "GNB-1", "alarm")[0]
    under = lines(station.rank(alarms, folded=folded), "GNB-1", "alarm")[0]
    assert under.log_odds == pytest.approx(plain.log_odds / 2, abs=0.1)
    assert "folded under AGG-3" in under.text
    whole = operator.trouble("AGG-3", lambda cell, who: cell >= 0).rank(alarms, folded=folded)
    assert whole.causes[0].name == "AGG-3"
    assert lines(whole, "AGG-3", "alarm")[0].log_odds == pytest.approx(3, abs=0.1)


def test_the_cause_told_before_stays_first_until_another_is_clearly_likelier(operator: Operator) -> None:
    station = operator.trouble("LINK-7", lambda cell, who: cell < 2)
    gnb = station.known.find(RESOURCE, operator.topology.index["GNB-1"])
    station.live = replace(station.live, votes=(*station.live.votes, (gnb, station.live.votes[0][1])))
    told = station.rank([alarm("LINK-7")]).causes
    slightly = [alarm("GNB-1", severity="minor"), alarm("LINK-7", 150, severity="warning")]
    clearly = [alarm("GNB-1"), alarm("LINK-7", severity="warning")]
    assert told[0].name == "LINK-7"
    assert station.rank(slightly).causes[0].name == "GNB-1"
    station.live = replace(station.live, told=told)
    assert station.rank(slightly).causes[0].name == "LINK-7"
    assert station.rank(clearly).causes[0].name == "GNB-1"


def test_records_of_the_time_after_the_end_say_nothing_of_the_cause(operator: Operator) -> None:
    station = operator.trouble("LINK-7", lambda cell, who: cell < 2, slots=4)
    longer = operator.trouble("LINK-7", lambda cell, who: (cell < 2) & (who >= 0), slots=8)
    well = operator.trouble("LINK-7", lambda cell, who: who < 0, slots=8)
    trace = tuple((BEGIN + s * SLOT, 20.0 if s < 4 else -5.0) for s in range(8))
    mixed = replace(longer, log=longer.log[:4] + well.log[4:], live=replace(longer.live, trace=trace))
    assert mixed.rank().causes == station.rank().causes


def test_crowded_places_are_demand_and_right_together(station: Trouble) -> None:
    found = station.rank(crowded=("CELL-11", "CELL-12"))
    assert [(c.name, c.label) for c in found.causes[:2]] == [("CELL-11", "demand"), ("CELL-12", "demand")]
    assert found.causes[0].confidence == found.causes[1].confidence > 0.5
