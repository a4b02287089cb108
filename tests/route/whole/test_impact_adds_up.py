"""Over problems, over groups and over time, bad minutes add up; and the same question has the same answer later."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cemcore import Cem, report
from cemcore.application import attributed
from cemcore.application.lenses import LENSES

Opened = Callable[[Path], Cem]


def test_problems_and_what_is_nobodys_are_all_bad_minutes_over_any_part_of_time(assessed: Path, opened: Opened) -> None:
    cem = opened(assessed)
    worst = cem.problems()[0].problem
    begin, cut = worst.begin - timedelta(hours=5), worst.begin + timedelta(minutes=40)
    end = cut + timedelta(hours=30)
    whole, first, second = (cem.report(during=p) for p in ((begin, end), (begin, cut), (cut, end)))

    for found in (whole, first, second):
        assert found.sums is not None
        told = sum(v.impact.total.bad_minutes for v in found.problems)
        assert told == pytest.approx(found.sums.problems.bad_minutes, rel=1e-9)
        assert told + found.sums.none.bad_minutes == pytest.approx(found.sums.total.bad_minutes, rel=1e-9)
    assert whole.sums is not None
    assert first.sums is not None
    assert second.sums is not None
    assert first.sums.total.bad_minutes + second.sums.total.bad_minutes == pytest.approx(whole.sums.total.bad_minutes)
    parts = {v.problem.problem_id: v.impact.total.bad_minutes for v in whole.problems}
    for half in (first, second):
        for v in half.problems:
            parts[v.problem.problem_id] -= v.impact.total.bad_minutes
    assert max(abs(x) for x in parts.values()) < 1e-6


def test_every_slot_below_requirement_is_told_once_and_in_full(assessed: Path, opened: Opened) -> None:
    cem = opened(assessed)
    house = cem.house
    scores = house.archive.read(house.ledger.files("scores")).drop_duplicates(
        ["slot", "subject_id", "service"], keep="last"
    )
    bad = scores[scores["score"] < scores["requirement"]]
    rows = attributed.read(house, None, None).rows
    told = pd.DataFrame({"slot": rows.slot, "subject": rows.subject, "service": rows.service, "min": rows.bad_minutes})
    sums = told.groupby(["slot", "subject", "service"])["min"].sum()
    names = pd.Index(house.catalogue.services, dtype="str")
    keys = pd.MultiIndex.from_arrays(
        [
            bad["slot"].astype("datetime64[s, UTC]").astype("int64"),
            house.registry.codes("subject").find(bad["subject_id"]),
            names.get_indexer(pd.Index(bad["service"])),
        ]
    )
    slot_minutes = house.settings.operator.slot_seconds / 60

    assert len(bad) > 300
    assert np.allclose(sums.reindex(keys), slot_minutes, atol=1e-3)
    assert sums.max() <= slot_minutes + 1e-3


def test_a_problem_by_any_lens_is_the_problem_as_recorded(assessed: Path, opened: Opened) -> None:
    cem = opened(assessed)
    for view in cem.problems()[:4]:
        found = cem.impact(view.problem.problem_id, at=view.problem.known_at, lenses=tuple(LENSES))
        total, recorded = found.impact.total, view.impact.total
        assert {x.name for x in found.lenses} == set(LENSES)
        assert total.bad_minutes == pytest.approx(recorded.bad_minutes, rel=1e-6)
        names = ("affected_users", "affected_things", "at_risk", "unknown", "customers")
        assert [getattr(total, n) for n in names] == [getattr(recorded, n) for n in names]
        for lens in found.lenses:
            assert sum(x.bad_minutes for x in lens.lines) == pytest.approx(total.bad_minutes, rel=1e-9)
            if lens.name not in ("service", "contract", "gateway", "endpoint"):  # these part pairs, not subjects
                assert sum(x.affected_users for x in lens.lines) == total.affected_users


def test_the_report_of_a_past_time_stays_as_it_was_whatever_is_said_later(copy_of: Path, opened: Opened) -> None:
    cem = opened(copy_of)
    last = cem.problems()[0].problem
    past, lenses = last.known_at - timedelta(minutes=1), ("area", "spend")
    during = last.begin - timedelta(hours=2), last.begin + timedelta(hours=2)

    def asked() -> list[bytes]:
        whole = report.impact_report_document(cem.report(past, lenses=lenses))
        part = report.impact_report_document(cem.report(past, during, lenses=lenses))
        return [report.to_json(whole), report.to_json(part)]

    before = asked()
    cem.settle(last.problem_id, "resolve", "ops", "fibre spliced", "a digger")
    cem.house.worlds.refresh()

    assert asked() == before
    assert cem.problem(last.problem_id).problem.status != cem.problem(last.problem_id, past).problem.status


def test_what_was_lost_under_a_resource_stands_beside_what_was_predicted(assessed: Path, opened: Opened) -> None:
    cem = opened(assessed)
    view = next(v for v in cem.problems() if v.problem.causes and v.problem.causes[0].domain == "transport")
    cause, begin = str(view.problem.causes[0].resource_id), view.problem.begin
    period = begin, view.problem.end or cem.house.known_now()
    found = cem.impact(resources=[cause], during=period, lenses=("area",))
    calm = cem.impact(resources=[cause], at=begin - timedelta(hours=1))

    assert found.served is not None
    assert found.served > 0
    assert found.impact.total.bad_minutes > 0.5 * view.impact.total.bad_minutes
    assert calm.impact.total.bad_minutes == 0
    assert calm.impact.total.affected_users + calm.impact.total.affected_things + calm.impact.total.at_risk > 0


def test_who_is_saved_by_redundancy_is_told_by_lens_and_by_what_saves_them(assessed: Path, opened: Opened) -> None:
    cem = opened(assessed)
    topology = cem.house.worlds.newest().topology
    links = [r for r, t in zip(topology.resource_ids, topology.types, strict=True) if t == "link"]
    found = max((cem.impact(resources=[r]) for r in links), key=lambda v: v.protected or 0)
    told = cem.impact(resources=found.resources, lenses=("kind", "area"), protected=True)

    assert found.protected
    for lens in told.lenses:
        assert sum(x.users + x.things for x in lens.saved) == found.protected
    assert told.saved
    spare = told.saved[0].group
    both = cem.impact(resources=[*found.resources, spare])
    assert both.impact.total.affected_users + both.impact.total.affected_things > (
        found.impact.total.affected_users + found.impact.total.affected_things
    )
