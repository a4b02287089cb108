"""What the daemon counts of itself, beside the health that `/metrics` reads from the ledger."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)


class DaemonMetrics:
    """Counters of one process, in a registry of their own."""

    def __init__(self) -> None:
        r = self.registry = CollectorRegistry()
        self.ticks = Counter("cem_daemon_ticks", "slots assessed by this process", registry=r)
        self.tick_seconds = Histogram(
            "cem_daemon_tick_seconds", "time to assess one slot", buckets=_SECONDS, registry=r
        )
        self.collect_seconds = Histogram(
            "cem_daemon_collect_seconds", "time to ask one source", ["source"], buckets=_SECONDS, registry=r
        )
        self.rows = Counter("cem_daemon_collected_rows", "rows taken by this process", ["source"], registry=r)
        self.quarantined = Counter(
            "cem_daemon_quarantined_rows", "rows that could not be taken", ["source"], registry=r
        )
        self.failures = Counter("cem_daemon_failures", "what failed in this process", ["what"], registry=r)
        self.assessor = Gauge("cem_daemon_assessor", "1 while this process is the one that assesses", registry=r)
