"""CSV: whole rows and where they stood, broken ones and why."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors import csv_text


def read(data, cut=False):
    return csv_text.read(data, lambda name: name == "v", cut=cut)


@pytest.mark.parametrize(
    ("data", "rows", "lines", "refused"),
    [
        (b"a,v\n1,2\n3,4\n", [["1", 2.0], ["3", 4.0]], [], []),
        (b"a,v\r\n1,2\r\n", [["1", 2.0]], [], []),
        (b"\xef\xbb\xbfa,v\n1,2", [["1", 2.0]], [], []),
        (b"a,v\n1,2\n3,4,5\n6\n7,8\n", [["1", 2.0], ["7", 8.0]], [2, 5], ["line 3", "line 4"]),
        (b"a,v\n1,2\n\n3,4,5\n\n7,8\n", [["1", 2.0], ["7", 8.0]], [2, 6], ["line 4"]),
        (b'a,v\n1,2\n"x,4\n7,8\n', [["1", 2.0], ["7", 8.0]], [2, 4], ["line 3"]),
        (b"a,v\n1,2\n\xff,4\n7,8\n9\n", [["1", 2.0], ["7", 8.0]], [2, 4], ["line 3", "line 5"]),
        (b"a,v\n0012,2\nNULL,NaN\n,\n", [["0012", 2.0], ["NULL", None], ["", None]], [], []),
        (b"a,v\n1,2\n3,x\n", [["1", "2"], ["3", "x"]], [], []),
    ],
)
def test_rows_and_where_they_stood(data, rows, lines, refused):
    got = read(data)
    found = [[None if v != v else v for v in row] for row in got.frame.to_numpy().tolist()]
    assert (found, got.lines, [where for where, _, _ in got.refused]) == (rows, lines, refused)


def test_half_a_line_at_a_cut_is_not_taken_for_a_whole_one():
    got = read(b"a,v\n1,2\n3,45", cut=True)
    assert got.frame.to_numpy().tolist() == [["1", 2.0]]
    assert got.refused == [("line 3", "cut short", "3,45")]


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=8))
def test_what_a_csv_writer_wrote_is_read_back(rows):
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerows([("a", "b"), *rows])
    got = read(out.getvalue().encode())
    assert got.refused == []
    assert [tuple(r) for r in got.frame.to_numpy().tolist()] == rows
