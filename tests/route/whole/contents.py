"""Archive and ledger as plain values, however their files are cut: what must be equal where two runs must agree."""

from __future__ import annotations

from typing import Any

import pandas as pd

from cemcore import Cem

DERIVED = ("scores", "degradations", "attribution", "memberships")
FEEDS = ("quality", "measurements", "alarms", "work", "resources", "connections", "services", "subjects", "customers")
ASIDE = ("quarantine", "unjoined")


def contents(cem: Cem) -> dict[str, Any]:
    """Every row of the archive and every line of the ledger, in an order of their own."""
    ledger = cem.house.ledger
    out: dict[str, Any] = {feed: rows_of(cem, feed) for feed in (*FEEDS, *ASIDE, *DERIVED)}
    out["batches"] = ledger.batches().drop(columns="recorded_at").sort_values("batch_id").to_dict("records")
    out["ticks"] = [(t.slot, t.known_at, t.learning, dict(t.counts)) for t in ledger.ticks()]
    out["revisions"] = [r for p in ledger.problems() for r in ledger.revisions(p.problem_id)]
    out["impacts"] = [ledger.impact(p.problem_id) for p in ledger.problems()]
    out["alarms"] = sorted(ledger.alarms(), key=lambda a: a.alarm_id)
    out["counts"] = ledger.counts().to_dict("records")
    out["codes"] = ledger.codes()
    out["watermarks"] = [ledger.watermark(n) for n in ("slot", "known_at")]
    return out


def rows_of(cem: Cem, feed: str) -> pd.DataFrame:
    """All registered rows of a feed, sorted by all their columns."""
    frame = cem.house.archive.read(cem.house.ledger.files(feed))
    if frame.empty:
        return frame
    frame = frame.astype({c: "str" for c in frame if frame[c].dtype == "category"})
    columns = sorted(frame.columns)
    return frame[columns].sort_values(columns, kind="stable").reset_index(drop=True)


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """What two contents disagree about; empty where they are equal."""
    out = []
    for name in one:
        a, b = one[name], other[name]
        if isinstance(a, pd.DataFrame):
            if len(a) != len(b) or not a.equals(b):
                out.append(f"{name}: {len(a)} and {len(b)} rows")
        elif a != b:
            out.append(f"{name}: {str(a)[:200]} != {str(b)[:200]}")
    return out
