"""The loop: who does what when. It decides nothing numeric; `Cem` does the work."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from cemcore.application.cem import Cem
from cemcore.daemon.backoff import Backoff
from cemcore.daemon.lease import TTL_S, Lease
from cemcore.daemon.metrics import DaemonMetrics
from cemcore.errors import CemError

_log = logging.getLogger("cemcore.daemon")

CATCH_UP_SLOTS = 24
"""After downtime so many slots are committed at a time, so that a stop is heard between."""

UPKEEP_HOUR = 3
"""Local hour at which the archive is looked after."""

LOOK_S = 2.0
"""How often to look whether a slot has settled [s]."""


class Daemon:
    """Collects each source at its cadence and assesses as slots settle, for as long as it holds the lease.

    `speed`: simulated seconds a second where `cem.house.clock` runs faster than the wall's; cadences shrink with it.
    `on_news` is told the ids of problems that changed, after each commit; `on_failure` (what, why) when something fails
    that worked before.
    """

    def __init__(
        self,
        cem: Cem,
        *,
        speed: float = 1.0,
        holder: str | None = None,
        lease_s: float = TTL_S,
        on_news: Callable[[tuple[str, ...]], None] | None = None,
        on_failure: Callable[[str, str], None] | None = None,
    ) -> None:
        self.cem, self.metrics = cem, DaemonMetrics()
        self.lease = Lease(cem, holder, lease_s)
        self._speed, self._on_news, self._on_failure = speed, on_news, on_failure
        self._writing, self._stopping = threading.Lock(), threading.Event()
        self._backoff = {s.name: Backoff(self._every(s.every_s)) for s in cem.house.settings.sources}
        self._tick_backoff, self._lease_backoff = Backoff(LOOK_S), Backoff(LOOK_S)
        self._upkeep_backoff, self._zoom_backoff = Backoff(3600), Backoff(60)
        self._fresh = threading.Event()
        self._said_other = ""
        self._scheduler = BackgroundScheduler(timezone=UTC, executors={"default": ThreadPoolExecutor(4)})

    def start(self) -> None:
        """Begin; returns at once."""
        self.look_after_lease()
        add = self._scheduler.add_job
        once = {"max_instances": 1, "coalesce": True, "misfire_grace_time": None}
        add(self.look_after_lease, "interval", seconds=self.lease.ttl_s / 3, id="lease", **once)
        soon = datetime.now(UTC)
        for i, s in enumerate(self.cem.house.settings.sources):
            first = soon + timedelta(seconds=0.05 * i)
            args, every = [s.name], self._every(s.every_s)
            add(self.collect, "interval", seconds=every, args=args, id=f"collect:{s.name}", next_run_time=first, **once)
        add(self.tick, "interval", seconds=LOOK_S, id="tick", next_run_time=soon + timedelta(seconds=1), **once)
        if self.cem.house.settings.zoom.enabled:
            add(self.zoom, "interval", seconds=LOOK_S, id="zoom", next_run_time=soon + timedelta(seconds=2), **once)
        zone = self.cem.house.settings.operator.timezone
        add(self.upkeep, "cron", hour=UPKEEP_HOUR, timezone=zone, id="upkeep", **once)
        self._scheduler.start()
        _log.info(
            "started", extra={"holder": self.lease.holder, "assessor": self.lease.held, "sources": len(self._backoff)}
        )

    def stop(self) -> None:
        """Finish what is under way, give the lease back, and end."""
        self._stopping.set()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)
        try:
            self.lease.release()
        except CemError as e:
            _log.warning("the lease could not be given back and will run out", extra={"reason": str(e)})
        _log.info("stopped")

    @property
    def stopping(self) -> bool:
        """Whether the end was asked for."""
        return self._stopping.is_set()

    @property
    def failing(self) -> tuple[str, ...]:
        """What failed the last time that it was tried."""
        names = [f"collecting {n}" for n, b in self._backoff.items() if b.failures]
        return (*names, *(["assessing"] if self._tick_backoff.failures else []))

    def look_after_lease(self) -> bool:
        """Take or keep the lease; without it this process only serves the API."""
        if self.stopping:
            return False
        held = self.lease.held
        try:
            self.lease.claim()
        except CemError as e:
            self._failed("lease", e, self._lease_backoff)
            return self.lease.held
        self.metrics.assessor.set(self.lease.held)
        other = "" if self.lease.held else self.lease.other
        if self.lease.held and not held:
            _log.info("this process is the assessor", extra={"holder": self.lease.holder})
        elif other and other != self._said_other:
            _log.warning(
                "another process is the assessor; this one serves the API and waits", extra={"assessor": other}
            )
        self._said_other = other
        return self.lease.held

    def collect(self, source: str) -> bool:
        """Ask one source, if it is time and this is the assessor; False where nothing was done or it failed."""
        backoff = self._backoff[source]
        if self.stopping or not self.lease.held or not backoff.ready:
            return False
        begun = time.perf_counter()
        try:
            with self._writing:
                taken = self.cem.collect((source,))[0]
            if taken.error:
                raise CemError(taken.error)
        except Exception as e:
            self._failed(f"collect:{source}", e, backoff)
            return False
        backoff.worked()
        self.metrics.collect_seconds.labels(source).observe(time.perf_counter() - begun)
        self.metrics.rows.labels(source).inc(taken.rows)
        self.metrics.quarantined.labels(source).inc(taken.quarantined)
        if taken.batches:
            counted = {"source": source, "batches": taken.batches, "rows": taken.rows, "quarantined": taken.quarantined}
            _log.info("collected", extra=counted)
        return True

    def tick(self) -> int:
        """Assess what has settled, a run of slots at a time until none is left: how many slots."""
        done = 0
        while not self.stopping and self.lease.held and self._tick_backoff.ready:
            try:
                slots = self._run_of_slots()
            except Exception as e:
                self._failed("tick", e, self._tick_backoff)
                break
            self._tick_backoff.worked()
            done += slots
            if slots < CATCH_UP_SLOTS:
                break
        return done

    def upkeep(self) -> bool:
        """Look after the archive, as the assessor; False where nothing was done or it failed."""
        if self.stopping or not self.lease.held:
            return False
        try:
            with self._writing:
                kept = self.cem.maintain()
        except Exception as e:
            self._failed("upkeep", e, self._upkeep_backoff)
            return False
        self._upkeep_backoff.worked()
        _log.info("upkeep", extra={"compacted": kept.compacted, "retired": kept.retired, "swept": kept.swept})
        return True

    def has_news(self) -> None:
        """There is something new to take a second look at."""
        self._fresh.set()

    def zoom(self) -> bool:
        """After ticks that brought something new, take second looks, as the assessor; a tick goes first: no further
        series is begun while one waits. False where nothing was done or it failed.
        """
        ready = self._fresh.is_set() and not self.stopping and self.lease.held and self._zoom_backoff.ready
        if not ready:
            return False
        self._fresh.clear()
        begun = time.perf_counter()
        try:
            done = self.cem.zoom(guard=self._writing, go_on=self._may_look)
        except Exception as e:
            self._failed("zoom", e, self._zoom_backoff)
            return False
        self._zoom_backoff.worked()
        if done.waiting:
            self._fresh.set()
        if done.looks or done.expired:
            verdicts = [str(f.verdict) for _, f in done.looks]
            facts = {v: verdicts.count(v) for v in sorted(set(verdicts))}
            _log.info("zoom", extra={"looks": facts, "seconds": round(time.perf_counter() - begun, 3)})
            if self._on_news is not None and done.revised:
                self._on_news(done.revised)
        return True

    def _may_look(self) -> bool:
        return not self.stopping and not self._writing.locked()

    def _run_of_slots(self) -> int:
        begun = time.perf_counter()
        with self._writing:
            assessed = self.cem.assess(self._until())
        if not assessed.slots:
            return 0
        self._fresh.set()
        seconds = (time.perf_counter() - begun) / assessed.slots
        self.metrics.ticks.inc(assessed.slots)
        self.metrics.timed(assessed.timing)
        for _ in range(assessed.slots):
            self.metrics.tick_seconds.observe(seconds)
        facts = {"slots": assessed.slots, "last_slot": str(assessed.last_slot), "seconds_per_slot": round(seconds, 3)}
        _log.info("assessed", extra={**facts, "problems": list(assessed.problems)})
        if self._on_news is not None and assessed.problems:
            self._on_news(assessed.problems)
        return assessed.slots

    def _until(self) -> datetime:
        """Now; after downtime no more than a run of slots beyond the watermark."""
        now, settings = self.cem.house.clock(), self.cem.house.settings
        last = self.cem.house.ledger.watermark("slot")
        if last is None:
            starts = [f.slot_min for f in self.cem.house.ledger.files("quality") if f.slot_min is not None]
            last = min(starts, default=None)
        if last is None:
            return now
        ahead = (CATCH_UP_SLOTS + 1) * settings.operator.slot_seconds + settings.assess.settle_minutes * 60
        return min(now, datetime.fromtimestamp(last + ahead, UTC))

    def _failed(self, what: str, error: Exception, backoff: Backoff) -> None:
        pause = backoff.failed()
        self.metrics.failures.labels(what).inc()
        known = isinstance(error, CemError)
        if self._on_failure is not None and backoff.failures == 1:
            self._on_failure(what, str(error))
        _log.error(
            f"{what} failed",
            extra={"reason": str(error), "again_in_s": round(pause)},
            exc_info=None if known else error,
        )

    def _every(self, seconds: float) -> float:
        """A cadence [s] on the wall's clock."""
        return max(seconds / self._speed, min(seconds, 1.0))
