"""Dense numbers of texts: the first seen is 0, equal means equal bytes, nothing is ever renumbered."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from cemcore.kernels import series
from cemcore.pipeline.texts import Texts
from cemcore.storage.parts import buffers

SOME = st.lists(st.text(max_size=20), max_size=40)


class Plain:
    """The obvious twin: a dictionary."""

    def __init__(self) -> None:
        self.of: dict[str, int] = {}

    def add(self, texts: list[str]) -> list[int]:
        return [self.of.setdefault(t, len(self.of)) for t in texts]


@given(st.lists(SOME, max_size=6), SOME)
def test_numbers_are_those_of_a_dictionary(batches: list[list[str]], asked: list[str]) -> None:
    texts, plain = Texts(), Plain()

    for batch in batches:
        assert texts.add(*buffers(pa.array(batch, pa.string()))).tolist() == plain.add(batch)

    assert texts.find(*buffers(pa.array(asked, pa.string()))).tolist() == [plain.of.get(t, -1) for t in asked]
    assert [texts.text(i) for i in range(len(texts))] == list(plain.of)


@given(SOME, SOME)
def test_what_was_saved_and_what_came_since_make_the_same_numbers(first: list[str], then: list[str]) -> None:
    texts = Texts()
    texts.add(*buffers(pa.array(first, pa.string())))
    saved, n = {k: v.copy() for k, v in texts.get_state().items()}, len(texts)
    texts.add(*buffers(pa.array(then, pa.string())))

    again = Texts().append(saved).append(texts.get_state(n))

    assert len(again) == len(texts)
    both = buffers(pa.array(first + then, pa.string()))
    assert again.find(*both).tolist() == texts.find(*both).tolist()


def test_texts_whose_hashes_share_a_place_stay_apart() -> None:
    many = [f"{i:06d}" for i in range(50_000)]
    texts = Texts()
    data = buffers(pa.array(many))

    assert texts.add(*data).tolist() == list(range(50_000))
    assert texts.find(*data).tolist() == list(range(50_000))
    assert texts.find(*buffers(pa.array(["000000 ", "00000", ""]))).tolist() == [-1, -1, -1]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2)), max_size=60))
def test_series_are_numbered_as_they_come(rows: list[tuple[int, int]]) -> None:
    subject = np.array([r[0] for r in rows], np.int32)
    service = np.array([r[1] for r in rows], np.int32)
    numbers, pairs, have = np.full(30, -1, np.int32), np.zeros(30, np.int64), np.zeros(1, np.int64)
    out = np.empty(len(rows), np.int32)

    series.number(subject, service, 3, numbers, pairs, have, out)

    plain: dict[tuple[int, int], int] = {}
    assert out.tolist() == [plain.setdefault(r, len(plain)) for r in rows]
    assert have[0] == len(plain)
    assert pairs[: have[0]].tolist() == [a * 3 + b for a, b in plain]


@given(st.lists(st.integers(0, 40), max_size=60), st.sets(st.integers(0, 40)))
def test_only_the_first_record_of_a_series_counts(rows: list[int], before: set[int]) -> None:
    seen = np.zeros(6, np.uint8)
    out = np.empty(len(rows), np.bool_)
    known = np.array(sorted(before), np.int32)
    series.first(known, seen, np.empty(len(known), np.bool_))

    series.first(np.array(rows, np.int32), seen, out)

    assert out.tolist() == [r not in before and r not in rows[:i] for i, r in enumerate(rows)]
    assert np.flatnonzero(np.unpackbits(seen, bitorder="little")).tolist() == sorted(before | set(rows))
