"""The door for analysts: a table in, a few named combinations out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cemcore.pipeline.localisation.attributes.answer import Combination, Localised, Values
from cemcore.pipeline.localisation.attributes.cube import Cuboid
from cemcore.pipeline.localisation.attributes.finding import find
from cemcore.pipeline.localisation.attributes.leaves import EITHER, Leaves
from cemcore.pipeline.localisation.attributes.reading import Reading, check, read
from cemcore.pipeline.localisation.attributes.selection import Choice
from cemcore.pipeline.localisation.attributes.ties import ties

DEEP, MANY = 4, 6
"""With more than `MANY` attributes, combinations of up to `DEEP` of them are tried unless `layers` says otherwise."""


def localise_attributes(
    frame: pd.DataFrame,
    attributes: Sequence[str],
    *,
    real: str = "real",
    expected: str = "expected",
    weight: str | None = None,
    expected_weight: str | None = None,
    worse: str = EITHER,
    layers: int | None = None,
) -> Localised:
    """Which few combinations of attribute values explain that a KPI is off its forecast.

    A KPI is broken down by attributes (device model, firmware, app, plan, region, cell ...): one row for each
    combination that was seen, a *leaf*, with what was observed and what was expected. When the total is off, the answer
    is rarely one leaf and rarely all of them: it is, say, `device=M7 & app=4.2` in every region. Such a combination is
    found by what all its leaves have in common (they moved together) and what their neighbours have not.

    frame       one row a leaf. Leaves with a number missing are left out; rows of the same leaf are added up.
    attributes  the columns to combine. One that has a single value explains nothing and is ignored. A missing value is
                a value like any other.
    real        column: the KPI as observed.
    expected    column: the KPI as forecast (yesterday, last week, a model), on the same leaves.
    weight      column: attempts behind each leaf. Give it when the KPI is a *share* of them (drop rate, success rate,
                share of stalled sessions): shares of few attempts stray much, and that is then known. Without it the
                KPI is a plain value (volume, count, seconds) whose noise is learned from the leaves themselves.
    expected_weight  column: attempts behind the forecast share, where they differ.
    worse       `"lower"` (success rate, throughput), `"higher"` (drop rate, latency) or `"either"`.
    layers      the most attributes that a combination may fix. Default: all, or 4 where there are more than 6.

    Returns the combinations, strongest first, each with the leaves that it explains; none where nothing stands out from
    what these very leaves show as noise. What moved everywhere alike is no combination: it is the `drift`.
    ValueError says what is wrong with the table or the question.

        >>> found = cemcore.localise_attributes(table, ["device", "app", "plan", "region"],
        ...     real="failed_share", expected="failed_share_before", weight="sessions", worse="higher")
        >>> print(found.frame())

    How: each leaf says for and against a cause of each size (a likelihood ratio, under noise that is learned from the
    case); sums over all combinations come from one data cube; combinations are taken greedily, each explaining its
    leaves away, while their evidence exceeds the price of naming them (a description length), and only if they stray
    farther than groups of leaves do anyway. The idea that leaves of one cause share its effect is from HotSpot (Sun et
    al. 2018) and Squeeze (Li et al. 2019).
    """
    numbers = [c for c in (real, expected, weight, expected_weight) if c is not None]
    check(frame, attributes, numbers, worse)
    if expected_weight is not None and weight is None:
        raise ValueError("expected_weight needs weight")
    if layers is not None and layers < 1:
        raise ValueError("layers: at least 1")
    reading = read(frame, attributes, real, expected, weight, expected_weight)
    count = len(reading.attributes)
    if not count or not len(reading.leaves):
        return Localised((), 1.0, 0.0)
    found = find(reading.leaves, worse, layers or (count if count <= MANY else DEEP))
    combinations = tuple(_combination(reading, c) for c in found.choices)
    return Localised(combinations, found.drift, found.noise)


def _combination(reading: Reading, choice: Choice) -> Combination:
    leaves, leaf = reading.leaves, int(choice.rows[0])
    real, expected, excess = _totals(leaves, choice)
    return Combination(
        values=_values(reading, choice.family, leaf),
        evidence=choice.evidence,
        margin=choice.score,
        effect=_effect(real, expected, shares=leaves.weight is not None),
        leaves=len(choice.rows),
        real=real,
        expected=expected,
        excess=excess,
        ties=tuple(_values(reading, t, leaf) for t in ties(leaves.codes, choice.family, leaf)),
    )


def _effect(real: float, expected: float, shares: bool) -> float:
    up, whole = real > expected, max(abs(real), abs(expected))
    if shares:
        whole = 1 - expected if up else expected
    return (real - expected) / whole if whole > 0 else 0.0


def _values(reading: Reading, family: Cuboid, leaf: int) -> Values:
    return tuple((reading.attributes[a], reading.values[a][reading.leaves.codes[leaf, a]]) for a in family)


def _totals(leaves: Leaves, choice: Choice) -> tuple[float, float, float]:
    real, expected = leaves.real[choice.rows], leaves.expected[choice.rows]
    if leaves.weight is None:
        return float(real.sum()), float(expected.sum()), float((real - expected).sum())
    n = leaves.weight[choice.rows]
    return (
        float(np.average(real, weights=n)),
        float(np.average(expected, weights=n)),
        float((n * (real - expected)).sum()),
    )
