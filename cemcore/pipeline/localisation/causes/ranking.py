"""Ranked causes of a problem, what can't be told apart, and who has to answer for it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cemcore.domain import Cause, Evidence
from cemcore.pipeline.localisation.blocks import Block
from cemcore.pipeline.localisation.causes.candidates import candidates, same
from cemcore.pipeline.localisation.causes.judging import Judged, judge, line, posterior
from cemcore.pipeline.localisation.causes.scene import Scene, resource_of
from cemcore.pipeline.localisation.explanations import Explanations
from cemcore.pipeline.localisation.live import Live

RANKED = 5
NEAR = 0.5
"""Candidates with the same rows are tied where what the network says of them differs by less log-odds than this."""
STAYS = 1.0
"""Log-odds by which another cause must be ahead of the one told before to take its place: lists don't jump."""
SHOWN = 0.001
"""A candidate with less probability than this is not listed."""
ABOVE = 0.9
"""Share of a problem's bad rows that must hang on what an unknown cause is said to lie under."""


@dataclass(frozen=True)
class Ranking:
    """Causes, best first. Their confidence is the probability that naming one is right: over causes, ties and "unknown"
    it sums to one, except that places crowded together are right together; a tie shares equally, and begins with the
    one that the search named. candidate: number of the first, -1 for unknown; confidence: probability that it or what
    is tied with it is right; demarcation: probability of each domain, most first, "unknown" among them.
    """

    causes: tuple[Cause, ...]
    demarcation: tuple[tuple[str, float], ...]
    candidate: int
    confidence: float = 0.0


def rank(
    known: Explanations,
    names: Sequence[str],
    log: Sequence[Block],
    p: Live,
    affected: int,
    scene: Scene,
    crowded: Sequence[int],
) -> Ranking:
    """The ranked causes of a problem: `log` = its slots, `names` = of the attributes by number, `crowded` = places
    that served most of its bad rows under a load far above the usual. The first of those told before (`p.told`) stays
    first until another one is clearly likelier.
    """
    judged = _steady(judge(known, names, candidates(known, log, p), p, affected, scene), p.told)
    if not judged:
        return Ranking((), (), -1)
    crowd = _demand(scene, crowded, judged[0])
    taken = {j.cause.resource_id for j in crowd}
    judged = crowd + [j for j in judged if j.cause.resource_id is None or j.cause.resource_id not in taken]
    masses, unknown = posterior([j.odds for j in judged], scene.weights.of("unknown"))
    shares = [float(x) for x in masses]
    out: list[Cause] = []
    first, done, most, sure = -1, set[int](), 0.0, 0.0
    for i, j in enumerate(judged):
        if i in done:
            continue
        tie = [k for k in range(i + 1, len(judged)) if k not in done and _tied(j, judged[k])] if i >= len(crowd) else []
        done.update(tie)
        alike = sorted([j, *(judged[k] for k in tie)], key=lambda x: x.candidate.number != p.candidate)
        own = shares[i] if i >= len(crowd) else sum(shares[: len(crowd)])
        together = own + sum(shares[k] for k in tie)
        most = max(most, together)
        if not out:
            first, sure = alike[0].candidate.number, together
        if not out or together >= SHOWN or j.candidate.votes > 0:
            tied = tuple(x.cause.name for x in alike[1:])
            out.append(replace(alike[0].cause, confidence=_rounded(together / len(alike)), tied_with=tied))
    split = _demarcation(judged, shares, unknown)
    if unknown > most:
        out.insert(0, _unknown(known, judged, shares, unknown, split, scene))
        first, sure = -1, unknown
    return Ranking(tuple(out[:RANKED]), split, first, _rounded(sure))


def _steady(judged: list[Judged], told: Sequence[Cause]) -> list[Judged]:
    """The candidates, with the one told first before ahead of those that are hardly likelier."""
    if told:
        judged.sort(key=lambda j: -(j.odds + (STAYS if j.cause.name == told[0].name else 0.0)))
    return judged


def _tied(a: Judged, b: Judged) -> bool:
    return same(a.candidate, b.candidate) and abs(a.told - b.told) < NEAR


def _demarcation(judged: Sequence[Judged], shares: Sequence[float], unknown: float) -> tuple[tuple[str, float], ...]:
    mass = {"unknown": unknown}
    for j, share in zip(judged, shares, strict=True):
        key = j.cause.domain or "unknown"
        mass[key] = mass.get(key, 0.0) + share
    found = ((d, _rounded(x)) for d, x in mass.items())
    return tuple(sorted(((d, x) for d, x in found if x >= SHOWN), key=lambda t: (-t[1], t[0])))


def _unknown(
    known: Explanations,
    judged: Sequence[Judged],
    shares: Sequence[float],
    unknown: float,
    split: Sequence[tuple[str, float]],
    scene: Scene,
) -> Cause:
    """The cause where no candidate is likelier than that none of them is it: with the domain only."""
    named = [(d, x) for d, x in split if d != "unknown"]
    area = named[0][0] if named else ""
    under = _under(known, judged, scene)
    where = f"somewhere in {area}" if area else "somewhere"
    text = where + (f" under {under}" if under else "")
    rest = ", ".join(f"{d} {x:.0%}" for d, x in named)
    said = f"{text}: no candidate is likelier than that it is none of them" + (f" ({rest})" if rest else "")
    lines: tuple[Evidence, ...] = (line(scene, "unknown", said, 1.0),)
    return Cause("resource", None, (), "unknown", area, _rounded(unknown), None, (), lines)


def _under(known: Explanations, judged: Sequence[Judged], scene: Scene) -> str:
    """The narrowest resource that nearly all bad rows hang on, "" where there is none."""
    most = max((j.candidate.bad for j in judged), default=0)
    wide = [j for j in judged if resource_of(known, j.candidate.number) >= 0 and j.candidate.bad >= ABOVE * most > 0]
    best = min(wide, key=lambda j: (j.candidate.rows, j.candidate.number), default=None)
    return best.cause.name if best is not None else ""


def _demand(scene: Scene, crowded: Sequence[int], best: Judged) -> list[Judged]:
    """The best cause as demand, once a crowded place, where it is a fault so far."""
    if not crowded or best.cause.label != "fault" or best.cause.resource_id is None:
        return []
    text = "its load is high and far above what is usual at this hour; and it served most of the bad records"
    more = line(scene, "demand", text, 1.0)
    out = []
    for r in crowded:
        name, area = scene.topology.resource_ids[r], scene.topology.domains[r]
        cause = replace(
            best.cause,
            resource_id=name,
            label="demand",
            domain=area,
            work_id=None,
            evidence=(more, *best.cause.evidence),
        )
        out.append(replace(best, cause=cause, odds=best.odds + more.log_odds - math.log(len(crowded))))
    return out


def _rounded(x: float) -> float:
    return round(float(x), 4)
