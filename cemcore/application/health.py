"""State of the whole: feeds, learning, what was not understood; and the look before the start."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from cemcore import plugins
from cemcore.application import degradations
from cemcore.application.commit import BLIND
from cemcore.application.gather import settled_at
from cemcore.application.house import House, wall_clock
from cemcore.domain import Feed, Window
from cemcore.errors import CemError
from cemcore.pipeline.watching import FINDING
from cemcore.protocols import Collector
from cemcore.views import CheckLine, FeedHealth, HealthView

_JOINED = (Feed.MEASUREMENTS, Feed.ALARMS)
_LISTED = 12
FAILING_S = 3600
"""A source that failed within so long makes the whole "failing"."""


def health(house: House) -> HealthView:
    """State of feeds, learning and the whole, as of now."""
    ledger, now = house.ledger, house.clock().astimezone(UTC)
    watermark = ledger.watermark("slot")
    feeds = tuple(_feeds(house))
    learning = _learning(house, watermark)
    status = "ok"
    lately = ledger.counts(since=int(now.timestamp()) - FAILING_S)
    if (lately["name"] == "failures").any():
        status = "failing"
    elif learning:
        status = "learning"
    elif (
        watermark is None
        or settled_at(watermark, house.settings) + 3 * house.settings.operator.slot_seconds < now.timestamp()
    ):
        status = "late"
    ticks = ledger.ticks()
    return HealthView(
        status=status,
        now=now,
        watermark=None if watermark is None else datetime.fromtimestamp(watermark, UTC),
        ticks=len(ticks),
        open_problems=len(ledger.problems(open_only=True)),
        learning_until=learning,
        feeds=feeds,
        findings_a_day=degradations.a_day([(t.slot, dict(t.counts)) for t in ticks], FINDING),
        false_discovery=house.settings.assess.false_discovery,
        blind=_blind(ticks[-1].counts if ticks else {}),
        inventory_faults=tuple(str(f.text) for f in house.worlds.newest().topology.faults[:_LISTED]),
        assessor=ledger.holder("assessor", wall_clock()) or "",
    )


def check(house: House) -> list[CheckLine]:
    """Try everything that would run: settings and plug-ins are loaded by now, sources are asked, storage is written
    to.
    """
    lines = [
        CheckLine("settings", "ok", f"{house.settings.file}: {len(house.settings.sources)} sources"),
        CheckLine(
            "catalogue", "ok", f"{len(house.catalogue.services)} services: {', '.join(house.catalogue.services)}"
        ),
        CheckLine("ledger", "ok", house.settings.storage.ledger.split("@")[-1]),
        CheckLine("archive", "ok", str(house.archive.root)),
    ]
    for info in plugins.describe():
        bad = info.about.startswith("does not load")
        lines.append(CheckLine(f"plug-in {info.name}", "fail" if bad else "ok", info.about))
    now = house.clock()
    for name, collector in house.collectors.items():
        lines.append(_ask(name, collector, now))
    return lines


def _ask(name: str, collector: Collector, now: datetime) -> CheckLine:
    try:
        batches = sum(1 for _ in collector.collect(Window.until(now)))
    except CemError as e:
        return CheckLine(f"source {name}", "fail", str(e))
    if not batches:
        return CheckLine(f"source {name}", "warn", f"{collector.feed}: asked, nothing there")
    return CheckLine(f"source {name}", "ok", f"{collector.feed}: {batches} batches")


def _feeds(house: House) -> list[FeedHealth]:
    ledger = house.ledger
    counts, batches = ledger.counts(), ledger.batches()
    reasons = _summed(house, "quarantine", "reason", None)
    unjoined = _summed(house, "unjoined", "name", "rows")
    out = []
    for source in house.settings.sources:
        feed = house.collectors[source.name].feed
        mine = {
            str(r.name_): int(r.value)
            for r in counts[counts["source"] == source.name].rename(columns={"name": "name_"}).itertuples()
        }
        rows = mine.get("rows", 0)
        share = None if feed not in _JOINED or not rows else 1 - mine.get("unjoined", 0) / rows
        asked = ledger.watermark(f"collected:{source.name}")
        newest = [f.recorded_max for f in ledger.files(str(feed)) if f.recorded_max]
        out.append(
            FeedHealth(
                source=source.name,
                feed=str(feed),
                batches=int((batches["source"] == source.name).sum()),
                last_collected=None if asked is None else datetime.fromtimestamp(asked, UTC),
                newest_record=datetime.fromtimestamp(max(newest), UTC) if newest else None,
                counts=mine,
                reasons=reasons.get(source.name, {}),
                unjoined=unjoined.get(source.name, {}),
                joined_share=share,
            )
        )
    return out


def _summed(house: House, feed: str, column: str, weight: str | None) -> dict[str, dict[str, int]]:
    """Source -> (value of `column` -> rows, the most frequent ones)."""
    files = house.ledger.files(feed)
    if not files:
        return {}
    frame = house.archive.read(files, columns=["source", column] + ([weight] if weight else []))
    frame = frame.assign(n=frame[weight] if weight else 1)
    out: dict[str, dict[str, int]] = {}
    for source, part in frame.groupby("source", observed=True):
        top = part.groupby(column, observed=True)["n"].sum().sort_values(ascending=False, kind="stable")
        out[str(source)] = {str(k): int(v) for k, v in top.head(_LISTED).items()}
    return out


def _learning(house: House, watermark: int | None) -> dict[str, datetime]:
    starts = [f.slot_min for f in house.ledger.files("quality") if f.slot_min is not None]
    if not starts:
        return {}
    ends = house.settings.learning_ends(min(starts))
    if watermark is not None and watermark + house.settings.operator.slot_seconds >= ends:
        return {}
    return dict.fromkeys(house.catalogue.services, datetime.fromtimestamp(ends, UTC))


def _blind(counts: Mapping[str, int]) -> tuple[str, ...]:
    return tuple(sorted(name.removeprefix(BLIND) for name in counts if name.startswith(BLIND)))
