"""What alarms say of a candidate: on itself, under it, above it; and what it says that none came."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from cemcore.domain import Alarm, Evidence, Severity
from cemcore.panel import Float32
from cemcore.pipeline.localisation.causes.heard import SKEW_S, Heard, before, late
from cemcore.pipeline.localisation.causes.scene import Scene
from cemcore.pipeline.localisation.explanations import RESOURCE, Explanations
from cemcore.topology import Topology

ALARM = 3.0
"""Log-odds of a grave alarm standing on the candidate itself, in the search."""
ALARM_HOURS = 6
"""An alarm that stands longer than this before the onset says nothing about it."""
RECENT_S = 5400
GRAVE = 3
"""Rank of minor: what counts in the search, and for what hangs on the alarmed element."""
SEVERITY = {
    Severity.CRITICAL: 1.0,
    Severity.MAJOR: 0.85,
    Severity.MINOR: 0.5,
    Severity.WARNING: 0.35,
    Severity.INDETERMINATE: 0.2,
}
"""Amount of an alarm by its severity (X.733): a warning seldom stops a service."""
AT_ONCE_S, FADE_S = 3600, 7200
"""An alarm within an hour after the onset counts in full; farther away it fades with this time constant."""
FLAPPING, EXPLAINED = 0.5, 0.5
"""Factors of an alarm that flaps, and of one that is folded under another resource."""
USUAL = {
    "link": 0.9,
    "microwave": 0.9,
    "cell_site_router": 0.8,
    "preagg_router": 0.8,
    "agg_router": 0.9,
    "core_router": 0.9,
    "redundancy_pair": 0.8,
    "router": 0.8,
    "switch": 0.8,
    "gnb": 0.7,
    "enb": 0.7,
    "olt": 0.9,
    "power_feed": 0.9,
    "upf": 0.7,
    "smf": 0.7,
    "amf": 0.7,
    "ims": 0.7,
    "cdn_node": 0.7,
    "nr_cell": 0.5,
    "lte_cell": 0.5,
    "pon_port": 0.5,
    "dns_resolver": 0.5,
}
"""How often elements of a type raise an alarm when they fail; types not listed are not expected to."""


def alarm_bonus(known: Explanations, topology: Topology, alarms: Sequence[Alarm], known_at: int) -> Float32:
    """Log-odds, for the search, of each candidate from alarms of the last hours that stand on it, or were cleared just
    now; a redundancy pair is alarmed when all of its members are.
    """
    out = np.zeros(len(known), dtype=np.float32)
    alarmed: set[int] = set()
    for a in alarms:
        if a.resource_id in topology.index and a.severity.rank >= GRAVE and _fresh(a, known_at):
            alarmed.add(topology.index[a.resource_id])
    edges = topology.network.pairs
    pairs = {int(p) for r in alarmed for p in edges.of(r)}
    whole = {p for p in pairs if alarmed.issuperset(edges.reverse().of(p))}
    for r in sorted(alarmed | whole):
        c = known.find(RESOURCE, r)
        if c >= 0:
            out[c] = ALARM
    return out


def _fresh(a: Alarm, known_at: int) -> bool:
    standing = a.cleared_at is None or a.cleared_at.timestamp() > known_at - RECENT_S
    return standing and a.raised_at.timestamp() > known_at - ALARM_HOURS * 3600


def on_itself(scene: Scene, resource: int, begin: int) -> list[Evidence]:
    """A line for each alarm on the resource about the onset `begin` [s]; only the strongest adds to the odds."""
    weight = scene.weights.of("alarm")
    told = [
        (amount(h, begin, scene.seconds) * _folded(scene, resource, h), h) for h in scene.alarms_on.get(resource, ())
    ]
    out: list[Evidence] = []
    for x, h in sorted(told, key=lambda t: (-t[0], t[1].alarm.alarm_id)):
        if x >= 0.01:
            own = x if not out else 0.0
            text = _text(scene, resource, h, begin)
            out.append(Evidence("alarm", text, round(weight * own, 2), h.alarm.alarm_id, round(own, 4)))
    return out


def amount(h: Heard, begin: int, seconds: int) -> float:
    """0..1: how much an alarm says of an onset [s]: by severity, and by distance in time, by whichever clock is nearer;
    half where it flaps, 0 where it was cleared long before.
    """
    cleared = 1.0
    if h.alarm.cleared_at is not None and h.alarm.cleared_at.timestamp() < begin - seconds:
        early = begin - seconds - h.alarm.cleared_at.timestamp()
        cleared = math.exp(-early / FADE_S) * 0.5 if early < FADE_S else 0.0
    flapping = FLAPPING if h.flapping else 1.0
    near = max(_near(t, begin, seconds) for t in h.onsets)
    return SEVERITY.get(h.alarm.severity, 0.0) * h.weight * flapping * cleared * near


def _folded(scene: Scene, resource: int, h: Heard) -> float:
    """Less than 1 for an alarm that is explained by one elsewhere."""
    return 1.0 if h.top in (resource, -1) or resource in scene.topology.network.pairs.of(h.top) else EXPLAINED


def _near(t: float, begin: int, seconds: int) -> float:
    if t < begin - ALARM_HOURS * 3600:
        return 0.0
    away = max(begin - seconds - t, t - begin - AT_ONCE_S, 0.0)
    return math.exp(-away / FADE_S)


def around(scene: Scene, resource: int, begin: int, pair: Sequence[int] = ()) -> list[Evidence]:
    """Lines on alarms under a resource (one storm is one line), above it, and on those that did not come.

    pair: the members of a redundancy pair, which are neither above nor under it.
    """
    told = {r: max(amount(h, begin, scene.seconds) for h in x) for r, x in scene.alarms_on.items() if x}
    told = {r: x for r, x in told.items() if x >= 0.1 and r != resource and r not in pair}
    out = []
    if told:
        below = sorted(told.keys() & scene.under(resource))
        grave = [r for r in told if r not in below and _grave(scene, r)]
        above = sorted(scene.above(resource).intersection(grave)) if grave else []
        if below:
            mine = [r for r in below if any(h.top == resource for h in scene.alarms_on[r])]
            x = len(below) / (len(below) + 2)
            text = f"alarms on {_listed(scene, below)} under it, taken as one sign"
            if scene.folded is not None and len(mine) < len(below):
                x *= EXPLAINED + (1 - EXPLAINED) * len(mine) / len(below)
                text += f"; {len(mine)} of {len(below)} are folded under it, the others elsewhere"
            out.append(_line(scene, "alarm_under", text, x))
        if above:
            out.append(
                _line(
                    scene,
                    "alarm_above",
                    f"alarms on {_listed(scene, above)}, which it hangs on",
                    max(told[r] for r in above),
                )
            )
    return out


def missing(scene: Scene, resource: int, begin: int, last: int) -> list[Evidence]:
    """That no alarm came, where the type usually raises one; counts in full an hour after the onset [s], or where the
    problem ended.
    """
    kind = scene.topology.types[resource]
    usual = USUAL.get(kind, 0.0)
    waited = min(1.0, max(0.0, (max(scene.known_at, last) - begin) / AT_ONCE_S))
    x = round(usual * waited, 4)
    if x < 0.05:
        return []
    text = f"no alarm on it, though {usual:.0%} of failures of a {kind} raise one"
    return [_line(scene, "no_alarm", text, x)]


def _grave(scene: Scene, resource: int) -> bool:
    return any(h.alarm.severity.rank > GRAVE for h in scene.alarms_on[resource])


def _line(scene: Scene, kind: str, text: str, x: float) -> Evidence:
    return Evidence(kind, text, round(scene.weights.of(kind) * x, 2), "", round(x, 4))


def _listed(scene: Scene, resources: Sequence[int], shown: int = 3) -> str:
    names = ", ".join(scene.topology.resource_ids[r] for r in resources[:shown])
    return names + (f" and {len(resources) - shown} more" if len(resources) > shown else "")


def _text(scene: Scene, resource: int, h: Heard, begin: int) -> str:
    a = h.alarm
    text = f"{a.severity} alarm {a.specific_problem or a.probable_cause} since {a.raised_at:%Y-%m-%d %H:%M} UTC"
    if late(a) > SKEW_S:
        text += f", reported {late(a) / 60:.0f} min late"
    elif late(a) < -60:
        text += f", its clock is {-late(a) / 60:.0f} min fast"
    if before(a, datetime.fromtimestamp(begin - scene.seconds, UTC)):
        text += f", cleared {a.cleared_at:%H:%M} before the onset"
    text += ", flapping" if h.flapping else ""
    return text + (f", folded under {scene.topology.resource_ids[h.top]}" if _folded(scene, resource, h) < 1 else "")
