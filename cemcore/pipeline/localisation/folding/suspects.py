"""Tops that raised no alarm themselves: what the tops of several groups all hang on, where nearly all that hangs on it
directly is alarmed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from cemcore.kernels import folding, leaning
from cemcore.panel import Int32, Int64
from cemcore.pipeline.localisation.folding.chains import Marks, Places
from cemcore.topology.upward import Upward

SHARE = 2 / 3
"""Share of what hangs on an element directly, of the same types, that must be alarmed."""
LEVELS = 12
"""Steps upwards that are looked at."""


@dataclass(frozen=True)
class Suspect:
    """An element without an alarm of its own, the tops that all hang on it (lines), and which others the same tops hang
    on, so that they can't be told apart.
    """

    resource: int
    lines: tuple[int, ...]
    tied: tuple[int, ...]


def suspects(marks: Marks, tops: Int64, types: tuple[str, ...], up: Upward, window: float) -> list[Suspect]:
    """Common tops of `tops`, lines that are folded under none and may be tops: those of the most first, each line under
    at most one.
    """
    tops = tops[(marks.resource[tops] >= 0) & (marks.rank[tops] > 0)]
    if len(tops) < 2:
        return []
    found = _climb(marks, tops, types, up, window)
    under = _under(marks, tops, found, up, window)
    height = _height(np.array(sorted(found), np.int32), up)
    out: list[Suspect] = []
    taken: set[int] = set()
    order = sorted(found, key=lambda y: (-len(under[y]), -height[y], y))
    for y in order:
        lines = tuple(i for i in under[y] if i not in taken)
        if len(lines) >= 2:
            taken |= set(lines)
            tied = [z for z in order if z != y and under[z] == under[y]]
            out.append(Suspect(y, lines, tuple(tied)))
    return out


def _climb(marks: Marks, tops: Int64, types: tuple[str, ...], up: Upward, window: float) -> dict[int, float]:
    """Elements of which nearly all direct dependents of some types are hit together, and when, level by level; one with
    a single dependent stands for that one, but is no suspect by itself.
    """
    own: dict[int, list[float]] = {}
    for i in tops.tolist():
        own.setdefault(int(marks.resource[i]), []).append(float(marks.at[i]))
    stands: dict[int, tuple[float, int]] = {}
    places = Places.of(marks, len(up))
    front = set(own)
    for _ in range(LEVELS):
        parents = {y for x in front for y in _direct(up, x)}
        front = set()
        for y in sorted(parents):
            below = up.below.of(y)
            events = [(t, c) for c in below if c in own for t in own[c]]
            begin, hit = _most(events + [(stands[c][0], c) for c in below if c in stands], window)
            if len(hit) < SHARE * _comparable(y, hit, below, types, up):
                continue
            alarmed = abs(marks.at[places.on(y)] - begin) <= window
            before, n = stands.get(y, (0.0, 0))
            if (len(hit) > n or (len(hit) == n and begin < before)) and not alarmed.any():
                stands[y] = (begin, len(hit))
                front.add(y)
        if not front:
            break
    return {y: begin for y, (begin, n) in stands.items() if n >= 2}


def _comparable(y: int, hit: set[int], below: list[int], types: tuple[str, ...], up: Upward) -> int:
    """How many of the elements below y are like those that are hit: those of their types. A single one must hang on y
    alone, and be all that does, links left aside; else there are too many to say anything.
    """
    kinds = {types[c] for c in hit}
    if len(hit) != 1:
        return sum(types[c] in kinds for c in below)
    (c,) = hit
    ways = up.ways.labelled(c)
    alone = y in up.ends.of(c) or (y, -1) in up.needs.labelled(c)
    alone = alone or ({z for z, _ in ways} == {y}) or (len(ways) > 0 and {link for _, link in ways} == {y})
    return sum(b in hit or types[b] in kinds or not up.ends.of(b) for b in below) if alone else len(up)


def _direct(up: Upward, x: int) -> list[int]:
    out = up.needs.of(x) + up.pairs.of(x) + up.ends.of(x)
    for z, link in up.ways.labelled(x):
        out += [z, link] if link >= 0 else [z]
    return out


def _most(events: list[tuple[float, int]], window: float) -> tuple[float, set[int]]:
    """(first time, elements) of the window with the most elements among (time, element)."""
    ordered = sorted(events)
    best: tuple[float, set[int]] = (ordered[0][0], {ordered[0][1]}) if ordered else (0.0, set())
    begin, inside = 0, Counter[int]()
    for t, c in ordered:
        inside[c] += 1
        while t - ordered[begin][0] > window:
            inside[ordered[begin][1]] -= 1
            begin += 1
        inside = +inside
        if len(inside) > len(best[1]):
            best = (ordered[begin][0], set(inside))
    return best


def _height(resources: Int32, up: Upward) -> dict[int, int]:
    """How much lies above each resource."""
    start = np.zeros(len(resources) + 1, np.int64)
    leaning.leans(*up.arrays, resources, start, np.zeros(0, np.int32))
    return dict(zip(resources.tolist(), np.diff(start).tolist(), strict=True))


def _under(marks: Marks, tops: Int64, found: dict[int, float], up: Upward, window: float) -> dict[int, list[int]]:
    """Of each suspect the tops that are lost when it is, and were raised together with those that indicted it."""
    resources = marks.resource[tops]
    start = np.zeros(len(tops) + 1, np.int64)
    leaning.leans(*up.arrays, resources, start, np.zeros(0, np.int32))
    above = np.zeros(int(start[-1]), np.int32)
    leaning.leans(*up.arrays, resources, start, above)
    keep = np.isin(above, np.array(sorted(found), np.int32))
    owner = np.repeat(np.arange(len(tops)), np.diff(start))[keep]
    asked: Int32 = above[keep]
    begin = np.searchsorted(owner, np.arange(len(tops) + 1)).astype(np.int64)
    answer = np.zeros(len(asked), np.bool_)
    folding.hard(*up.arrays, begin, asked, resources, answer)
    out: dict[int, list[int]] = {y: [] for y in found}
    for o, y in zip(owner[answer].tolist(), asked[answer].tolist(), strict=True):
        if 0 <= marks.at[tops[o]] - found[y] <= window:
            out[y].append(int(tops[o]))
    return out
