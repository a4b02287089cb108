"""What the names of resources say: words of ids and names, places, and containment by distinguished names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd

from cemcore.panel import Int32
from cemcore.topology.joining import rdns

_WORD = re.compile(r"[^\W\d_]+|\d+")
_LEVELS = ("all", "all but the last", "all but the last two", "the first")
"""How much of the words of a name is compared."""

_COMMON = 0.75
"""A word that is in more than this share of the names of a class says what it is, not which."""

_FEW_PREFIXES = 20
"""A type has at most so many naming classes; with more, its ids have no meaning that we know."""

Names = list[tuple[str, ...]]


def words(text: str) -> tuple[str, ...]:
    """Words and numbers of a name, lower case, numbers without leading zeros: `SL-KATOWICE-03a` -> sl katowice 3 a."""
    return tuple(w.lstrip("0") or "0" if w.isdigit() else w for w in _WORD.findall(text.casefold()))


def classes(ids: Sequence[str], types: Sequence[str]) -> Int32:
    """Naming class of each resource: its type, parted by the first word of the id where ids of a type begin alike."""
    first = [next(iter(words(i)), "") for i in ids]
    prefixes: dict[str, Counter[str]] = {}
    for kind, word in zip(types, first, strict=True):
        prefixes.setdefault(kind, Counter())[word] += 1
    parted = {k for k, found in prefixes.items() if len(found) <= min(_FEW_PREFIXES, found.total() / 2)}
    marks = [f"{k}/{w}" if k in parted else k for k, w in zip(types, first, strict=True)]
    return np.asarray(pd.factorize(pd.Series(marks, dtype="str"))[0], np.int32)


def levels(ids: Sequence[str], names: Sequence[str], kinds: Int32) -> dict[str, list[Int32]]:
    """Codes (-1 = nothing) of the telling words of `id` and `name`, one array for each level of detail; equal codes =
    equal words, also from one level to another.
    """
    out: dict[str, list[Int32]] = {}
    for what, telling in (("id", [words(i)[1:] for i in ids]), ("name", _telling([words(n) for n in names], kinds))):
        cut = [telling, [w[:-1] for w in telling], [w[:-2] for w in telling], [w[:1] for w in telling]]
        codes: dict[tuple[str, ...], int] = {(): -1}
        out[what] = [np.array([codes.setdefault(w, len(codes)) for w in part], np.int32) for part in cut]
    return out


def level_text(what: str, one: int, other: int) -> str:
    """How a clue of two levels reads."""
    if one == other:
        return f"the {what}s agree in {_LEVELS[one]} of their words"
    return f"{_LEVELS[one]} of the words of the dependent's {what} are {_LEVELS[other]} of the other's"


def containers(dns: Sequence[str]) -> tuple[Int32, Int32]:
    """(container by name, the name itself) as codes, -1 = none: TS 32.300 says that the DN of a contained object is the
    DN of its container and more. The nearest container that is in the inventory counts.
    """
    paths: Names = [rdns(d) for d in dns]
    codes = {path: i for i, path in enumerate(dict.fromkeys(p for p in paths if p))}
    own = np.array([codes.get(p, -1) for p in paths], np.int32)
    above = [next((codes[p[:n]] for n in range(len(p) - 1, 0, -1) if p[:n] in codes), -1) for p in paths]
    return np.array(above, np.int32), own


def codes_of(*columns: Sequence[str]) -> list[Int32]:
    """Several text columns in one coding, "" = -1."""
    known: dict[str, int] = {"": -1}
    return [np.array([known.setdefault(t, len(known)) for t in column], np.int32) for column in columns]


def _telling(named: Names, kinds: Int32) -> Names:
    """Words of each name without those that most names of its class have."""
    seen: dict[int, Counter[str]] = {}
    for kind, name in zip(kinds.tolist(), named, strict=True):
        seen.setdefault(kind, Counter()).update(set(name))
    size = np.bincount(kinds, minlength=1).tolist()
    common = {k: {w for w, n in found.items() if n > 1 and n > _COMMON * size[k]} for k, found in seen.items()}
    return [tuple(w for w in name if w not in common[k]) for k, name in zip(kinds.tolist(), named, strict=True)]
