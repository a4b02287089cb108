"""What the other processes of the storage tests do: a script, run with `task` and its options as globals."""

import os
from pathlib import Path

import numpy as np
import pandas as pd

from cemcore.storage import Archive, Ledger, Tick, compact

BATCHES_A_TICK = 2
ROWS = 50


def frame(n: int) -> pd.DataFrame:
    """Rows of batch `n`: the same whenever it is made."""
    return pd.DataFrame(
        {
            "slot": np.full(ROWS, n // BATCHES_A_TICK * 900),
            "recorded_at": np.full(ROWS, n * 450 + 60),
            "subject_id": [f"s{i}" for i in range(ROWS)],
            "value": np.arange(ROWS) * 1000.0 + n,
        }
    )


def take_batch(archive: Archive, ledger: Ledger, n: int) -> None:
    """Take batch `n` as ingestion does: its file first, then one transaction."""
    name = f"b{n:05d}"
    if ledger.known_batches([name]):
        return
    file = archive.write("quality", name, frame(n))
    with ledger.begin() as t:
        if t.register_batch(name, "quality", "probe", name, n * 450 + 60, ROWS, 0, {"late": 1}):
            t.register_file(file, name)


def run_tick(archive: Archive, ledger: Ledger, slot: int) -> None:
    """Score the slot's batches as assessment does: files and state first, then one transaction."""
    rows = archive.read(ledger.files("quality", slots=(slot, slot + 900)), slots=(slot, slot + 900))
    scores = archive.write("scores", f"t{slot}", rows.assign(score=rows["value"] * 2))
    total = archive.write("attribution", f"t{slot}", rows[["slot", "subject_id"]])
    state = archive.write_state(f"t{slot}", {"sum": np.array([rows["value"].sum()])}, slot)
    with ledger.begin() as t:
        if t.tick(Tick(slot, slot + 1200, 0, learning=False, counts={"rows": len(rows)})):
            for file in (scores, total):
                t.register_file(file)
            t.count("assess", "rows", len(rows), slot)
            t.put_snapshot(slot, state.path)
            t.set_watermark("slot", slot)
            t.add_codes("slot", slot // 900, [f"slot {slot}"])


def work(url: str, folder: str, ticks: int, said: str) -> None:
    """Take batches and tick until `ticks` are done; write `up`, then each committed tick, into the file `said`."""
    archive = Archive(Path(folder))
    handle = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    with Ledger.open(url) as ledger:
        os.write(handle, b"up\n")
        archive.sweep(ledger.paths())
        last = ledger.watermark("slot")
        for k in range(0 if last is None else last // 900 + 1, ticks):
            for n in range(k * BATCHES_A_TICK, (k + 1) * BATCHES_A_TICK):
                take_batch(archive, ledger, n)
            run_tick(archive, ledger, k * 900)
            os.write(handle, f"{k}\n".encode())
            if k % 8 == 7:
                compact(archive, ledger, "quality", k * 900)
        archive.sweep(ledger.paths())
    os.close(handle)


def increment(url: str, times: int) -> None:
    """Add one to a tally and to a watermark, each time in a transaction of its own."""
    with Ledger.open(url) as ledger:
        for _ in range(times):
            with ledger.begin() as t:
                t.count("writers", "increments", 1, 0)
                t.set_watermark("increments", (t.watermark("increments") or 0) + 1)


if __name__ == "__main__":
    settings = {k: v for k, v in globals().items() if k in ("url", "folder", "ticks", "said", "times")}
    {"work": work, "increment": increment}[globals()["task"]](**settings)
