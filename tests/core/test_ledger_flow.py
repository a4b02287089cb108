"""Batches, files, watermarks, ticks, tallies, snapshots and codings, on both databases."""

import pandas as pd
import pytest

from cemcore.errors import StorageError
from cemcore.storage import Ledger, StoredFile, Tick


def stored(name: str, slot: int | None = 0, recorded: int = 100, feed: str = "quality") -> StoredFile:
    last = None if slot is None else slot + 900
    return StoredFile(f"{feed}/date=2026-01-01/{name}.parquet", feed, 7, slot, last, recorded, recorded + 60, 1234)


def test_a_batch_is_taken_once_and_its_tallies_are_added_once(ledger: Ledger) -> None:
    for expected in (True, False):
        with ledger.begin() as t:
            assert t.register_batch("b1", "quality", "probe", "/in/a.csv", 7200, 90, 10, {"late": 3}) is expected
    assert ledger.known_batches(["b1", "b2"]) == {"b1"}
    counts = ledger.counts()
    assert [tuple(r) for r in counts.itertuples(index=False)] == [
        ("probe", "quality", "late", 3),
        ("probe", "quality", "quarantined", 10),
        ("probe", "quality", "rows", 90),
    ]


def test_known_batches_answers_for_thousands_of_ids_at_once(ledger: Ledger) -> None:
    with ledger.begin() as t:
        for i in range(0, 1200, 2):
            t.register_batch(f"b{i}", "quality", "probe", "o", 1, 1, 0, {})
    assert ledger.known_batches([f"b{i}" for i in range(1200)]) == {f"b{i}" for i in range(0, 1200, 2)}
    assert ledger.known_batches([]) == set()


def test_batches_are_listed_oldest_first_and_the_limit_keeps_the_newest(ledger: Ledger) -> None:
    with ledger.begin() as t:
        for i, source in enumerate(["a", "b", "a", "b"]):
            t.register_batch(f"b{i}", "quality", source, f"o{i}", 1_000 + i, i, 0, {})
    frame = ledger.batches()
    assert frame["batch_id"].tolist() == ["b0", "b1", "b2", "b3"]
    assert frame["recorded_at"].iloc[0] == pd.Timestamp(1_000, unit="s", tz="UTC")
    assert ledger.batches(source="a")["batch_id"].tolist() == ["b0", "b2"]
    assert ledger.batches(since=1_002)["batch_id"].tolist() == ["b2", "b3"]
    assert ledger.batches(limit=1)["batch_id"].tolist() == ["b3"]
    assert ledger.batches(source="nobody").dtypes.equals(frame.dtypes)


def test_files_come_in_order_of_registration_and_are_pruned_by_their_ranges(ledger: Ledger) -> None:
    early, late, alarms = stored("z"), stored("a", slot=9000, recorded=9100), stored("x", slot=None, feed="alarms")
    with ledger.begin() as t:
        for f in (early, late, alarms):
            t.register_file(f, "b1")
    assert ledger.files() == [early, late, alarms]
    assert ledger.files("quality") == [early, late]
    assert [f.position for f in ledger.files()] == sorted(f.position for f in ledger.files())
    assert ledger.files("quality", slots=(901, 9000)) == []
    assert ledger.files("quality", slots=(900, 901)) == [early]
    assert ledger.files("quality", slots=(0, 9001)) == [early, late]
    assert ledger.files("quality", recorded=(None, 100)) == [early]
    assert ledger.files("quality", recorded=(160, 9100)) == [late]
    assert ledger.files(slots=(0, 1)) == [early, alarms]


def test_a_path_stands_for_one_content(ledger: Ledger) -> None:
    with ledger.begin() as t:
        t.register_file(stored("a"))
    with ledger.begin() as t:
        t.register_file(stored("a"))
    with pytest.raises(StorageError, match="another content"), ledger.begin() as t:
        t.register_file(stored("a", slot=900))
    assert ledger.paths() == {stored("a").path}
    with ledger.begin() as t:
        t.unregister_file(stored("a").path)
    assert ledger.files() == []
    with pytest.raises(StorageError, match="not registered"), ledger.begin() as t:
        t.unregister_file(stored("a").path)


def test_a_watermark_never_moves_back(ledger: Ledger) -> None:
    assert ledger.watermark("quality") is None
    for value in (900, 900, 1800):
        with ledger.begin() as t:
            t.set_watermark("quality", value)
    with pytest.raises(StorageError, match="1800"), ledger.begin() as t:
        t.set_watermark("quality", 1799)
    assert ledger.watermark("quality") == 1800


def test_a_slot_ticks_once(ledger: Ledger) -> None:
    tick = Tick(900, 2100, 2105, learning=True, counts={"rows": 5})
    for expected in (True, False):
        with ledger.begin() as t:
            assert t.tick(tick) is expected
    with ledger.begin() as t:
        assert not t.tick(Tick(900, 1, 1, learning=False))
        assert t.tick(Tick(0, 1, 1, learning=False))
    assert ledger.ticks() == [Tick(0, 1, 1, learning=False), tick]
    assert ledger.ticks(start=900) == [tick]
    assert ledger.ticks(end=900) == [Tick(0, 1, 1, learning=False)]


def test_an_error_inside_a_transaction_takes_all_of_it_back(ledger: Ledger) -> None:
    def fail() -> None:
        with ledger.begin() as t:
            t.tick(Tick(900, 1, 1, learning=False))
            t.register_file(stored("a"))
            t.set_watermark("slot", 900)
            t.count("probe", "late", 1, 0)
            t.add_codes("subject", 0, ["a"])
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert ledger.ticks() == []
    assert ledger.files() == []
    assert ledger.watermark("slot") is None
    assert ledger.counts().empty
    assert ledger.codes() == {}


def test_tallies_add_up_and_can_be_asked_from_an_hour_on(ledger: Ledger) -> None:
    with ledger.begin() as t:
        for at in (0, 10, 3600, 7300):
            t.count("probe", "late", 2, at)
    assert ledger.counts()["value"].tolist() == [8]
    assert ledger.counts(since=3700)["value"].tolist() == [4]
    assert ledger.counts(since=99_999).empty


def test_two_snapshots_are_kept_and_the_others_are_named_for_deletion(ledger: Ledger) -> None:
    assert ledger.snapshot() is None
    dropped = []
    for slot in (900, 1800, 2700, 3600):
        with ledger.begin() as t:
            dropped.append(t.put_snapshot(slot, f"state/s{slot}.npz"))
    assert dropped == [[], [], ["state/s900.npz"], ["state/s1800.npz"]]
    assert ledger.snapshot() == (3600, "state/s3600.npz")
    assert ledger.snapshot(at_or_before=3599) == (2700, "state/s2700.npz")
    assert ledger.snapshot(at_or_before=2699) is None
    assert ledger.paths() == {"state/s2700.npz", "state/s3600.npz"}
    with ledger.begin() as t:
        assert t.put_snapshot(3600, "state/s3600~2.npz") == ["state/s3600.npz"]


def test_a_coding_grows_only_at_its_end(ledger: Ledger) -> None:
    with ledger.begin() as t:
        t.add_codes("subject", 0, ["a", "b"])
        t.add_codes("service", 0, ["voice"])
    with ledger.begin() as t:
        t.add_codes("subject", 2, ["c", "\x00 ünïcode \U0001f4f1"])
        t.add_codes("subject", 1, ["b", "c"])
        t.add_codes("subject", 3, ["\x00 ünïcode \U0001f4f1", "e"])
    assert ledger.codes() == {"service": ["voice"], "subject": ["a", "b", "c", "\x00 ünïcode \U0001f4f1", "e"]}
    with pytest.raises(StorageError, match="holds 5"), ledger.begin() as t:
        t.add_codes("subject", 6, ["g"])
    with pytest.raises(StorageError, match="other texts"), ledger.begin() as t:
        t.add_codes("subject", 1, ["x"])
