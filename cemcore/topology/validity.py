"""Two times of the inventory: when something was so (valid), and when it became known (recorded).

A snapshot says what is so when it is recorded. What a source knows better stands in its own columns `valid_from` and
`valid_to`. Nothing is ever overwritten: asking again "as known then" gives the same answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cemcore.panel import Int64

ALWAYS, EVER = np.iinfo(np.int64).min, np.iinfo(np.int64).max
"""Valid since before anything was recorded; valid until something else is said [s]."""

TIMES = ("valid_from", "valid_to")
OWN = (*TIMES, "recorded_at", "source")
"""Columns that are not part of what a row says."""

SUCCESSION = ("from_id", "relation", "via")
"""Of connections: what a connection that is led elsewhere has in common with the one in its place."""


@dataclass(frozen=True)
class Snapshot:
    """One snapshot of one feed of one source: its rows, and when it was recorded [s]."""

    recorded: int
    rows: pd.DataFrame


@dataclass(frozen=True)
class Spans:
    """Rows of a feed with their spans of validity [begin, end) in s, and when each became known [s]."""

    rows: pd.DataFrame
    begin: Int64
    end: Int64
    recorded: Int64

    def at(self, valid: int) -> pd.DataFrame:
        """The rows that are valid at `valid` [s]."""
        return self.rows[(self.begin <= valid) & (valid < self.end)].reset_index(drop=True)

    @property
    def boundaries(self) -> Int64:
        """Times [s] at which what is valid changes, sorted."""
        return np.unique(np.concatenate([self.begin, self.end]))

    def frame(self) -> pd.DataFrame:
        """The rows with columns valid_from, valid_to (missing = open) and recorded_at."""
        times = {name: _times(values) for name, values in (("valid_from", self.begin), ("valid_to", self.end))}
        rows = self.rows.drop(columns=[c for c in OWN if c in self.rows]).reset_index(drop=True)
        return rows.assign(**times, recorded_at=_times(self.recorded))


def spans(snapshots: Sequence[Snapshot], key: Sequence[str]) -> Spans:
    """What was valid when, by comparing each snapshot with the next; `key` = columns that make two rows the same thing.

    A row is valid from the snapshot that first holds it (the first of all: since always) to the one that first lacks
    it. `valid_from` and `valid_to` of the newest snapshot that holds the row go before that. What replaces something
    with an earlier `valid_from` of its own ends it at that time.
    """
    if not snapshots:
        raise ValueError("no snapshot")
    table = pd.concat([s.rows for s in snapshots], ignore_index=True)
    number = np.repeat(np.arange(len(snapshots)), [len(s.rows) for s in snapshots])
    recorded = np.array([s.recorded for s in snapshots], np.int64)
    thing = _codes(table, key)
    said = _codes(table, [c for c in table if c not in OWN])
    stated = [_seconds(table[c]) if c in table else np.full(len(table), EVER) for c in TIMES]
    again = pd.Series(0, index=table.index).groupby([number, said]).cumcount().to_numpy()
    order = np.lexsort((number, again, said))
    step = _changes(said[order]) | _changes(again[order]) | (np.diff(number[order], prepend=-1) != 1)
    first = np.flatnonzero(step)
    last = np.append(first[1:], len(order)) - 1 if len(first) else first
    begins, ends = order[first], order[last]
    following = np.append(recorded, EVER)
    begin = np.where(
        stated[0][ends] != EVER, stated[0][ends], np.where(number[begins] == 0, ALWAYS, recorded[number[begins]])
    )
    end = np.where(stated[1][ends] != EVER, stated[1][ends], following[number[ends] + 1])
    runs = pd.DataFrame({"first": number[begins], "next": number[ends] + 1, "thing": thing[ends], "begin": begin})
    runs["own"] = stated[0][ends] != EVER
    for what in ("thing", "place"):
        if what == "place":
            if not set(SUCCESSION) <= set(table):
                continue
            runs["place"] = _codes(table, SUCCESSION)[ends]
        end = np.minimum(end, _succeeded(runs, what))
    known = begin < end
    place = np.argsort(ends[known], kind="stable")
    rows = table.iloc[ends[known][place]].reset_index(drop=True)
    return Spans(rows, begin[known][place], end[known][place], recorded[number[begins]][known][place])


def dated(snapshots: Sequence[Snapshot]) -> bool:
    """Whether any row says itself when it is valid."""
    return any(bool(s.rows[c].notna().any()) for s in snapshots for c in TIMES if c in s.rows)


def _succeeded(runs: pd.DataFrame, what: str) -> Int64:
    """When each run ends because the one that came in its place has begun earlier than it was recorded; EVER where
    that says nothing. Only where it is clear which one followed: one went, one came.
    """
    out = np.full(len(runs), EVER, np.int64)
    came = runs[runs["own"] & (runs["first"] > 0)]
    came = came[~came.duplicated([what, "first"], keep=False)].set_index([what, "first"])["begin"]
    gone = runs[["next", what]]
    alone = ~gone.duplicated(keep=False).to_numpy()
    found = came.reindex(pd.MultiIndex.from_frame(gone[[what, "next"]]))
    fits = found.notna().to_numpy() & alone
    out[fits] = found.to_numpy()[fits].astype(np.int64)
    return out


def _codes(table: pd.DataFrame, columns: Sequence[str]) -> Int64:
    """One number for each different line of these columns; missing values are alike."""
    codes = [pd.factorize(table[c], use_na_sentinel=False)[0] for c in columns if c in table]
    if not codes:
        return np.zeros(len(table), np.int64)
    return np.asarray(pd.factorize(pd.MultiIndex.from_arrays(codes))[0], np.int64)


def _changes(codes: Int64) -> Int64:
    return np.diff(codes, prepend=-1) != 0


def _seconds(times: pd.Series) -> Int64:
    """Times as epoch seconds, EVER where missing."""
    whole = times.isna().to_numpy()
    out = np.full(len(times), EVER, np.int64)
    out[~whole] = times[~whole].astype("datetime64[s, UTC]").astype("int64").to_numpy()
    return out


def _times(seconds: Int64) -> pd.Series:
    """Epoch seconds as times, ALWAYS and EVER as missing."""
    open_ended = (seconds == ALWAYS) | (seconds == EVER)
    times = pd.Series(pd.to_datetime(np.where(open_ended, 0, seconds), unit="s", utc=True)).astype(
        "datetime64[us, UTC]"
    )
    return times.mask(open_ended)
