"""Missing usage of groups: a sleeping cell is missed, blindness and holidays are not."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from cemcore.frames import ATTRIBUTES
from cemcore.panel import Population, QualityRows
from cemcore.pipeline import snapshot, watching
from cemcore.pipeline.watching import WHATS, Slot, WatchState

CELLS, EACH, LEARN_D = 16, 30, 5
SUBJECTS = CELLS * EACH


def population() -> Population:
    none = np.full(SUBJECTS, -1, np.int32)
    table = np.zeros((SUBJECTS, 1), np.int32)
    return Population(np.zeros(SUBJECTS, np.int8), none, none, none, table, ("region",), table, table, none)


@dataclass
class Town:
    """Rows of slots: who is active where. gone: cell -> (first, last hour) without a record; quiet: hours at a third of
    the usual activity; blind: (first, last hour) without any record of domain 1 (cells 8-15).
    """

    seconds: int = 3600
    seed: int = 1
    gone: dict[int, tuple[int, int]] = field(default_factory=dict)
    quiet: tuple[int, int] = (0, 0)
    blind: tuple[int, int] = (0, 0)
    alarm: tuple[int, ...] = ()

    def run(self, days: int) -> list[tuple[str, str, int, float]]:
        """(what, level, key, begin [h]) of everything told after the learning days."""
        state, told = WatchState(), {}
        rng, people = np.random.default_rng(self.seed), population()
        domain_of = (np.arange(CELLS, dtype=np.int32) >= 8).astype(np.int32)
        for t in range((LEARN_D + days) * 86_400 // self.seconds):
            hour = t * self.seconds // 3600
            rows = self._rows(rng, t, hour)
            n, blinded = len(rows), self.blind[0] <= hour < self.blind[1]
            z = rng.normal(0, 1, n).astype(np.float32)
            at = Slot(
                rows, z, -np.log10(rng.random(n)).astype(np.float32), np.zeros(n, bool), np.zeros(n, bool), people,
                (t * self.seconds, self.seconds, hour % 24, hour // 24 % 7 >= 5), domain_of,
                np.array([False, blinded]), 1, hour >= LEARN_D * 24,
            )  # fmt: skip
            said, state = watching.watch(state, at, 0.05, lambda places: np.isin(places, self.alarm))
            r = said.rows
            for what, level, key, begin in zip(r.what, r.level, r.key, r.begin, strict=True):
                told[WHATS[what], said.levels[level], int(key), begin / 3600] = None
        self.state = state
        return list(told)

    def _rows(self, rng: np.random.Generator, t: int, hour: int) -> QualityRows:
        share = (0.25 + 0.15 * np.sin(np.pi * (hour % 24) / 24)) * min(self.seconds / 900, 2)
        if self.quiet[0] <= hour < self.quiet[1]:
            share /= 3
        who = np.flatnonzero(rng.random(SUBJECTS) < share).astype(np.int32)
        cell = (who % CELLS).astype(np.int32)
        keep = np.ones(len(who), bool)
        for c, (first, last) in self.gone.items():
            keep &= ~((cell == c) & (first <= hour < last))
        if self.blind[0] <= hour < self.blind[1]:
            keep &= cell < 8
        who, cell = who[keep], cell[keep]
        n = len(who)
        kqis = rng.normal(50, 5, (n, 2)).astype(np.float32)
        return QualityRows(
            np.full(n, t * self.seconds, np.int64), who, np.zeros(n, np.int32), cell, kqis, np.ones(n, np.float32),
            np.full((n, len(ATTRIBUTES)), -1, np.int32), np.full(n, t * self.seconds, np.int64),
        )  # fmt: skip


NOON = LEARN_D * 24 + 12


@pytest.mark.parametrize("seconds", [1800, 3600])
def test_a_cell_that_falls_asleep_is_told_within_two_hours_as_sleeping(seconds: int) -> None:
    told = Town(seconds, gone={3: (NOON, NOON + 8)}).run(1)
    asleep = [(level, key, begin) for what, level, key, begin in told if what == "sleeping"]
    assert [(level, key) for level, key, _ in asleep] == [("access resource", 3)]
    assert NOON <= asleep[0][2] <= NOON + 2
    assert {key for what, level, key, _ in told if level == "access resource" and what != "worse"} == {3}


def test_with_an_alarm_standing_it_is_missing_usage_and_not_a_sleeping_cell() -> None:
    whats = {what for what, level, key, _ in Town(gone={3: (NOON, NOON + 6)}, alarm=(3,)).run(1) if key == 3}
    assert "missing usage" in whats
    assert "sleeping" not in whats


def test_a_blind_domain_is_unknown_and_no_finding() -> None:
    assert [t for t in Town(blind=(NOON, NOON + 5)).run(1) if t[0] in ("missing usage", "sleeping", "silent")] == []


def test_a_day_on_which_everybody_is_at_rest_is_no_outage() -> None:
    told = Town(quiet=(LEARN_D * 24 + 6, LEARN_D * 24 + 24)).run(1)
    assert [t for t in told if t[0] in ("missing usage", "sleeping") and t[1] == "access resource"] == []


def test_nothing_is_missed_in_healthy_days_on_unseen_seeds() -> None:
    told = [t for seed in (41, 42) for t in Town(3600, seed).run(6)]
    assert [t for t in told if t[0] != "worse"] == []
    assert len(told) <= 2


def test_the_state_is_plain_arrays_and_comes_back_as_it_was() -> None:
    town = Town(3600, gone={3: (NOON, NOON + 40)})
    town.run(1)
    flat = snapshot.flatten(town.state)
    back = snapshot.restore(flat, watching.CLASSES)
    again = snapshot.flatten(back)
    assert flat.keys() == again.keys()
    for name, value in flat.items():
        np.testing.assert_array_equal(value, again[name])
