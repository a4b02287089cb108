"""Where subjects are attached, as valid at one time and known at another: by attachments, and by who served them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from cemcore.application.house import House
from cemcore.application.world import World
from cemcore.domain import Feed
from cemcore.panel import Int32, Int64, Population

WHOLE = ""
"""An attachment of all services."""


@dataclass(frozen=True)
class Attached:
    """Attachments that count at a moment, one line a subject (and service, code -1 = all of them).

    place, gateway: positions of resources, -1 = detached, or not known; since: when they began [s].
    """

    subject: Int32
    service: Int32
    place: Int32
    gateway: Int32
    since: Int64

    def __len__(self) -> int:
        return len(self.subject)


def attached(house: House, world: World, valid: int, known: int) -> Attached:
    """Attachments as valid at `valid` [s] and known at `known` [s]: of each subject and service the newest one that had
    begun, as last recorded; one that has ended leaves the subject detached since its end.
    """
    recorded = (None, known)
    frame = house.archive.read(house.ledger.files(str(Feed.ATTACHMENTS), recorded=recorded), recorded=recorded)
    lines = newest(frame, valid)
    codes, index = house.registry.codes("subject"), world.topology.index
    services = pd.Index(house.catalogue.services, dtype="str")
    subject = codes.find(lines["subject_id"])
    lines, subject = lines[subject >= 0], subject[subject >= 0]
    here = ~lines["ended"].to_numpy(np.bool_)

    def positions(column: str) -> Int32:
        found = lines[column].map(index).fillna(-1).to_numpy(np.int32)
        return np.where(here, found, -1).astype(np.int32)

    return Attached(
        subject,
        services.get_indexer(pd.Index(lines["service"])).astype(np.int32),
        positions("resource_id"),
        positions("gateway_id"),
        lines["since"].to_numpy(np.int64),
    )


def anchored(population: Population, held: Attached) -> Population:
    """The population with the gateways that attachments name in place of the inventory's."""
    fits = (held.gateway >= 0) & (held.subject < len(population.kind))
    if not fits.any():
        return population
    gateway = population.pair_gateway.copy()
    for every in (True, False):
        at = np.flatnonzero(fits & ((held.service < 0) == every))
        if every:
            gateway[held.subject[at]] = np.where(gateway[held.subject[at]] >= 0, held.gateway[at][:, None], -1)
        else:
            gateway[held.subject[at], held.service[at]] = held.gateway[at]
    return replace(population, pair_gateway=gateway)


def newest(frame: pd.DataFrame, valid: int) -> pd.DataFrame:
    """The attachment of each (subject_id, service) that counts at `valid` [s]: `frame` of that contract with
    recorded_at, plus `since` [s] (its begin, or its end where it has ended) and `ended`.
    """
    if frame.empty:
        columns = ["subject_id", "service", "resource_id", "gateway_id"]
        nothing = pd.DataFrame({c: pd.Series([], dtype="str") for c in columns})
        return nothing.assign(since=np.zeros(0, np.int64), ended=np.zeros(0, np.bool_))
    begin, end = (_seconds(frame[c]) for c in ("valid_from", "valid_to"))
    lines = frame.assign(service=frame["service"].fillna(WHOLE), begin=begin, until=end)
    lines = lines[lines["begin"] <= valid].sort_values("recorded_at", kind="stable")
    lines = lines.drop_duplicates(["subject_id", "service", "begin"], keep="last")
    lines = lines.sort_values("begin", kind="stable").drop_duplicates(["subject_id", "service"], keep="last")
    ended = lines["until"] <= valid
    return lines.assign(ended=ended, since=lines["begin"].mask(ended, lines["until"])).reset_index(drop=True)


def _seconds(times: pd.Series) -> pd.Series:
    """Epoch seconds; missing = never."""
    known = times.notna()
    out = pd.Series(np.iinfo(np.int64).max, index=times.index)
    out[known] = times[known].astype("datetime64[s, UTC]").astype("int64")
    return out
