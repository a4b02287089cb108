"""`cem --help` is quick: what commands need is imported when they run."""

from __future__ import annotations

import subprocess
import sys

import pytest

_HEAVY = ("pandas", "numpy", "statsmodels", "pyod", "sklearn", "sqlalchemy", "fastapi", "apscheduler", "numba", "scipy")


@pytest.mark.parametrize("words", [["--help"], ["impact", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    code = (
        "import sys\n"
        "from cemcore.cli import app\n"
        f"sys.argv = ['cem', *{words!r}]\n"
        "try:\n    app()\n"
        "except SystemExit as e:\n    assert not e.code, e.code\n"
        f"print('HEAVY', sorted(m for m in {_HEAVY!r} if m in sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "HEAVY []"


def test_every_command_teaches_with_an_example() -> None:
    from typer.main import get_command

    from cemcore.cli import app

    commands = get_command(app).commands  # type: ignore[attr-defined]
    assert len(commands) >= 15
    assert [name for name, c in commands.items() if "Example" not in (c.help or "")] == []
