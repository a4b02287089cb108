"""The lines of evidence of every candidate of a problem, which sum to its log-odds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from cemcore.domain import Cause, Evidence
from cemcore.pipeline.localisation.causes import alarming, planned
from cemcore.pipeline.localisation.causes.candidates import Candidate
from cemcore.pipeline.localisation.causes.scene import Scene, attributes_of, domain, name, resource_of
from cemcore.pipeline.localisation.explanations import Explanations, log_priors
from cemcore.pipeline.localisation.live import Live

MOST, SCALE = 8.0, 20.0
"""The best candidate's records count MOST (1 - exp(-nats / SCALE)): within a slot they err together."""
PER_NAT, FAR = 0.15, 12.0
"""What each nat less than the best's that the search named costs a candidate, and at most. More than that earns
nothing: what the search passed over may hold the rows of another problem.
"""
KPI = 2.5
"""Nats of a resource's own metrics that are an amount of 1."""
OWN = ("records", "silence", "search", "prior")
"""Kinds that come from the records and from what a candidate is, not from what the network says."""


@dataclass(frozen=True, eq=False)
class Judged:
    """A candidate as a cause with its lines; odds: their sum; told: the sum of what the network says."""

    candidate: Candidate
    cause: Cause
    odds: float
    told: float


def judge(
    known: Explanations, names: Sequence[str], found: Sequence[Candidate], p: Live, affected: int, scene: Scene
) -> list[Judged]:
    """All candidates of a problem with their lines of evidence, the likeliest first."""
    priors = log_priors(known, scene.topology.types)
    best = max((c.total for c in found if c.votes > 0), default=0.0)
    out = [_judged(known, names, c, p, affected, scene, float(priors[c.number]), best) for c in found]
    return sorted(out, key=lambda j: (-j.odds, j.candidate.number != p.candidate, j.candidate.number))


def _judged(
    known: Explanations,
    names: Sequence[str],
    c: Candidate,
    p: Live,
    affected: int,
    scene: Scene,
    prior: float,
    best: float,
) -> Judged:
    lines = records(c, best, scene)
    if prior:
        lines.append(line(scene, "prior", f"how often it is {_kind(known, names, c.number, scene)}", prior))
    resource = resource_of(known, c.number)
    label, work = "fault", None
    if resource >= 0:
        lines += _network(scene, resource, p)
        about = planned.related(scene, resource, p, affected)
        acting = [r for r in about if r.work_id]
        if acting:
            label, work = acting[0].label, acting[0].work_id
        lines += once([r.line for r in about])
    cause = Cause(
        "resource" if resource >= 0 else "attribute",
        scene.topology.resource_ids[resource] if resource >= 0 else None,
        () if resource >= 0 else attributes_of(known, names, c.number, scene.facts),
        label,
        domain(known, names, c.number, scene),
        work_id=work,
        evidence=tuple(lines),
    )
    told = sum(e.log_odds for e in lines if e.kind not in OWN)
    return Judged(c, cause, sum(e.log_odds for e in lines), told)


def records(c: Candidate, best: float, scene: Scene) -> list[Evidence]:
    """Lines on the records of a candidate: those that came, those that did not, and how often the search named it."""
    x = MOST * (1 - math.exp(-max(best, 0.0) / SCALE)) - min(FAR, PER_NAT * max(best - c.total, 0.0))
    silent = c.quiet / c.total if c.total > 0 and c.quiet > 0 else 0.0
    text = f"{c.bad} of {c.rows} records that depend on it are worse than their habit"
    if best - c.total > 1:
        text += f"; another candidate explains {best - c.total:.0f} nats more"
    out = [line(scene, "records", text, x * (1 - silent))]
    if silent:
        out.append(line(scene, "silence", "records of it are missing while its neighbours report", x * silent))
    if c.votes:
        out.append(line(scene, "search", f"named by {c.votes:.0%} of the search's votes since the onset", c.votes))
    return out


def line(scene: Scene, kind: str, text: str, x: float, refers_to: str = "") -> Evidence:
    """A line of evidence of amount x."""
    return Evidence(kind, text, round(scene.weights.of(kind) * x, 2), refers_to, round(x, 4))


def once(lines: Sequence[Evidence]) -> list[Evidence]:
    """The lines, strongest first, of which only the first of each kind adds to the odds."""
    out: list[Evidence] = []
    for e in lines:
        again = any(x.kind == e.kind for x in out)
        out.append(replace(e, log_odds=0.0, amount=0.0) if again else e)
    return out


def _network(scene: Scene, resource: int, p: Live) -> list[Evidence]:
    """Lines of what the network itself says of a resource: alarms, those that did not come, its own metrics."""
    own = alarming.on_itself(scene, resource, p.begin)
    members = scene.topology.network.pairs.reverse().of(resource)
    lines = own + alarming.around(scene, resource, p.begin, members)
    if not own:
        lines += alarming.missing(scene, resource, p.begin, p.last_hit + scene.seconds)
    return lines + _metrics(scene, resource, p.begin)


def _metrics(scene: Scene, resource: int, begin: int) -> list[Evidence]:
    """Lines of the resource's own metrics, or of those of what hangs on it where it has none."""
    if scene.unwell is None:
        return []
    signs = scene.unwell.of(resource, begin)
    out = [
        line(scene, "kpi", s.text(f"{datetime.fromtimestamp(s.since, UTC):%H:%M} UTC"), s.log_odds / KPI) for s in signs
    ]
    if not out:
        odds, ill, watched = scene.unwell.below(resource, begin)
        if odds > 0:
            text = f"metrics of {ill} of the {watched} watched elements under it left their habit"
            out.append(line(scene, "kpi", text, odds / KPI))
    return out


def _kind(known: Explanations, names: Sequence[str], c: int, scene: Scene) -> str:
    resource = resource_of(known, c)
    if resource >= 0:
        return f"a {scene.topology.types[resource] or 'resource'}"
    return f"values of {' and '.join(k for k, _ in attributes_of(known, names, c, scene.facts))}"


def posterior(odds: Sequence[float], unknown: float) -> tuple[np.ndarray, float]:
    """(probability of each candidate, of a cause that none of them is) from log-odds; they sum to one."""
    all_odds = np.array([*odds, unknown], dtype=np.float64)
    mass = np.exp(all_odds - all_odds.max())
    mass /= mass.sum()
    return mass[:-1], float(mass[-1])


def label_of(known: Explanations, names: Sequence[str], c: int, scene: Scene) -> str:
    """What people call a candidate."""
    return name(known, names, c, scene)
