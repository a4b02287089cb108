"""Storms of a town with known troubles: folded under what truly failed, with onsets by everyone's true clock."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cemcore.domain import Alarm, Feed, Severity
from cemcore.frames import conform
from cemcore.pipeline.localisation import folding
from cemcore.topology import Topology
from cemcore.town import SIZES, inventory, load_spec
from cemcore.town.alarms import Alarms
from cemcore.town.world import World

SEEDS = (3, 8)
DAYS = 12


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


class Town:
    """A town without its records: inventory and alarms only, folded tick by tick."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.world = World(seed, SIZES["small"], DAYS, load_spec())
        inventory.write(folder, self.world)
        read = {n: pd.read_csv(folder / f"{n}.csv", dtype="str") for n in ("resources", "connections")}
        resources = read["resources"].rename(columns={"id": "resource_id", "lat": "latitude", "lon": "longitude"})
        self.topology = Topology.build(
            conform(Feed.RESOURCES, resources)[0], conform(Feed.CONNECTIONS, read["connections"])[0]
        )
        self.alarms = Alarms(self.world)
        self.raised: dict[str, float] = {}
        self.midnight = self.world.calendar.midnight(0)

    def folded(self) -> Iterator[tuple[int, folding.Folded]]:
        """(known at, folding) of every quarter of an hour."""
        state, known, last = folding.FoldingState(), {}, float(self.midnight)
        for now in range(self.midnight + 1200, self.world.calendar.midnight(DAYS), 900):
            for line in self.alarms.lines(last, now):
                self._take(known, json.loads(line))
            last = float(now)
            old = [i for i, a in known.items() if a.cleared_at is not None and a.cleared_at.timestamp() < now - 86_400]
            for i in old:
                del known[i]
            found, state = folding.fold(state, list(known.values()), self.topology, now - 1200, now, 900)
            yield now, found

    def _take(self, known: dict[str, Alarm], a: dict) -> None:
        cleared = moment(a["alarmClearedTime"]) if "alarmClearedTime" in a else None
        before = known.get(a["id"])
        severity = before.severity if before is not None else Severity(a["perceivedSeverity"])
        on = a["alarmedObject"]["id"]
        self.raised[a["id"]] = moment(a["alarmRaisedTime"]).timestamp()
        known[a["id"]] = Alarm(
            a["id"], on, severity, a["alarmType"], a["probableCause"], a["specificProblem"],
            moment(a["alarmRaisedTime"]), moment(a["alarmReportingTime"]), cleared, a["sourceSystemId"], on,
        )  # fmt: skip


Troubles = list[tuple[str, bool, float]]
Errors = list[tuple[float, float, float]]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Troubles, Errors]:
    """Of each trouble with alarms (kind, whether its top is the cause, share of its alarms under that); of each of its
    alarms an hour later (error of the raise as told, error of the onset, its standard deviation) [s].
    """
    troubles, errors = [], []
    for seed in SEEDS:
        town = Town(seed, tmp_path_factory.mktemp("town"))
        due: dict[int, list] = {}
        for f in town.world.faults:
            due.setdefault((int(f.start + f.alarm_after) + 3600) // 900, []).append(f)
        for now, found in town.folded():
            line = {i: k for k, i in enumerate(found.ids)}
            for f in due.get(now // 900, []):
                events = [e for e in town.alarms.of(f.number) if e.id in line]
                names = Counter(town.topology.resource(found.top_of(e.id)) for e in events)
                if not names:
                    continue
                right = {str(c.get("id")) for c in (*f.target.causes, *f.target.also)} | set(f.target.down)
                name, n = names.most_common(1)[0]
                troubles.append((f.kind.name, name in right, n / len(events)))
                for e in events:
                    a = found.alarm(line[e.id])
                    errors.append((town.raised[e.id] - e.begin, a.onset - e.begin, a.sd))
    return troubles, errors


def test_the_top_is_what_truly_failed(told: tuple[Troubles, Errors]) -> None:
    """But for alarm storms of the management network: what failed there is nothing that their objects depend on."""
    found = [t for t in told[0] if t[0] != "alarm_storm"]
    assert len(found) >= 30
    wrong = [t for t in found if not t[1]]
    assert not wrong
    assert np.mean([t[2] for t in found]) > 0.95


def test_alarms_of_one_storm_without_a_top_are_one_group(told: tuple[Troubles, Errors]) -> None:
    storms = [t[2] for t in told[0] if t[0] == "alarm_storm"]
    assert storms
    assert min(storms) == 1.0


def test_onsets_are_nearer_to_the_truth_than_what_elements_say(told: tuple[Troubles, Errors]) -> None:
    said, onset, sd = np.array(told[1]).T
    assert np.sqrt(np.mean(onset**2)) < np.sqrt(np.mean(said**2)) / 2
    assert np.mean(np.abs(onset) < 3 * sd) > 0.9
