"""The service path of one (access, gateway, endpoint), as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from cemcore.panel import Float32, Int32
from cemcore.topology.ways import Joined, Ways, strongest


@dataclass(frozen=True)
class Path:
    """What a service hangs on.

    hard: int32, sorted: every single element (node, link, duct, power feed, site, redundancy pair as one) whose loss
    alone ends the service, the access resource, gateway and endpoint included. soft: int32, sorted: elements on the
    path in use that are backed up; share: float32, parallel to it: their traffic share in 0..1. complete: False where
    a part is not known or no way joins the parts.
    """

    hard: Int32
    soft: Int32
    share: Float32
    complete: bool


def legs(ways: Ways, access: int, gateway: int, endpoint: int) -> list[Joined]:
    """The legs of a service: access to gateway, gateway to endpoint; with a part missing, those that are known (-1 =
    not known).
    """
    known = [x for x in (access, gateway, endpoint) if x >= 0]
    if len(known) == 1:
        return [ways.single(known[0])]
    return [ways.joined(x, y) for x, y in pairwise(known)]


def service_path(ways: Ways, access: int, gateway: int, endpoint: int) -> Path:
    """The path of a service over what survives."""
    hard: frozenset[int] = frozenset()
    share: dict[int, float] = {}
    parts = legs(ways, access, gateway, endpoint)
    for leg in parts:
        hard |= leg.hard
        share = strongest(share, leg.share) if share else leg.share
    soft = sorted(r for r in share if r not in hard)
    complete = min(access, gateway, endpoint) >= 0 and all(leg.met for leg in parts)
    return Path(
        np.array(sorted(hard), np.int32),
        np.array(soft, np.int32),
        np.array([min(share[r], 1.0) for r in soft], np.float32),
        complete,
    )
