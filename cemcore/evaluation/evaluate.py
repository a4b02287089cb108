"""Accuracy of predicted incidents against a world's truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from cemcore.evaluation.causes import Neighbours, credit
from cemcore.evaluation.matching import CAUSES_READ, SLOT, Matcher, Matching, TrueIncident
from cemcore.evaluation.predictions import Prediction, cause_key, epoch, parse
from cemcore.evaluation.scores import (
    AffectedFigures,
    CauseFigures,
    DelayFigures,
    IncidentFigures,
    IncidentRow,
    Ratio,
    Scores,
)

_CAUSE_RANKS = ("top1", "top3", "top1_near", "top3_near")
_FALSE_LISTED = 40


def evaluate(
    truth: Mapping[str, Any],
    predictions: Mapping[str, Any] | Iterable[Mapping[str, Any]],
    connections: pd.DataFrame | None = None,
    subjects: pd.DataFrame | None = None,
    tolerance: int = 2,
    min_jaccard: float = 0.1,
) -> Scores:
    """Score `predictions` (neutral form) against `truth`.

    `connections` (from_id, to_id, via) tells which resources are neighbours, `subjects` (subject_id, region) who a
    data gap hid; without them only exact causes count and gaps are told by name. `tolerance` is in slots. Raises
    ContractError for malformed predictions.
    """
    guesses = parse(predictions)
    world = truth["world"]
    learned, horizon = epoch(world["train_end"]), epoch(world["end"])
    incidents = [TrueIncident.read(x) for x in truth["incidents"]]
    matcher = Matcher(Neighbours(connections), horizon, tolerance, min_jaccard)
    matching = matcher.match(guesses, incidents)
    days = (horizon - learned) / 86400
    tally = _tally(guesses, incidents, matching, matcher)
    false = [guesses[i] for i in matching.false]
    region = {} if subjects is None else dict(zip(subjects["subject_id"], subjects["region"], strict=True))
    fooled, gaps = _fooled(false, truth["distractors"], matcher, region)
    early = sum(p.start < learned - tolerance * SLOT for p in guesses)
    return Scores(
        incidents=_incident_figures(guesses, incidents, matching, days, early),
        delay=_delay_figures(tally.delays),
        root_cause=_cause_figures(tally, len(tally.rows)),
        affected_pairs=tally.pairs.figures(len(tally.rows), sum(len(p.pairs) for p in false)),
        affected_subjects=tally.subjects.figures(len(tally.rows), sum(len(p.subjects) for p in false)),
        distractors_by_kind=fooled,
        distractors=len(truth["distractors"]),
        data_gap_false_alarms=gaps,
        days=round(days, 2),
        per_incident=tuple(tally.rows),
        false_incidents=tuple(
            {"id": p.id, "causes": [str(c[1]) for c in p.causes[:2]], "n": len(p.subjects)}
            for p in false[:_FALSE_LISTED]
        ),
    )


@dataclass
class _Overlap:
    """Running counts of who was rightly, wrongly and not named."""

    ratios: list[Ratio] = field(default_factory=list)
    hit: int = 0
    wrong: int = 0
    missed: int = 0

    def add(self, named: frozenset[Any], true: frozenset[Any]) -> Ratio:
        hit, wrong, missed = len(named & true), len(named - true), len(true - named)
        self.hit, self.wrong, self.missed = self.hit + hit, self.wrong + wrong, self.missed + missed
        self.ratios.append(Ratio.of(hit, wrong, missed))
        return self.ratios[-1]

    def figures(self, visible: int, false: int) -> AffectedFigures:
        return AffectedFigures(
            macro_matched=Ratio.mean(self.ratios, len(self.ratios)),
            macro_all=Ratio.mean(self.ratios, visible),
            micro=Ratio.of(self.hit, self.wrong + false, self.missed),
        )


@dataclass
class _Tally:
    rows: list[IncidentRow] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    causes: Counter[str] = field(default_factory=Counter)
    pairs: _Overlap = field(default_factory=_Overlap)
    subjects: _Overlap = field(default_factory=_Overlap)


def _tally(
    guesses: Sequence[Prediction], incidents: Sequence[TrueIncident], matching: Matching, matcher: Matcher
) -> _Tally:
    out = _Tally()
    for k, true in enumerate(incidents):
        if not true.visible:
            continue
        found: dict[str, Any] = {}
        if k in matching.of_truth:
            found = _found(guesses[matching.of_truth[k]], true, matcher.neighbours, out)
        else:
            out.pairs.missed += len(true.pairs)
            out.subjects.missed += len(true.subjects)
        detected = k in matching.of_truth
        out.rows.append(IncidentRow(true.id, true.kind, true.has_alarm, len(true.pairs), detected, found))
    return out


def _found(guess: Prediction, true: TrueIncident, neighbours: Neighbours, tally: _Tally) -> dict[str, Any]:
    credits = [credit(c, true.accepted, neighbours) for c in guess.causes[:CAUSES_READ]] + [0.0]
    first, best = credits[0], max(credits)
    ranks = dict(zip(_CAUSE_RANKS, (first == 1, best == 1, first >= 0.5, best >= 0.5), strict=True))
    tally.causes.update(name for name, right in ranks.items() if right)
    found: dict[str, Any] = {"pred": guess.id, **ranks, "cause": str(guess.causes[0][1]) if guess.causes else ""}
    if guess.first_detected is not None:
        found["delay"] = round(max(0.0, (guess.first_detected - true.start) / SLOT), 2)
        tally.delays.append(found["delay"])
    if guess.pairs:
        found["pairs"] = tally.pairs.add(guess.pairs, true.pairs)
        found["pairs_fp_at_risk"] = len((guess.pairs - true.pairs) & true.at_risk)
    else:
        tally.pairs.missed += len(true.pairs)
    found["subjects"] = tally.subjects.add(guess.subjects, true.subjects)
    return found


def _incident_figures(
    guesses: Sequence[Prediction], incidents: Sequence[TrueIncident], matching: Matching, days: float, early: int
) -> IncidentFigures:
    visible = sum(t.visible for t in incidents)
    matched = sum(incidents[k].visible for k in matching.of_truth)
    false, duplicates = len(matching.false), len(matching.duplicates)
    named = len(matching.of_truth) + duplicates
    return IncidentFigures(
        ratio=Ratio.of(matched, false + duplicates, visible - matched),
        precision_lenient=round(named / len(guesses), 4) if guesses else 0.0,
        true=visible,
        predicted=len(guesses),
        matched=matched,
        duplicates=duplicates,
        false=false,
        invisible_matched=len(matching.of_truth) - matched,
        false_per_day=round(false / days, 3),
        before_training_end=early,
    )


def _delay_figures(delays: Sequence[float]) -> DelayFigures:
    if not delays:
        return DelayFigures(None, None, None, 0)
    return DelayFigures(
        median=float(np.median(delays)),
        mean=round(float(np.mean(delays)), 2),
        p90=round(float(np.percentile(delays, 90)), 2),
        n=len(delays),
    )


def _cause_figures(tally: _Tally, visible: int) -> CauseFigures:
    detected = sum(row.detected for row in tally.rows)
    share = {name: round(tally.causes[name] / max(1, detected), 4) for name in _CAUSE_RANKS}
    return CauseFigures(**share, of_detected=detected, top1_of_all=round(tally.causes["top1"] / max(1, visible), 4))


def _fooled(
    false: Sequence[Prediction], distractors: Sequence[Mapping[str, Any]], matcher: Matcher, region: Mapping[str, str]
) -> tuple[dict[str, int], int]:
    """(false incidents by the kind of distractor that explains them, false incidents about a data gap)."""
    kinds: Counter[str] = Counter()
    gaps = 0
    for p in false:
        for d in distractors:
            if matcher.overlap(p, epoch(d["start"]), epoch(d["end"])) <= 0:
                continue
            if d.get("gap"):
                gaps += _blames_gap(p, d["gap"], region)
                continue
            accepted = [cause_key(c) for c in d["causes"]]
            kinds[d["kind"]] += any(credit(c, accepted, matcher.neighbours) > 0 for c in p.causes[:CAUSES_READ])
    return {kind: n for kind, n in kinds.items() if n}, gaps


def _blames_gap(p: Prediction, gap: Mapping[str, str], region: Mapping[str, str]) -> bool:
    inside = sum(region.get(s) == gap["region"] for s in p.subjects)
    if p.subjects and inside >= 0.5 * len(p.subjects):
        return True
    names = {c[1] for c in p.causes[:CAUSES_READ] if c[0] == "resource"}
    return any(gap["region"] in name or gap["collector"] == name for name in names)
