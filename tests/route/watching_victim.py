"""Collects and assesses a folder in a process of its own, so that a test can kill it: folder, state."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.route import watching_operator as town

if __name__ == "__main__":
    town.assessed(Path(sys.argv[1]), Path(sys.argv[2]))
