"""The ledger's tables: the few, in columns that queries need, and a JSON document for the rest.

Times are whole seconds since 1970-01-01 UTC; columns that end in `_us` are microseconds.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, Table, Text

HEAD = "r0002"
"""The newest revision of the schema; `migrations/versions` leads to it."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Serial = BigInteger().with_variant(Integer, "sqlite")

batch = Table(
    "batch",
    metadata,
    Column("position", Serial, primary_key=True, autoincrement=True),
    Column("batch_id", Text, nullable=False, unique=True),
    Column("feed", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("recorded_at", BigInteger, nullable=False, index=True),
    Column("rows", BigInteger, nullable=False),
    Column("quarantined", BigInteger, nullable=False),
)

file = Table(
    "file",
    metadata,
    Column("position", Serial, primary_key=True, autoincrement=True),
    Column("path", Text, nullable=False, unique=True),
    Column("feed", Text, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("slot_min", BigInteger),
    Column("slot_max", BigInteger),
    Column("recorded_min", BigInteger),
    Column("recorded_max", BigInteger),
    Column("bytes", BigInteger, nullable=False),
    Column("batch_id", Text),
    Index(None, "feed", "recorded_max"),
    Index(None, "feed", "slot_max"),
    sqlite_autoincrement=True,
)

watermark = Table(
    "watermark",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

tick = Table(
    "tick",
    metadata,
    Column("slot", BigInteger, primary_key=True, autoincrement=False),
    Column("known_at", BigInteger, nullable=False),
    Column("committed_at", BigInteger, nullable=False),
    Column("learning", Boolean, nullable=False),
    Column("counts", Text, nullable=False),
)

tally = Table(
    "tally",
    metadata,
    Column("source", Text, primary_key=True),
    Column("feed", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("hour", BigInteger, primary_key=True, autoincrement=False),
    Column("value", BigInteger, nullable=False),
)

problem = Table(
    "problem",
    metadata,
    Column("problem_id", Text, primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("known_at_us", BigInteger, nullable=False, index=True),
    Column("begin_us", BigInteger, nullable=False),
    Column("end_us", BigInteger),
    Column("status", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("impact", Text),
)

alarm = Table(
    "alarm",
    metadata,
    Column("alarm_id", Text, primary_key=True),
    Column("known_at_us", BigInteger, primary_key=True, autoincrement=False),
    Column("cleared_at_us", BigInteger),
    Column("document", Text, nullable=False),
)

verdict = Table(
    "verdict",
    metadata,
    Column("position", Serial, primary_key=True, autoincrement=True),
    Column("problem_id", Text, nullable=False, index=True),
    Column("document", Text, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("position", Serial, primary_key=True, autoincrement=True),
    Column("at_us", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
)

snapshot = Table(
    "snapshot",
    metadata,
    Column("slot", BigInteger, primary_key=True, autoincrement=False),
    Column("path", Text, nullable=False),
)

detail_request = Table(
    "detail_request",
    metadata,
    Column("request_id", Text, primary_key=True),
    Column("problem_id", Text, nullable=False, index=True),
    Column("state", Text, nullable=False, index=True),
    Column("requested_at_us", BigInteger, nullable=False, index=True),
    Column("expires_at_us", BigInteger, nullable=False),
    Column("changed_at_us", BigInteger, nullable=False),
    Column("served_by", Text, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("note", Text, nullable=False),
    Column("document", Text, nullable=False),
)

finding = Table(
    "finding",
    metadata,
    Column("request_id", Text, primary_key=True),
    Column("examiner", Text, primary_key=True),
    Column("problem_id", Text, nullable=False, index=True),
    Column("verdict", Text, nullable=False),
    Column("found_at_us", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
)

lease = Table(
    "lease",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
)

code = Table(
    "code",
    metadata,
    Column("coding", Text, primary_key=True),
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("count", BigInteger, nullable=False),
    Column("texts", Text, nullable=False),
)
