"""How near a named cause comes to a true one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import pandas as pd

from cemcore.evaluation.predictions import CauseKey


class Neighbours:
    """Which resources stand close to one another in the dependency graph: up to `reach` steps up or down.

    `connections` has from_id (the dependent), to_id and via (the link in between, may be missing), as the inventory
    delivers them.
    """

    def __init__(self, connections: pd.DataFrame | None, reach: int = 2) -> None:
        self.reach = reach
        self._up: dict[str, set[str]] = defaultdict(set)
        self._down: dict[str, set[str]] = defaultdict(set)
        self._near: dict[str, frozenset[str]] = {}
        for lower, upper in _steps(connections):
            self._up[lower].add(upper)
            self._down[upper].add(lower)

    def near(self, a: str, b: str) -> bool:
        """Is `b` within reach above or below `a`?"""
        if a not in self._near:
            self._near[a] = frozenset(self._within(self._up, a) | self._within(self._down, a))
        return b in self._near[a]

    def _within(self, graph: dict[str, set[str]], origin: str) -> set[str]:
        seen = front = {origin}
        for _ in range(self.reach):
            front = {y for x in front for y in graph.get(x, ())} - seen
            seen = seen | front
        return seen


def _steps(connections: pd.DataFrame | None) -> Iterable[tuple[str, str]]:
    if connections is None:
        return
    via = connections["via"].astype("object") if "via" in connections else pd.Series(None, index=connections.index)
    for lower, link, upper in zip(connections["from_id"], via, connections["to_id"], strict=True):
        if pd.isna(link) or link == "":
            yield str(lower), str(upper)
        else:
            yield str(lower), str(link)
            yield str(link), str(upper)


def credit(named: CauseKey, accepted: Iterable[CauseKey], neighbours: Neighbours) -> float:
    """1 for a right cause, 0.5 for one next to it, else 0.

    Next to it means near in the graph or, of attributes, a part of the true ones or the other way round.
    """
    best = 0.0
    for true in accepted:
        if named == true:
            return 1.0
        if named[0] == true[0] == "resource" and neighbours.near(named[1], true[1]):
            best = 0.5
        if named[0] == true[0] == "attribute":
            mine, theirs = set(named[1]), set(true[1])
            if mine and theirs and (mine < theirs or theirs < mine):
                best = 0.5
    return best
