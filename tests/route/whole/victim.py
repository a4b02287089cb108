"""Forks children that collect and assess an operator's folder, so that a test can kill them.

Each line on standard input is a state to bring to its end. Answers: the child's process id, then its exit code. The
parent has everything imported already: a child is at work within milliseconds.
"""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path

from cemcore import Cem
from cemcore.application.evaluate import folder_settings
from cemcore.settings import Settings


def work(folder: Path, state: Path, end: datetime) -> None:
    settings = folder_settings(folder, state)
    small = settings.storage.model_copy(update={"commit_slots": 8, "snapshot_slots": 8})
    with Cem.open(Settings.model_copy(settings, update={"storage": small}), clock=lambda: end) as cem:
        cem.collect()
        cem.assess()


def say(word: object) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def main() -> None:
    folder, end = Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2])
    warm = Path(sys.argv[3])
    with Cem.open(folder_settings(folder, warm), clock=lambda: end):
        pass
    say("ready")
    for line in sys.stdin:
        state = Path(line.strip())
        child = os.fork()
        if child == 0:
            code = 1
            try:
                work(folder, state, end)
                code = 0
            finally:
                os._exit(code)
        say(child)
        _, status = os.waitpid(child, 0)
        say(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
