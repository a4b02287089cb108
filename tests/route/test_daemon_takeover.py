"""Two daemons, one lease: when the one that holds it falls silent, the other takes over."""

from __future__ import annotations

import time
from pathlib import Path

from cemcore.application.cem import Cem
from cemcore.daemon import Daemon
from cemcore.settings import shipped


def _settings(folder: Path) -> Path:
    (folder / "services.toml").write_text(shipped("services.toml").read_text())
    (folder / "cem.toml").write_text('[operator]\nname = "two"\n')
    return folder / "cem.toml"


def test_the_second_takes_over_when_the_first_falls_silent(tmp_path: Path) -> None:
    file = _settings(tmp_path)
    with Cem.open(file) as one, Cem.open(file) as two:
        first, second = Daemon(one, holder="first", lease_s=1.0), Daemon(two, holder="second", lease_s=1.0)
        first.start()
        second.start()
        try:
            assert (first.lease.held, second.lease.held) == (True, False)
            time.sleep(1.5)
            assert (first.lease.held, second.lease.held) == (True, False)
            first._scheduler.pause()
            deadline = time.monotonic() + 10
            while not second.lease.held and time.monotonic() < deadline:
                time.sleep(0.1)
            assert second.lease.held
            assert not first.look_after_lease()
        finally:
            first.stop()
            second.stop()


def test_a_daemon_that_stops_hands_over_at_once(tmp_path: Path) -> None:
    file = _settings(tmp_path)
    with Cem.open(file) as one, Cem.open(file) as two:
        first, second = Daemon(one, holder="first"), Daemon(two, holder="second")
        first.start()
        first.stop()
        assert second.look_after_lease()
        second.stop()
        assert not second.look_after_lease()
