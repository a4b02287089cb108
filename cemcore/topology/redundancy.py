"""What several failures together take away: services lost, and services left without protection."""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np

from cemcore.panel import Bool, Int32, Int64
from cemcore.topology.csr import Edges
from cemcore.topology.network import Network
from cemcore.topology.paths import Path, legs, service_path
from cemcore.topology.support import fall
from cemcore.topology.ways import Ways


class Failure:
    """The network when all of `down` fail together. Answers about triples (access, gateway, endpoint) are kept."""

    def __init__(self, network: Network, whole: Ways, carries: Edges, down: Collection[int]) -> None:
        self.gone = fall(network, down)
        self._whole = whole
        hanging = carries.spread(np.flatnonzero(self.gone))
        self._after = Ways(network, self.gone, hanging, whole)
        self._hanging, self._dead = np.append(hanging, False), np.append(self.gone, False)
        self._core = bool((self.gone & network.is_core).any() or self.gone[network.core_link].any())
        self._known: dict[tuple[int, int, int], tuple[bool, bool]] = {}

    def lost(self, triples: Int32) -> tuple[Bool, Bool]:
        """(lost, at_risk) by line of `triples` (n, 3), -1 = not known.

        Lost = a part is gone or cut off, or a leg that was joined is not any more. At risk = not lost, and some
        element that survives has become a single point of failure.
        """
        out = np.zeros((len(triples), 2), np.bool_)
        asked = self._concerned(triples)
        first, place = distinct(triples[asked])
        kinds = triples[asked[first]]
        answers = np.zeros((len(kinds), 2), np.bool_)
        answers[:, 0] = self._dead[kinds].any(axis=1)
        for i in np.flatnonzero(~answers[:, 0]).tolist():
            answers[i] = self._one(kinds[i].tolist())
        out[asked] = answers[place]
        return out[:, 0], out[:, 1]

    def path(self, access: int, gateway: int, endpoint: int) -> Path:
        """The service path over what survives."""
        return service_path(self._after, access, gateway, endpoint)

    def crossed(self, triples: Int32, path: Callable[[int, int, int], Path]) -> Bool:
        """Lines of `triples` whose traffic ran over something that is gone; `path` gives the path in use while all
        was well.
        """
        out = np.zeros(len(triples), np.bool_)
        asked = self._concerned(triples)
        first, place = distinct(triples[asked])
        paths = [path(*line) for line in triples[asked[first]].tolist()]
        hit = [bool(self.gone[p.hard].any() or self.gone[p.soft].any()) for p in paths]
        out[asked] = np.array(hit, np.bool_)[place]
        return out

    def _concerned(self, triples: Int32) -> Int64:
        """Lines of the triples that the failure may concern at all."""
        return np.flatnonzero(self._hanging[triples].any(axis=1) | self._core)

    def _one(self, triple: list[int]) -> tuple[bool, bool]:
        access, gateway, endpoint = triple
        key = (access, gateway, endpoint)
        if key not in self._known:
            self._known[key] = self._compare(*key) if max(key) >= 0 else (False, False)
        return self._known[key]

    def _compare(self, access: int, gateway: int, endpoint: int) -> tuple[bool, bool]:
        before = legs(self._whole, access, gateway, endpoint)
        now = legs(self._after, access, gateway, endpoint)
        for was, leg in zip(before, now, strict=True):
            if (was.met and not leg.met) or (was.alive and not leg.alive):
                return True, False
        alone = frozenset[int]().union(*(leg.hard for leg in now))
        return False, not alone <= frozenset[int]().union(*(leg.hard for leg in before))


def distinct(triples: Int32) -> tuple[Int64, Int64]:
    """(position of the first of each distinct line, for every line the position of its kind among those)."""
    if not len(triples):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    shifted = triples.astype(np.int64) + 1
    key = shifted[:, 0]
    for column in (1, 2):
        _, key = np.unique(key * (int(shifted[:, column].max()) + 1) + shifted[:, column], return_inverse=True)
    _, first, place = np.unique(key, return_index=True, return_inverse=True)
    return first, place
