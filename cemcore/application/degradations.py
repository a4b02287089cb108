"""Degradations in the archive: written a row a slot while they last, read as episodes."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from cemcore.application.house import House
from cemcore.panel import Int64
from cemcore.pipeline.watching import SERIES, WHATS, Findings

SUBJECT = "subject"
"""Level of the rows of room two: one (slot, service, subject) each."""
COLUMNS = ["level", "what", "service", "key", "begin", "end", "last", "depth", "surprise", "slots"]
KINDS = ("user", "thing")
_RESOURCES = ("access resource", "gateway")
_FAMILY = {"sleeping": "missing usage"}


def frame(house: House, findings: Findings, slot: int, known_at: int) -> pd.DataFrame:
    """Rows of the feed `degradations` for the findings of a slot: end is missing while they last."""
    rows = findings.rows
    services = [*house.catalogue.services, None]
    keys = np.full(len(rows), None, dtype=object)
    for level in np.unique(rows.level):
        of = rows.level == level
        keys[of] = _keys(house, findings.levels[level], rows.key[of])
    return pd.DataFrame(
        {
            "slot": np.full(len(rows), slot, np.int64),
            "recorded_at": np.full(len(rows), known_at, np.int64),
            "service": pd.array([services[s] for s in rows.service], dtype="str"),
            "level": pd.array([findings.levels[i] for i in rows.level], dtype="str"),
            "key": pd.array(keys, dtype="str"),
            "depth": rows.depth,
            "surprise": rows.surprise,
            "z": np.where(rows.what == 0, rows.depth, np.float32(np.nan)).astype(np.float32),
            "what": pd.array([WHATS[w] for w in rows.what], dtype="str"),
            "begin": pd.to_datetime(rows.begin, unit="s", utc=True),
            "end": pd.to_datetime(pd.Series(rows.end).where(rows.end > 0), unit="s", utc=True).to_numpy(),
        }
    ).assign(end=lambda f: pd.to_datetime(f["end"], utc=True))


def lately(house: House, during: tuple[datetime, datetime] | None = None) -> tuple[datetime, datetime]:
    """The period asked for; else the last 24 hours of what is known."""
    now = house.known_now()
    return during or (now - timedelta(days=1), now)


def degradations(
    house: House,
    during: tuple[datetime, datetime],
    level: str | None = None,
    service: str | None = None,
    as_of: datetime | None = None,
) -> pd.DataFrame:
    """Episodes that have a slot in [during), the strongest first: `COLUMNS`; end missing while one lasts, last = its
    newest slot, depth the mean, surprise the greatest, slots = rows. `level` and `service` narrow.
    """
    slots = int(during[0].timestamp()), int(during[1].timestamp())
    recorded = (None, int(as_of.timestamp())) if as_of is not None else None
    rows = house.archive.read(
        house.ledger.files("degradations", slots=slots, recorded=recorded), slots=slots, recorded=recorded
    )
    if rows.empty:
        return pd.DataFrame(columns=COLUMNS)
    if level is not None:
        rows = rows[rows["level"] == level]
    if service is not None:
        rows = rows[rows["service"] == service]
    for name in ("what", "begin", "end"):
        if name not in rows:
            rows = rows.assign(**{name: None})
    rows = rows.assign(what=rows["what"].astype(object).where(rows["what"].notna(), WHATS[0]))
    single = rows["level"] == SUBJECT
    length = pd.Timedelta(seconds=house.settings.operator.slot_seconds)
    parts = [p for p in (_folded(rows[~single]), _joined(rows[single], length)) if len(p)]
    if not parts:
        return pd.DataFrame(columns=COLUMNS)
    found = pd.concat(parts, ignore_index=True)[COLUMNS]
    order = ["surprise", "begin", "level", "key", "service"]
    return found.sort_values(order, ascending=[False] + [True] * 4, kind="stable").reset_index(drop=True)


def a_day(counts: list[tuple[int, dict[str, int]]], prefix: str) -> dict[str, float]:
    """Episodes that ended, by level, a day of the last seven: counts = (slot [s], tallies) of ticks, oldest first."""
    if not counts:
        return {}
    newest = counts[-1][0]
    recent = [(s, c) for s, c in counts if s > newest - 7 * 86_400]
    days = max((newest - recent[0][0]) / 86_400, 1 / 24)
    total: dict[str, float] = {}
    for _, tally in recent:
        for name, n in tally.items():
            if name.startswith(prefix):
                total[name.removeprefix(prefix)] = total.get(name.removeprefix(prefix), 0) + n
    return {name: n / days for name, n in sorted(total.items())}


def _keys(house: House, level: str, codes: Int64) -> list[str | None]:
    services = house.catalogue.services
    if level == "service":
        return [services[c] for c in codes]
    if level == "cohort":
        return [f"{services[c // 2]} / {KINDS[c % 2]}" for c in codes]
    coding = "subject" if level == SERIES else "resource" if level in _RESOURCES else f"attribute:{level}"
    texts = house.registry.codes(coding).texts
    return [texts[c] for c in codes]


def _folded(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows that know the begin of their episode, one line an episode."""
    if rows.empty:
        return pd.DataFrame(columns=COLUMNS)
    rows = rows.assign(family=rows["what"].replace(_FAMILY), asleep=rows["what"] == "sleeping")
    by = ["family", "level", "service", "key", "begin"]
    g = rows.sort_values("slot", kind="stable").groupby(by, dropna=False, observed=True)
    found = g.agg(
        end=("end", "max"), last=("slot", "max"), depth=("depth", "mean"), surprise=("surprise", "max"),
        slots=("slot", "size"), asleep=("asleep", "any"),
    ).reset_index()  # fmt: skip
    return found.assign(what=found["family"].where(~found["asleep"], "sleeping"))


def _joined(rows: pd.DataFrame, length: pd.Timedelta) -> pd.DataFrame:
    """Rows of single slots: those in a row (at most one slot between) are one episode."""
    if rows.empty:
        return pd.DataFrame(columns=COLUMNS)
    by = ["what", "level", "service", "key"]
    rows = rows.sort_values([*by, "slot"], kind="stable")
    apart = rows.groupby(by, observed=True)["slot"].diff() > 2 * length
    g = rows.assign(run=apart.cumsum()).groupby([*by, "run"], observed=True)
    found = g.agg(
        begin=("slot", "min"), last=("slot", "max"), depth=("depth", "mean"), surprise=("surprise", "max"),
        slots=("slot", "size"),
    ).reset_index()  # fmt: skip
    return found.assign(end=found["last"] + length)
