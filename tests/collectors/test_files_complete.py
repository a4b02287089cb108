"""Which files are taken: whole ones only, whatever lies beside them."""

import os
import sys
from datetime import UTC, datetime, timedelta

import pytest

from cemcore.domain import Window
from cemcore.errors import CollectError, ConfigError
from collectors.alarms import AlarmFiles
from collectors.quality import QualityFiles

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def names(collector, end=NOW):
    return [b.origin for b in collector.collect(Window.until(end))]


def put(drop, name, age_s):
    file = drop.put(name, "x")
    t = NOW.timestamp() - age_s
    os.utime(file, (t, t))
    return file


def alarms(drop, **options):
    return AlarmFiles(source="a", path=str(drop.path), **{"pattern": "**/*", **options})


def test_a_file_that_was_changed_just_now_is_left_for_the_next_time(drop):
    put(drop, "old.jsonl", 10)
    put(drop, "young.jsonl", 1)
    assert names(alarms(drop)) == ["old.jsonl"]
    assert names(alarms(drop), NOW + timedelta(seconds=2)) == ["old.jsonl", "young.jsonl"]


def test_the_quiet_time_is_an_option_and_zero_trusts_names_alone(drop):
    put(drop, "a.jsonl", 1)
    put(drop, "b.jsonl", -1000)
    assert names(alarms(drop, quiet_s=0.5)) == ["a.jsonl"]
    assert names(alarms(drop, quiet_s=0)) == ["a.jsonl", "b.jsonl"]


def test_history_is_taken_whatever_its_files_times_say(drop):
    put(drop, "a.jsonl", -10_000_000)
    assert names(alarms(drop, arrival={"column": "alarmChangedTime"})) == ["a.jsonl"]


@pytest.mark.parametrize("name", ["a.tmp", "a.jsonl.part", "a.filepart", "a.writing", ".a.jsonl", ".hidden/a.jsonl"])
def test_names_of_unfinished_files_are_never_taken(drop, name):
    put(drop, name, 10_000)
    put(drop, "whole.jsonl", 10_000)
    assert names(alarms(drop)) == ["whole.jsonl"]


def test_several_globs_and_subfolders_give_each_file_once_by_name(drop):
    for name in ("b/1.csv", "a/2.csv", "a/3.txt"):
        put(drop, name, 100)
    assert names(alarms(drop, pattern="*/*.csv | a/* ")) == ["a/2.csv", "a/3.txt", "b/1.csv"]


def test_folders_and_pipes_that_match_are_no_files(drop):
    (drop.path / "d.jsonl").mkdir()
    os.mkfifo(drop.path / "p.jsonl")
    assert names(alarms(drop)) == []


def test_a_missing_folder_is_a_transient_failure(drop):
    with pytest.raises(CollectError, match="no such folder") as e:
        names(AlarmFiles(source="a", path=str(drop.path / "none")))
    assert e.value.transient


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
def test_an_unreadable_file_is_quarantined_and_does_not_hold_up_the_others(drop):
    put(drop, "z.jsonl", 100)
    (drop.path / "a.jsonl").symlink_to("/proc/self/mem")
    bad, good = alarms(drop, quiet_s=0).collect(Window.until(NOW))
    assert (bad.origin, good.origin) == ("a.jsonl", "z.jsonl")
    assert bad.read().quarantine["reason"].str.contains("can't be read").all()


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"pattern": "/etc/*"}, "pattern"),
        ({"pattern": "../*"}, "pattern"),
        ({"pattern": ""}, "pattern"),
        ({"path": ""}, "path"),
        ({"quiet_s": -1}, "quiet_s"),
        ({"arrival": {"after": 3}}, "arrival.after"),
        ({"arrival": {"column": 3}}, "arrival.column"),
        ({"format": "xlsx"}, "format"),
        ({"columns": {"a": "b"}}, "columns.a"),
        ({"units": {"latency_ms": "furlong"}}, "units.latency_ms"),
        ({"units": {"latency_ms": "Mbit/s"}}, "units.latency_ms"),
        ({"units": {"slot": "ms"}}, "units.slot"),
        ({"units": {"speed": "ms"}}, "units.speed"),
        ({"values": {"speed": {}}}, "values.speed"),
    ],
)
def test_an_option_that_cannot_be_is_refused_by_its_name(options, key):
    with pytest.raises(ConfigError) as e:
        QualityFiles(**{"source": "q", "path": "x", **options})
    assert e.value.key == key
