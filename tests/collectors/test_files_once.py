"""The same delivery is the same batch for ever; another delivery is another one."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from cemcore.domain import Feed, Window
from cemcore.errors import CollectError
from collectors import files
from collectors.alarms import AlarmFiles
from collectors.inventory import InventoryFiles


def ids(drop, window, **options):
    collector = AlarmFiles(**{"source": "a", "path": str(drop.path), "pattern": "*.jsonl", **options})
    return {b.origin: b.batch_id for b in collector.collect(window)}


def test_the_same_bytes_under_the_same_name_have_the_same_id_whenever_they_are_asked_for(drop, window):
    drop.put("a.jsonl", "{}")
    first = ids(drop, window)
    os.utime(drop.path / "a.jsonl", (1, 1))
    assert ids(drop, window) == first
    files._digest_file.cache_clear()
    assert ids(drop, window) == first


def test_a_file_replaced_by_a_new_version_is_a_new_batch(drop, window):
    drop.put("a.jsonl", '{"n":1}')
    first = ids(drop, window)
    drop.put("a.jsonl", '{"n":2}')
    assert ids(drop, window)["a.jsonl"] != first["a.jsonl"]


def test_a_change_that_keeps_size_and_modification_time_is_still_seen(drop, window):
    file = drop.put("a.jsonl", '{"n":1}')
    then = file.stat()
    first = ids(drop, window)
    replacement = drop.put("new", '{"n":2}')
    os.utime(replacement, ns=(then.st_atime_ns, then.st_mtime_ns))
    replacement.rename(file)
    assert ids(drop, window)["a.jsonl"] != first["a.jsonl"]


def test_equal_bytes_under_another_name_source_or_feed_are_other_batches(drop, window):
    drop.put("a.jsonl", "[]")
    drop.put("b.jsonl", "[]")
    found = ids(drop, window)
    assert found["a.jsonl"] != found["b.jsonl"]
    assert ids(drop, window, source="other")["a.jsonl"] != found["a.jsonl"]
    by_feed = {
        feed: next(InventoryFiles("i", feed, str(drop.path), "a.jsonl").collect(window)).batch_id
        for feed in (Feed.RESOURCES, Feed.CONNECTIONS)
    }
    assert by_feed[Feed.RESOURCES] != by_feed[Feed.CONNECTIONS]


def test_what_is_read_is_what_was_digested_or_nothing(drop, window):
    drop.put("a.jsonl", "{}")
    (batch,) = AlarmFiles("a", str(drop.path)).collect(window)
    drop.put("a.jsonl", "{} ")
    with pytest.raises(CollectError, match="changed since it was found") as e:
        batch.read()
    assert e.value.transient


def test_a_second_look_reads_no_file_again(drop, window, monkeypatch):
    for n in range(5):
        drop.put(f"{n}.jsonl", "{}")
    first = ids(drop, window)
    monkeypatch.setattr(files, "_digest", lambda *_: pytest.fail("digested again"))
    assert ids(drop, window) == first


def test_batches_come_lazily_one_file_at_a_time(drop, window):
    for n in range(3):
        drop.put(f"{n}.jsonl", "{}")
    batches = AlarmFiles("a", str(drop.path)).collect(window)
    assert next(batches).origin == "0.jsonl"
    (drop.path / "1.jsonl").unlink()
    assert [b.origin for b in batches] == ["2.jsonl"]


def test_a_file_that_moves_in_with_an_old_time_is_not_missed(drop):
    file = drop.put("a.jsonl", "{}")
    os.utime(file, (0, 0))
    end = datetime.now(UTC)
    late = Window(end - timedelta(seconds=5), end)
    assert list(ids(drop, late)) == ["a.jsonl"]
