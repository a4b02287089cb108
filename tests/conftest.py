"""Real databases for tests: SQLite files, and a PostgreSQL server that the tests start themselves."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


def _programs() -> Path | None:
    """Folder with PostgreSQL's server programs: Debian keeps them off the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
    if found:
        return found[-1]
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


def _run(*command: str) -> None:
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    as_another = shutil.which("runuser", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") or "runuser"
    prefix = [as_another, "-u", "postgres", "--"] if root else []
    done = subprocess.run(
        [*prefix, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", check=False
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}")


@pytest.fixture(scope="session")
def postgres_port() -> Iterator[int]:
    """Port of a PostgreSQL server of our own on loopback; any user called cem may do anything."""
    psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed (pip install cemcore[postgres])")
    programs = _programs()
    if programs is None:
        pytest.skip("no PostgreSQL on this machine (apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="cem-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = int(s.getsockname()[1])
    data = str(folder / "data")
    _run(str(programs / "initdb"), "-D", data, "-A", "trust", "-U", "cem", "-N", "-E", "UTF8", "--locale=C")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder}"
    _run(str(programs / "pg_ctl"), "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        with psycopg.connect(host="127.0.0.1", port=port, user="cem", dbname="postgres") as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        yield port
    finally:
        _run(str(programs / "pg_ctl"), "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database, once for each kind that a ledger may live in."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    import psycopg

    port = request.getfixturevalue("postgres_port")
    with psycopg.connect(host="127.0.0.1", port=port, user="cem", dbname="postgres", autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return f"postgresql://cem@127.0.0.1:{port}/postgres"
