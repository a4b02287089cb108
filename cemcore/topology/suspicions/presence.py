"""What a resource of its kind usually has, and this one has not: gaps in the inventory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cemcore.panel import Bool, Float64, Int32, Int64
from cemcore.topology.suspicions.clues import Inventory
from cemcore.topology.suspicions.rules import learn_rules

TYPICAL = 0.5

LEAST_RULE = 0.5
"""What a resource lacks is told where having it is this probably a rule."""

LEAST_LIKE, RARE = 3, 0.2
"""What at most this share of so many of its like has is not missed in one of them."""

LEAST_SUPPORT = 5
"""So many resources at least must have one thing before having another can be concluded from it."""


@dataclass(frozen=True)
class Item:
    """Something that a resource may have: connections of `relation` (-1 = any) to things of `to_type` (-1 = any),
    `count` at least.
    """

    relation: int
    to_type: int
    count: int

    def alike(self, other: Item) -> bool:
        """Whether the two differ by the count at most."""
        return (self.relation, self.to_type) == (other.relation, other.to_type)


@dataclass(frozen=True)
class Gap:
    """A connection that should be there: from `source`, over `via` and to `to` where they are known (-1), like line
    `like`.
    """

    source: int
    relation: int
    to: int
    via: int
    like: int
    confidence: float
    reasons: tuple[str, ...]


def gaps(inventory: Inventory) -> list[Gap]:
    """What is missing: links that nothing runs over, and connections that others of the class have."""
    links = list(_unused_links(inventory))
    found = list(_absent(inventory))
    lines, types = inventory.lines, inventory.type_of
    told = {(g.source, g.relation, int(types[g.to])) for g in links}
    whole, some = {g.source for g in links}, {(g.source, g.relation) for g in links}
    out = list(links)
    for gap, item in found:
        fine = (gap.source, item.relation, item.to_type)
        same = (gap.source, item.relation) in some
        if fine in told or (item.to_type < 0 and (same or (item.relation < 0 and gap.source in whole))):
            continue
        told.add((gap.source, gap.relation, int(lines.to_type[gap.like])))
        whole.add(gap.source)
        some.add((gap.source, gap.relation))
        out.append(gap)
    return out


def _unused_links(inventory: Inventory) -> Iterator[Gap]:
    """Links that name both ends, and no connection runs over them, as over others of their class."""
    lines, (a, z), kinds = inventory.lines, inventory.ends, inventory.class_of
    used = np.zeros(len(inventory.ids), np.bool_)
    used[lines.via[lines.via >= 0]] = True
    ended = (a >= 0) & (z >= 0)
    n = int(kinds.max(initial=0)) + 1
    total, served = (np.bincount(kinds[m], minlength=n) for m in (ended, ended & used))
    rule = learn_rules(_numbers(served[:, None]), _numbers(total[:, None]), np.zeros(n, np.int64)).rule[:, 0]
    over = np.flatnonzero(lines.via >= 0)
    for x in np.flatnonzero(ended & ~used & (served[kinds] > 0)).tolist():
        like = over[kinds[lines.via[over]] == kinds[x]]
        pick = int(like[np.argmax(np.bincount(lines.kind[like])[lines.kind[like]])])
        k = kinds[x]
        reason = (
            f"{served[k]} of {total[k]} links like {inventory.ids[x]} carry a connection between the ends they name"
        )
        yield Gap(int(a[x]), int(lines.relation[pick]), int(z[x]), x, pick, float(rule[k]), (reason,))


def _absent(inventory: Inventory) -> Iterator[tuple[Gap, Item]]:
    """Gaps by class and by what goes with what, the most particular of each resource first."""
    has = _items(inventory)
    items = list(has)
    have = np.stack([has[i] for i in items])
    given = [-1, *(i for i, item in enumerate(items) if item.to_type >= 0)]
    best = np.zeros(have.shape, np.float32)
    why = np.full(have.shape, -1, np.int16)
    for i in given:
        among = np.ones(have.shape[1], np.bool_) if i < 0 else have[i]
        sure = _rules(have, among, inventory.class_of, items, -1 if i < 0 else i)
        better = among & (sure > best)
        best[better], why[better] = sure[better], i
    best[_normal(inventory, have, items)] = 0.0
    order = sorted(range(len(items)), key=lambda j: (items[j].to_type < 0, items[j].relation < 0, -items[j].count))
    for j in order:
        if items[j].to_type >= 0 and _among_peers(inventory, items[j]):
            continue
        told: dict[tuple[int, int], tuple[int, str]] = {}
        for x in np.flatnonzero(~have[j] & (best[j] >= LEAST_RULE)).tolist():
            key = int(inventory.class_of[x]), int(why[j, x])
            if key not in told:
                told[key] = _like(inventory, x, items[j]), _reason(inventory, x, have, items, j, key[1])
            like, reason = told[key]
            if like >= 0:
                relation = int(inventory.lines.relation[like])
                yield Gap(x, relation, -1, -1, like, float(best[j, x]), (reason,)), items[j]


def _among_peers(inventory: Inventory, item: Item) -> bool:
    """Whether the item is a connection between two of a type: whose it is says nothing, and none must have one."""
    lines, of_type = inventory.lines, inventory.type_of[inventory.lines.source]
    at = (lines.relation == item.relation) & (lines.to_type == item.to_type)
    return bool((of_type[at] == item.to_type).mean() > TYPICAL)


def _normal(inventory: Inventory, have: Bool, items: list[Item]) -> Bool:
    """[item, resource]: whether hardly any of its like has the item: of its class, and with the same attribute, or
    with another connection that it has.
    """
    attributes = [
        inventory.resources[c].fillna("").astype("str") for c in ("redundancy_group", "role", "medium", "vendor")
    ]
    parts = [(attributes[0] != "").to_numpy(), *(pd.factorize(a)[0] for a in attributes[1:])]
    out = np.zeros(have.shape, np.bool_)
    for i, part in [*((-1, p) for p in parts), *((i, have[i]) for i, item in enumerate(items) if item.to_type >= 0)]:
        like = np.asarray(pd.factorize(pd.MultiIndex.from_arrays([inventory.class_of, part]))[0])
        size = np.bincount(like)
        for j, mine in enumerate(have):
            if i < 0 or (items[j].to_type >= 0 and not items[i].alike(items[j])):
                share = np.bincount(like, weights=mine) / size
                rare = ((size >= LEAST_LIKE) & (share <= RARE))[like]
                out[j] |= rare if i < 0 else rare & part
    return out


def _rules(have: Bool, among: Bool, kinds: Int32, items: list[Item], given: int) -> Float64:
    """[item, resource]: probability that having the item is a rule in the class of each resource, of those `among`."""
    if int(among.sum()) < LEAST_SUPPORT:
        return np.zeros(have.shape)
    n = int(kinds.max()) + 1
    known = np.bincount(kinds[among], minlength=n)
    kept = np.stack([np.bincount(kinds[among & mine], minlength=n) for mine in have])
    asked = np.where(kept > 0, known, 0)
    if given >= 0:
        near = [i.alike(items[given]) or i.to_type < 0 for i in items]
        asked[near] = 0
    kept = np.where(asked > 0, kept, 0)
    rules = learn_rules(_numbers(kept.T), _numbers(asked.T), np.zeros(n, np.int64))
    return np.asarray(np.where(asked > 0, rules.rule.T, 0.0)[:, kinds], np.float64)


def _items(inventory: Inventory) -> dict[Item, Bool]:
    """Mask of the resources that have each item. Among peers, of one type, a connection has no direction."""
    lines, n = inventory.lines, len(inventory.ids)
    out: dict[Item, Bool] = {}
    peers = inventory.type_of[lines.source] == lines.to_type
    for relation, kind in sorted(set(zip(lines.relation.tolist(), lines.to_type.tolist(), strict=True))):
        at = (lines.relation == relation) & (lines.to_type == kind)
        count = np.bincount(lines.source[at], minlength=n)
        out[Item(relation, kind, 1)] = count >= 1
        if bool((count >= 2).any()):
            out[Item(relation, kind, 2)] = count >= 2
    for relation in [*sorted(set(lines.relation.tolist())), -1]:
        at = (lines.relation == relation) | (relation < 0)
        ends = np.concatenate([lines.source[at], lines.to[at & peers]])
        out[Item(relation, -1, 1)] = np.bincount(ends, minlength=n) >= 1
    return out


def _like(inventory: Inventory, x: int, item: Item) -> int:
    """A line like the one that x lacks: of its class where there is one, of the commonest kind; -1 where none is."""
    lines = inventory.lines
    fit = np.ones(len(lines), np.bool_)
    if item.relation >= 0:
        fit &= lines.relation == item.relation
    if item.to_type >= 0:
        fit &= lines.to_type == item.to_type
    own = fit & (inventory.class_of[lines.source] == inventory.class_of[x])
    alike = own if own.any() else fit & (inventory.type_of[lines.source] == inventory.type_of[x])
    at = np.flatnonzero(alike if alike.any() else fit)
    if not len(at):
        return -1
    return int(at[np.argmax(np.bincount(lines.kind[at])[lines.kind[at]])])


def _reason(inventory: Inventory, x: int, have: Bool, items: list[Item], j: int, given: int) -> str:
    """How usual it is to have item j, in the class of x, among those that have item `given` (-1: among all)."""
    kind = inventory.class_of == inventory.class_of[x]
    among = kind if given < 0 else kind & have[given]
    also = "" if given < 0 else f" with {_words(inventory, items[given])}"
    name = inventory.class_names[int(inventory.class_of[x])]
    return (
        f"{int((among & have[j]).sum())} of {int(among.sum())} {name} like this one{also} have "
        f"{_words(inventory, items[j])}, this one has not"
    )


def _words(inventory: Inventory, item: Item) -> str:
    relation = inventory.relations[item.relation] if item.relation >= 0 else "any connection upwards"
    to = f" {inventory.types[item.to_type]}" if item.to_type >= 0 else ""
    return f"{relation}{to}" + (" twice" if item.count > 1 else "")


def _numbers(counts: Int64) -> Float64:
    return np.asarray(counts, np.float64)
