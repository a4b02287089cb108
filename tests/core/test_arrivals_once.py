"""Every record is handed out exactly once, by the first tick that knows it, however the ticks fall."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cemcore.application.arrivals import DAY, Arrivals, Measured, Qualities, lines
from cemcore.catalogue import Catalogue
from cemcore.codes import Codes
from cemcore.domain import Feed
from cemcore.storage import Archive, Ledger, Registry

START = 1_772_409_600  # 2026-03-02T00:00:00Z
NEVER = -(1 << 40)
HOUR = 3600
CATALOGUE = Catalogue.load(Path(__file__).resolve().parents[2] / "config" / "services.toml")


def times(seconds) -> pd.Series:
    return pd.to_datetime(pd.Series(list(seconds), dtype="int64"), unit="s", utc=True).astype("datetime64[us, UTC]")


def quality(records) -> pd.DataFrame:
    """A frame of (slot, subject, service, recorded) in seconds from START."""
    slots, subjects, services, recorded = zip(*records, strict=True)
    frame = {
        "slot": times(START + s for s in slots),
        "subject_id": pd.Series(subjects, dtype="str"),
        "service": pd.Series(services, dtype="str"),
        "resource_id": pd.Series(["C1"] * len(records), dtype="str"),
        "sessions": 1.0,
        "latency_ms": [float(n) for n in range(len(records))],
        "recorded_at": times(START + r for r in recorded),
        **{
            a: pd.Series(["x"] * len(records), dtype="str")
            for a in ("device_model", "firmware", "app", "app_version", "slice")
        },
    }
    return pd.DataFrame(frame)  # fmt: skip


class Store:
    """A fresh archive and ledger that frames can be laid into."""

    def __init__(self, folder: Path) -> None:
        self.archive, self.ledger = Archive(folder / "archive"), Ledger.open(f"sqlite:///{folder}/ledger.db")
        self.registry = Registry.load(self.ledger)

    def lay(self, feed: Feed, frame: pd.DataFrame, name: str = "a") -> None:
        file = self.archive.write(str(feed), name, frame)
        with self.ledger.begin() as tx:
            tx.register_file(file)

    def qualities(self, horizon: int = 48 * HOUR) -> Qualities:
        resources = Codes(["C1"])
        return Qualities(CATALOGUE, self.registry, resources.find, horizon)

    def arrivals(self, to_rows, feed: Feed = Feed.QUALITY, limit: int = START + 30 * DAY) -> Arrivals:
        return Arrivals(self.archive, self.ledger, feed, to_rows, limit=limit)


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path)
    yield made
    made.ledger.close()


records = st.lists(
    st.tuples(
        st.integers(0, 12).map(lambda n: n * 6 * HOUR),
        st.sampled_from(["s1", "s2"]),
        st.sampled_from(["voice", "web", "telepathy"]),
        st.integers(0, 4 * DAY),
    ),
    min_size=1,
    max_size=30,
)
ticks = st.lists(st.integers(0, 4 * DAY), min_size=1, max_size=8, unique=True).map(sorted)


@given(records, ticks)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_slot_subject_and_service_is_handed_out_once_at_its_first_arrival(tmp_path_factory, given_records, at):
    store = Store(tmp_path_factory.mktemp("once"))
    store.lay(Feed.QUALITY, quality(given_records))
    expected: dict[tuple, int] = {}
    for slot, subject, service, recorded in sorted(given_records, key=lambda r: r[3]):
        if service in CATALOGUE.services:
            expected.setdefault((START + slot, subject, service), START + recorded)
    arrivals, before = store.arrivals(store.qualities(horizon=30 * DAY).rows), NEVER
    handed: dict[tuple, int] = {}
    for tick in [*at, 5 * DAY]:
        rows = arrivals.between(before, START + tick)
        subjects = store.registry.codes("subject")
        for n in range(len(rows)):
            key = (int(rows.slot[n]), subjects.text(rows.subject[n]), CATALOGUE.services[rows.service[n]])
            assert key not in handed
            handed[key] = int(rows.recorded[n])
            assert before < rows.recorded[n] <= START + tick
        before = START + tick
    store.ledger.close()
    assert handed == expected


def test_ticks_that_do_not_fall_on_whole_days_lose_nothing(store):
    store.lay(Feed.QUALITY, quality([(0, f"s{n}", "voice", n * 1000) for n in range(200)]))
    arrivals = store.arrivals(store.qualities().rows)
    at = [NEVER, *range(START + 7, START + 3 * DAY, 7777)]
    assert sum(len(arrivals.between(a, b)) for a, b in pairwise(at)) == 200


def test_feeds_of_few_rows_stay_frames_and_come_once_too(store):
    alarm = {"alarm_id": [f"a{n}" for n in range(50)], "recorded_at": times(START + n * HOUR for n in range(50))}
    store.lay(Feed.ALARMS, pd.DataFrame(alarm).astype({"alarm_id": "str"}))
    arrivals = store.arrivals(lines, Feed.ALARMS)
    at = [NEVER, START + 100, START + 30 * HOUR, START + 31 * HOUR + 1, START + 60 * HOUR]
    got = [list(arrivals.between(a, b)["alarm_id"]) for a, b in pairwise(at)]
    assert [len(g) for g in got] == [1, 30, 1, 18]
    assert [a for part in got for a in part] == alarm["alarm_id"]


def test_what_becomes_known_later_than_the_limit_is_not_read(store):
    store.lay(Feed.QUALITY, quality([(0, "s1", "voice", 10), (0, "s2", "voice", 5000)]))
    arrivals = store.arrivals(store.qualities().rows, limit=START + 100)
    assert len(arrivals.between(NEVER, START + 100)) == 1
    assert store.registry.codes("subject").texts == ["s1"]


def test_a_repeated_record_is_counted_and_left_out(store):
    qualities = store.qualities()
    rows, recorded = qualities.rows(quality([(0, "s1", "voice", 10), (0, "s1", "voice", 20), (0, "s1", "web", 30)]))
    assert (len(rows), qualities.repeated) == (2, 1)
    assert recorded.tolist() == [START + 10, START + 30]
    again, _ = qualities.rows(quality([(0, "s1", "web", 40)]))
    assert (len(again), qualities.repeated) == (0, 2)


def test_records_of_services_that_the_catalogue_does_not_know_are_left_to_the_archive(store):
    rows, recorded = store.qualities().rows(quality([(0, "s1", "telepathy", 10)]))
    assert (len(rows), len(recorded)) == (0, 0)


def test_a_record_from_a_clock_that_runs_ahead_does_not_make_older_ones_come_twice(store):
    qualities = store.qualities(horizon=DAY)
    qualities.rows(quality([(0, "s1", "voice", 10), (400 * DAY, "s2", "voice", 20)]))
    assert len(qualities.rows(quality([(0, "s1", "voice", 30)]))[0]) == 0


def test_an_empty_delivery_gives_empty_rows_of_the_right_width(store):
    rows, _ = store.qualities().rows(quality([(0, "s1", "voice", 10)]).iloc[:0])
    assert rows.kqis.shape == (0, len(CATALOGUE.kqis))


def test_kqis_keep_the_catalogues_order_and_what_is_not_reported_is_nan(store):
    rows, _ = store.qualities().rows(quality([(0, "s1", "voice", 10)]).assign(latency_ms=42.0))
    values = dict(zip(CATALOGUE.kqis, rows.kqis[0].tolist(), strict=True))
    assert values.pop("latency_ms") == 42.0
    assert np.isnan(list(values.values())).all()


def test_only_the_wanted_measurements_of_known_resources_are_handed_out():
    frame = pd.DataFrame(
        {
            "slot": times([START] * 3),
            "period_s": [900.0, 3600.0, 900.0],
            "kpi": pd.Series(["load", "load", "noise"], dtype="str"),
            "resource_id": pd.Series(["C1", None, "C1"], dtype="str"),
            "value": [55.0, 66.0, 1.0],
            "suspect": [True, False, False],
            "recorded_at": times([START + 1] * 3),
        }
    )
    rows, recorded = Measured(("load",), Codes(["C1"]).find).rows(frame)
    assert (rows.value.tolist(), rows.suspect.tolist(), rows.period.tolist()) == ([55.0], [True], [900])
    assert recorded.tolist() == [START + 1]
    assert len(Measured(("load",), Codes().find).rows(frame.iloc[:0])[0]) == 0


def test_what_came_within_a_second_after_a_tick_is_handed_out_by_the_next(store: Store) -> None:
    frame = quality([(0, "s1", "web", 900), (0, "s2", "web", 900)])
    frame.loc[1, "recorded_at"] += pd.Timedelta("500ms")
    store.lay(Feed.QUALITY, frame)
    arrivals = Arrivals(store.archive, store.ledger, Feed.QUALITY, store.qualities().rows, limit=START + DAY)
    at = START + 900
    assert [len(arrivals.between(a, b)) for a, b in ((NEVER, at), (at, at + 1), (at + 1, at + 900))] == [1, 1, 0]


def test_all_measurements_of_known_resources_get_codes_the_wanted_ones_first():
    frame = pd.DataFrame(
        {
            "slot": times([START] * 4),
            "period_s": [900.0] * 4,
            "kpi": pd.Series(["noise", "load", "noise", "other"], dtype="str"),
            "resource_id": pd.Series(["C1", "C1", "C2", None], dtype="str"),
            "value": [1.0, 2.0, 3.0, 4.0],
            "suspect": [False] * 4,
            "recorded_at": times([START + 1] * 4),
        }
    )
    resources, kpis = Codes(["C1"]), Codes()
    rows, _ = Measured(("load",), resources.find, None, kpis, ("*",)).rows(frame)
    assert kpis.texts == ["load", "noise"]
    assert (rows.kpi.tolist(), rows.value.tolist()) == ([1, 0], [1.0, 2.0])
    named, _ = Measured(("load",), resources.find, None, kpis, ("other",)).rows(frame)
    assert named.value.tolist() == [2.0]
