"""What steps changed: deltas of the state between snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.anomaly.seasonal import state

Array = NDArray[Any]
LOG = 256
"""Steps of which is known which hours of own seasons they learned; over more, a delta holds all hours."""


def logged(log: Mapping[str, Array], number: int, touched: NDArray[np.bool_]) -> dict[str, Array]:
    """The log with a step more: numbers of slots (LOG,), -1 = none, and own hours learned in them (LOG, 48)."""
    slots = log["slot"] if log else np.full(LOG, -1, np.int64)
    hours = log["hours"] if log else np.zeros((LOG, state.OWN), np.bool_)
    return {"slot": np.append(slots[1:], np.int64(number)), "hours": np.concatenate([hours[1:], touched[None]])}


def delta(series: Mapping[str, Array], log: Mapping[str, Array], since: int, now: int) -> dict[str, Array]:
    """Rows stepped in slot `since` (the values held from then may have been masked) and later, with what they are."""
    age = (now - series["last"].astype(np.int64)) & 0xFFFF
    rows = np.flatnonzero(age <= now - since)
    known = log["slot"][0] == -1 or log["slot"][0] <= since
    hours = log["hours"][log["slot"] > since].any(axis=0) if known else np.ones(state.OWN, np.bool_)
    own = np.flatnonzero(hours)
    out = {f"series/{k}": v[rows] for k, v in series.items() if k != "own"}
    return {**out, "rows": rows, "own": series["own"][np.ix_(own, rows)], "own_hours": own,
            "size": np.array([state.size(series)])}  # fmt: skip


def applied(series: Mapping[str, Array], change: Mapping[str, Array], before: int, now: int) -> dict[str, Array]:
    """New series after the change, `before` and `now` being the slots' numbers."""
    out = state.copied(state.grown(series, int(change["size"][0])))
    state.scrub(out, before, now)
    rows = change["rows"]
    for name in state.SERIES:
        out[name][rows] = change[f"series/{name}"]
    out["own"][np.ix_(change["own_hours"], rows)] = change["own"]
    return out
