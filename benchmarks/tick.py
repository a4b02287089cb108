"""A national tick, from Parquet quality records to committed degradations, against merely reading the same columns.

    python benchmarks/tick.py [--subjects 1000000] [--json FILE] [--goal 4.0] [--no-scores]

Writes one slot after another of quality records (1 M subjects, 5 services, 5 M rows) into an archive as ingest lays it
out, in files of 8 partitions, over series that have a habit already. Timed, best of 3, on two threads: (a) pyarrow
reads exactly the columns that the tick reads; (b) the whole tick in process, to the end of its ledger transaction.
Wall and CPU time, and the greatest memory of the process. `plain`: (a) as pyarrow does by itself; `dictionary`: (a)
with texts left as dictionaries, which is how the tick reads them. With and without writing every row's score.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cemcore.application import partitions, slot_tables
from cemcore.application.house import House
from cemcore.application.slot_rows import Due, Reader
from cemcore.application.watching import Watching
from cemcore.pipeline import partition
from cemcore.pipeline.detection import discovery
from cemcore.settings import Settings, shipped
from cemcore.storage import Archive
from cemcore.storage.parts import buffers, partitions_of, tagged, to_texts

SERVICES = ("voice", "video", "web", "gaming", "iot_telemetry")
KQIS = {
    "latency_ms": ("voice", "web", "gaming", "iot_telemetry"),
    "jitter_ms": ("voice", "gaming"),
    "loss_pct": ("voice", "gaming"),
    "throughput_mbps": ("video", "web", "iot_telemetry"),
    "setup_success_ratio": ("voice", "video", "web", "gaming"),
    "stall_ratio": ("video",),
    "startup_s": ("video", "web"),
    "mos": ("voice",),
    "delivery_ratio": ("iot_telemetry",),
}
TYPICAL = {
    "latency_ms": (60, 0.3), "jitter_ms": (6, 0.5), "loss_pct": (0.2, 0.7), "throughput_mbps": (20, 0.5),
    "stall_ratio": (0.01, 0.6), "startup_s": (1.2, 0.3),
}  # fmt: skip
PARTITIONS, CELLS, SLOT, MATURE = 8, 20_000, 900, 30
FIRST = int(datetime(2026, 3, 2, 10, tzinfo=UTC).timestamp())
STAGES = ("read", "each once", "score", "judge", "select", "tables", "files")


class Operator:
    """An archive with one slot of records after the other."""

    def __init__(self, root: Path, subjects: int) -> None:
        self.settings = Settings.model_validate(
            {
                "operator": {"learn_until": "2026-01-01T00:00:00Z", "slot_minutes": SLOT // 60},
                "storage": {"archive": "archive", "ledger": "sqlite:///ledger.db", "snapshot_slots": 1_000_000},
                "assess": {"catalogue": str(shipped("services.toml"))},
                "engine": {
                    "rooms": "first", "partitions": PARTITIONS, "workers": 2, "delta_slots": 1_000_000,
                },
                "sources": [{
                    "name": "quality", "collector": "quality_files",
                    "options": {"path": ".", "arrival": {"column": "received_ts"}},
                }],
                "file": root / "cem.toml",
                "root": root,
            }
        )  # fmt: skip
        self.house = House.open(self.settings, lambda: datetime.fromtimestamp(FIRST + 90 * SLOT, UTC))
        names = pa.array([f"{i * 2654435761 % (1 << 60):015x}" for i in range(subjects)])
        where = partitions_of(names, PARTITIONS)
        self.names = [names.take(pa.array(np.flatnonzero(where == p))) for p in range(PARTITIONS)]
        kinds = np.where(np.arange(subjects) % 10 < 2, "thing", "user")
        inventory = pa.table(
            {"subject_id": names, "kind": kinds, "recorded_at": _times(np.full(subjects, FIRST - 9e5))}
        )
        self._register([self.house.archive.write_table("subjects", "subjects-1", inventory)], FIRST - 900_000)

    def write(self, slot: int, seed: int) -> list[Path]:
        """The records of one slot."""
        files = []
        for p, names in enumerate(self.names):
            table = _records(names, slot, np.random.default_rng((seed, p)))
            files.append(
                self.house.archive.write_table("quality", tagged(f"q-{slot}", p, PARTITIONS), table, large=True)
            )
        self._register(files, slot + SLOT + 120)
        return [self.house.archive.root / f.path for f in files]

    def _register(self, files: list[Any], at: int) -> None:
        with self.house.ledger.begin() as tx:
            for f in files:
                tx.register_file(f)


def _records(names: pa.Array, slot: int, rng: np.random.Generator, sick: float = 0.01) -> pa.Table:
    """Every subject of a partition on every service, in any order; a share of them has a bad time."""
    n = len(names) * len(SERVICES)
    order = rng.permutation(n)
    subject, service = order // len(SERVICES), order % len(SERVICES)
    cells = pa.array([f"CELL-{c:06d}" for c in range(CELLS)])
    columns: dict[str, Any] = {
        "slot": _times(np.full(n, slot)),
        "recorded_at": _times(slot + SLOT + rng.integers(0, 120, n)),
        "subject_id": pa.DictionaryArray.from_arrays(pa.array(subject.astype(np.int32)), names),
        "service": pa.DictionaryArray.from_arrays(pa.array(service.astype(np.int32)), pa.array(SERVICES)),
        "resource_id": pa.DictionaryArray.from_arrays(pa.array((subject * 7919 % CELLS).astype(np.int32)), cells),
        "sessions": pa.array(rng.integers(1, 9, n).astype(np.float32)),
    }
    for kqi, of in KQIS.items():
        none = ~np.isin(service, [SERVICES.index(s) for s in of])
        values = _values(kqi, n, rng)
        if kqi in ("latency_ms", "startup_s", "stall_ratio", "loss_pct"):
            values = np.where(subject < sick * len(names), values * 6, values).astype(np.float32)
        columns[kqi] = pa.array(values, mask=none)
    return pa.table(columns)


def _values(kqi: str, n: int, rng: np.random.Generator) -> Any:
    if kqi in TYPICAL:
        middle, width = TYPICAL[kqi]
        return np.round(middle * np.exp(width * rng.standard_normal(n)), 3).astype(np.float32)
    if kqi == "mos":
        return np.clip(np.round(4.1 + 0.2 * rng.standard_normal(n), 2), 1, 5).astype(np.float32)
    return np.where(rng.random(n) < 0.97, 1.0, np.round(rng.random(n), 2)).astype(np.float32)


def _times(seconds: Any) -> pa.Array:
    return pa.array(np.asarray(seconds, np.int64) * 1_000_000).cast(pa.timestamp("us", tz="UTC"))


@dataclass(frozen=True)
class Grow:
    """A slot of scores for every series of a partition."""

    slot: int
    names: tuple[Any, Any]
    shared: Mapping[str, Any]


def grow(resident: partitions.Resident, task: Grow) -> tuple[partitions.Resident, partition.Answer]:
    """Give every series of a partition a value, without files."""
    state, rng = resident.state, np.random.default_rng((task.slot, resident.recipe.number))
    subject = np.repeat(state.subjects.add(*task.names), len(SERVICES))
    service = np.tile(np.arange(len(SERVICES), dtype=np.int32), len(subject) // len(SERVICES))
    series = state.number(subject, service).astype(np.int64)
    if task.shared:
        state.detector = state.detector.set_shared(task.shared)  # type: ignore[attr-defined]
    usual = _usual(resident, task.names)
    x = usual[rng.permutation(len(usual))].ravel()
    hour = np.full(len(series), task.slot // 3600 % 168, np.int32)
    state.detector, surprise, _, tally = partition.judged(
        state.detector, task.slot, series, x, service * 2, hour, np.zeros(0, np.bool_)
    )
    return resident, partition.Answer(discovery.histogram(surprise), tally, {"series": len(series)})


def _usual(resident: partitions.Resident, names: tuple[Any, Any]) -> Any:
    """Scores of one slot of records (subjects, services); float32."""
    number = resident.recipe.number
    if number not in _USUAL:
        rng = np.random.default_rng((7, number))
        table = _records(to_texts(*names), 0, rng, sick=0)
        rows = resident.reader._table(resident.state, table, None, Due(0, SLOT, 0, 0, 0, 0))
        found = partition.score(rows, resident.tools.catalogue, resident.tools.models, resident.state.population())
        place = rows.subject.astype(np.int64) * 64 + rows.service
        _USUAL[number] = found.score[np.argsort(place)].reshape(-1, len(SERVICES))
    return _USUAL[number]


_USUAL: dict[int, Any] = {}


class Clocks:
    """CPU seconds by stage, of the thread that runs it, summed over partitions."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = dict.fromkeys(STAGES, 0.0)
        self._lock = threading.Lock()

    @contextmanager
    def around(self, *places: tuple[Any, str, str]) -> Iterator[None]:
        """Time the functions at (owner, name, stage) while the block runs."""
        before = [(owner, name, getattr(owner, name)) for owner, name, _ in places]
        for (owner, name, found), (_, _, stage) in zip(before, places, strict=True):
            setattr(owner, name, self._timed(found, stage))
        try:
            yield
        finally:
            for owner, name, found in before:
                setattr(owner, name, found)

    def _timed(self, fn: Callable[..., Any], stage: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            began = time.thread_time()
            try:
                return fn(*args, **kwargs)
            finally:
                with self._lock:
                    self.seconds[stage] += time.thread_time() - began

        return call


PLACES = (
    (Reader, "rows", "read"), (partition, "_each_once", "each once"), (partition, "score", "score"),
    (partition, "judged", "judge"), (partition, "select", "select"), (slot_tables, "scores", "tables"),
    (slot_tables, "degradations", "tables"), (Archive, "write_table", "files"),
)  # fmt: skip


def timed(work: Callable[[], Any]) -> tuple[float, float]:
    """(wall, CPU) seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def run(subjects: int, modes: tuple[bool, ...], rounds: int = 3) -> list[dict[str, Any]]:
    """The figures of each mode: with every row's score written, or degradations only."""
    with tempfile.TemporaryDirectory(prefix="tick-") as folder:
        operator = Operator(Path(folder), subjects)
        watching = Watching(operator.house)
        watching._restore()
        names = [buffers(n) for n in operator.names]
        for i in range(MATURE):
            slot, shared = FIRST - (MATURE - i) * SLOT, watching._centre.shared()
            answers = watching._engine.step(grow, [Grow(slot, n, shared) for n in names])
            watching._centre.take(answers)
        slots = iter(range(FIRST, FIRST + 100 * SLOT, SLOT))
        _round(operator, watching, next(slots))  # compiles what there is to compile, and reads the inventory
        out = []
        for scores in modes:
            engine = operator.settings.engine.model_copy(update={"scores": scores})
            watching._house = replace(operator.house, settings=operator.settings.model_copy(update={"engine": engine}))
            found = [_round(operator, watching, next(slots)) for _ in range(rounds)]
            out.append(_figures(operator, found, scores, sum(a.counts["series"] for a in answers)))
        watching.close()
        operator.house.ledger.close()
        return out


def _round(
    operator: Operator, watching: Watching, slot: int
) -> tuple[dict[str, tuple[float, float]], dict[str, float]]:
    """((wall, CPU) of both reads and of the tick, CPU by stage) of one slot."""
    paths = operator.write(slot, slot)
    took = {
        "plain": timed(lambda: [pq.read_table(p, columns=COLUMNS) for p in paths]),
        "dictionary": timed(lambda: [_read(p) for p in paths]),
    }
    clocks = Clocks()
    with clocks.around(*PLACES):
        took["tick"] = timed(lambda: watching.advance(datetime.fromtimestamp(slot + SLOT + 301, UTC)))
    return took, clocks.seconds


def _figures(operator: Operator, found: list[Any], scores: bool, series: int) -> dict[str, Any]:
    best = {k: [min(took[k][j] for took, _ in found) for j in (0, 1)] for k in ("plain", "dictionary", "tick")}
    counts = operator.house.ledger.ticks()[-1].counts
    return {
        "rows": counts["rows"], "degraded": counts["degraded"], "below": counts["below"], "series": series,
        "scores_written": scores, "columns": COLUMNS,
        **{f"{k}_{w}_s": round(v[j], 3) for k, v in best.items() for j, w in enumerate(("wall", "cpu"))},
        **{f"ratio_{k}_{w}": round(best["tick"][j] / best[k][j], 2)
           for k in ("plain", "dictionary") for j, w in enumerate(("wall", "cpu"))},
        "stage_cpu_s": {k: round(v, 3) for k, v in found[-1][1].items()},
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
    }  # fmt: skip


COLUMNS = ["recorded_at", "subject_id", "service", "resource_id", "sessions", *KQIS]
"""What the tick reads of a file that holds rows of its slot only."""


def _read(path: Path) -> pa.Table:
    with pq.ParquetFile(path, read_dictionary=["subject_id", "service", "resource_id"]) as file:
        return file.read(columns=COLUMNS)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subjects", type=int, default=1_000_000)
    parser.add_argument("--goal", type=float, default=4.0, help="times the plain read that the tick may take (wall)")
    parser.add_argument("--memory", type=float, default=3.0, help="GB that the process may take")
    parser.add_argument("--no-scores", action="store_true", help="write degradations only")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    args = parser.parse_args()
    figures = run(args.subjects, (False,) if args.no_scores else (False, True))
    for f in figures:
        print(f"{'with every score' if f['scores_written'] else 'degradations only'}: {f['rows']:,} rows, "
              f"{f['degraded']:,} degraded, peak {f['peak_gb']} GB")  # fmt: skip
        for what in ("plain", "dictionary", "tick"):
            ratio = (
                ""
                if what == "tick"
                else f"   tick / read: {f[f'ratio_{what}_wall']} wall, {f[f'ratio_{what}_cpu']} CPU"
            )
            print(f"  {what:<12}{f[f'{what}_wall_s']:>8} s wall{f[f'{what}_cpu_s']:>8} s CPU{ratio}")
        print(
            "  CPU by stage (without pyarrow's own threads): "
            + ", ".join(f"{k} {v}" for k, v in f["stage_cpu_s"].items())
        )
    if args.json:
        args.json.write_text(json.dumps({"benchmark": "tick", "goal": args.goal, "figures": figures}, indent=1) + "\n")
    reached = all(f["ratio_plain_wall"] <= args.goal and f["peak_gb"] <= args.memory for f in figures)
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
