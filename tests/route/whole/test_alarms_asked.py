"""Which alarms of a whole town were felt: against its truth, as known at a time, through every door alike."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx

from cemcore import Cem
from cemcore.api import create_app
from cemcore.report import to_json
from cemcore.report.alarms_report import alarms_document, alarms_listing
from tests.route.whole.conftest import ends

Opened = Callable[[Path], Cem]


def test_alarms_of_incidents_are_with_pain_and_everyday_ones_are_not(
    operator: Path, assessed: Path, opened: Opened
) -> None:
    view = opened(assessed).alarms()
    truth = json.loads((operator / "truth.json").read_text())
    real = {a for i in truth["incidents"] if i["visible"] for a in i["alarm_ids"]}
    felt = [a.verdict == "with_pain" for a in view.alarms if a.alarm_id in real]
    rest = [a.verdict == "with_pain" for a in view.alarms if a.alarm_id not in real]
    assert sum(felt) >= 0.7 * len(felt) > 0
    assert sum(rest) <= 0.15 * len(rest)


def test_figures_of_types_are_sums_of_their_days_and_of_single_alarms(assessed: Path, opened: Opened) -> None:
    view = opened(assessed).alarms()
    assert sum(t.raised for t in view.types) == len(view.alarms)
    for t in view.types:
        assert t.raised == t.with_pain + t.without_pain + t.unknown == sum(d.raised for d in t.days)
        assert sum(d.with_pain for d in t.days) == t.with_pain
        if t.precision is not None and t.low is not None and t.high is not None:
            assert t.low <= t.precision <= t.high


def test_narrowing_single_alarms_leaves_the_figures_alone(assessed: Path, opened: Opened) -> None:
    cem = opened(assessed)
    whole, few = cem.alarms(), cem.alarms(without_pain=True, limit=5)
    assert few.types == whole.types
    assert [a.verdict for a in few.alarms] == ["without_pain"] * len(few.alarms)
    assert len(few.alarms) <= 5


def test_as_of_a_time_gives_what_was_known_then_and_the_same_again(
    operator: Path, assessed: Path, opened: Opened
) -> None:
    cem = opened(assessed)
    then = ends(operator) - timedelta(days=1)
    early, late = cem.alarms(as_of=then), cem.alarms()
    assert early == cem.alarms(as_of=then)
    assert early.known <= then
    assert max(a.raised for a in early.alarms) <= then + timedelta(minutes=10)
    assert len(early.alarms) < len(late.alarms)


def test_every_door_says_the_same(assessed: Path, opened: Opened) -> None:
    cem = opened(assessed)
    view = cem.alarms(without_pain=True, limit=3)

    async def rest() -> bytes:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(create_app(cem)), base_url="http://cem") as client:
            return (await client.get("/alarms", params={"without_pain": "true", "limit": 3})).content

    assert asyncio.run(rest()) == to_json(alarms_document(view))
    assert len(alarms_listing(view, each=True).rows) == len(view.alarms)
    assert len(alarms_listing(view, each=False).rows) == len(view.types) == len(view.types_frame())
