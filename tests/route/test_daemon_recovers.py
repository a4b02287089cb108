"""A commit that fails moves nothing: the slots are walked again, and the ledger ends as if nothing had happened."""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path

import pytest

from cemcore.application.cem import Cem
from cemcore.application.commit import Committer
from cemcore.cli.towns import write_settings
from cemcore.daemon import Daemon
from cemcore.domain import ServiceProblem
from cemcore.errors import StorageError
from cemcore.town import Town

pytestmark = pytest.mark.slow

TRIES = 60


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recovers") / "town"
    Town(3, "tiny", 4).write(folder)
    return folder


def _assessed(town: Path) -> tuple[list[list[ServiceProblem]], list[int], list[tuple[str, str]]]:
    """Everything collected and assessed by a daemon: revisions of all problems, slots, and what failed."""
    failures: list[tuple[str, str]] = []
    end = datetime.fromisoformat(json.loads((town / "operator.json").read_text())["end"])
    with Cem.open(write_settings(town, 0)[0], clock=lambda: end) as cem:
        daemon = Daemon(cem, on_failure=lambda what, why: failures.append((what, why)))
        assert daemon.look_after_lease()
        for source in cem.house.settings.sources:
            assert daemon.collect(source.name)
        daemon.tick()
        for _ in range(TRIES):
            if not daemon.failing:
                break
            time.sleep(0.5)
            daemon.tick()
        assert not daemon.failing, failures
        daemon.stop()
        ledger = cem.house.ledger
        revisions = [ledger.revisions(v.problem.problem_id) for v in cem.problems()]
        return revisions, [t.slot for t in ledger.ticks()], failures


def test_a_commit_that_fails_is_made_up_for(town: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calm = _assessed(town)
    (town.parent / "state").rename(tmp_path / "calm")
    commit, done = Committer.commit, []

    def fail_now_and_then(self: Committer, *arguments: object) -> None:
        done.append(1)
        if len(done) in (3, 14):
            raise StorageError("disk full")
        commit(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Committer, "commit", fail_now_and_then)
    stormy = _assessed(town)
    assert stormy[2] == [("tick", "disk full")] * 2
    assert calm[2] == []
    assert stormy[1] == calm[1]
    assert stormy[0] == calm[0]
    assert calm[0]
