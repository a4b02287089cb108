"""What second looks come to: several examiners in one finding, findings in a problem's evidence. Pure.

Examiners are combined by a majority rule that holds its level whatever their dependence: with k of them that can say
something and r = k // 2 + 1, p = k / r x the r-th smallest chance (Rueger 1978; Vovk, Wang 2020).

A look is a test, and speaks as evidence by its likelihood ratio: it misses one true degradation in five (a stated
prior), and calls a usual window abnormal at its level.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from cemcore.domain import Evidence, ServiceProblem
from cemcore.zooming import DetailRequest, Finding, Look

ALL = "all"
"""The examiner's name of a combined finding."""

KIND = "zoom"
"""The kind of the line of evidence."""

POWER = 0.8
"""Chance that a look confirms a true degradation."""

DOUBT = 5.0
"""Between the level and so many times it, nothing is said."""


def combine(request: DetailRequest, findings: Sequence[Finding], level: float) -> Finding:
    """All examiners of one request in one finding: the majority's chance against `level`, onset and depth as the median
    of those that found it abnormal. Unclear where none could say anything, with their reasons.
    """
    said = [f for f in findings if f.verdict is not Look.UNCLEAR or math.isfinite(f.p_value)]
    lines = tuple(f"{f.examiner}: {r}" for f in findings for r in f.reason)
    out = Finding(
        request.request_id,
        request.problem_id,
        ALL,
        Look.UNCLEAR,
        lines or ("no examiner is configured",),
        request.begin,
        request.end,
        request.requested_at,
        depth=request.depth,
    )
    if not said:
        return out
    p = majority([f.p_value for f in said])
    figured = [f for f in said if math.isfinite(f.expected)] or said
    middle = sorted(figured, key=lambda f: (f.p_value, f.examiner))[len(figured) // 2]
    by = sum(f.p_value <= level for f in said)
    head = f"{by} of {len(said)} examiners find it abnormal (level {level:g}, chance together {_chance(p)})"
    out = replace(
        out,
        reason=(head, *lines),
        p_value=p,
        statistic=middle.statistic,
        expected=middle.expected,
        spread=middle.spread,
        observed=middle.observed,
    )
    if p > level:
        return replace(out, verdict=Look.UNCLEAR if p <= DOUBT * level else Look.WITHDRAWN)
    return _as_seen(out, [f for f in said if f.abnormal], request)


def majority(chances: Sequence[float]) -> float:
    """The chance that the majority of tests gives together, at most 1."""
    ranked = sorted(chances)
    r = len(ranked) // 2 + 1
    return min(1.0, len(ranked) / r * ranked[r - 1])


def _as_seen(out: Finding, abnormal: Sequence[Finding], request: DetailRequest) -> Finding:
    """`out` as confirmed, or as corrected where the middle one of those that find it abnormal moved onset or depth."""
    begins = sorted(f.begin for f in abnormal)
    begin = begins[len(begins) // 2] if begins else request.begin
    depths = sorted(f.depth for f in abnormal if math.isfinite(f.depth))
    depth = depths[len(depths) // 2] if depths else request.depth
    same = begin == request.begin and (depth == request.depth or not math.isfinite(depth))
    return replace(out, verdict=Look.CONFIRMED if same else Look.CORRECTED, begin=begin, depth=depth)


def revise(
    problem: ServiceProblem, looks: Sequence[tuple[DetailRequest, Finding]], level: float
) -> ServiceProblem | None:
    """The problem with what all looks at it came to, as its next revision; None where that says nothing new.

    It never closes a problem. Where every series that could be judged was withdrawn, its confidence falls by the
    evidence, and the revision says so. `known_at` is the newest finding's.
    """
    if not looks or not problem.causes:
        return None
    evidence = summary(looks, level)
    old = _zoomed(problem)
    if old == evidence:
        return None
    after = attach(_detached(problem), evidence)
    counts = {v: sum(f.verdict is v for _, f in looks) for v in Look}
    known = max(problem.known_at, *(f.found_at for _, f in looks))
    return replace(after, revision=problem.revision + 1, known_at=known, change=_change(counts))


def carried(before: ServiceProblem, after: ServiceProblem) -> ServiceProblem:
    """A newer revision of the corridor, with what the zoom had found: the corridor itself knows nothing of it."""
    evidence = _zoomed(before)
    return after if evidence is None or _zoomed(after) is not None else attach(after, evidence)


def summary(looks: Sequence[tuple[DetailRequest, Finding]], level: float) -> Evidence:
    """One line for or against, over all series of a problem that were looked at.

    The looks are averaged, not added: series of one problem are not independent.
    """
    counts = {v: sum(f.verdict is v for _, f in looks) for v in Look}
    abnormal = counts[Look.CONFIRMED] + counts[Look.CORRECTED]
    judged = abnormal + counts[Look.WITHDRAWN]
    odds = 0.0
    if judged:
        against = counts[Look.WITHDRAWN] * math.log((1 - POWER) / (1 - level))
        odds = (abnormal * math.log(POWER / level) + against) / judged
    if abnormal:
        odds = max(odds, 0.0)
    request, worst = min(looks, key=lambda x: (not x[1].abnormal, _nan_last(x[1].p_value), x[0].request_id))
    parts = ", ".join(f"{n} {v}" for v, n in counts.items() if n)
    series = f"{request.measure} of {request.key} on {request.service}"
    text = f"second look at {len(looks)} series: {parts}; {series}: {_figures(worst)}"
    return Evidence(KIND, text, round(odds, 3), request.request_id)


def attach(problem: ServiceProblem, evidence: Evidence) -> ServiceProblem:
    """The problem with a line of zoom evidence at its first cause; evidence against lowers its confidence."""
    if not problem.causes:
        return problem
    first = replace(problem.causes[0], evidence=(*problem.causes[0].evidence, evidence))
    confidence = _moved(problem.confidence, min(0.0, evidence.log_odds))
    return replace(problem, causes=(first, *problem.causes[1:]), confidence=confidence)


def _detached(problem: ServiceProblem) -> ServiceProblem:
    """The problem without zoom evidence, its confidence as it was before."""
    old = _zoomed(problem)
    if old is None:
        return problem
    kept = tuple(e for e in problem.causes[0].evidence if e.kind != KIND)
    first = replace(problem.causes[0], evidence=kept)
    confidence = _moved(problem.confidence, -min(0.0, old.log_odds))
    return replace(problem, causes=(first, *problem.causes[1:]), confidence=confidence)


def _zoomed(problem: ServiceProblem) -> Evidence | None:
    if not problem.causes:
        return None
    return next((e for e in problem.causes[0].evidence if e.kind == KIND), None)


def _moved(confidence: float, log_odds: float) -> float:
    """A probability moved by log-odds; as it is where nothing moves it."""
    if log_odds == 0.0 or not math.isfinite(confidence):
        return confidence
    p = min(max(confidence, 1e-6), 1 - 1e-6)
    return 1 / (1 + math.exp(-(math.log(p / (1 - p)) + log_odds)))


def _change(counts: dict[Look, int]) -> str:
    abnormal = counts[Look.CONFIRMED] + counts[Look.CORRECTED]
    parts = ", ".join(f"{n} {v}" for v, n in counts.items() if n)
    if counts[Look.WITHDRAWN] and not abnormal:
        return f"zoom: {parts}; no series that was looked at bears it out, confidence lowered"
    return f"zoom: {parts}"


def _figures(f: Finding) -> str:
    if not math.isfinite(f.expected):
        return f.reason[-1] if f.reason else "nothing known"
    return f"expected {f.expected:.3g} ± {f.spread:.2g}, saw {f.observed:.3g}, chance {_chance(f.p_value)}"


def _chance(p: float) -> str:
    return "under 1 in 1,000,000" if p < 1e-6 else f"{p:.2g}"


def _nan_last(p: float) -> float:
    return p if math.isfinite(p) else math.inf
