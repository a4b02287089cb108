"""Combinations that name the very same leaves can't be told apart: they come as one, with the others beside it."""

from __future__ import annotations

import numpy as np

from cemcore.panel import Int32, Int64
from cemcore.pipeline.localisation.attributes.cube import Cuboid, cuboids


def members(codes: Int32, family: Cuboid, leaf: int) -> Int64:
    """All leaves that share their values of these attributes with one leaf."""
    columns = list(family)
    return np.flatnonzero((codes[:, columns] == codes[leaf, columns]).all(axis=1))


def ties(codes: Int32, family: Cuboid, leaf: int) -> tuple[Cuboid, ...]:
    """Other families, of as many attributes or fewer, whose combination at that leaf has exactly the same leaves."""
    own = members(codes, family, leaf)
    constant = np.flatnonzero((codes[own] == codes[leaf]).all(axis=0))
    others = cuboids(len(constant), len(family))
    named = (tuple(int(constant[i]) for i in other) for other in others)
    return tuple(f for f in named if f != family and len(members(codes, f, leaf)) == len(own))
