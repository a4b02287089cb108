"""What each row depends on: places and attributes in one formalism.

A candidate is anything that could explain why rows are bad: a resource on the path, a terminal, a customer, an
attribute value or two together. Candidates and the keys of rows are dense integers that only ever grow; a new key
makes a new registry and leaves the old one as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from cemcore.panel import Bool, Float32, Int8, Int32, Int64, Population, QualityRows
from cemcore.topology import Topology

RESOURCE, ATTRIBUTE, COMBINED, CUSTOMER, TERMINAL = 0, 1, 2, 3, 4
"""Kinds of candidate."""
KINDS = 5
WIDTH = 8
"""Room for what a candidate is: four attributes and their values."""
SURE = 0.99
"""Elements that carry this share of a path's traffic or more count as on it."""

Key = tuple[int, ...]


@dataclass(frozen=True)
class Table:
    """Candidate ids a key, as one flat array: those of key i are `flat[start[i]:start[i + 1]]`."""

    start: Int64 = field(default_factory=lambda: np.zeros(1, np.int64))
    flat: Int32 = field(default_factory=lambda: np.empty(0, np.int32))

    def extended(self, lists: Sequence[Int32]) -> Table:
        """With more keys at the end."""
        sizes = np.array([len(x) for x in lists], dtype=np.int64)
        return Table(
            np.concatenate([self.start, self.start[-1] + np.cumsum(sizes)]),
            np.concatenate([self.flat, *lists]).astype(np.int32),
        )

    def expand(self, keys: Int32) -> tuple[Int64, Int32]:
        """(row, candidate) of every dependency of rows with these keys; a key of -1 has none."""
        k = np.maximum(keys, 0)
        size = np.where(keys >= 0, self.start[k + 1] - self.start[k], 0)
        row = np.repeat(np.arange(len(keys)), size)
        offset = np.arange(len(row)) - np.repeat(np.cumsum(size) - size, size)
        return row, self.flat[np.repeat(self.start[k], size) + offset]


@dataclass(frozen=True)
class Explanations:
    """The registry of candidates and of row keys.

    kind int8 and what int32 (candidates, WIDTH), -1 where there is no more: resource -> (code,); attribute ->
    (attribute, value); combined -> (attribute, value, attribute, value ...); customer -> (customer,); terminal ->
    (resource code,).
    soft float32 (candidates,): 1 where no path ever hung on the candidate alone.
    """

    kind: Int8 = field(default_factory=lambda: np.empty(0, np.int8))
    what: Int32 = field(default_factory=lambda: np.empty((0, WIDTH), np.int32))
    paths: Table = field(default_factory=Table)
    mades: Table = field(default_factory=Table)
    owners: Table = field(default_factory=Table)
    soft: Float32 = field(default_factory=lambda: np.empty(0, np.float32))
    ids: dict[Key, int] = field(default_factory=dict)
    path_keys: dict[int, int] = field(default_factory=dict)
    made_keys: dict[int, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.kind)

    def find(self, kind: int, *what: int) -> int:
        """Id of a candidate, -1 when nothing ever depended on it."""
        return self.ids.get((kind, *what, *(-1,) * (WIDTH - len(what))), -1)

    def terminal_of(self, subject: int) -> int:
        """Candidate of a subject's own terminal, -1 where it has none."""
        if subject >= len(self.owners.start) - 1:
            return -1
        of = self.owners.flat[self.owners.start[subject] : self.owners.start[subject + 1]]
        of = of[self.kind[of] == TERMINAL]
        return int(of[0]) if len(of) else -1

    def entries(self, path: Int32, made: Int32, subject: Int32) -> tuple[Int64, Int32]:
        """(row, candidate) of every dependency of rows with these keys."""
        parts = [self.paths.expand(path), self.mades.expand(made), self.owners.expand(subject)]
        return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


class _Growth:
    """Collects what is new, so that a registry is copied once a tick at most."""

    def __init__(self, old: Explanations) -> None:
        self.old, self.ids = old, old.ids
        self.keys: list[Key] = []
        self.hard: set[int] = set()

    def candidate(self, kind: int, *what: int) -> int:
        key = (kind, *what, *(-1,) * (WIDTH - len(what)))
        got = self.ids.get(key)
        if got is None:
            if self.ids is self.old.ids:
                self.ids = dict(self.old.ids)
            got = self.ids[key] = len(self.ids)
            self.keys.append(key)
        return got

    def finish(self, known: Explanations) -> Explanations:
        if not self.keys and not self.hard:
            return known
        new = np.array(self.keys, dtype=np.int32).reshape(-1, WIDTH + 1)
        soft = np.concatenate([known.soft, (new[:, 0] == RESOURCE).astype(np.float32)])
        soft[sorted(self.hard)] = 0
        return replace(
            known,
            ids=self.ids,
            soft=soft,
            kind=np.concatenate([known.kind, new[:, 0].astype(np.int8)]),
            what=np.concatenate([known.what, new[:, 1:]]),
        )


def explain(
    known: Explanations,
    rows: QualityRows,
    access: Int32,
    topology: Topology,
    people: Population,
    session: tuple[str, ...],
) -> tuple[Explanations, Int32, Int32]:
    """(registry, path key, made key) for rows served by `access`; `session` names the columns of `rows.attributes`."""
    grow = _Growth(known)
    known, path = _paths(known, grow, rows, access, topology, people)
    known, made = _mades(known, grow, rows, people, session)
    known = _owners(known, grow, people)
    return grow.finish(known), path, made


def _paths(
    known: Explanations, grow: _Growth, rows: QualityRows, access: Int32, topology: Topology, people: Population
) -> tuple[Explanations, Int32]:
    span = len(topology.resource_ids) + 1
    gateway = people.pair_gateway[rows.subject, rows.service].astype(np.int64)
    endpoint = people.pair_endpoint[rows.subject, rows.service].astype(np.int64)
    packed = ((access.astype(np.int64) + 1) * span + gateway + 1) * span + endpoint + 1
    uniques, back = np.unique(packed, return_inverse=True)
    codes = np.array([known.path_keys.get(int(u), -1) for u in uniques], dtype=np.int32)
    fresh = np.flatnonzero(codes < 0)
    if len(fresh):
        table, lists = dict(known.path_keys), []
        for i in fresh:
            u = int(uniques[i])
            codes[i] = table[u] = len(table)
            found = topology.path(u // span // span - 1, u // span % span - 1, u % span - 1)
            on = [*found.hard.tolist(), *found.soft[found.share >= SURE].tolist()]
            ids = [grow.candidate(RESOURCE, r) for r in on]
            grow.hard.update(ids[: len(found.hard)])
            lists.append(np.array(ids, dtype=np.int32))
        known = replace(known, path_keys=table, paths=known.paths.extended(lists))
    return known, codes[back]


def _mades(
    known: Explanations, grow: _Growth, rows: QualityRows, people: Population, session: tuple[str, ...]
) -> tuple[Explanations, Int32]:
    own = [i for i, n in enumerate(people.attribute_names) if n not in session]
    values = np.concatenate([rows.attributes, people.attributes[rows.subject][:, own]], axis=1).astype(np.int64)
    packed = np.zeros(len(values), dtype=np.int64)
    for column in range(values.shape[1]):
        packed = packed * np.int64(1_000_003) + values[:, column] + 2
    uniques, first, back = np.unique(packed, return_index=True, return_inverse=True)
    codes = np.array([known.made_keys.get(int(u), -1) for u in uniques], dtype=np.int32)
    fresh = np.flatnonzero(codes < 0)
    if len(fresh):
        table, lists, n = dict(known.made_keys), [], len(session)
        for i in fresh:
            codes[i] = table[int(uniques[i])] = len(table)
            has = [(a, int(v)) for a, v in enumerate(values[first[i]]) if v >= 0]
            of = [grow.candidate(ATTRIBUTE, a, v) for a, v in has]
            two = [(x, y) for x in has for y in has if x[0] < y[0] < n]
            of += [grow.candidate(COMBINED, *x, *y) for x, y in two]
            lists.append(np.array(of, dtype=np.int32))
        known = replace(known, made_keys=table, mades=known.mades.extended(lists))
    return known, codes[back]


def _owners(known: Explanations, grow: _Growth, people: Population) -> Explanations:
    have, now = len(known.owners.start) - 1, len(people.customer)
    if now <= have:
        return known
    lists = []
    for s in range(have, now):
        of = []
        if people.customer[s] >= 0:
            of.append(grow.candidate(CUSTOMER, int(people.customer[s])))
        if people.terminal[s] >= 0:
            of.append(grow.candidate(TERMINAL, int(people.terminal[s])))
        lists.append(np.array(of, dtype=np.int32))
    return replace(known, owners=known.owners.extended(lists))


def attribute_names(people: Population, session: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the attributes that candidates number: those of the session, then those of the subject alone."""
    return (*session, *(n for n in people.attribute_names if n not in session))


def log_priors(known: Explanations, types: tuple[str, ...]) -> Float32:
    """Log prior of each candidate: the nearer to the user and the simpler, the likelier."""
    by_type = np.array([_PRIOR_OF_TYPE.get(t, -1.0) for t in types] or [0.0], dtype=np.float32)
    of_kind = np.array([0.0, -1.5, -3.0, -1.5, -2.5], dtype=np.float32)[known.kind]
    place = known.kind == RESOURCE
    out = np.where(place, by_type[np.where(place, known.what[:, 0], 0)], of_kind)
    return np.asarray(out - known.soft, dtype=np.float32)


_PRIOR_OF_TYPE = {
    "nr_cell": 0.0,
    "lte_cell": 0.0,
    "pon_port": 0.0,
    "gnb": -0.3,
    "enb": -0.3,
    "olt": -0.3,
    "link": -0.5,
    "cell_site_router": -0.6,
    "redundancy_pair": -0.5,
    "duct": -1.5,
    "core_router": -1.5,
    "data_centre": -1.5,
    "dc_fabric": -1.5,
}
"""Where the inventory's words are other ones, a resource has the prior -1."""


def holders(known: Explanations, candidate: int) -> tuple[Bool, Bool, Bool]:
    """(path keys, made keys, subjects) that depend on a candidate, each as a mask over its keys."""
    return _has(known.paths, candidate), _has(known.mades, candidate), _has(known.owners, candidate)


def _has(table: Table, candidate: int) -> Bool:
    out = np.zeros(len(table.start) - 1, np.bool_)
    out[np.searchsorted(table.start, np.flatnonzero(table.flat == candidate), side="right") - 1] = True
    return out
