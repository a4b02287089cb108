"""Alarms held against problems: worked out when it is asked, from what the ledger and the archive keep.

Nothing is tallied beforehand: the ledger keeps every alarm and every revision of a problem with its known-time, so
that the figures of any day, as known at any time, come out again; a tally would freeze what a later revision corrects.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from cemcore.application.house import House
from cemcore.application.places import world_at
from cemcore.application.world import World
from cemcore.domain import Alarm, Feed
from cemcore.panel import Bool, Int64
from cemcore.pipeline.impact import reconciliation as room
from cemcore.reconciled import AlarmDay, AlarmLine, AlarmsView, AlarmType, SilentProblem

Period = tuple[datetime, datetime]
DAYS = 7
"""Without a period, so many days up to now."""


def alarms(house: House, during: Period | None, as_of: datetime | None) -> AlarmsView:
    """Alarms raised in a period (default: the last seven days), as known at `as_of` (default: now)."""
    known = min(as_of, house.known_now()) if as_of is not None else house.known_now()
    begin, end = during or (known - timedelta(days=DAYS), known)
    found = [a for a in house.ledger.alarms(as_of=as_of, since=begin) if begin <= a.raised_at < end]
    found.sort(key=lambda a: (a.raised_at, a.alarm_id), reverse=True)
    problems = house.ledger.problems(as_of=as_of, during=(begin - timedelta(hours=1), end))
    world = world_at(house, min(end, known), as_of)
    seen = _seen(house, world, (begin, max(end, begin)), as_of)
    until = float(min(end, known).timestamp())
    judged = room.reconcile(found, problems, world.topology, seen, until)
    lines = tuple(_line(world, a, j) for a, j in zip(found, judged, strict=True))
    inside = [p for p in problems if p.begin >= begin or p.end is None or p.end > begin]
    told_by = tuple(
        SilentProblem(p.problem_id, p.begin, p.end, p.causes[0].name if p.causes else "unknown")
        for p in room.silent(inside, judged)
    )
    return AlarmsView(begin, end, known, lines, _types(lines, house), told_by)


def _line(world: World, a: Alarm, j: room.Judged) -> AlarmLine:
    at = world.topology.index.get(a.resource_id or "", -1)
    kind, domain = (world.topology.types[at], world.topology.domains[at]) if at >= 0 else ("", "")
    return AlarmLine(
        a.alarm_id, a.resource_id or a.alarmed_object, kind, domain, str(a.severity),
        a.specific_problem or a.probable_cause or a.alarm_type, a.raised_at, a.cleared_at, j.verdict, j.problems, j.why,
    )  # fmt: skip


def _types(lines: tuple[AlarmLine, ...], house: House) -> tuple[AlarmType, ...]:
    """By problem and type of resource: surest first, then those that say least."""
    zone = ZoneInfo(house.settings.operator.timezone)
    total: dict[tuple[str, str], Counter[str]] = {}
    daily: dict[tuple[str, str], dict[datetime, Counter[str]]] = {}
    for a in lines:
        key = (a.problem, a.resource_type)
        day = a.raised.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
        total.setdefault(key, Counter())[a.verdict] += 1
        daily.setdefault(key, {}).setdefault(day, Counter())[a.verdict] += 1
    out = []
    for key, c in total.items():
        days = tuple(AlarmDay(d.date(), sum(_three(n)), *_three(n)) for d, n in sorted(daily[key].items()))
        hits, misses, unknown = _three(c)
        low, high = room.wilson(hits, hits + misses)
        judged = hits + misses > 0
        precision = hits / (hits + misses) if judged else None
        problem, kind = key
        out.append(
            AlarmType(
                problem,
                kind,
                hits + misses + unknown,
                hits,
                misses,
                unknown,
                precision,
                low if judged else None,
                high if judged else None,
                days,
            )
        )
    return tuple(
        sorted(out, key=lambda t: (-(t.low if t.low is not None else -1.0), -t.raised, t.problem, t.resource_type))
    )


def _three(c: Counter[str]) -> tuple[int, int, int]:
    return c[room.WITH_PAIN], c[room.WITHOUT_PAIN], c[room.UNKNOWN]


def _seen(house: House, world: World, during: Period, as_of: datetime | None) -> room.Seen:
    """Where and when quality records came in the period, as known at `as_of`."""
    seconds = house.settings.operator.slot_seconds
    slots = int(during[0].timestamp()) - seconds, int(during[1].timestamp()) + seconds
    recorded = None if as_of is None else (None, int(as_of.timestamp()))
    files = house.ledger.files(str(Feed.QUALITY), slots=slots, recorded=recorded)
    frame = house.archive.read(files, columns=["slot", "resource_id"], slots=slots, recorded=recorded)
    n, domains = len(world.topology), max(len(world.domains), int(world.domain_of.max(initial=-1)) + 1)
    found: Bool = np.zeros(n, np.bool_)
    if frame.empty:
        return room.Seen(
            _above(world, found), world.domain_of, np.zeros(0, np.int64), np.zeros((0, domains), np.bool_), seconds
        )
    place = frame["resource_id"].map(world.topology.index).fillna(-1).to_numpy(np.int64)
    when: Int64 = frame["slot"].astype("datetime64[s, UTC]").astype("int64").to_numpy()
    found[place[place >= 0]] = True
    times, row = np.unique(when, return_inverse=True)
    covered = np.zeros((len(times), domains), np.bool_)
    domain = np.where(place >= 0, world.domain_of[np.maximum(place, 0)], -1)
    covered[row[domain >= 0], domain[domain >= 0]] = True
    return room.Seen(_above(world, found), world.domain_of, times, covered, seconds)


def _above(world: World, places: Bool) -> Bool:
    """All that somebody is served through: places of records, lines, terminals, gateways, endpoints, and what those
    lean on; the backbone serves all.
    """
    population, up = world.population, world.topology.upward
    named = [population.access, population.terminal, population.pair_gateway.ravel(), population.pair_endpoint.ravel()]
    seeds = np.concatenate([np.flatnonzero(places), *(x[x >= 0] for x in named)])
    used = up.below.reverse().spread(np.unique(seeds))
    network = world.topology.network
    used[network.is_core] = used[network.core_link] = True
    return used
