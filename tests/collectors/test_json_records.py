"""JSON records: what is whole is taken, whatever follows or stands between."""

import pytest

from collectors import records


def told(found):
    return [(at, reason.partition(":")[0]) for at, reason, _ in found.refused]


@pytest.mark.parametrize(
    ("data", "taken", "refused"),
    [
        (b'[{"a":1},{"a":2}]', 2, []),
        (b'\xef\xbb\xbf[{"a":1}]', 1, []),
        (b'{"a":1}', 1, []),
        (b"[]", 0, []),
        (b'[{"a":1},7,{"a":2}]', 2, [("record 2", "not a JSON object")]),
        (b'[{"a":1},{"a":2},{"a"', 2, [("file", "cut short")]),
        (b'[{"a":1},', 1, [("file", "cut short")]),
        (b'[{"a":1}', 1, [("file", "cut short")]),
        (b'[{"a":1} {"b":2}]', 2, []),
        (b'[{"a":1},{"b":oops},{"c":3}]', 1, [("file", "not JSON")]),
        (b'[{"a":1},{"b":NaN},{"c":3}]', 1, [("file", "not JSON")]),
        (b'[{"a":1},{"b":"\xff"},{"c":3}]', 2, [("record 2", "not UTF-8")]),
        (b'[{"a":1},{"b":"\\ud800"},{"c":3}]', 2, [("record 2", "not UTF-8")]),
        (b'[{"a":1},{"b":{"\xff":[1]}}]', 1, [("record 2", "not UTF-8")]),
        (b'[{"a":1}\0]', 1, [("file", "holds null bytes")]),
        (b"[" * 100_000, 0, [("file", "cut short")]),
        (b"nothing", 0, [("file", "not JSON")]),
        (b'"text"', 0, [("file", "neither a JSON array nor an object")]),
        (b" ", 0, [("file", "empty file")]),
    ],
)
def test_a_document(data, taken, refused):
    found = records.read("x.json", data)
    assert (len(found.items), told(found)) == (taken, refused)
    assert len(found.positions) == len(found.items)


def test_lines_are_numbered_as_an_editor_numbers_them():
    found = records.read("x.jsonl", b'{"a":1}\n\n{"a":2}\r\nbad\n')
    assert found.positions == ["line 1", "line 3"]
    assert told(found) == [("line 4", "not JSON")]


def test_the_name_tells_lines_from_a_document_and_an_array_is_always_one():
    assert records.is_lines("a.jsonl.gz", b"{}")
    assert records.is_lines("a.ndjson", b"{}")
    assert not records.is_lines("a.json", b"{}")
    assert not records.is_lines("a.jsonl", b" [{}]")
