"""Who is kept in service by redundancy when something fails, by any lens, and which elements keep them."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from cemcore.application.lenses import Facts
from cemcore.panel import Int32, Int64
from cemcore.pipeline.impact import SMALL_GROUPS, UNDECLARED, Exposure, Lens
from cemcore.topology import Path
from cemcore.views import SavedLine

THING = 1
MORE = 0.01
"""An element keeps a service where its share of the traffic grows by so much."""
ELEMENTS = 20
"""So many elements are told, those that keep most subjects first."""


def saved_pairs(exposure: Exposure) -> Int32:
    """Rows of `exposure.protected` of subjects that keep every service."""
    lost = np.isin(exposure.protected.subject, exposure.lost.subject)
    return np.flatnonzero(~lost).astype(np.int32)


def saved_by_lens(facts: Facts, exposure: Exposure, lens: Lens, least: int) -> tuple[SavedLine, ...]:
    """Subjects kept in service, by group; groups of fewer than `least` in one line, unless the lens is exact."""
    pairs = exposure.protected.take(saved_pairs(exposure))
    code = lens.codes(pairs.subject, pairs.service)
    groups: dict[str, Int32] = {}
    few: list[Int32] = []
    for c in np.unique(code).tolist():
        people = np.unique(pairs.subject[code == c])
        if lens.exact or len(people) >= least:
            groups[UNDECLARED if c < 0 else lens.labels[c]] = people
        else:
            few.append(people)
    if few:
        groups[SMALL_GROUPS] = np.unique(np.concatenate(few))
    return _lines(facts, exposure, groups)


def saviours(facts: Facts, exposure: Exposure, down: Collection[int]) -> tuple[SavedLine, ...]:
    """The elements that carry more than before, each with the subjects that it keeps in service, most first.

    A subject may stand in several lines: with every element of its new way.
    """
    pairs = exposure.protected.take(saved_pairs(exposure))
    at, people = facts.access[pairs.subject], facts.population
    gateway, endpoint = (t[pairs.subject, pairs.service] for t in (people.pair_gateway, people.pair_endpoint))
    triples, place = np.unique(np.stack([at, gateway, endpoint], axis=1), axis=0, return_inverse=True)
    kept: dict[int, list[Int32]] = {}
    for i, triple in enumerate(triples.tolist()):
        before = _shares(facts.world.topology.path(*triple))
        after = _shares(facts.world.topology.path_without(down, *triple))
        grown = [r for r, share in after.items() if share > before.get(r, 0.0) + MORE]
        mine = pairs.subject[place == i]
        for r in grown:
            kept.setdefault(r, []).append(mine)
    groups = {facts.world.topology.resource_ids[r]: np.unique(np.concatenate(of)) for r, of in kept.items()}
    return _lines(facts, exposure, groups)[:ELEMENTS]


def _shares(path: Path) -> dict[int, float]:
    shares = dict(zip(path.soft.tolist(), path.share.tolist(), strict=True))
    return {**shares, **dict.fromkeys(path.hard.tolist(), 1.0)}


def _lines(facts: Facts, exposure: Exposure, groups: dict[str, Int32]) -> tuple[SavedLine, ...]:
    """Groups by how many they save, then by name."""
    out = [_line(facts, exposure, name, people) for name, people in groups.items()]
    return tuple(sorted(out, key=lambda x: (-x.users - x.things, x.group)))


def _line(facts: Facts, exposure: Exposure, name: str, people: Int32) -> SavedLine:
    payers: Int64 = np.unique(facts.population.customer[people])
    things = int((facts.population.kind[people] == THING).sum())
    risk = int(np.isin(people, exposure.at_risk.subject).sum())
    return SavedLine(name, len(people) - things, things, int((payers >= 0).sum()), risk)
