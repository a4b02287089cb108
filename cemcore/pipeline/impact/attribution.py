"""Whose problem each bad minute is: every one belongs to exactly one problem, or to none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cemcore.panel import Bool, Float32, Int32, Int64, QualityRows, ScoredRows
from cemcore.pipeline.impact.rows import NO_PROBLEM, Attribution, Missing


def attribute(
    rows: QualityRows,
    scored: ScoredRows,
    explained: Int32,
    expected_bad: Float32,
    slot_minutes: float,
    missing: Missing | None = None,
) -> Attribution:
    """Bad minutes of rows below their requirement, and of rows that a witnessed outage kept from coming.

    explained: int32 per row, the one problem that explains it, -1 none. expected_bad: float32 per row, bad minutes of
    the slot to be expected of it in any case (0..slot_minutes). A problem is credited with the excess over that; the
    rest is chronic and goes to none. A missing row has depth 1, and counts only where no row of its (slot, subject,
    service) came after all.
    """
    bad = scored.below
    seen = rows.take(bad)
    who = (seen.slot, seen.subject, seen.service)
    whose, usual, depth = explained[bad], expected_bad[bad], scored.depth[bad]
    if missing is not None and len(missing):
        gone = missing.take(_absent(missing, rows))
        who = (
            np.concatenate([who[0], gone.slot]),
            np.concatenate([who[1], gone.subject]),
            np.concatenate([who[2], gone.service]),
        )
        whose = np.concatenate([whose, gone.explained])
        usual = np.concatenate([usual, gone.expected_bad])
        depth = np.concatenate([depth, np.ones(len(gone), np.float32)])
    chronic = np.clip(np.nan_to_num(usual), 0, slot_minutes).astype(np.float32)
    chronic = np.where(whose == NO_PROBLEM, np.float32(slot_minutes), chronic)
    parts = [
        _part(who, whose, np.float32(slot_minutes) - chronic, depth),
        _part(who, np.full_like(whose, NO_PROBLEM), chronic, depth),
    ]
    return Attribution.concat(parts)


def with_rest(credited: Attribution, slot_minutes: float) -> Attribution:
    """Bad minutes of earlier rows that a problem is credited with only now, and what is left of each row's slot, which
    stays with none: together they replace the row's earlier lines, so that no minute is lost.
    """
    rest = (np.float32(slot_minutes) - credited.bad_minutes).astype(np.float32)
    none = np.full(len(credited), NO_PROBLEM, np.int32)
    left = replace(credited, problem=none, bad_minutes=rest).take(rest > 0)
    return Attribution.concat([credited, left])


def came_after_all(claims: Attribution, rows: QualityRows) -> tuple[Attribution, Attribution]:
    """(claims whose record has come, those that stay): minutes that were attributed to a record because it was missing.

    What had been attributed is to be taken back from the sums; the row itself is attributed as any other.
    """
    if not len(claims) or not len(rows):
        return Attribution.none(), claims
    subjects = 1 + max(int(claims.subject.max()), int(rows.subject.max()))
    services = 1 + max(int(claims.service.max()), int(rows.service.max()))
    slots = np.unique(claims.slot)
    near = rows.take(np.isin(rows.slot, slots))

    def key(of: Attribution | QualityRows) -> Int64:
        return (np.searchsorted(slots, of.slot) * subjects + of.subject) * services + of.service

    came = np.isin(key(claims), key(near))
    return claims.take(came), claims.take(~came)


def withdrawn(back: Attribution) -> Attribution:
    """Lines of no minutes, which replace what was told of these (slot, subject, service) before."""
    nothing = np.zeros(len(back), np.float32)
    none = np.full(len(back), NO_PROBLEM, np.int32)
    return replace(back, problem=none, bad_minutes=nothing, depth=nothing)


def joined(parts: list[Attribution]) -> Attribution:
    """The answers of one tick as one: each (slot, subject, service) is taken from the first part that has it."""
    whole = Attribution.concat(parts)
    part = np.repeat(np.arange(len(parts)), [len(p) for p in parts])
    order = np.lexsort((part, whole.service, whole.subject, whole.slot))
    first = np.ones(len(order), np.bool_)
    for key in (whole.slot, whole.subject, whole.service):
        held = key[order]
        first[1:] &= held[1:] == held[:-1]
    new = ~first
    new[:1] = True
    run = np.cumsum(new) - 1
    leading = part[order][new][run] if len(order) else part
    kept = np.zeros(len(order), np.bool_)
    kept[order] = part[order] == leading
    return whole.take(kept)


def _part(who: tuple[Int64, Int32, Int32], problem: Int32, minutes: Float32, depth: Float32) -> Attribution:
    slot, subject, service = who
    return Attribution(slot, problem, service, subject, minutes, depth).take(minutes > 0)


def _absent(missing: Missing, rows: QualityRows) -> Bool:
    """Mask of missing rows that did not come after all, each (slot, subject, service) once."""
    slots = np.unique(missing.slot)
    near = rows.take(np.isin(rows.slot, slots))
    subjects = 1 + max(int(missing.subject.max()), int(near.subject.max(initial=0)))
    services = 1 + max(int(missing.service.max()), int(near.service.max(initial=0)))

    def key(of: QualityRows | Missing) -> Int64:
        return (np.searchsorted(slots, of.slot) * subjects + of.subject) * services + of.service

    keys = key(missing)
    once = np.zeros(len(keys), np.bool_)
    once[np.unique(keys, return_index=True)[1]] = True
    return once & ~np.isin(keys, key(near))
