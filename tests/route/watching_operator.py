"""A handful of subjects with records of some hours, in real files, for the tests of the national mode."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cemcore import Cem
from cemcore.settings import Settings, shipped

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
SLOTS, SUBJECTS = 40, 60
SERVICES = ("voice", "web")
SICK = ("SUB-0007", "SUB-0011", "SUB-0023")
"""Whose pages take three times as long in the last hours."""
SICK_FROM = 34


def records(slots: int = SLOTS, seed: int = 3) -> pd.DataFrame:
    """Two services of every subject in every slot; a few come late, a few twice."""
    rng = np.random.default_rng(seed)
    subject = np.tile(np.repeat(np.arange(SUBJECTS), 2), slots)
    slot = np.repeat(np.arange(slots), 2 * SUBJECTS)
    n = len(slot)
    service = np.array(SERVICES)[np.tile([0, 1], slots * SUBJECTS)]
    voice = service == "voice"
    frame = pd.DataFrame(
        {
            "slot": [START + timedelta(minutes=15 * int(s)) for s in slot],
            "subject_id": [f"SUB-{s:04d}" for s in subject],
            "service": service,
            "resource_id": [f"CELL-{s % 7}" for s in subject],
            "sessions": rng.integers(1, 9, n).astype(float),
            "latency_ms": np.where(voice, 60 * np.exp(0.1 * rng.standard_normal(n)), np.nan),
            "jitter_ms": np.where(voice, 5 * np.exp(0.2 * rng.standard_normal(n)), np.nan),
            "loss_pct": np.where(voice, 0.2 * np.exp(0.3 * rng.standard_normal(n)), np.nan),
            "setup_success_ratio": 1.0,
            "startup_s": np.where(voice, np.nan, (1.2 + subject / 80) * np.exp(0.1 * rng.standard_normal(n))),
            "throughput_mbps": np.where(voice, np.nan, 25 * np.exp(0.2 * rng.standard_normal(n))),
        }
    )
    sick = frame["subject_id"].isin(SICK) & (slot >= SICK_FROM)
    frame.loc[sick, "startup_s"] *= 3
    wait = pd.to_timedelta(np.where(rng.random(n) < 0.03, 3000, 930 + rng.integers(0, 200, n)), unit="s")
    frame["received_ts"] = frame["slot"] + wait
    again = frame[rng.random(n) < 0.02]
    twice = again.assign(latency_ms=again["latency_ms"] * 9, received_ts=again["received_ts"] + pd.Timedelta("40min"))
    return pd.concat([frame, twice], ignore_index=True)


def lay_down(folder: Path, frame: pd.DataFrame | None = None) -> Path:
    """Write an operator's folder: quality records by hour of arrival, and the subjects."""
    frame = records() if frame is None else frame
    (folder / "quality").mkdir(parents=True)
    for hour, part in frame.groupby(frame["received_ts"].dt.floor("h")):
        part.to_parquet(folder / "quality" / f"q-{hour:%Y%m%dT%H}.parquet")
    (folder / "inventory").mkdir()
    kinds = ["thing" if i % 5 == 0 else "user" for i in range(SUBJECTS)]
    names = [f"SUB-{i:04d}" for i in range(SUBJECTS)]
    pd.DataFrame({"subject_id": names, "kind": kinds}).to_csv(folder / "inventory" / "subjects.csv", index=False)
    return folder


def settings(folder: Path, state: Path, **engine: Any) -> Settings:
    """Settings for that folder, with archive and ledger in `state`."""
    state.mkdir(parents=True, exist_ok=True)
    sources: list[Mapping[str, Any]] = [
        {
            "name": "subjects", "collector": "inventory_files",
            "options": {"feed": "subjects", "path": str(folder / "inventory"), "pattern": "subjects.csv",
                        "quiet_s": 0},
        },
        {
            "name": "quality", "collector": "quality_files",
            "options": {"path": str(folder / "quality"), "quiet_s": 0, "arrival": {"column": "received_ts"}},
        },
    ]  # fmt: skip
    return Settings.model_validate(
        {
            "operator": {"learn_until": (START + timedelta(hours=6)).isoformat()},
            "storage": {"archive": "archive", "ledger": "sqlite:///ledger.db", "snapshot_slots": 12},
            "assess": {"catalogue": str(shipped("services.toml"))},
            "engine": {"rooms": "first", "partitions": 2, **engine},
            "sources": sources,
            "file": state / "cem.toml",
            "root": state,
        }
    )


def end(slots: int = SLOTS) -> datetime:
    """When the last slot has settled."""
    return START + timedelta(minutes=15 * slots + 5)


def assessed(folder: Path, state: Path, until: datetime | None = None, **engine: Any) -> Path:
    """Collect and assess; the state."""
    with Cem.open(settings(folder, state, **engine), clock=end) as cem:
        cem.collect()
        cem.assess(until=until)
    return state


def contents(folder: Path, state: Path, **engine: Any) -> dict[str, Any]:
    """What was committed, however it is laid out in files."""
    with Cem.open(settings(folder, state, **engine), clock=end) as cem:
        ledger = cem.house.ledger
        out: dict[str, Any] = {"ticks": [(t.slot, t.known_at, t.learning, dict(t.counts)) for t in ledger.ticks()]}
        out["watermarks"] = [ledger.watermark(n) for n in ("slot", "known_at")]
        for feed in ("quality", "scores", "degradations"):
            frame = cem.house.archive.read(ledger.files(feed))
            by = [c for c in ("slot", "service", "subject_id", "key", "recorded_at") if c in frame]
            out[feed] = frame.sort_values(by, kind="stable").reset_index(drop=True)
        return out


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """What two contents disagree about, to the last bit."""
    out = [k for k in ("ticks", "watermarks") if one[k] != other[k]]
    return out + [k for k in ("quality", "scores", "degradations") if not one[k].equals(other[k])]
