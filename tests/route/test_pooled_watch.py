"""The pooled watch finds small shifts that many share, stays quiet otherwise, at any length of a slot."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from cemcore.pipeline.detection.episodes import Told
from cemcore.pipeline.detection.groups import SPAN, GroupKeys, reduce
from cemcore.pipeline.detection.watches import PooledWatch, watch_groups

CELLS, EACH, GATEWAYS, LEARN_D = 40, 50, 4, 5
Shift = Callable[[int, np.ndarray, np.ndarray], None]
"""Given the hour since the start, the cells and the z of a slot's rows: changes z in place."""


def run(seconds: int, days: int, seed: int, shift: Shift | None = None) -> list[tuple[int, int, float, float]]:
    """Episodes that began after the learning days as (kind, code, begin [h], surprise), each once."""
    rng = np.random.default_rng(seed)
    home = np.arange(CELLS * EACH) % CELLS
    noise, part = np.zeros(CELLS * EACH), seconds / 3600
    state, found = PooledWatch(), {}
    keep = 0.5**part
    for t in range(int((LEARN_D + days) / part * 24)):
        noise = keep * noise + np.sqrt(1 - keep**2) * rng.normal(0, 1, CELLS * EACH)
        there = np.flatnonzero(rng.random(CELLS * EACH) < min(0.15 + 0.35 * part, 0.5))
        hour = t * part
        z = 0.5 * noise[there] + 0.87 * rng.normal(0, 1, len(there)) + 0.1 * np.sin(hour / 24 * 2 * np.pi)
        if shift is not None:
            shift(int(hour), home[there], z)
        cells = home[there]
        codes = np.stack([cells, cells % GATEWAYS]).astype(np.int32)
        sums = reduce(GroupKeys(codes, ("cell", "gateway")), z.astype(np.float32), state.groups.sizes)
        told: Told
        told, state = watch_groups(state, sums, sums, 0.05, (t * seconds, seconds, int(hour) % 24))
        if hour < LEARN_D * 24:
            continue
        for key, begin, surprise in zip(told.key, told.begin, told.surprise, strict=True):
            name = (int(key // SPAN), int(key % SPAN), int(begin))
            found[name] = max(found.get(name, 0.0), float(surprise))
    return [(k, c, b / 3600, s) for (k, c, b), s in found.items() if b >= LEARN_D * 86_400]


def _five_cells(hour: int, cells: np.ndarray, z: np.ndarray) -> None:
    for i in range(5):
        if LEARN_D * 24 + 4 + 8 * i <= hour < LEARN_D * 24 + 10 + 8 * i:
            z[cells == 3 + 7 * i] += 1.2


@pytest.mark.parametrize("seconds", [300, 900, 3600])
def test_a_shift_of_little_more_than_a_spread_shared_by_a_cell_is_found_at_any_slot_length(seconds: int) -> None:
    found = run(seconds, 2, 17, _five_cells)
    cells = {c for k, c, _, _ in found if k == 0}
    assert len(cells & {3, 10, 17, 24, 31}) >= 4
    assert cells <= {3, 10, 17, 24, 31}


def test_nothing_is_told_of_healthy_groups_on_unseen_seeds() -> None:
    told = [run(3600, 14, seed) for seed in (71, 72, 73)]
    assert sum(map(len, told)) <= 0.075 * 14 * 3


def test_incidents_in_the_learning_days_cost_neither_the_budget_nor_the_findings() -> None:
    def dirty(hour: int, cells: np.ndarray, z: np.ndarray) -> None:
        _five_cells(hour, cells, z)
        if hour < LEARN_D * 24 and hour % 20 < 5:
            z[cells == hour // 20 * 5 % CELLS] += 3.0

    found = run(3600, 2, 29, dirty)
    cells = {c for k, c, _, _ in found if k == 0}
    assert len(cells & {3, 10, 17, 24, 31}) >= 4
    assert cells <= {3, 10, 17, 24, 31}


def test_a_cell_in_a_gateway_and_the_gateway_are_both_told_the_strongest_first() -> None:
    def both(hour: int, cells: np.ndarray, z: np.ndarray) -> None:
        if LEARN_D * 24 + 8 <= hour < LEARN_D * 24 + 20:
            z[cells % GATEWAYS == 1] += 0.8
            z[cells == 5] += 1.5

    found = run(3600, 1, 5, both)
    names = {(k, c) for k, c, _, _ in found}
    assert {(0, 5), (1, 1)} <= names


def test_one_loud_row_is_not_a_shared_shift() -> None:
    def loud(hour: int, cells: np.ndarray, z: np.ndarray) -> None:
        mine = np.flatnonzero(cells == 9)
        if hour >= LEARN_D * 24 and len(mine):
            z[mine[0]] += 40.0

    assert [f for f in run(3600, 2, 8, loud) if f[1] == 9 and f[0] == 0] == []


def test_a_tiny_shift_of_everybody_is_not_worth_a_word() -> None:
    def tiny(hour: int, cells: np.ndarray, z: np.ndarray) -> None:
        if hour >= LEARN_D * 24:
            z += 0.08

    assert run(3600, 2, 12, tiny) == []
