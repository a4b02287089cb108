"""Other engines read the archive's folder as it is, also while another process writes."""

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.dataset as ds
import pytest

from cemcore.storage import Archive, Ledger, compact

ROWS, BATCHES_A_TICK = 50, 2


def days(archive: Archive) -> pd.DataFrame:
    """Three days of records, two files a day."""
    slots = [86_400 * day + 900 * i for day in range(3) for i in range(2)]
    rows = [
        pd.DataFrame({"slot": [s], "recorded_at": [s + 1200], "service": ["voice"], "value": [s / 900.0]})
        for s in slots
    ]
    for n, frame in enumerate(rows):
        archive.write("quality", f"b{n}", frame)
    return pd.concat(rows)


def test_duckdb_reads_the_folder_with_its_days(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")
    archive = Archive(tmp_path)
    frame = days(archive)
    archive.write("quarantine", "q", pd.DataFrame({"reason": ["no time"]}, dtype="str"))
    source = f"read_parquet('{tmp_path}/quality/**/*.parquet', hive_partitioning = true)"
    rejects = f"read_parquet('{tmp_path}/quarantine/**/*.parquet', hive_partitioning = true)"
    with duckdb.connect() as con:
        total = con.execute(f"SELECT count(*), sum(value), epoch(min(recorded_at)) FROM {source}").fetchall()
        assert total == [(6, frame["value"].sum(), 1200)]
        by_day = con.execute(f"SELECT date::TEXT, count(*) FROM {source} GROUP BY 1 ORDER BY 1").fetchall()
        assert by_day == [("1970-01-01", 2), ("1970-01-02", 2), ("1970-01-03", 2)]
        one = con.execute(f"SELECT sum(value) FROM {source} WHERE date = DATE '1970-01-02'").fetchall()
        assert one == [(96 + 97,)]
        lost = con.execute(f"SELECT date, reason FROM {rejects}").fetchall()
        assert lost == [(None, "no time")]


def test_pandas_and_arrow_read_the_folder(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    frame = days(archive)
    assert pd.read_parquet(tmp_path / "quality")["value"].sum() == frame["value"].sum()
    table = ds.dataset(tmp_path / "quality", partitioning="hive").to_table(filter=ds.field("date") == "1970-01-02")
    assert table["value"].to_pylist() == [96, 97]


def test_compacted_days_read_the_same(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "a")
    frame = days(archive)
    with Ledger.open(f"sqlite:///{tmp_path}/l.db") as ledger:
        for n, file in enumerate(sorted(archive.root.rglob("*.parquet"))):
            stored = archive.write("quality", f"b{n}", pd.read_parquet(file).drop(columns="date", errors="ignore"))
            with ledger.begin() as t:
                t.register_file(stored)
        compact(archive, ledger, "quality", 86_400 * 5)
        archive.sweep(ledger.paths())
    assert len(list(archive.root.rglob("*.parquet"))) == 3
    assert pd.read_parquet(tmp_path / "a" / "quality")["value"].sum() == frame["value"].sum()


def test_another_engine_reads_while_a_process_writes(ledger_url: str, tmp_path: Path, workers: Any) -> None:
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")
    archive = Archive(tmp_path / "archive")
    writer = workers.start("work", url=ledger_url, folder=str(archive.root), ticks=7, said=str(tmp_path / "said"))
    seen = []
    with Ledger.open(ledger_url) as ledger, duckdb.connect() as con:
        while writer.is_alive():
            paths = [str(archive.root / f.path) for f in ledger.files("scores")]
            if paths:
                seen.append(con.execute("SELECT count(*) FROM read_parquet(?)", [paths]).fetchall()[0][0])
                assert seen[-1] == len(paths) * ROWS * BATCHES_A_TICK
    writer.join()
    assert writer.exitcode == 0
    assert seen == sorted(seen)
    assert seen
