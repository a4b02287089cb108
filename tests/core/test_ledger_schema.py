"""The ledger's schema: migrations lead to what the tables say, and wrong databases are refused."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import cemcore.storage
from cemcore.errors import StorageError
from cemcore.storage import Ledger, tables


def engine(url: str) -> sa.Engine:
    return sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"), poolclass=sa.NullPool)


def test_the_migrations_make_the_tables_that_the_code_uses(ledger_url: str) -> None:
    Ledger.open(ledger_url).close()
    with engine(ledger_url).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []
        assert context.get_current_revision() == tables.HEAD


def test_the_newest_migration_is_the_one_the_code_expects() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(cemcore.storage.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_heads() == [tables.HEAD]


def test_opening_again_changes_nothing(ledger_url: str) -> None:
    with Ledger.open(ledger_url) as ledger, ledger.begin() as t:
        t.set_watermark("slot", 900)
    with Ledger.open(ledger_url) as ledger:
        assert ledger.watermark("slot") == 900


def test_a_ledger_of_a_newer_programme_is_refused(ledger_url: str) -> None:
    Ledger.open(ledger_url).close()
    with engine(ledger_url).begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = 'r9999'"))
    with pytest.raises(StorageError, match="of another version"):
        Ledger.open(ledger_url)


def test_sqlite_is_durable_and_shared(tmp_path: Path) -> None:
    with Ledger.open(f"sqlite:///{tmp_path}/deep/er/ledger.db") as ledger, ledger.begin() as t:
        pragmas = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        found = [t._connection.exec_driver_sql(f"PRAGMA {p}").scalar() for p in pragmas]
    assert found == ["wal", 2, 1, 60_000]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("not a url", "not a database URL"),
        ("mysql://localhost/x", "sqlite or postgresql"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("postgresql://cem@127.0.0.1:1/none?connect_timeout=2", "can't be read"),
    ],
)
def test_an_address_that_leads_nowhere_is_said(url: str, reason: str) -> None:
    with pytest.raises(StorageError, match=reason):
        Ledger.open(url)


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"this is text, not SQLite" * 100)
    with pytest.raises(StorageError, match="not a database"):
        Ledger.open(f"sqlite:///{tmp_path}/ledger.db")


def test_trouble_of_the_database_is_a_storage_error_and_changes_nothing(ledger_url: str) -> None:
    with Ledger.open(ledger_url) as ledger:
        with pytest.raises(StorageError, match="not changed"), ledger.begin() as t:
            t.register_batch("b", None, "s", "o", 1, 1, 1, {})  # type: ignore[arg-type]
        assert ledger.batches().empty
        with engine(ledger_url).begin() as connection:
            connection.execute(sa.text("DROP TABLE batch"))
        with pytest.raises(StorageError, match="can't be read"):
            ledger.batches()
