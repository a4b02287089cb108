"""Remembering the rows of the last slots, and judging them anew when more is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from cemcore.panel import Bool, Float32, Int32, Int64
from cemcore.pipeline.localisation.blocks import Block, padded, tallied
from cemcore.pipeline.localisation.evidence import weights, windows
from cemcore.pipeline.localisation.explanations import RESOURCE, Explanations
from cemcore.pipeline.localisation.state import Evidenced, LocaliseState, Settings


def remember(state: LocaliseState, settings: Settings, seen: Evidenced, slot: int, hour: int) -> LocaliseState:
    """The state with the rows of a tick in their slots; the oldest slots fall out."""
    known = state.known
    lengths = windows(settings.seconds)
    silent = np.array([known.find(RESOURCE, int(r)) for r in seen.silent], dtype=np.int32)
    silence = seen.silence[silent >= 0]
    by_resource = {int(r): int(c) for r, c in zip(seen.silent, silent, strict=True) if c >= 0}
    blocks = {b.slot: b for b in state.blocks}
    first = max(min(blocks, default=slot), slot - (max(lengths) - 1) * settings.seconds)
    for s in [int(x) for x in np.unique(seen.slot)] + ([slot] if slot not in seen.slot else []):
        if s < first:
            continue
        of = np.flatnonzero(seen.slot == s)
        then = (hour * 3600 + slot % 3600 - (slot - s)) // 3600 % 24
        block = _block(known, settings, seen, of, (s, then), by_resource, silent[silent >= 0], silence)
        old = blocks.get(s)
        blocks[s] = tallied(known, block) if old is None else _joined(known, old, block)
    kept = sorted((b for b in blocks.values() if b.slot > slot - max(lengths) * settings.seconds), key=lambda b: b.slot)
    return replace(state, blocks=tuple(kept))


def revise(
    state: LocaliseState,
    slot: Int64,
    pair: Int64,
    surprise: Float32,
    worse: tuple[Bool, Float32],
    attempts: tuple[Float32, Float32],
) -> LocaliseState:
    """The state with remembered rows (slot, pair) judged anew; worse = (bad, effect), attempts = (failed,
    expected)."""
    new = weights(surprise, *attempts)
    blocks = list(state.blocks)
    for i, b in enumerate(blocks):
        of = np.flatnonzero(slot == b.slot)
        if not len(of) or not len(b.pair):
            continue
        order = np.argsort(b.pair, kind="stable")
        at = np.minimum(np.searchsorted(b.pair[order], pair[of]), len(order) - 1)
        hit = b.pair[order][at] == pair[of]
        rows = order[at[hit]]
        w, bad, effect = b.weights.copy(), b.bad.copy(), b.effect.copy()
        w[rows], bad[rows], effect[rows] = new[of[hit]], worse[0][of[hit]], worse[1][of[hit]]
        blocks[i] = tallied(state.known, replace(b, weights=w, bad=bad, effect=effect))
    return replace(state, blocks=tuple(blocks))


def _block(
    known: Explanations,
    settings: Settings,
    seen: Evidenced,
    of: Int64,
    time: tuple[int, int],
    silent_of: dict[int, int],
    silent: Int32,
    silence: Float32,
) -> Block:
    usual = seen.usual[of]
    away = np.flatnonzero((usual >= 0) & (usual != seen.resource[of]) & np.isin(usual, list(silent_of) or [-9]))
    return Block(
        time[0], time[1], seen.path[of], seen.made[of], seen.subject[of],
        seen.subject[of].astype(np.int64) * settings.services + seen.service[of],
        weights(seen.surprise[of], seen.failed[of], seen.expected[of]), seen.bad[of], seen.effect[of],
        np.isfinite(seen.surprise[of]),
        seen.minutes[of], seen.depth[of], seen.resource[of], usual,
        np.full(len(of), -1, np.int32), away.astype(np.int32),
        np.array([silent_of[int(u)] for u in usual[away]], dtype=np.int32), silent, silence,
        np.zeros((0, 0), np.float32), np.zeros((0, 0), np.float32),
    )  # fmt: skip


def _joined(known: Explanations, old: Block, new: Block) -> Block:
    n = len(old.pair)
    new = tallied(known, new)
    both: dict[str, Any] = {
        f: np.concatenate([getattr(old, f), getattr(new, f)])
        for f in (
            "path",
            "made",
            "subject",
            "pair",
            "weights",
            "bad",
            "effect",
            "known",
            "minutes",
            "depth",
            "place",
            "usual",
            "owner",
            "extra_candidate",
        )
    }
    return replace(
        old, **both, extra_row=np.concatenate([old.extra_row, new.extra_row + n]).astype(np.int32),
        full=padded(old.full, len(known)) + new.full, left=padded(old.left, len(known)) + new.left,
    )  # fmt: skip
