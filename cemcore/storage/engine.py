"""The database behind the ledger: SQLite or PostgreSQL, with the same transactions on both.

A write transaction excludes every other write transaction from its start (SQLite: `BEGIN IMMEDIATE`, PostgreSQL: an
advisory lock), so what it has read stays true until it commits. Readers are never kept waiting.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, select, table, text
from sqlalchemy import column as sql_column
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from cemcore.errors import StorageError
from cemcore.storage import tables

BUSY_S = 60.0
"""How long a writer waits for another one [s]."""

_WRITES = "cem_writes"
_LOCK = 0x63656D
_WAL_TRIES = 100


def connect(url: str) -> Engine:
    """An engine for `url` (`sqlite:///path`, `postgresql://...`), its schema brought to the newest revision.

    Raises StorageError where the database can't be reached or is newer than this programme.
    """
    try:
        engine = _engine(url)
    except ImportError as e:
        raise StorageError(f"the driver for this database is not installed ({e}); try cemcore[postgres]") from e
    except OSError as e:
        raise StorageError(f"the ledger can't be opened: {e}") from e
    try:
        _migrate(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One write transaction: committed at the end, rolled back on any error; StorageError for the database's own."""
    try:
        with engine.connect() as connection:
            connection = connection.execution_options(**{_WRITES: True})
            with connection.begin():
                if engine.dialect.name == "postgresql":
                    connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
                yield connection
    except SQLAlchemyError as e:
        raise StorageError(f"the ledger was not changed: {_reason(e)}") from e


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One short read transaction; StorageError for the database's own errors."""
    try:
        with engine.connect() as connection, connection.begin():
            yield connection
    except SQLAlchemyError as e:
        raise StorageError(f"the ledger can't be read: {_reason(e)}") from e


def _reason(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).strip()


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError as e:
        raise StorageError("the ledger's address is not a database URL") from e
    if parsed.drivername in ("postgresql", "postgres"):
        return create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    if parsed.get_backend_name() != "sqlite":
        raise StorageError(f"the ledger lives in sqlite or postgresql, not in {parsed.drivername}")
    if not parsed.database or parsed.database == ":memory:":
        raise StorageError("the ledger needs a file: sqlite:///path")
    Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, connect_args={"timeout": BUSY_S})
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    try:
        for tried in range(_WAL_TRIES):
            try:
                if cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                    cursor.execute("PRAGMA journal_mode=WAL")
                break
            except sqlite3.OperationalError:
                # Two first openers at once: the switch to WAL does not wait as other statements do.
                if tried == _WAL_TRIES - 1:
                    raise
                time.sleep(0.05)
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
    finally:
        cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.execute(
        select(sql_column("version_num")).select_from(table("alembic_version"))
    ).scalar()
    return version


def _migrate(engine: Engine) -> None:
    with reading(engine) as connection:
        if _revision(connection) == tables.HEAD:
            return
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as e:
            raise StorageError(f"the ledger's schema is of another version: {e}") from e
