"""Who lost how much under which problem, read back from the archive: as known at a time, over any slots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from cemcore.application.house import House
from cemcore.application.queries import AT_RISK, members
from cemcore.domain import ServiceProblem, State
from cemcore.panel import Int32, Int64
from cemcore.pipeline import impact as room
from cemcore.pipeline.impact import NO_PROBLEM, Attribution, Members, Tally

_READ = ["slot", "recorded_at", "problem_id", "service", "subject_id", "bad_minutes", "depth"]
BEFORE_S = 2 * 86_400
"""Bad minutes may lie so long before a problem's onset: rows that it took before its onset was moved."""

_STATES = {str(State.DEGRADED): room.AFFECTED, str(State.UNKNOWN): room.UNKNOWN, AT_RISK: room.AT_RISK}


@dataclass(frozen=True)
class Attributed:
    """Bad minutes as last told, each (slot, subject, service) by one tick: `rows`, whose problems index `ids`; -1 =
    none (chronic, or nothing explains them).
    """

    ids: tuple[str, ...]
    rows: Attribution

    def lines(self, problem_id: str) -> Attribution:
        """The lines of one problem."""
        at = self.ids.index(problem_id) if problem_id in self.ids else NO_PROBLEM - 1
        return self.rows.take(self.rows.problem == at)

    def of(self, problem_id: str) -> Tally:
        """Sums of one problem by (subject, service)."""
        return summed(self.lines(problem_id))

    def any(self) -> Tally:
        """Sums of what is some problem's."""
        return summed(self.rows.take(self.rows.problem != NO_PROBLEM))

    def none(self) -> Tally:
        """Sums of what is no problem's."""
        return summed(self.rows.take(self.rows.problem == NO_PROBLEM))


def read(
    house: House, slots: tuple[int, int] | None, as_of: datetime | None, survivors: Mapping[str, str] | None = None
) -> Attributed:
    """Bad minutes of slots[0] <= slot < slots[1] [s] as known at `as_of`.

    What a later tick says of a (slot, subject, service) replaces what earlier ones said. `survivors`: problem -> the
    problem it was merged into, whose the minutes are then.
    """
    recorded = None if as_of is None else (None, int(as_of.timestamp()))
    files = house.ledger.files("attribution", slots=slots, recorded=recorded)
    there = {c for f in files for c in house.archive.columns_of(f)}
    columns = [*_READ, "tick"] if "tick" in there else _READ
    frame = house.archive.read(files, columns=columns, slots=slots, recorded=recorded)
    if frame.empty:
        return Attributed((), Attribution.none())
    slot, said = _seconds(frame["slot"]), _seconds(frame["recorded_at"])
    subject = house.registry.codes("subject").find(frame["subject_id"])
    service = pd.Index(house.catalogue.services, dtype="str").get_indexer(pd.Index(frame["service"])).astype(np.int32)
    tick = frame["tick"].fillna(-1).to_numpy(np.int64) if "tick" in frame else np.full(len(frame), -1, np.int64)
    newest = _newest((slot, subject, service), (said, tick)) & (service >= 0) & (subject >= 0)
    problem = frame["problem_id"].astype("str")
    if survivors:
        problem = problem.map(lambda p: survivors.get(p, p), na_action="ignore").astype("str")
    code, ids = pd.factorize(problem[newest], sort=True)
    rows = Attribution(
        slot[newest],
        code.astype(np.int32),
        service[newest],
        subject[newest],
        frame["bad_minutes"].to_numpy(np.float32)[newest],
        frame["depth"].to_numpy(np.float32)[newest],
    )
    return Attributed(tuple(str(i) for i in ids), rows)


def span(during: tuple[datetime, datetime] | None, problems: Sequence[ServiceProblem]) -> tuple[int, int] | None:
    """Slots [s] to read: of the period, else all that the problems may have lost minutes in; None = every slot."""
    if during is not None:
        return int(during[0].timestamp()), int(during[1].timestamp())
    if not problems:
        return None
    return int(min(p.begin for p in problems).timestamp()) - BEFORE_S, np.iinfo(np.int64).max // 10**7


def survivors(problems: list[ServiceProblem]) -> dict[str, str]:
    """Merged problem -> the problem that it lives on in, at however many removes."""
    into = {p.problem_id: p.merged_into for p in problems if p.merged_into is not None}
    out = {}
    for first in into:
        seen, last = {first}, first
        while (after := into.get(last)) is not None and after not in seen:
            seen.add(after)
            last = after
        out[first] = last
    return out


def summed(rows: Attribution) -> Tally:
    """Sums over slots by (subject, service), of whichever problem."""
    frame = pd.DataFrame({"subject": rows.subject, "service": rows.service})
    frame["minutes"] = rows.bad_minutes.astype(np.float64)
    frame["depths"] = frame["minutes"] * rows.depth.astype(np.float64)
    by = frame.groupby(["subject", "service"], as_index=False, sort=True).sum()
    subject, service = by["subject"].to_numpy(np.int32), by["service"].to_numpy(np.int32)
    n = np.zeros(len(by), np.int32)
    return Tally(n, subject, service, by["minutes"].to_numpy(np.float64), by["depths"].to_numpy(np.float64))


def members_of(house: House, problem_ids: list[str], known: datetime | None) -> dict[str, Members]:
    """Members of each problem as of its newest revision known then: affected, unknown, at risk."""
    frame = members(house, known, problem_ids)
    subject = house.registry.codes("subject").find(frame["subject_id"])
    names = pd.Index(house.catalogue.services, dtype="str")
    service = names.get_indexer(pd.Index(frame["service"])).astype(np.int32)
    state = frame["state"].map(_STATES).fillna(-1).to_numpy(np.int8)
    fits = (subject >= 0) & (service >= 0) & (state >= 0)
    whose = frame["problem_id"].to_numpy(object)
    out = {}
    for i in problem_ids:
        of = fits & (whose == i)
        n = int(of.sum())
        out[i] = Members(np.zeros(n, np.int32), service[of], subject[of], state[of])
    return out


def _newest(key: tuple[Int64, Int32, Int32], told: tuple[Int64, Int64]) -> Int64:
    """Mask of the lines that belong to the last telling of their key; a telling is (known-time, tick)."""
    frame = pd.DataFrame(dict(zip(("a", "b", "c"), key, strict=True)))
    _, telling = np.unique(np.stack(told, axis=1), axis=0, return_inverse=True)
    frame["told"] = telling
    mask = frame["told"] == frame.groupby(["a", "b", "c"])["told"].transform("max")
    return mask.to_numpy()


def _seconds(times: pd.Series) -> Int64:
    return times.astype("datetime64[s, UTC]").astype("int64").to_numpy()
