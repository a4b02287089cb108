"""Rows go into the archive and come back: dtypes, time filters, order, columns."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cemcore.errors import StorageError
from cemcore.storage import Archive, StoredFile

SECOND = 1_000_000


def times(micros: list[int | None]) -> pd.Series:
    return pd.Series(pd.array(micros, dtype="Int64")).astype("datetime64[us, UTC]")


def quality(rows: list[tuple[int, int, str | None, float]]) -> pd.DataFrame:
    """(slot [s], recorded [us], subject, value) as a frame."""
    return pd.DataFrame(
        {
            "slot": times([r[0] * SECOND for r in rows]),
            "recorded_at": times([r[1] for r in rows]),
            "subject_id": pd.Series([r[2] for r in rows], dtype="str"),
            "value": pd.Series([r[3] for r in rows], dtype="float64"),
        }
    )


ROW = st.tuples(
    st.integers(-2, 6).map(lambda n: n * 900),
    st.integers(0, 24).map(lambda n: n * SECOND // 4),
    st.sampled_from(["a", "b", "ü", None]),
    st.floats(width=32),
)
FILES = st.lists(st.lists(ROW, max_size=6), max_size=4)


@settings(max_examples=60, deadline=None)
@given(
    FILES,
    st.none() | st.tuples(st.integers(-2, 6), st.integers(-2, 6)),
    st.none() | st.tuples(st.none() | st.integers(0, 6), st.integers(0, 6)),
)
def test_a_read_gives_the_rows_of_both_ranges_in_the_order_of_recording(
    tmp_path_factory: pytest.TempPathFactory,
    files: list[list[tuple[int, int, str | None, float]]],
    slots: tuple[int, int] | None,
    recorded: tuple[int | None, int] | None,
) -> None:
    slots = None if slots is None else (slots[0] * 900, slots[1] * 900)
    archive = Archive(tmp_path_factory.mktemp("archive"))
    stored = [archive.write("quality", f"f{i}", quality(rows)) for i, rows in enumerate(files)]
    expected = []
    for i, rows in enumerate(files):
        for j, row in enumerate(rows):
            in_slots = slots is None or slots[0] <= row[0] < slots[1]
            low = -1 if recorded is None or recorded[0] is None else recorded[0] * SECOND
            if in_slots and (recorded is None or low < row[1] <= recorded[1] * SECOND):
                expected.append((row[1], i, j, row))
    got = archive.read(stored, slots=slots, recorded=recorded)
    if expected:
        pd.testing.assert_frame_equal(got, quality([e[-1] for e in sorted(expected, key=lambda e: e[:3])]))
    else:
        assert got.empty


def test_every_kind_of_column_comes_back_as_it_went(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "slot": times([0, 900 * SECOND, None]),
            "text": pd.Series(["a", None, ""], dtype="str"),
            "number": [1.5, np.nan, -0.0],
            "single": np.array([1, np.nan, np.inf], np.float32),
            "whole": pd.array([1, None, 3], dtype="Int64"),
            "code": np.array([1, -1, 3], np.int32),
            "flag": [True, False, True],
        }
    )
    archive = Archive(tmp_path)
    pd.testing.assert_frame_equal(archive.read([archive.write("scores", "a", frame)]), frame)


def test_texts_are_dictionaries_and_times_are_microseconds_in_utc_on_disk(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    local = pd.Series(pd.to_datetime(["2026-03-01 01:00+02:00"])).astype("datetime64[ns, UTC+02:00]")
    frame = pd.DataFrame({"recorded_at": local, "service": pd.Categorical(["voice"])})
    file = archive.write("scores", "a", frame)
    assert file.path == "scores/date=2026-02-28/a.parquet"
    with pq.ParquetFile(tmp_path / file.path) as stored:
        assert str(stored.schema_arrow.field("recorded_at").type) == "timestamp[us, tz=UTC]"
        assert str(stored.schema_arrow.field("service").type) == "string"
        chunk = stored.metadata.row_group(0).column(1)
        assert chunk.compression == "ZSTD"
        assert "RLE_DICTIONARY" in chunk.encodings
    assert archive.read([file])["service"].tolist() == ["voice"]


def test_slots_and_known_times_may_be_whole_seconds(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    file = archive.write("scores", "a", pd.DataFrame({"slot": np.array([900, 0]), "recorded_at": [7, 7]}))
    assert (file.slot_min, file.slot_max, file.recorded_min, file.recorded_max) == (0, 900, 7, 7)
    assert archive.read([file])["slot"].tolist() == [pd.Timestamp(900, unit="s", tz="UTC"), pd.Timestamp(0, tz="UTC")]


def test_ranges_enclose_parts_of_a_second(tmp_path: Path) -> None:
    file = Archive(tmp_path).write("quality", "a", quality([(0, 10_500_000, "a", 1.0)]))
    assert (file.recorded_min, file.recorded_max) == (10, 11)


def test_chosen_columns_come_in_the_order_asked_for(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    file = archive.write("quality", "a", quality([(900, 20, "a", 1.0), (0, 10, "b", 2.0)]))
    assert archive.read([file], columns=["value", "subject_id"], slots=(0, 1000)).to_dict("list") == {
        "value": [2, 1],
        "subject_id": ["b", "a"],
    }
    with pytest.raises(StorageError, match="no such column: colour"):
        archive.read([file], columns=["colour"])


def test_files_of_different_columns_are_read_together(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    old = archive.write("quality", "a", quality([(0, 10, "a", 1.0)]).drop(columns="subject_id"))
    new = archive.write("quality", "b", quality([(0, 20, "a", 2.0)]).assign(flag=True, n=3))
    both = archive.read([old, new])
    assert both["subject_id"].isna().tolist() == [True, False]
    assert both["n"].tolist()[1] == 3
    assert archive.read([old, new], columns=["flag"])["flag"].tolist() == [None, True]


def test_nothing_to_read_is_an_empty_frame(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "never")
    assert archive.read([]).empty
    assert archive.read([], columns=["a", "b"]).columns.tolist() == ["a", "b"]
    assert archive.usage().empty
    assert archive.sweep(set()) == []
    assert not (tmp_path / "never").exists()


def test_rows_without_any_time_have_a_place_too(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    file = archive.write(
        "quarantine", "a", pd.DataFrame({"position": ["1"], "reason": ["r"], "record": ["x"]}, dtype="str")
    )
    assert file.path == "quarantine/date=__HIVE_DEFAULT_PARTITION__/a.parquet"
    assert len(archive.read([file])) == 1
    with pytest.raises(StorageError, match="no slot to choose by"):
        archive.read([file], slots=(0, 1))


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"slot": pd.to_datetime(["2026-01-01"])}),
        pd.DataFrame({"thing": [["a", "list"]]}),
        pd.DataFrame({"thing": [object()]}),
    ],
)
def test_what_has_no_place_in_the_archive_is_refused(tmp_path: Path, frame: pd.DataFrame) -> None:
    with pytest.raises(StorageError):
        Archive(tmp_path).write("quality", "a", frame)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", "../a", "a/b", ".hidden", "a b", "-"])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(StorageError, match="no name"):
        Archive(tmp_path).write("quality", name, quality([]))
    with pytest.raises(StorageError, match="no name"):
        Archive(tmp_path).write(name, "a", quality([]))


def test_a_missing_or_damaged_file_is_said(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    file = archive.write("quality", "a", quality([(0, 10, "a", 1.0)]))
    whole = (tmp_path / file.path).read_bytes()
    for damaged in (whole[: len(whole) // 2], b"", whole[:40] + b"\0" * 30 + whole[70:]):
        (tmp_path / file.path).write_bytes(damaged)
        with pytest.raises(StorageError, match="can't be read"):
            archive.read([file])
    gone = StoredFile("quality/date=2026-01-01/x.parquet", "quality", 1, 0, 0, 0, 0, 1)
    with pytest.raises(StorageError, match="can't be read"):
        archive.read([gone])


def test_state_is_plain_arrays_and_nothing_else(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    arrays = {
        "level": np.arange(6, dtype=np.float32).reshape(2, 3),
        "seen": np.array([True]),
        "names": np.array(["a", "ü"]),
    }
    file = archive.write_state("s900", arrays, 900)
    assert (file.path, file.slot_min) == ("state/s900.npz", 900)
    for back in (archive.read_state(file), archive.read_state(file.path)):
        assert back.keys() == arrays.keys()
        for key, array in arrays.items():
            np.testing.assert_array_equal(back[key], array, strict=True)
    with pytest.raises(StorageError, match="not a plain array"):
        archive.write_state("s", {"a": np.array([{}])})
    (tmp_path / file.path).write_bytes(b"PK broken")
    with pytest.raises(StorageError, match="can't be read"):
        archive.read_state(file)


def test_a_column_that_was_never_filled_fits_any_later_type(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    nothing = archive.write("quality", "a", quality([(0, 10, "a", 1.0)]).assign(extra=None))
    empty = archive.write("quality", "b", pd.DataFrame(columns=["slot", "value", "extra"]))
    number = archive.write("quality", "c", quality([(0, 20, "a", 1.0)]).assign(extra=1.5))
    assert archive.read([nothing])["extra"].dtype == "str"
    assert archive.read([nothing, empty, number])["extra"].isna().tolist() == [True, False]
    assert archive.read([empty], slots=(0, 900), recorded=None).empty
    assert len(archive.read([empty, number], slots=(0, 900))) == 1


def test_ranges_hold_their_first_slot_and_their_last_known_time_only(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    both = archive.write("quality", "a", quality([(0, 10 * SECOND, "a", 1.0), (900, 20 * SECOND, "a", 2.0)]))
    one = archive.write("quality", "b", quality([(900, 20 * SECOND, "b", 3.0)]))
    assert archive.read([both, one], slots=(0, 900))["value"].tolist() == [1]
    assert archive.read([both, one], slots=(900, 901))["value"].tolist() == [2, 3]
    assert archive.read([both, one], recorded=(10, 20))["value"].tolist() == [2, 3]
    assert archive.read([both, one], recorded=(9, 10))["value"].tolist() == [1]
    assert archive.read([both, one], recorded=(19, 20))["value"].tolist() == [2, 3]
    assert archive.read([both, one], recorded=(20, 99)).empty
