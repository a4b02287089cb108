""" "Slot S as known at K", against a slow obvious twin."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cemcore.storage import Archive, as_known

RECORD = st.tuples(
    st.sampled_from([0, 900]),
    st.sampled_from(["a", "b", None]),
    st.sampled_from(["voice", "web"]),
    st.integers(1, 9),
    st.integers(0, 99),
)
KEY = ("slot", "subject_id", "service")


def frame(records: list[tuple[int, str | None, str, int, int]]) -> pd.DataFrame:
    columns = pd.DataFrame(records, columns=[*KEY, "recorded_at", "value"])
    at = {c: pd.to_datetime(columns[c].astype("int64"), unit="s", utc=True) for c in ("slot", "recorded_at")}
    return columns.assign(**at).astype({"subject_id": "str", "service": "str"})


def twin(files: list[list[tuple[int, str | None, str, int, int]]], slot: int, known_at: int) -> dict[object, int]:
    """Walk every record in the order of its recording and remember the last of each key."""
    told = [
        (r[3], i, j, r) for i, rows in enumerate(files) for j, r in enumerate(rows) if r[0] == slot and r[3] <= known_at
    ]
    newest: dict[object, int] = {}
    for _, _, _, record in sorted(told, key=lambda t: t[:3]):
        newest[record[:3]] = record[4]
    return newest


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(RECORD, max_size=8), max_size=3), st.integers(0, 10))
def test_the_newest_record_of_each_key_that_was_known_then(
    tmp_path_factory: pytest.TempPathFactory, files: list[list[tuple[int, str | None, str, int, int]]], known_at: int
) -> None:
    archive = Archive(tmp_path_factory.mktemp("archive"))
    stored = [archive.write("quality", f"f{i}", frame(rows)) for i, rows in enumerate(files)]
    for slot in (0, 900):
        read = archive.read(stored, slots=(slot, slot + 900), recorded=(None, known_at))
        got = as_known(read, KEY) if len(read) else frame([])
        told = {(slot, None if pd.isna(r.subject_id) else r.subject_id, r.service): r.value for r in got.itertuples()}
        assert told == twin(files, slot, known_at)
        assert len(got) == len(told)


def test_a_frame_in_another_order_is_put_in_order_first() -> None:
    records = [(0, "a", "web", 5, 50), (0, "b", "web", 2, 20), (0, "a", "web", 3, 30)]
    assert as_known(frame(records), KEY)["value"].tolist() == [20, 50]


def test_the_last_of_those_recorded_at_one_moment_stands(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    first = archive.write("quality", "z", frame([(0, "a", "web", 5, 1), (0, "a", "web", 5, 2)]))
    second = archive.write("quality", "a", frame([(0, "a", "web", 5, 3)]))
    assert as_known(archive.read([first]), KEY)["value"].tolist() == [2]
    assert as_known(archive.read([first, second]), KEY)["value"].tolist() == [3]
    assert as_known(archive.read([second, first]), KEY)["value"].tolist() == [2]
