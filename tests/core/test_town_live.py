"""A town that lives on delivers its future slot by slot, where its history stopped."""

import dataclasses
import json
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cemcore.errors import ConfigError
from cemcore.town import LiveTown, Town, files, load_spec

DAYS, HOUR, SLOTS = 2, 10.0, 30


def living(folder: Path) -> LiveTown:
    spec = load_spec()
    live = dataclasses.replace(spec.live, kinds=("backhaul_cut",), first_after_slots=4, duration_h=(2.0, 2.0))
    return Town(4, "tiny", DAYS, dataclasses.replace(spec, live=live)).live(folder, HOUR)


def records(folder: Path) -> pd.DataFrame:
    return pa.concat_tables([pq.read_table(f) for f in sorted((folder / "quality").rglob("*.parquet"))]).to_pandas()


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """(folder, deliveries, end of history) of a town that lived on for some slots, restarted half-way."""
    folder = tmp_path_factory.mktemp("live")
    town = living(folder)
    town.write_history()
    begin = town.next_slot
    deliveries = [town.deliver() for _ in range(SLOTS // 2)]
    again = living(folder)
    deliveries += [again.deliver() for _ in range(SLOTS // 2)]
    return folder, deliveries, begin


def test_slots_follow_the_history_without_gap_also_over_a_restart(lived):
    _, deliveries, begin = lived
    assert [d.slot for d in deliveries] == [begin + timedelta(minutes=15 * i) for i in range(SLOTS)]
    assert all(d.now == d.slot + timedelta(minutes=20) for d in deliveries)


def test_all_that_arrived_by_now_is_there_once(lived):
    folder, deliveries, _ = lived
    got = records(folder)
    town = living(folder)
    days = town.world.calendar.day_of(int(deliveries[-1].slot.timestamp())) + 1
    whole = pa.concat_tables([town.source.quality.table(d) for d in range(days)]).to_pandas()
    due = whole[whole.received_ts < deliveries[-1].now]
    order = ["received_ts", "ts", "subject_id", "service"]
    pd.testing.assert_frame_equal(
        got.sort_values(order).reset_index(drop=True), due.sort_values(order).reset_index(drop=True)
    )


def test_no_alarm_line_is_lost_or_doubled(lived):
    folder, deliveries, _ = lived
    later = sorted((folder / "alarms").glob("alarms-*.jsonl"))
    lines = [line for f in [folder / "alarms/alarms.jsonl", *later] for line in f.read_text().splitlines()]
    town = living(folder)
    first = town.world.calendar.midnight(0)
    assert lines == town.source.alarms.lines(first, deliveries[-1].now.timestamp())


def test_indicators_and_counters_have_no_hole_at_the_seam(lived):
    folder, deliveries, _ = lived
    ts = pd.concat(
        [pd.read_csv(f, parse_dates=["ts"]) for f in (folder / "kpi").glob("links_*.csv")]
    ).ts.drop_duplicates()
    steps = ts.sort_values().diff().dropna()
    assert set(steps) == {pd.Timedelta("15min")}
    assert ts.max() == deliveries[-1].slot
    quarters = sum(len([n for n in d.files if "/B" in n]) for d in deliveries)
    assert quarters >= SLOTS - 2
    assert sum(len([n for n in d.files if "/C" in n]) for d in deliveries) > 0


def test_a_planted_trouble_opens_after_the_history_and_is_told_once_it_is_over(lived):
    folder, deliveries, begin = lived
    truth = json.loads((folder / "truth.json").read_text())
    planted = [x for x in truth["incidents"] if datetime.fromisoformat(x["start"]) >= begin]
    assert [x["kind"] for x in planted] == ["backhaul_cut"]
    assert datetime.fromisoformat(planted[0]["start"]) == begin + timedelta(hours=1)
    assert planted[0]["n_affected_pairs"] > 0
    before = next(i for i, d in enumerate(deliveries) if "truth.json" in d.files)
    assert deliveries[before].now >= datetime.fromisoformat(planted[0]["end"])


def test_a_file_appears_whole_or_not_at_all(tmp_path, monkeypatch):
    def interrupted(*_):
        raise OSError("no space left")

    monkeypatch.setattr(files.os, "replace", interrupted)
    with pytest.raises(OSError, match="no space"):
        files.put(tmp_path / "part-0.parquet", b"half")
    assert [p.name for p in tmp_path.iterdir()] == [".part-0.parquet.tmp"]


def test_a_folder_of_another_town_is_refused(lived):
    with pytest.raises(ConfigError, match="belongs to"):
        Town(9, "tiny", DAYS).live(lived[0], HOUR)


def test_there_is_nothing_to_deliver_without_history(tmp_path):
    town = living(tmp_path)
    assert town.next_slot is None
    with pytest.raises(ConfigError, match="history"):
        town.deliver()
