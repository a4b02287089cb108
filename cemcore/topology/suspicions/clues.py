"""Clues about where a connection should lead: every one says "the key of the dependent equals the key of the other"."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cemcore.panel import Bool, Int32, Int64
from cemcore.topology.suspicions import naming
from cemcore.topology.vocabulary import RETIRED

Key = Callable[[Int64], Int32]
"""Keys (-1 = none) of lines of the table of connections."""


@dataclass(frozen=True)
class Lines:
    """Connections (and, for what may be missing, questions) as positions: dependent, other (-1 = asked for), link,
    relation code, class of dependent, type of the other, and the class of the line.
    """

    source: Int32
    to: Int32
    via: Int32
    relation: Int32
    to_type: Int32
    group: Int32
    kind: Int32

    def __len__(self) -> int:
        return len(self.source)


@dataclass(frozen=True)
class Clue:
    """`keys` holds the key that each resource as dependent gives (or `of_line`, where the line gives it), `target` the
    one that each resource answers to; a line fits where they are equal. Clues of one `family` repeat each other;
    `text` says what fits.
    """

    family: str
    text: str
    keys: Int32
    target: Int32
    of_line: Key | None = None

    def of(self, lines: Lines, at: Int64) -> Int32:
        """Keys of lines `at`, -1 = none."""
        return self.keys[lines.source[at]] if self.of_line is None else self.of_line(at)


@dataclass(frozen=True)
class Inventory:
    """The inventory as arrays: ids, type and naming class by resource, and its connections."""

    ids: tuple[str, ...]
    types: tuple[str, ...]
    type_of: Int32
    class_of: Int32
    class_names: tuple[str, ...]
    relations: tuple[str, ...]
    groups: tuple[str, ...]
    lines: Lines
    ends: tuple[Int32, Int32]
    """(downstream, upstream) end of each link by position, -1 where it names none."""
    resources: pd.DataFrame

    @classmethod
    def build(cls, resources: pd.DataFrame, connections: pd.DataFrame) -> Inventory:
        """From frames of the contracts; retired resources and connections with an unknown end are left out."""
        kept = ~resources["resource_id"].duplicated() & (resources["type"] != RETIRED)
        resources = resources[kept].reset_index(drop=True)
        ids = pd.Index(resources["resource_id"].astype("str"))
        types, names = pd.factorize(resources["type"].astype("str"))
        class_of = naming.classes(ids.to_list(), resources["type"].astype("str").to_list())
        first = pd.Series(ids).groupby(class_of).first()
        class_names = tuple(str(names[types[ids.get_loc(first[c])]]) for c in range(len(first)))
        ends = tuple(ids.get_indexer(pd.Index(resources[c].astype("str"))).astype(np.int32) for c in ("a_end", "z_end"))
        at = {c: ids.get_indexer(pd.Index(connections[c].astype("str"))) for c in ("from_id", "to_id", "via")}
        whole = (at["from_id"] >= 0) & (at["to_id"] >= 0)
        table = pd.DataFrame(at)[whole].astype(np.int32)
        relation, relations = pd.factorize(connections["relation"].astype("str")[whole])
        group, groups = pd.factorize(connections["redundancy_group"].astype("str")[whole])
        source, to, via = (table[c].to_numpy() for c in at)
        lines = lines_of(source, to, via, relation.astype(np.int32), types, group.astype(np.int32), class_of)
        return cls(
            tuple(ids),
            tuple(str(n) for n in names),
            types.astype(np.int32),
            class_of,
            class_names,
            tuple(str(r) for r in relations),
            tuple(str(g) for g in groups),
            lines,
            (ends[0], ends[1]),
            resources,
        )


def lines_of(
    source: Int32, to: Int32, via: Int32, relation: Int32, types: Int64, group: Int32, class_of: Int32
) -> Lines:
    """Lines with their classes: (class of the dependent, relation, type of the other, over a link or not)."""
    to_type = np.asarray(types[to], np.int32)
    key = pd.MultiIndex.from_arrays([class_of[source], relation, to_type, via >= 0])
    return Lines(source, to, via, relation, to_type, group, np.asarray(pd.factorize(key)[0], np.int32))


def clues_of(inventory: Inventory, stated: dict[str, tuple[Int32, str]]) -> list[Clue]:
    """Every clue that the inventory gives; `stated` = other statements: family -> (where each resource is said to lead
    to, -1 = nothing said; who says so).
    """
    resources, lines = inventory.resources, inventory.lines
    own = np.arange(len(inventory.ids), dtype=np.int32)
    texts = {c: resources[c].fillna("").astype("str").to_list() for c in ("name", "region", "dn")}
    clues = [
        Clue("ends", "the link names this end itself", own, own, far_end(inventory)),
        *(Clue(family, said, where, own) for family, (where, said) in stated.items()),
    ]
    above, named = naming.containers(texts["dn"])
    clues.append(Clue("dn", "the dependent's distinguished name begins with the other's", above, named))
    of_group, of_id = naming.codes_of(list(inventory.groups), list(inventory.ids))
    padded = np.append(of_group, np.int32(-1))
    clues.append(Clue("group", "the redundancy group bears its name", of_id, of_id, lambda at: padded[lines.group[at]]))
    region = naming.codes_of(texts["region"])[0]
    clues.append(Clue("naming", "both are in one region", region, region))
    for what, levels in naming.levels(inventory.ids, texts["name"], inventory.class_of).items():
        clues += [
            Clue("naming", naming.level_text(what, a, b), levels[a], levels[b])
            for a in range(len(levels))
            for b in range(len(levels))
        ]
    return clues + _structure(inventory)


def far_end(inventory: Inventory) -> Key:
    """The end of the line's link that is not the dependent, -1 where the link names no two ends with it."""
    lines, (a, z) = inventory.lines, inventory.ends

    def key(at: Int64) -> Int32:
        via, source = lines.via[at], lines.source[at]
        here = np.where(a[via] == source, z[via], np.where(z[via] == source, a[via], -1))
        return np.where(via >= 0, here, -1).astype(np.int32)

    return key


def parents(inventory: Inventory) -> dict[tuple[int, int], Int32]:
    """By (relation, type of the other): where each resource leads (the first, -1 = nowhere)."""
    lines = inventory.lines
    out: dict[tuple[int, int], Int32] = {}
    for relation, kind in sorted(set(zip(lines.relation.tolist(), lines.to_type.tolist(), strict=True))):
        at = np.flatnonzero((lines.relation == relation) & (lines.to_type == kind))[::-1]
        where = np.full(len(inventory.ids), -1, np.int32)
        where[lines.source[at]] = lines.to[at]
        out[relation, kind] = where
    return out


def _children(inventory: Inventory) -> dict[tuple[int, int], Int32]:
    """By (relation, type of the dependent): the first dependent of each resource, -1 = none."""
    lines, of_type = inventory.lines, inventory.type_of[inventory.lines.source]
    out: dict[tuple[int, int], Int32] = {}
    for relation, kind in sorted(set(zip(lines.relation.tolist(), of_type.tolist(), strict=True))):
        at = np.flatnonzero((lines.relation == relation) & (of_type == kind))[::-1]
        where = np.full(len(inventory.ids), -1, np.int32)
        where[lines.to[at]] = lines.source[at]
        out[relation, kind] = where
    return out


def _structure(inventory: Inventory) -> list[Clue]:
    """Clues of shape: both lead to the same third, or the other is where the dependent gets in two steps."""
    found = parents(inventory)
    own = np.arange(len(inventory.ids), dtype=np.int32)

    def words(key: tuple[int, int]) -> str:
        return f"{inventory.relations[key[0]]} {inventory.types[key[1]]}"

    out = [Clue("structure", f"both lead to the same ({words(p)})", where, where) for p, where in found.items()]
    for (relation, kind), one in _children(inventory).items():
        for q, other in found.items():
            two = np.where(one >= 0, other[one], -1).astype(np.int32)
            if bool((two >= 0).any()):
                text = f"its {inventory.types[kind]} ({inventory.relations[relation]}) has {words(q)} there"
                out.append(Clue("structure", text, two, own))
    for p, one in found.items():
        for q, other in found.items():
            two = np.where(one >= 0, other[one], -1).astype(np.int32)
            if bool((two >= 0).any()):
                out.append(Clue("structure", f"reached by {words(p)}, then {words(q)}", two, own))
    return out


def fits(clue: Clue, lines: Lines, at: Int64, answers: tuple[Int32, Int64]) -> tuple[Bool, Bool, float]:
    """(the clue says something, it fits, chance that it fits a random resource) for lines `at`; `answers` = the keys
    that resources of the type answer to, sorted, and how many to each.
    """
    key, (there, count) = clue.of(lines, at), answers
    place = np.minimum(np.searchsorted(there, key), max(len(there) - 1, 0))
    known = (key >= 0) & (there[place] == key) if len(there) else np.zeros(len(at), np.bool_)
    base = float((count[place][known] / count.sum()).mean()) if known.any() else 1.0
    return known, known & (clue.target[lines.to[at]] == key), base
