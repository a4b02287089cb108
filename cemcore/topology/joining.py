"""Joining names to the inventory: what a measurement or an alarm calls an object, and which resource that is.

Distinguished names after TS 32.300: `Class=Value,Class=Value`, left = root. A name in a PM file is the prefix of the
file, the element's local DN and the measured object's local DN in one (TS 32.435), and the inventory's DN is some end
of it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

_COMMA = re.compile(r"(?<!\\),")
_KEPT = 1_000_000


def rdns(name: str) -> tuple[str, ...]:
    """The relative distinguished names of a DN, root first.

    Parts without `=` (a bare element name that the next part names again) and repetitions of the part before are left
    out.
    """
    parts = [p.strip() for p in _COMMA.split(name)]
    named = [p for p in parts if "=" in p]
    return tuple(p for i, p in enumerate(named) if i == 0 or p != named[i - 1])


@dataclass(frozen=True)
class Alias:
    """Another name of the same object: consecutive RDNs that fit `pattern` (`*` = any value) are read as
    `replacement`.

    `{1}`, `{2}` ... in the replacement are what the first, second ... `*` stood for:
    `GNBCUCPFunction=*,NRCellCU=*` -> `GNBDUFunction={1},NRCellDU={2}`.
    """

    pattern: tuple[re.Pattern[str], ...]
    replacement: tuple[str, ...]

    @classmethod
    def parse(cls, pattern: str, replacement: str) -> Alias:
        """From the two texts in configuration."""
        parts = [re.escape(p).replace(r"\*", "(.*)") for p in rdns(pattern)]
        return cls(tuple(re.compile(p) for p in parts), rdns(replacement))

    def apply(self, name: tuple[str, ...]) -> tuple[str, ...] | None:
        """`name` with the last fitting place replaced; None where the alias does not fit anywhere."""
        width = len(self.pattern)
        for at in range(len(name) - width, -1, -1):
            fits = [p.fullmatch(part) for p, part in zip(self.pattern, name[at : at + width], strict=True)]
            values = [v for fit in fits if fit is not None for v in fit.groups()]
            if width and None not in fits:
                return (*name[:at], *(_filled(part, values) for part in self.replacement), *name[at + width :])
        return None


def _filled(text: str, values: Sequence[str]) -> str:
    """`text` with {1}, {2} ... replaced by values."""
    return re.sub(r"\{(\d+)\}", lambda m: values[int(m[1]) - 1], text)


class Joiner:
    """Joins names to resource ids: by id, else by DN, else by DN after an alias.

    dns, ids: parallel, of the inventory ("" = a resource without DN). aliases: pattern -> replacement, see `Alias`.
    ancestors: classes of objects that the inventory does not hold one by one; such an object joins the nearest known
    resource above it. A name that fits several resources equally well joins none.
    """

    def __init__(
        self,
        dns: Sequence[str],
        ids: Sequence[str],
        aliases: Mapping[str, str] | None = None,
        ancestors: Collection[str] = (),
    ) -> None:
        self._ids = frozenset(ids)
        self._by_dn = {rdns(d): r for d, r in zip(dns, ids, strict=True) if d}
        self._aliases = [Alias.parse(p, r) for p, r in (aliases or {}).items()]
        self._ancestors = frozenset(ancestors)
        self._ends: dict[tuple[str, ...], str | None] | None = None
        self._known: dict[str, str | None] = {}

    def join(self, names: pd.Series) -> pd.Series:
        """Resource id of each name, missing where it can't be joined; same index."""
        codes, uniques = pd.factorize(names)
        found = pd.Series([*(self.resource(str(u)) for u in uniques), None], dtype="str")
        return pd.Series(found.to_numpy()[codes], index=names.index, dtype="str")

    def resource(self, name: str) -> str | None:
        """Resource id of one name, None where it can't be joined."""
        if name not in self._known:
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[name] = name if name in self._ids else self._by_path(rdns(name))
        return self._known[name]

    def _by_path(self, path: tuple[str, ...]) -> str | None:
        readings = [path, *(a for alias in self._aliases if (a := alias.apply(path)) is not None)]
        for reading in readings:
            found = self._longest(reading) or self._only(reading)
            if found is not None:
                return found
        if path and path[-1].split("=", 1)[0] in self._ancestors:
            return next(
                (r for cut in range(len(path) - 1, 0, -1) if (r := self._longest(path[:cut])) is not None), None
            )
        return None

    def _longest(self, path: tuple[str, ...]) -> str | None:
        """The resource whose whole DN is the longest end of the path."""
        return next((r for at in range(len(path)) if (r := self._by_dn.get(path[at:])) is not None), None)

    def _only(self, path: tuple[str, ...]) -> str | None:
        """The one resource whose DN ends with the path: names that lack the upper part."""
        if self._ends is None:
            self._ends = {}
            for dn, resource in self._by_dn.items():
                for at in range(1, len(dn)):
                    end = dn[at:]
                    self._ends[end] = None if end in self._ends else resource
        return self._ends.get(path)
