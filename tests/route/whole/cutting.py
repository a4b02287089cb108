"""Cuts an operator's folder at a time: what had not arrived by then is taken out of the files themselves."""

from __future__ import annotations

import json
import re
import shutil
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd


def cut(folder: Path, at: datetime, to: Path) -> Path:
    """A copy of `folder` that holds only what had arrived at `at`."""
    for name in ("inventory", "operator.json"):
        source = folder / name
        shutil.copytree(source, to / name) if source.is_dir() else shutil.copy(source, _parent(to / name))
    for path in sorted(folder.glob("quality/*/*.parquet")):
        frame = pd.read_parquet(path)
        kept = frame[frame["received_ts"] <= at]
        if len(kept):
            kept.to_parquet(_parent(to / path.relative_to(folder)))
    for path in sorted(folder.glob("pm/*/*")):
        if _pm_arrival(path) <= at:
            shutil.copy(path, _parent(to / path.relative_to(folder)))
    for path in sorted(folder.glob("kpi/*.csv")):
        frame = pd.read_csv(path, dtype="str", keep_default_na=False)
        kept = frame[pd.to_datetime(frame["ts"], utc=True) + timedelta(minutes=16) <= at]
        if len(kept):
            kept.to_csv(_parent(to / path.relative_to(folder)), index=False)
    for path in sorted(folder.glob("alarms/*.jsonl")):
        lines = [line for line in path.read_text().splitlines() if _moment(json.loads(line)["alarmChangedTime"]) <= at]
        _parent(to / path.relative_to(folder)).write_text("".join(f"{line}\n" for line in lines))
    works = [
        _work(w, at) for w in json.loads((folder / "planned_work.json").read_text()) if _moment(w["requestDate"]) <= at
    ]
    (to / "planned_work.json").write_text(json.dumps(works))
    return to


def _work(work: dict[str, object], at: datetime) -> dict[str, object]:
    """A work with the actual times that were past; its status is that of the last of them."""
    started = "actualStartTime" in work and _moment(str(work["actualStartTime"])) <= at
    ended = "actualEndTime" in work and _moment(str(work["actualEndTime"])) <= at
    out = {k: v for k, v in work.items() if k not in ("actualStartTime", "actualEndTime")}
    if started:
        out["actualStartTime"] = work["actualStartTime"]
    if ended:
        out["actualEndTime"] = work["actualEndTime"]
    if not ended:
        out["status"] = "inProgress" if started else "scheduled"
    return out


def _pm_arrival(path: Path) -> datetime:
    """5 minutes after the end of the last period that a file holds; 10 where it holds several."""
    data = zlib.decompressobj(31).decompress(path.read_bytes())  # some files are cut themselves
    ends = {_moment(m.decode()) for m in re.findall(rb'granPeriod[^>]*endTime="([^"]+)"', data)}
    return max(ends, default=datetime.min.replace(tzinfo=UTC)) + timedelta(minutes=5 if len(ends) == 1 else 10)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _parent(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


__all__ = ["cut"]
