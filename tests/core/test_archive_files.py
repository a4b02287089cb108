"""Files of the archive: whole or not there, never changed, swept when nobody registered them."""

import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cemcore.errors import StorageError
from cemcore.storage import Archive


def frame(value: float) -> pd.DataFrame:
    return pd.DataFrame({"slot": [0], "recorded_at": [10], "value": [value]})


def test_the_same_name_and_content_again_is_the_same_file(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    first = archive.write("quality", "a", frame(1))
    assert archive.write("quality", "a", frame(1)) == first
    assert archive.usage().values.tolist() == [["quality", 1, 1, first.bytes]]
    state = archive.write_state("s", {"a": np.arange(3)})
    assert archive.write_state("s", {"a": np.arange(3)}) == state


def test_another_content_goes_beside_and_the_first_stays_as_it_was(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    first = archive.write("quality", "a", frame(1))
    second = archive.write("quality", "a", frame(2))
    assert second.path != first.path
    assert archive.write("quality", "a", frame(2)) == second
    assert archive.read([first])["value"].tolist() == [1]
    assert archive.read([second])["value"].tolist() == [2]


def test_a_sweep_removes_what_is_not_registered_and_nothing_else(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    kept, orphan = archive.write("quality", "a", frame(1)), archive.write("quality", "b", frame(2))
    state = archive.write_state("s", {"a": np.arange(3)})
    torn = tmp_path / "quality" / "date=1970-01-01" / ".0123.part"
    torn.write_bytes(b"half")
    gone = archive.sweep({kept.path, state.path})
    assert sorted(gone) == sorted([orphan.path, torn.relative_to(tmp_path).as_posix()])
    assert len(archive.read([kept])) == 1
    assert archive.sweep({kept.path, state.path}) == []


def test_a_sweep_leaves_young_files_to_those_who_still_write(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    young, old = archive.write("quality", "a", frame(1)), archive.write("quality", "b", frame(2))
    os.utime(tmp_path / old.path, (time.time() - 100, time.time() - 100))
    assert archive.sweep(set(), older_than_s=50) == [old.path]
    os.utime(tmp_path / young.path, (time.time() - 100, time.time() - 100))
    archive.touch([young.path, "quality/not-there.parquet"])
    assert archive.sweep(set(), older_than_s=50) == []


def test_writing_an_orphan_again_makes_it_young(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    file = archive.write("quality", "a", frame(1))
    os.utime(tmp_path / file.path, (1, 1))
    assert archive.write("quality", "a", frame(1)) == file
    assert archive.sweep(set(), older_than_s=50) == []


def test_usage_counts_by_feed(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    files = [archive.write("quality", f"a{i}", frame(i)) for i in range(3)]
    state = archive.write_state("s", {"a": np.arange(3)})
    expected = [["quality", 3, 3, sum(f.bytes for f in files)], ["state", 1, 0, state.bytes]]
    assert archive.usage().values.tolist() == expected


def test_a_place_that_can_not_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StorageError, match="can't be written"):
        Archive(tmp_path / "file").write("quality", "a", frame(1))
