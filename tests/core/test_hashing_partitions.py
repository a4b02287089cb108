"""Which partition a subject is in: XXH64 of its pseudonym, the same on every machine and in every engine."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cemcore.kernels import hashing
from cemcore.storage.parts import buffers, part, partitions_of, split, tagged, to_texts

LONG = "Call me Ishmael. Some years ago--never mind how long precisely-"
PUBLISHED = {
    "": 0xEF46DB3751D8E999, "a": 0xD24EC4F1A98C6E5B, "as": 0x1C330FB2D66BE179, "asd": 0x631C37CE72A97393,
    "asdf": 0x415872F599CEA71E, LONG: 0x02A2E85470D6FD96,
}  # fmt: skip
"""XXH64 with seed 0, from the tests of github.com/cespare/xxhash."""


@pytest.mark.parametrize("text", PUBLISHED)
def test_the_hash_is_xxh64_as_published(text: str) -> None:
    assert hashing.xxh64(text.encode()) == PUBLISHED[text]
    assert int(hashing.hashes(*buffers(pa.array([text])))[0]) == PUBLISHED[text]


@given(st.lists(st.text(max_size=80), min_size=1, max_size=30), st.integers(1, 64))
def test_the_loop_and_the_plain_twin_agree_on_any_text(texts: list[str], of: int) -> None:
    held = pa.array(texts, pa.string())

    assert hashing.hashes(*buffers(held)).tolist() == [hashing.xxh64(t.encode()) for t in texts]
    assert partitions_of(held, of).tolist() == [hashing.partition(t, of) for t in texts]


@given(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=40), st.integers(1, 5))
def test_splitting_keeps_every_row_once_in_its_order(subjects: list[str], of: int) -> None:
    table = pa.table({"subject_id": subjects, "n": list(range(len(subjects)))})

    parts = dict(split(table, of))

    assert sorted(n for t in parts.values() for n in t["n"].to_pylist()) == list(range(len(subjects)))
    for number, mine in parts.items():
        assert mine["n"].to_pylist() == [n for n, s in enumerate(subjects) if hashing.partition(s, of) == number]


def test_partitions_are_of_like_size() -> None:
    names = pa.array([f"SUB-{i:07d}" for i in range(40_000)])
    counts = np.bincount(partitions_of(names, 8), minlength=8)

    assert counts.min() > 4_700
    assert counts.max() < 5_300


def test_sliced_texts_and_missing_ones_have_the_bytes_that_they_show() -> None:
    held = pa.array(["left out", "b", "", "cé"])[1:]
    data, offsets = buffers(held)

    assert [data[a:b].tobytes().decode() for a, b in pairwise(offsets)] == ["b", "", "cé"]
    assert to_texts(data[offsets[0] :], offsets).to_pylist() == ["b", "", "cé"]


def test_a_file_says_of_which_partition_it_is() -> None:
    assert part(f"quality/date=2026-01-01/{tagged('q-1', 3, 8)}.parquet") == (3, 8)
    assert part(f"quality/date=2026-01-01/{tagged('q-1', 3, 8)}~0123456789abcdef.parquet") == (3, 8)
    assert part("quality/date=2026-01-01/probe-p1-of-2.parquet") is None


def test_pandas_agrees_that_texts_survive() -> None:
    texts = ["x", "", "long" * 40]
    assert to_texts(*buffers(pa.array(texts))).to_pandas().tolist() == pd.Series(texts).tolist()
