"""Compaction and retention never change what a read of kept rows returns."""

import os
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cemcore.errors import StorageError
from cemcore.storage import Archive, Ledger, StoredFile, as_known, compact, retain

DAY = 86_400
KEY = ("slot", "subject_id")
RECORD = st.tuples(
    st.sampled_from([0, 900, DAY - 900, DAY, 2 * DAY]),
    st.sampled_from(["a", "b", "c", "d"]),
    st.integers(1, 6),
    st.integers(0, 99),
)


def frame(records: list[tuple[int, str, int, int]]) -> pd.DataFrame:
    columns = pd.DataFrame(records, columns=["slot", "subject_id", "recorded_at", "value"])
    return columns.astype({"subject_id": "str"})


class House:
    """An archive with its ledger; `put` registers one file of quality records."""

    def __init__(self, folder: Path) -> None:
        self.archive = Archive(folder / "archive")
        self.ledger = Ledger.open(f"sqlite:///{folder}/ledger.db")
        self._n = 0

    def put(self, content: pd.DataFrame, feed: str = "quality") -> StoredFile:
        self._n += 1
        file = self.archive.write(feed, f"f{self._n}", content)
        with self.ledger.begin() as t:
            t.register_file(file)
        return file

    def read(
        self, slots: tuple[int, int] | None = None, recorded: tuple[int | None, int] | None = None
    ) -> pd.DataFrame:
        files = self.ledger.files("quality", slots=slots, recorded=recorded)
        return self.archive.read(files, slots=slots, recorded=recorded)


@settings(max_examples=40, deadline=None)
@given(
    before=st.lists(st.lists(RECORD, min_size=1, max_size=6), min_size=1, max_size=5),
    after=st.lists(st.lists(RECORD, min_size=1, max_size=4), max_size=2),
    limit=st.sampled_from([900, DAY, 3 * DAY]),
    bucket_rows=st.sampled_from([2, 5, 1000]),
)
def test_reads_and_what_was_known_are_the_same_before_and_after(
    tmp_path_factory: pytest.TempPathFactory,
    before: list[list[tuple[int, str, int, int]]],
    after: list[list[tuple[int, str, int, int]]],
    limit: int,
    bucket_rows: int,
) -> None:
    house, other = House(tmp_path_factory.mktemp("a")), House(tmp_path_factory.mktemp("b"))
    with house.ledger, other.ledger:
        for records in before:
            house.put(frame(records))
            other.put(frame(records))
        for records in [*after, []]:
            compact(house.archive, house.ledger, "quality", limit, bucket_rows=bucket_rows)
            house.archive.sweep(house.ledger.paths())
            if records:
                house.put(frame(records))
                other.put(frame(records))
        for slots, known_at in (((0, DAY), 6), ((0, 900), 3), ((DAY, 3 * DAY), 4), ((0, 3 * DAY), 6)):
            ours, theirs = house.read(slots, (None, known_at)), other.read(slots, (None, known_at))
            pd.testing.assert_frame_equal(ours, theirs)
            if len(ours):
                pd.testing.assert_frame_equal(as_known(ours, KEY), as_known(theirs, KEY))


def test_many_small_files_of_a_day_become_few_sorted_ones(tmp_path: Path) -> None:
    house = House(tmp_path)
    with house.ledger:
        for n in range(20):
            house.put(frame([(n * 900, s, n * 900 + 60, n) for s in "dbca"]))
        house.put(frame([(DAY, "a", DAY, 1)]))
        gone = compact(house.archive, house.ledger, "quality", DAY, bucket_rows=40)
        assert len(gone) == 20
        files = house.ledger.files("quality", slots=(0, DAY))
        assert len(files) == 2
        subjects = [pd.read_parquet(house.archive.root / f.path)["subject_id"].tolist() for f in files]
        assert all(s == sorted(s) for s in subjects)
        assert not set(subjects[0]) & set(subjects[1])
        assert sum(f.rows for f in files) == 80
        assert compact(house.archive, house.ledger, "quality", DAY, bucket_rows=40) == []


def test_old_files_stay_readable_for_those_who_read_them_until_they_are_swept(tmp_path: Path) -> None:
    house = House(tmp_path)
    with house.ledger:
        files = [house.put(frame([(0, "a", n, n)])) for n in (1, 2)]
        for f in files:
            os.utime(house.archive.root / f.path, (1, 1))
        gone = compact(house.archive, house.ledger, "quality", DAY)
        assert house.archive.sweep(house.ledger.paths(), older_than_s=600) == []
        assert house.archive.read(files)["value"].tolist() == [1, 2]
        assert sorted(house.archive.sweep(house.ledger.paths())) == sorted(gone)


def test_a_compaction_that_somebody_overtook_changes_nothing(tmp_path: Path) -> None:
    house = House(tmp_path)
    with house.ledger:
        first, second = (house.put(frame([(0, "a", n, n)])) for n in (1, 2))

        class Overtaken(Archive):
            def read_numbered(self, files: list[StoredFile]) -> object:  # type: ignore[override]
                with house.ledger.begin() as t:
                    t.unregister_file(first.path)
                return super().read_numbered(files)

        with pytest.raises(StorageError, match="not registered"):
            compact(Overtaken(house.archive.root), house.ledger, "quality", DAY)
        assert house.ledger.files() == [second]


def test_retention_lets_go_of_what_ended_before(tmp_path: Path) -> None:
    house = House(tmp_path)
    with house.ledger:
        old = house.put(frame([(0, "a", 1, 1), (900, "a", 1, 1)]))
        edge = house.put(frame([(900, "a", 2, 2), (1800, "a", 2, 2)]))
        kept = house.read(slots=(1800, DAY))
        assert retain(house.archive, house.ledger, "quality", 1800) == [old.path]
        assert house.ledger.files() == [edge]
        pd.testing.assert_frame_equal(house.read(slots=(1800, DAY)), kept)
        assert house.archive.sweep(house.ledger.paths()) == [old.path]


def test_records_without_slots_are_kept_by_when_they_became_known(tmp_path: Path) -> None:
    house = House(tmp_path)
    with house.ledger:
        old = house.put(pd.DataFrame({"alarm_id": ["a"], "recorded_at": [5]}), "alarms")
        house.put(pd.DataFrame({"alarm_id": ["a"], "recorded_at": [50]}), "alarms")
        assert retain(house.archive, house.ledger, "alarms", 50) == [old.path]


def test_snapshots_of_the_inventory_are_left_whole(tmp_path: Path) -> None:
    house = House(tmp_path)
    with house.ledger:
        files = [house.put(pd.DataFrame({"resource_id": ["a"], "recorded_at": [n]}), "resources") for n in (1, 2)]
        assert compact(house.archive, house.ledger, "resources", DAY) == []
        assert retain(house.archive, house.ledger, "resources", DAY) == []
        assert house.ledger.files() == files


def test_columns_that_only_some_files_have_survive(tmp_path: Path) -> None:
    house = House(tmp_path)
    with house.ledger:
        house.put(frame([(0, "a", 1, 1)]))
        house.put(frame([(0, "b", 2, 2)]).assign(flag=True, code=3))
        plain = house.read()
        compact(house.archive, house.ledger, "quality", DAY)
        pd.testing.assert_frame_equal(house.read(), plain)
