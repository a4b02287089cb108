"""The public face: small, complete, and light to import."""

import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

import cemcore
from cemcore import errors

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("pandas", "numpy", "pyarrow", "scipy", "sqlalchemy", "fastapi", "networkx", "numba", "statsmodels", "pyod")


def test_everything_that_is_promised_can_be_imported():
    for name in cemcore.__all__:
        assert getattr(cemcore, name) is not None
    assert "Cem" in cemcore.__all__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'cemcore' has no attribute 'Nonsense'"):
        cemcore.Nonsense  # noqa: B018


def test_import_cemcore_loads_nothing_heavy():
    code = f"import sys, cemcore; print(*[m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == ""


def test_the_version_is_one_everywhere():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert cemcore.__version__ == declared == version("cemcore")
    assert f"\n## {declared} - " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_error_of_ours_is_a_cem_error_and_says_when_it_is_raised():
    ours = [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, Exception)]
    assert len(ours) > 10
    for error in ours:
        assert issubclass(error, errors.CemError)
        assert error.__doc__
        assert error.__name__ in (errors.__doc__ or "")
