"""The same random town twice, for the tests of the national search: as the corridor's room three holds it, and wide."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from cemcore.panel import Float32
from cemcore.pipeline.localisation import blocks as dense
from cemcore.pipeline.localisation.evidence import CHANNELS, weights
from cemcore.pipeline.localisation.explanations import (
    ATTRIBUTE,
    COMBINED,
    CUSTOMER,
    KINDS,
    RESOURCE,
    TERMINAL,
    Explanations,
    Table,
)
from cemcore.pipeline.localisation.wide.incidence import Axis, Incidence
from cemcore.pipeline.localisation.wide.search import Limits
from cemcore.pipeline.localisation.wide.slots import WideSlot, quantised

CELLS, SITES, LINKS, ENDPOINTS, MODELS, VERSIONS, SUBJECTS, CUSTOMERS = 24, 8, 3, 3, 4, 3, 60, 20
LENGTHS = (1, 2, 4, 8)
SENT = 0.05
"""Rows with a smaller tail probability are sent."""


@dataclass(frozen=True)
class Town:
    """Slots as dense blocks and as wide slots, oldest first, and what both are searched with."""

    known: Explanations
    incidence: Incidence
    blocks: tuple[dense.Block, ...]
    slots: tuple[WideSlot, ...]
    threshold: Float32
    limits: Limits
    prior: Float32
    bonus: Float32

    def owned(self, candidate: int, ages: range) -> Town:
        """The town with a candidate's rows, so many slots ago, given to problem 0."""
        blocks, slots = list(self.blocks), list(self.slots)
        for age in ages:
            i = len(blocks) - 1 - age
            blocks[i] = dense.owned(self.known, blocks[i], dense.rows_of(self.known, blocks[i], candidate), 0)
            slots[i] = slots[i].owned(self.incidence, candidate, 0)
        return replace(self, blocks=tuple(blocks), slots=tuple(slots))


class _Growing:
    def __init__(self) -> None:
        self.kinds: list[int] = []

    def new(self, kind: int, n: int) -> int:
        first = len(self.kinds)
        self.kinds += [kind] * n
        return first


def town(seed: int, rows: int, slots: int, sick: float, base: float = 9.0) -> Town:
    """Random rows of a random fault: a share `sick` of a candidate's rows is bad in the last three slots."""
    rng = np.random.default_rng(seed)
    grow = _Growing()
    cell, site, link = grow.new(RESOURCE, CELLS), grow.new(RESOURCE, SITES), grow.new(RESOURCE, LINKS)
    end = grow.new(RESOURCE, ENDPOINTS)
    model, version = grow.new(ATTRIBUTE, MODELS), grow.new(ATTRIBUTE, VERSIONS)
    both, customer = grow.new(COMBINED, MODELS * VERSIONS), grow.new(CUSTOMER, CUSTOMERS)
    terminal = grow.new(TERMINAL, SUBJECTS)
    kind = np.array(grow.kinds, np.int8)
    places = [[cell + c, site + c % SITES, link + c % SITES % LINKS] for c in range(CELLS)]
    ends = [[end + e] for e in range(ENDPOINTS)]
    paths = [[*p, *e] for p in places for e in ends]
    mades = [[model + m, version + v, both + m * VERSIONS + v] for m in range(MODELS) for v in range(VERSIONS)]
    owners = [[customer + s % CUSTOMERS, *([terminal + s] if s % 3 else [])] for s in range(SUBJECTS)]
    known = Explanations(
        kind, np.zeros((len(kind), 4), np.int32), _table(paths), _table(mades), _table(owners),
        np.zeros(len(kind), np.float32),
    )  # fmt: skip
    axes = (_axis(places), _axis(ends), _axis(mades), _axis(owners, counted=False))
    prior = rng.choice(np.array([0, -0.5, -1.5], np.float32), len(kind))
    incidence = Incidence.build(axes, kind, prior, subjects=3)
    fault = int(rng.integers(0, len(kind)))
    made = rng.integers(0, len(mades), SUBJECTS)
    home = rng.integers(0, CELLS, SUBJECTS)
    parts = [_slot(known, incidence, rng, s, rows, (made, home), fault, sick * (s >= slots - 3)) for s in range(slots)]
    limit = np.full((KINDS, len(LENGTHS)), base, np.float32)
    limit[TERMINAL, : len(LENGTHS) - 2] = np.inf
    healthy = (base + rng.random((len(LENGTHS), customer)) * 4).astype(np.float32)
    threshold = limit[kind].T.copy()
    threshold[:, :customer] = np.maximum(threshold[:, :customer], healthy)
    bonus = np.zeros(len(kind), np.float32)
    bonus[site] = 3
    limits = Limits(limit, healthy, (np.array([site]), np.array([3], np.float32)))
    return Town(
        known, incidence, tuple(p[0] for p in parts), tuple(p[1] for p in parts), threshold, limits, prior, bonus
    )


def _table(lists: list[list[int]]) -> Table:
    return Table().extended([np.array(x, np.int32) for x in lists])


def _axis(lists: list[list[int]], counted: bool = True) -> Axis:
    table = _table(lists)
    return Axis(table.start, table.flat, counted)


def _slot(
    known: Explanations, incidence: Incidence, rng: np.random.Generator, number: int, n: int,
    lasting: tuple[np.ndarray, np.ndarray], fault: int, sick: float,
) -> tuple[dense.Block, WideSlot]:  # fmt: skip
    subject = rng.integers(0, SUBJECTS, n).astype(np.int32)
    place = np.where(rng.random(n) < 0.2, rng.integers(0, CELLS, n), lasting[1][subject]).astype(np.int32)
    end, made = rng.integers(0, ENDPOINTS, n).astype(np.int32), lasting[0][subject].astype(np.int32)
    keys = np.stack([place, end, made, subject])
    u = rng.random(n)
    order = np.zeros(n, np.int64)
    slot = WideSlot.build(number, 0, n, keys, subject, np.zeros((n, CHANNELS)), u < 0, (None,) * 4)
    u = np.where(slot.rows_of(incidence, fault) & (rng.random(n) < sick), u * 1e-4, u)
    order = np.argsort(u >= SENT, kind="stable")
    u, keys, subject = u[order], keys[:, order], subject[order]
    failed = rng.poisson(0.02, n).astype(np.float32)
    w = quantised(weights((-np.log10(u)).astype(np.float32), failed, np.full(n, 0.02, np.float32)))
    sent, bad = int((u < SENT).sum()), u < SENT / 2
    goods = []
    for axis, key in zip(incidence.axes, keys, strict=True):
        sums = np.zeros((axis.keys, CHANNELS), np.float32)
        np.add.at(sums, key[sent:], w[sent:])
        goods.append(sums if axis.counted else None)
    wide = WideSlot.build(number, sent, n, keys, subject, w, bad, tuple(goods))
    path = (keys[0] * ENDPOINTS + keys[1]).astype(np.int32)
    matter = {
        "slot": number, "hour": 0, "path": path, "made": keys[2], "subject": subject, "weights": w, "bad": bad,
        "pair": subject.astype(np.int64), "owner": np.full(n, -1, np.int32),
    }  # fmt: skip
    empty = dict.fromkeys(("extra_row", "extra_candidate", "silent"), np.zeros(0, np.int32))
    rest = {f.name: np.zeros(n, np.float32) for f in fields(dense.Block)}
    block = dense.Block(**{**rest, **empty, "silence": np.zeros(0, np.float32), **matter})  # type: ignore[arg-type]
    return dense.tallied(known, block), wide
