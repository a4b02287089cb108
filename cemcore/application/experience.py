"""Experience over time: of a subject, a customer, a segment; and why a score was what it was."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd

from cemcore.application import versions
from cemcore.application.arrivals import Qualities
from cemcore.application.house import House
from cemcore.catalogue import Catalogue
from cemcore.domain import Feed
from cemcore.errors import NotFoundError
from cemcore.panel import QualityRows
from cemcore.pipeline import profiles, scoring
from cemcore.storage import as_known
from cemcore.topology import grown

_KEY = ["slot", "subject_id", "service"]
SAME = 0.05
"""Points by which two computations of one score may differ: the archive keeps them as float32."""


def scores(
    house: House,
    start: datetime,
    end: datetime,
    *,
    subject: str | None = None,
    customer: str | None = None,
    segment: str | None = None,
    service: str | None = None,
    as_of: datetime | None = None,
) -> pd.DataFrame:
    """Score rows with slots in [start, end), one a (slot, subject, service), by slot; filters add up.

    Raises NotFoundError for a subject, customer or segment that the inventory does not know.
    """
    wanted = _subjects(house, subject, customer, segment)
    slots = int(start.timestamp()), int(end.timestamp())
    recorded = (None, int(as_of.timestamp())) if as_of is not None else None
    frame = house.archive.read(
        house.ledger.files("scores", slots=slots, recorded=recorded), slots=slots, recorded=recorded
    )
    if frame.empty:
        return frame
    if wanted is not None:
        frame = frame[frame["subject_id"].isin(wanted)]
    if service is not None:
        frame = frame[frame["service"] == service]
    return as_known(frame, _KEY).sort_values(_KEY, kind="stable").reset_index(drop=True)


def explain(house: House, subject: str, service: str, slot: datetime) -> list[str]:
    """Lines that say what a score was made of: what each indicator cost, what was expected, and how sure that is.

    Computed once more from the record, with the catalogue and the inventory of that time.
    """
    seconds = house.settings.operator.slot_seconds
    start = int(slot.timestamp()) // seconds * seconds
    moment = datetime.fromtimestamp(start, UTC)
    rows = scores(house, moment, datetime.fromtimestamp(start + seconds, UTC), subject=subject, service=service)
    if rows.empty:
        raise NotFoundError(f"no record of {subject} on {service} in the slot of {moment.isoformat()}")
    row = rows.iloc[-1]
    by = versions.scorers(house, row.get("catalogue"))
    record = _record(house, by.catalogue, subject, service, start)
    world, codes = house.worlds.at(int(row["recorded_at"].timestamp())), house.registry.codes
    people = grown(world.population, len(codes("subject")))
    scored = scoring.score(record, by.catalogue, by.models, people, profiles.codings(codes))
    lines = [f"{subject}, slot {moment.isoformat()}", *scoring.explain_row(record, scored, by.catalogue, 0)]
    lines += _versions(house, by)
    if pd.notna(row["score"]) and not abs(float(scored.score[0]) - float(row["score"])) <= SAME:
        lines.append(f"the archive has {float(row['score']):.1f}: what it was scored from has changed since")
    if pd.isna(row["habit_surprise"]):
        lines.append("habit: too young to say")
    else:
        lines.append(
            f"habit: {row['habit_z']:+.1f} spreads from its own normal, surprise {row['habit_surprise']:.1f} "
            f"(1 in {10 ** float(row['habit_surprise']):,.0f} rows is this bad)"
        )
    if pd.notna(row["problem_id"]):
        lines.append(f"explained by problem {row['problem_id']}")
    return lines


def _versions(house: House, by: versions.Scorers) -> list[str]:
    """By which catalogue and models it was scored, where that is not what scores today."""
    today = versions.stamp(house.catalogue)
    if not by.kept:
        return [f"older than the record of catalogues: computed with today's, {today}"]
    lines = [f"scored by catalogue {by.stamp}, {', '.join(by.plugins)}"]
    if by.stamp != today:
        lines.append(f"today's catalogue is {today}")
    if by.changed:
        lines.append(f"computed with today's version of {', '.join(p.split()[0] for p in by.changed)}")
    return lines


def _record(house: House, catalogue: Catalogue, subject: str, service: str, slot: int) -> QualityRows:
    """The quality record behind a score, as first known: the score is computed from it once more."""
    slots = (slot, slot + house.settings.operator.slot_seconds)
    frame = house.archive.read(house.ledger.files(str(Feed.QUALITY), slots=slots), slots=slots)
    mine = frame[(frame["subject_id"] == subject) & (frame["service"] == service)]
    resources = house.registry.codes("resource").find
    rows, _ = Qualities(catalogue, house.registry, resources, 0).rows(mine)
    if not len(rows):
        raise NotFoundError(f"the record of {subject} on {service} is no longer kept (retention)")
    return rows


def _subjects(house: House, subject: str | None, customer: str | None, segment: str | None) -> set[str] | None:
    """Subjects that all the filters leave; None = everybody."""
    if subject is None and customer is None and segment is None:
        return None
    frames = house.worlds.newest().frames
    subjects, customers = frames[Feed.SUBJECTS], frames[Feed.CUSTOMERS]
    chosen = subjects
    if subject is not None:
        chosen = chosen[chosen["subject_id"] == subject]
        if chosen.empty:
            raise NotFoundError(f"no subject {subject} in the inventory")
    if customer is not None:
        if not (customers["customer_id"] == customer).any():
            raise NotFoundError(f"no customer {customer} in the inventory")
        chosen = chosen[chosen["customer_id"] == customer]
    if segment is not None:
        declared = customers["segment"].fillna("(undeclared)")
        if not (declared == segment).any():
            raise NotFoundError(f"no segment {segment}; there are {', '.join(sorted(set(declared)))}")
        chosen = chosen[chosen["customer_id"].isin(customers.loc[declared == segment, "customer_id"])]
    return set(chosen["subject_id"])
