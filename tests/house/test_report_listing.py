"""CSV and Markdown that other programmes read back as they were."""

from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from cemcore.report import Listing

_cells = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=8).filter(
    lambda t: t[:1] not in ("=", "+", "-", "@", "\t", "\r")
)


@given(st.lists(st.tuples(_cells, _cells), max_size=5))
def test_csv_reads_back_as_it_was_written(rows: list[tuple[str, str]]) -> None:
    text = Listing("t", ("a", "b"), tuple(rows)).to_csv()
    assert [tuple(r) for r in csv.reader(io.StringIO(text, newline=""))] == [("a", "b"), *rows]


def test_a_spreadsheet_does_not_run_what_an_operator_named() -> None:
    assert "'=cmd()" in Listing("t", ("a",), (("=cmd()",),)).to_csv()


def test_negative_numbers_stay_numbers() -> None:
    assert Listing("t", ("a",), ((-1.5,),)).to_csv().splitlines() == ["a", "-1.5"]


def test_markdown_cells_cannot_break_their_row() -> None:
    lines = Listing("t", ("a", "b"), (("x|y", 1), ("two\nlines", None))).to_markdown().splitlines()
    assert lines[0] == "## t"
    assert lines[2:] == ["| a | b |", "| --- | ---: |", "| x\\|y | 1 |", "| two lines |  |"]
