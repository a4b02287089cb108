"""Episodes open after persistence, close with hysteresis, and do not depend on the order of rows."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cemcore.pipeline.detection.episodes import Episodes, Rules, Told, advance

SLOT = 900
RULES = Rules(need=2, window=4, sure=3.0, quiet=3, expire=6 * 3600)


def walk(values: list[float | None], depth: float = 1.0, limit: float = 4.0) -> list[Told]:
    """One series through slots: its surprise, or None where it has no row."""
    state, told = Episodes(), []
    for t, value in enumerate(values):
        here = [] if value is None else [value]
        said, state = advance(
            state, RULES, (t * SLOT, SLOT), np.full(len(here), 7, np.int64), np.array(here, np.float32),
            np.full(len(here), depth, np.float32), limit,
        )  # fmt: skip
        told.append(said)
    return told


def test_one_odd_slot_is_no_news() -> None:
    assert sum(map(len, walk([0, 5, 0, 0, 0, 0, 0, 5, 0, 0]))) == 0


def test_two_of_four_open_an_episode_that_began_with_the_first() -> None:
    told = walk([0, 5, 0, 5, 5, 5])
    assert [len(t) for t in told] == [0, 0, 0, 1, 1, 1]
    assert told[3].begin[0] == SLOT
    assert told[3].end[0] == 0


def test_the_overwhelming_opens_at_once() -> None:
    assert [len(t) for t in walk([0, 7.5, 0])] == [0, 1, 1]


def test_a_good_slot_between_bad_ones_does_not_close_and_lasting_quiet_does() -> None:
    told = walk([5, 5, 1, 5, 1, 1, 1, 0])
    ends = [(t, int(x.end[0])) for t, x in enumerate(told) if len(x) and x.end[0]]
    assert ends == [(6, 4 * SLOT)]
    assert told[6].surprise[0] == 5
    assert len(told[7]) == 0


def test_half_the_limit_keeps_an_episode_open() -> None:
    told = walk([5, 5] + [2.5] * 20)
    assert all(len(t) == 1 and t.end[0] == 0 for t in told[1:])


def test_slots_without_a_row_change_nothing_until_the_episode_expires() -> None:
    told = walk([5, 5, *[None] * 10, 5, *[None] * 30])
    assert [i for i, t in enumerate(told) if len(t)] == [1, 12, 36]
    assert told[36].end[0] == 13 * SLOT


def test_a_chart_that_is_high_long_after_is_closed_by_its_depth() -> None:
    state = Episodes()
    ends = []
    for t in range(12):
        depth = 2.0 if t < 5 else 0.1
        said, state = advance(
            state,
            RULES,
            (t * SLOT, SLOT),
            np.array([1]),
            np.array([9.0], np.float32),
            np.array([depth], np.float32),
            4.0,
        )
        ends += [int(e) for e in said.end if e]
        if ends:
            break
    assert ends == [5 * SLOT]


@given(st.lists(st.lists(st.floats(0, 9, width=32), min_size=5, max_size=5), min_size=1, max_size=12), st.randoms())
def test_the_order_of_rows_does_not_matter(slots: list[list[float]], random: object) -> None:
    a = b = Episodes()
    rng = np.random.default_rng(random.randint(0, 9))  # type: ignore[attr-defined]
    keys = np.array([3, 11, 5, 900, 4])
    for t, values in enumerate(slots):
        s, d, order = np.array(values, np.float32), np.ones(5, np.float32), rng.permutation(5)
        one, a = advance(a, RULES, (t * SLOT, SLOT), keys, s, d, 4.0)
        two, b = advance(b, RULES, (t * SLOT, SLOT), keys[order], s[order], d[order], 4.0)
        for x, y in ((one, two), (a, b)):
            for name in x.__dataclass_fields__:
                np.testing.assert_array_equal(getattr(x, name), getattr(y, name))
