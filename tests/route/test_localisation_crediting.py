"""A problem is credited with earlier rows once: when they come to be its own, and it is reported."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np

from cemcore.pipeline.localisation.blocks import Block
from cemcore.pipeline.localisation.crediting import credited
from cemcore.pipeline.localisation.live import Live
from cemcore.pipeline.localisation.state import LocaliseState

SERVICES = 3


def block(slot: int, owner: list[int], minutes: float = 15.0) -> Block:
    """A slot whose row i is of pair i."""
    n = len(owner)
    columns: dict[str, Any] = {f.name: np.zeros(n, np.float32) for f in fields(Block)}
    columns |= {"slot": slot, "hour": 0, "pair": np.arange(n, dtype=np.int64), "owner": np.array(owner, np.int32)}
    columns |= {"minutes": np.full(n, minutes, np.float32), "depth": np.full(n, 0.5, np.float32)}
    return Block(**columns)


def state(blocks: list[Block], told: list[bool], merged: dict[int, int] | None = None) -> LocaliseState:
    problems = [
        Live(i, 0, 0, (), 0, 0, 1, 0.0, (), confirmed_at=int(t), merged_into=(merged or {}).get(i, -1))
        for i, t in enumerate(told)
    ]
    return replace(LocaliseState(), blocks=tuple(blocks), problems=tuple(problems))


def lines(before: LocaliseState, after: LocaliseState, slot: int = 1800) -> set[tuple[int, int, int, int, float]]:
    found = credited(before, after, slot, SERVICES)
    return {tuple(x) for x in zip(*(c.tolist() for c in found[:5]), strict=True)}  # type: ignore[misc]


def test_rows_of_a_problem_that_is_reported_now_are_credited() -> None:
    before = state([block(0, [0, -1, 0, 0])], [False])
    after = state([block(0, [0, -1, 0, 0]), block(1800, [0])], [True])
    assert lines(before, after) == {(0, 0, 0, 0, 15.0), (0, 0, 2, 0, 15.0), (0, 0, 0, 1, 15.0)}


def test_rows_that_a_reported_problem_takes_later_are_credited_too_and_only_those() -> None:
    before, after = state([block(0, [0, -1, -1])], [True]), state([block(0, [0, 0, -1])], [True])
    assert lines(before, after) == {(0, 0, 1, 0, 15.0)}


def test_rows_that_were_anothers_stay_where_they_were_told() -> None:
    before = state([block(0, [1, 1])], [True, True])
    assert lines(before, state([block(0, [0, 0])], [True, True], {1: 0})) == set()


def test_rows_that_came_with_this_tick_and_slots_that_lost_nothing_are_left_out() -> None:
    before = state([block(0, [-1])], [True])
    assert lines(before, state([block(0, [-1, 0])], [True])) == set()
    assert lines(state([block(0, [-1], 0.0)], [True]), state([block(0, [0], 0.0)], [True])) == set()
    assert lines(LocaliseState(), LocaliseState()) == set()
