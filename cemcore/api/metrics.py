"""State of the whole as Prometheus metrics, read from the ledger at each scrape."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from cemcore.application.cem import Cem
from cemcore.report.documents import lag_s
from cemcore.views import HealthView

STATUSES = ("ok", "learning", "late", "failing")


class HealthCollector(Collector):
    """Turns `Cem.health()` into metric families."""

    def __init__(self, cem: Cem) -> None:
        self._cem = cem

    def describe(self) -> list[Metric]:
        """Nothing beforehand: registering must not read the ledger."""
        return []

    def collect(self) -> Iterator[Metric]:
        """All families, from one look at the health."""
        view = self._cem.health()
        yield from self._whole(view)
        yield from self._feeds(view)

    def _whole(self, view: HealthView) -> Iterator[Metric]:
        status = GaugeMetricFamily("cem_status", "1 for the state that holds", labels=["status"])
        for name in STATUSES:
            status.add_metric([name], float(name == view.status))
        yield status
        yield GaugeMetricFamily("cem_open_problems", "problems that last and are not settled", view.open_problems)
        yield CounterMetricFamily("cem_slots_assessed", "slots assessed since the beginning", view.ticks)
        lag = lag_s(view)
        if lag is not None:
            yield GaugeMetricFamily("cem_lag_seconds", "how far the watermark is behind now", lag)

    def _feeds(self, view: HealthView) -> Iterator[Metric]:
        records = CounterMetricFamily(
            "cem_feed_records", "records by source and by what became of them", labels=["source", "feed", "what"]
        )
        newest = GaugeMetricFamily(
            "cem_feed_newest_timestamp_seconds", "recorded time of a source's newest record", labels=["source", "feed"]
        )
        joined = GaugeMetricFamily(
            "cem_feed_joined_ratio", "share of a source's names that found their resource", labels=["source", "feed"]
        )
        for f in view.feeds:
            names = [f.source, str(f.feed)]
            for what, n in sorted(f.counts.items()):
                records.add_metric([*names, what], n)
            if f.newest_record is not None:
                newest.add_metric(names, f.newest_record.timestamp())
            if f.joined_share is not None:
                joined.add_metric(names, f.joined_share)
        yield from (records, newest, joined)


def exposition(cem: Cem, registry: CollectorRegistry | None) -> bytes:
    """Prometheus' text format: the health of `cem`, then a daemon's own metrics where there are any."""
    mine = CollectorRegistry()
    mine.register(HealthCollector(cem))
    return generate_latest(mine) + (generate_latest(registry) if registry is not None else b"")
