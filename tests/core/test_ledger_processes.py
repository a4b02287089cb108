"""Several processes, one ledger: no work is lost, no reader waits, and SIGKILL leaves nothing half done."""

import random
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cemcore.storage import Archive, Ledger, Tick

ROWS, BATCHES_A_TICK = 50, 2
KILLS = 25


def test_three_writers_lose_none_of_each_others_increments(ledger_url: str, workers: Any) -> None:
    writers = [workers.start("increment", url=ledger_url, times=150) for _ in range(3)]
    for w in writers:
        w.join(timeout=120)
    assert [w.exitcode for w in writers] == [0, 0, 0]
    with Ledger.open(ledger_url) as ledger:
        assert ledger.counts()["value"].tolist() == [450]
        assert ledger.watermark("increments") == 450


def test_many_may_open_a_new_ledger_at_once(ledger_url: str, workers: Any) -> None:
    openers = [workers.start("increment", url=ledger_url, times=1) for _ in range(6)]
    for w in openers:
        w.join(timeout=60)
    assert [w.exitcode for w in openers] == [0] * 6
    with Ledger.open(ledger_url) as ledger:
        assert ledger.watermark("increments") == 6


def test_a_reader_sees_only_whole_ticks_while_another_process_writes(
    ledger_url: str, tmp_path: Path, workers: Any
) -> None:
    archive = Archive(tmp_path / "archive")
    writer = workers.start("work", url=ledger_url, folder=str(archive.root), ticks=7, said=str(tmp_path / "said"))
    seen = set()
    with Ledger.open(ledger_url) as ledger:
        while writer.is_alive():
            ticks = ledger.ticks()
            known = ledger.files("scores", slots=(0, 900 * len(ticks)))
            rows = archive.read(known)
            assert [t.slot for t in ticks] == [900 * k for k in range(len(ticks))]
            assert len(rows) == ROWS * BATCHES_A_TICK * len(ticks)
            seen.add(len(ticks))
    writer.join()
    assert writer.exitcode == 0
    assert len(seen) > 2


def test_a_reader_is_not_kept_waiting_by_an_open_write(ledger_url: str) -> None:
    with Ledger.open(ledger_url) as writer, Ledger.open(ledger_url) as reader:
        with writer.begin() as t:
            t.tick(Tick(900, 1, 1, learning=False))
            started = time.monotonic()
            assert reader.ticks() == []
            assert time.monotonic() - started < 5
        assert len(reader.ticks()) == 1


def content(ledger: Ledger, archive: Archive) -> dict[str, Any]:
    """All that ledger and archive say, however the files are cut."""
    rows = {feed: archive.read(ledger.files(feed)) for feed in ("quality", "scores", "attribution")}
    snapshot = ledger.snapshot()
    assert snapshot is not None
    return {
        "rows": {
            feed: f.sort_values(f.columns.tolist(), ignore_index=True).to_dict("list") for feed, f in rows.items()
        },
        "batches": ledger.batches().to_dict("list"),
        "ticks": ledger.ticks(),
        "counts": ledger.counts().values.tolist(),
        "codes": ledger.codes(),
        "snapshot": snapshot,
        "state": {k: v.tolist() for k, v in archive.read_state(snapshot[1]).items()},
        "watermark": ledger.watermark("slot"),
    }


def check_promises(ledger: Ledger, archive: Archive, said: Path) -> None:
    """What was said to be committed is there, whole; nothing is there twice."""
    promised = {int(line) for line in said.read_text().split() if line.isdigit()}
    done = [t.slot // 900 for t in ledger.ticks()]
    assert promised <= set(done)
    assert done == list(range(len(done)))
    scores = archive.read(ledger.files("scores"))
    assert len(scores) == ROWS * BATCHES_A_TICK * len(done)
    quality = archive.read(ledger.files("quality"))
    assert len(quality) == ROWS * len(ledger.batches())
    assert not quality.duplicated().any() if len(quality) else True


def unregistered(ledger: Ledger, archive: Archive) -> set[str]:
    """Files on disk that nobody registered."""
    return {p.relative_to(archive.root).as_posix() for p in archive.root.rglob("*") if p.is_file()} - ledger.paths()


def lines(said: Path) -> int:
    return said.read_bytes().count(b"\n") if said.exists() else 0


def kill_one(workers: Any, options: dict[str, Any], said: Path, ticks: int, after: float) -> None:
    """Start a worker and SIGKILL it `after` seconds past so many ticks."""
    until = lines(said) + 1 + ticks
    process = workers.start("work", **options, ticks=10**6)
    while lines(said) < until:
        assert process.is_alive()
        time.sleep(0.001)
    time.sleep(after)
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL


@pytest.mark.slow
def test_killed_at_any_instant_nothing_is_lost_and_nothing_doubled(
    ledger_url: str, tmp_path: Path, workers: Any
) -> None:
    archive, said = Archive(tmp_path / "killed"), tmp_path / "said"
    options = {"url": ledger_url, "folder": str(archive.root), "said": str(said)}
    instants = random.Random(7)
    halfway = 0
    with Ledger.open(ledger_url) as ledger:
        for n in range(KILLS):
            kill_one(workers, options, said, ticks=n % 3, after=instants.uniform(0, 0.15))
            halfway += bool(unregistered(ledger, archive))
            check_promises(ledger, archive, said)
        ticks = len(ledger.ticks()) + 3
        last = workers.start("work", **options, ticks=ticks)
        last.join(timeout=120)
        assert last.exitcode == 0
        check_promises(ledger, archive, said)
        assert unregistered(ledger, archive) == set()
        ours = content(ledger, archive)
    assert halfway > KILLS // 5
    calm = Archive(tmp_path / "calm")
    url = f"sqlite:///{tmp_path}/calm.db"
    process = workers.start("work", url=url, folder=str(calm.root), ticks=ticks, said=str(tmp_path / "calm-said"))
    process.join(timeout=120)
    assert process.exitcode == 0
    with Ledger.open(url) as ledger:
        assert ours == content(ledger, calm)
    batches = BATCHES_A_TICK * ticks
    values = sum(ROWS * (ROWS - 1) / 2 * 1000 + ROWS * n for n in range(batches))
    assert np.isclose(np.sum(ours["rows"]["quality"]["value"]), values)
