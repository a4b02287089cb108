"""What the daemon counts of itself, beside the health that `/metrics` reads from the ledger."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from cemcore.application.stages import Timing

_STAGE_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_WAITS = (1, 5, 15, 30, 60, 120, 180, 240, 300, 330, 360, 420, 600, 1200, 3600, 4 * 3600, 24 * 3600)
_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)


class DaemonMetrics:
    """Counters of one process, in a registry of their own."""

    def __init__(self) -> None:
        r = self.registry = CollectorRegistry()
        self.ticks = Counter("cem_daemon_ticks", "slots assessed by this process", registry=r)
        self.tick_seconds = Histogram(
            "cem_daemon_tick_seconds", "time to assess one slot", buckets=_SECONDS, registry=r
        )
        self.stage_seconds = Histogram(
            "cem_daemon_stage_seconds", "time of a stage of one slot", ["stage"], buckets=_STAGE_SECONDS, registry=r
        )
        self.slot_wait = Histogram(
            "cem_daemon_slot_wait_seconds", "from the end of a slot to its commit", buckets=_WAITS, registry=r
        )
        self.record_wait = Histogram(
            "cem_daemon_record_to_degradation_seconds",
            "from when a record became known to the commit of the degradation that it shows",
            buckets=_WAITS,
            registry=r,
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

    def timed(self, timing: Timing) -> None:
        """Count what a call of `assess` measured of its ticks."""
        for stage, seconds in timing.stages.items():
            for s in seconds:
                self.stage_seconds.labels(stage).observe(s)
        for s in timing.slots:
            self.slot_wait.observe(s)
        for s in timing.records:
            self.record_wait.observe(float(s))
