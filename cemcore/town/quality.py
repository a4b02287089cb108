"""Quality records as a probe system delivers them: Parquet files with late, repeated and corrupt rows."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from cemcore.panel import Float64, Int64
from cemcore.town.calendar import SLOT
from cemcore.town.experience import DELIVERY, KQIS, LATENCY, SETUP, THROUGHPUT
from cemcore.town.files import put, put_gzip
from cemcore.town.population import SERVICES
from cemcore.town.seeds import Rng, stream
from cemcore.town.world import World

LATE, REPEATED, CORRUPT = 0.012, 0.004, 0.0008
_TEN_YEARS = 3652 * 86400
SCHEMA = pa.schema(
    [
        ("ts", pa.timestamp("ms", "UTC")),
        ("received_ts", pa.timestamp("ms", "UTC")),
        *((c, pa.string()) for c in ("subject_id", "service", "serving_resource", "device_model", "firmware")),
        *((c, pa.string()) for c in ("app", "app_version", "slice")),
        ("n_sessions", pa.int16()),
        *((k, pa.float32()) for k in KQIS),
    ]
)


class QualityRecords:
    """Builds the records of a day and writes them; `counts` tallies the noise put into them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.counts = {"late": 0, "duplicate": 0, "corrupt": 0}
        subjects, services = world.people.subjects, world.people.services
        of_pair = [subjects[i] for i in world.population.subject]
        self.texts: dict[str, np.ndarray] = {
            "subject_id": _texts(s["subject_id"] for s in of_pair),
            "device_model": _texts(s["device_model"] for s in of_pair),
            "slice": _texts(s["slice"] for s in of_pair),
            "app": _texts(s["app"] for s in services),
            "app_version": _texts(s["app_version"] for s in services),
            "service": _texts(SERVICES)[world.population.service],
        }
        self.access = _texts(world.net.access)

    def table(self, number: int) -> pa.Table:
        """All records of a local day with the schema above, in order of their slot.

        Some arrive later than the day ends.
        """
        rng = stream(self.world.seed, "records", number)
        seen = self.world.observe(number)
        rows = np.flatnonzero(seen.recorded)
        time = seen.day.time[rows]
        received = self._received(rng, time)
        kqis = seen.kqis[rows].copy()
        stamp = self._corrupt(rng, time, kqis)
        again = np.flatnonzero(rng.random(len(rows)) < REPEATED)
        self.counts["duplicate"] += len(again)
        pick = np.concatenate([np.arange(len(rows)), again])
        received = np.concatenate([received, received[again] + rng.integers(2, 900, len(again))])
        order = np.lexsort((seen.day.pair[rows][pick], stamp[pick]))
        pick, received = pick[order], received[order]
        return self._table(rows[pick], stamp[pick], received, kqis[pick], number)

    def _received(self, rng: Rng, time: Int64) -> Int64:
        quick = time + SLOT + 5 + np.minimum(rng.exponential(28, len(time)), 170).astype(np.int64)
        late = rng.random(len(time)) < LATE
        self.counts["late"] += int(late.sum())
        wait = (rng.lognormal(3.6, 1.1, len(time)) * 60).clip(300, 2 * 86400).astype(np.int64)
        return np.asarray(np.where(late, quick + wait, quick))

    def _corrupt(self, rng: Rng, time: Int64, kqis: Float64) -> Int64:
        """Spoils some rows in place; gives their time stamps."""
        bad = np.flatnonzero(rng.random(len(time)) < CORRUPT)
        self.counts["corrupt"] += len(bad)
        how = rng.integers(0, 4, len(bad))
        stamp = time.copy()
        kqis[bad[how == 0], LATENCY] = -1.0
        ratio = bad[how == 1]
        kqis[ratio, np.where(np.isnan(kqis[ratio, SETUP]), DELIVERY, SETUP)] = 37.0
        kqis[bad[how == 2], THROUGHPUT] = 4.29e9
        stamp[bad[how == 3]] += _TEN_YEARS
        return stamp

    def _table(self, rows: Int64, stamp: Int64, received: Int64, kqis: Float64, number: int) -> pa.Table:
        seen = self.world.observe(number)
        pair = seen.day.pair[rows]
        columns: dict[str, object] = {
            "ts": pa.array(stamp * 1000, pa.timestamp("ms", "UTC")),
            "received_ts": pa.array(received * 1000, pa.timestamp("ms", "UTC")),
            "serving_resource": pa.array(self.access[seen.serving[rows]], pa.string()),
            "firmware": pa.array(seen.firmware[rows], pa.string()),
            "n_sessions": pa.array(seen.day.sessions[rows].astype(np.int16)),
        }
        columns |= {name: pa.array(values[pair], pa.string()) for name, values in self.texts.items()}
        columns |= {k: pa.array(kqis[:, i].astype(np.float32), from_pandas=True) for i, k in enumerate(KQIS)}
        return pa.table({f.name: columns[f.name] for f in SCHEMA}, schema=SCHEMA)


def write_parquet(path: Path, table: pa.Table) -> None:
    """One Parquet file, never seen half written."""
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    put(path, buffer.getvalue())


def write_sample(folder: Path, name: str, table: pa.Table, most: int = 20000) -> None:
    """The first rows as CSV and as JSON lines, gzip."""
    head = table.slice(0, most)
    text = pa.table(
        {
            f.name: pc.strftime(head[f.name], "%Y-%m-%dT%H:%M:%SZ").cast(pa.string())
            if pa.types.is_timestamp(f.type)
            else head[f.name]
            for f in head.schema
        }
    )
    buffer = io.BytesIO()
    pa_csv.write_csv(text, buffer)
    put_gzip(folder / f"{name}.csv.gz", buffer.getvalue())
    lines = [json.dumps(row | {k: _short(row[k]) for k in KQIS}, separators=(",", ":")) for row in text.to_pylist()]
    put_gzip(folder / f"{name}.jsonl.gz", "".join(line + "\n" for line in lines).encode())


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _texts(values: object) -> np.ndarray:
    return np.array([str(v) for v in values], dtype=object)  # type: ignore[attr-defined]
