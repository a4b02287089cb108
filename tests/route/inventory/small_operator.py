"""A small operator whose inventory, records and alarms lie in folders; snapshots come at times of one's choosing."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cemcore.application.cem import Cem
from cemcore.settings import Settings, shipped

T = datetime(2025, 11, 8, 12, 0, tzinfo=UTC)
"""Noon of the day of the tests."""

FEEDS = ("resources", "connections", "services", "subjects", "customers")
SOURCE = """
[[sources]]
name = "{name}"
collector = "{collector}"
every_s = 3600
[sources.options]
path = "{name}"
pattern = "*.jsonl"
quiet_s = 0
{more}
"""


def rows(*lines: str) -> list[dict[str, str]]:
    """`a=1 b=2` -> {"a": "1", "b": "2"}, a line each."""
    return [dict(part.split("=", 1) for part in line.split()) for line in lines]


STOCK = {
    "resources": rows(
        *(
            f"resource_id={c} type=nr_cell region=NORTH dn=ManagedElement={c[:2]},NRCellDU={c[2:]}"
            for c in ("g1a", "g1b", "g2a", "g2b")
        ),
        *(f"resource_id={g} type=gnb region=NORTH dn=ManagedElement={g}" for g in ("g1", "g2")),
        "resource_id=r1 type=router region=NORTH",
        "resource_id=r2 type=router region=NORTH",
        "resource_id=core type=core_router",
        "resource_id=upf type=upf",
        "resource_id=dns type=dns_resolver",
    ),
    "connections": rows(
        *(f"from_id={c} to_id={c[:2]} relation=containedIn" for c in ("g1a", "g1b", "g2a", "g2b")),
        "from_id=g1 to_id=r1 relation=uplink",
        "from_id=g2 to_id=r2 relation=uplink",
        "from_id=r1 to_id=core relation=uplink",
        "from_id=r2 to_id=core relation=uplink",
        "from_id=upf to_id=core relation=uplink",
        "from_id=dns to_id=core relation=uplink",
    ),
    "services": rows(
        *(f"service_instance_id=i{k} subject_id=s{k} service=web gateway_id=upf endpoint_id=dns" for k in range(4))
    ),
    "subjects": rows(*(f"subject_id=s{k} kind=user subject_type=phone customer_id=c{k}" for k in range(4))),
    "customers": rows(*(f"customer_id=c{k} customer_type=household segment=consumer" for k in range(4))),
}

RECORDS = [("s0", "g1a", 60), ("s1", "g1a", 45), ("s2", "g2a", 30)]
"""(subject, serving cell, minutes before T)"""


class Operator:
    """The folder, and an opened Cem whose clock one sets."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now = folder, T
        self.stock = {feed: list(lines) for feed, lines in STOCK.items()}
        (folder / "services.toml").write_text(shipped("services.toml").read_text())
        sources = [SOURCE.format(name=f, collector="inventory_files", more=f'feed = "{f}"') for f in FEEDS]
        sources += [
            SOURCE.format(name="quality", collector="quality_files", more=""),
            SOURCE.format(name="attachments", collector="attachment_files", more=""),
            SOURCE.format(name="alarms", collector="alarm_files", more=""),
        ]
        (folder / "cem.toml").write_text('[operator]\nname = "Small"\ntimezone = "UTC"\n' + "".join(sources))
        for feed in (*FEEDS, "quality", "attachments", "alarms"):
            (folder / feed).mkdir()
        self.cem = Cem.open(Settings.load(folder / "cem.toml"), clock=lambda: self.now)

    def deliver(self, feed: str, lines: list[dict[str, object]]) -> None:
        """A new file of a feed."""
        name = f"{self.now:%Y%m%dT%H%M%S}-{len(list((self.folder / feed).iterdir()))}.jsonl"
        (self.folder / feed / name).write_text("".join(json.dumps(x) + "\n" for x in lines))

    def snapshot(self, minutes: float, **changed: list[dict[str, str]]) -> None:
        """Whole snapshots of the feeds that changed (all at the first time), taken in `minutes` after T."""
        self.now = T + timedelta(minutes=minutes)
        fresh = changed if any((self.folder / "resources").iterdir()) else {**self.stock, **changed}
        self.stock.update(changed)
        for feed, lines in fresh.items():
            self.deliver(feed, [dict(x) for x in lines])
        self.cem.collect()

    def serve(self, minutes: float = -5) -> None:
        """Quality records, taken in `minutes` after T."""
        self.now = T + timedelta(minutes=minutes)
        lines = [
            {
                "slot": (T - timedelta(minutes=m)).isoformat(),
                "subject_id": s,
                "service": "web",
                "resource_id": c,
                "sessions": 3,
            }
            for s, c, m in RECORDS
        ]
        self.deliver("quality", [dict(x) for x in lines])
        self.cem.collect()


def moved(stock: list[dict[str, str]], cell: str, to: str, **more: str) -> list[dict[str, str]]:
    """Connections with one resource led elsewhere."""
    return [x | {"to_id": to, **more} if x["from_id"] == cell else x for x in stock]
