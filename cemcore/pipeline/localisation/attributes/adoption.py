"""Proposed combinations become candidates of room three: in the registry and in the keys of the rows that they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cemcore.panel import Int32, Int64
from cemcore.pipeline.localisation.attributes.proposals import Proposal, already, by_leaf, propose
from cemcore.pipeline.localisation.blocks import Block, tallied
from cemcore.pipeline.localisation.explanations import ATTRIBUTE, COMBINED, Explanations, Key, Table
from cemcore.pipeline.localisation.state import LocaliseState
from cemcore.pipeline.localisation.thresholds import MARGIN, Thresholds

Values = tuple[tuple[int, int], ...]
"""(attribute, value) pairs."""
SLOTS = 4
"""Slots whose rows together propose."""
KEPT = 128
"""Combinations that are adopted at most, ever."""


def leaf_codes(known: Explanations, attributes: int) -> Int32:
    """Value of each attribute of every made key, int32 (keys, attributes); -1 where a key has none."""
    table = known.mades
    keys = len(table.start) - 1
    out = np.full((keys, attributes), -1, np.int32)
    key = np.repeat(np.arange(keys), np.diff(table.start))
    single = known.kind[table.flat] == ATTRIBUTE
    what = known.what[table.flat[single]]
    out[key[single], what[:, 0]] = what[:, 1]
    return out


def proposed(known: Explanations, blocks: Sequence[Block], attributes: int, session: int) -> list[Proposal]:
    """What the rows that no problem explains in these slots propose; the first `session` of the attributes are those of
    the session. Combinations that are candidates already are not among them.
    """
    rows = [(b.made[b.owner < 0], b.weights[b.owner < 0]) for b in blocks]
    if not rows or not len(known.mades.start) - 1:
        return []
    made = np.concatenate([m for m, _ in rows])
    sums = by_leaf(made, np.concatenate([w for _, w in rows]), len(known.mades.start) - 1)
    width = known.what.shape[1] // 2
    found = propose(leaf_codes(known, attributes), sums, already(range(session)), layers=width)
    return [p for p in found if _key(known, p) not in known.ids]


def adopted(known: Explanations, attributes: int, session: int, new: Sequence[Proposal]) -> Explanations:
    """The registry with these combinations as candidates of kind COMBINED, and every made key that has all values of an
    adopted one, earlier or now, depending on it. The same object where nothing changes.
    """
    keys = [k for k in dict.fromkeys(_key(known, p) for p in new) if k not in known.ids]
    if keys:
        ids = known.ids | {k: len(known) + i for i, k in enumerate(keys)}
        what = np.array([k[1:] for k in keys], np.int32)
        known = replace(
            known,
            ids=ids,
            kind=np.concatenate([known.kind, np.full(len(keys), COMBINED, np.int8)]),
            what=np.concatenate([known.what, what]),
            soft=np.concatenate([known.soft, np.zeros(len(keys), np.float32)]),
        )
    return _held(known, attributes, wide(known, session))


def wide(known: Explanations, session: int) -> dict[int, Values]:
    """(attribute, value) pairs of each adopted combination, by its id: those that are no pair of the first attributes,
    which are of the session.
    """
    which = known.what[:, ::2]
    more = (which >= session).any(axis=1) | ((which >= 0).sum(axis=1) > 2)
    out = {}
    for c in np.flatnonzero((known.kind == COMBINED) & more):
        flat = known.what[c]
        out[int(c)] = tuple((int(flat[i]), int(flat[i + 1])) for i in range(0, len(flat), 2) if flat[i] >= 0)
    return out


def refreshed(room: LocaliseState, attributes: int, session: int) -> LocaliseState:
    """Room three with what its last slots propose as candidates, the price of having been picked in their thresholds,
    and the tallies of its slots made anew where that changes anything.

    attributes: how many `explanations.attribute_names` there are; session: how many of them, the first ones, are of the
    session. Combinations are as large as `Explanations.what` has room for.
    """
    if room.thresholds is None or not room.blocks:
        return room
    many = len(wide(room.known, session)) >= KEPT
    new = [] if many else proposed(room.known, room.blocks[-SLOTS:], attributes, session)
    known = adopted(room.known, attributes, session, new)
    if known is room.known:
        return room
    price = {known.ids[_key(known, p)]: p.price for p in new}
    blocks = tuple(tallied(known, b) for b in room.blocks)
    return replace(room, known=known, blocks=blocks, thresholds=_priced(room.thresholds, len(known), price))


def _priced(thresholds: Thresholds, size: int, price: dict[int, float]) -> Thresholds:
    healthy = np.zeros((len(thresholds.healthy), size), np.float32)
    healthy[:, : thresholds.healthy.shape[1]] = thresholds.healthy
    for c, nats in price.items():
        healthy[:, c] = thresholds.base[COMBINED] + nats - MARGIN
    return replace(thresholds, healthy=healthy)


def _held(known: Explanations, attributes: int, held: dict[int, Values]) -> Explanations:
    if not held:
        return known
    codes, rows = leaf_codes(known, attributes), list[tuple[int, Int64]]()
    key = np.repeat(np.arange(len(codes)), np.diff(known.mades.start))
    for c, values in held.items():
        fits = np.all([codes[:, a] == v for a, v in values], axis=0)
        fits[key[known.mades.flat == c]] = False
        if fits.any():
            rows.append((c, np.flatnonzero(fits)))
    return replace(known, mades=_with(known.mades, rows)) if rows else known


def _key(known: Explanations, p: Proposal) -> Key:
    flat = [x for pair in p.values for x in pair]
    return (COMBINED, *flat, *(-1,) * (known.what.shape[1] - len(flat)))


def _with(table: Table, rows: Sequence[tuple[int, Int64]]) -> Table:
    """The table with a candidate more for some keys each."""
    keys = len(table.start) - 1
    key = np.concatenate([np.repeat(np.arange(keys), np.diff(table.start)), *(r for _, r in rows)])
    flat = np.concatenate([table.flat, *(np.full(len(r), c, np.int32) for c, r in rows)])
    order = np.argsort(key, kind="stable")
    start = np.concatenate([[0], np.cumsum(np.bincount(key, minlength=keys))]).astype(np.int64)
    return Table(start, flat[order].astype(np.int32))
