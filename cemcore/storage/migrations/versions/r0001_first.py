"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0001"
down_revision = None
branch_labels = None
depends_on = None

Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "alarm",
        sa.Column("alarm_id", sa.Text(), nullable=False),
        sa.Column("known_at_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("cleared_at_us", sa.BigInteger(), nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("alarm_id", "known_at_us", name=op.f("pk_alarm")),
    )
    op.create_table(
        "audit",
        sa.Column("position", Serial, autoincrement=True, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_audit")),
    )
    op.create_table(
        "batch",
        sa.Column("position", Serial, autoincrement=True, nullable=False),
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("quarantined", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_batch")),
        sa.UniqueConstraint("batch_id", name=op.f("uq_batch_batch_id")),
    )
    op.create_index(op.f("ix_batch_recorded_at"), "batch", ["recorded_at"], unique=False)
    op.create_table(
        "code",
        sa.Column("coding", sa.Text(), nullable=False),
        sa.Column("first", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("texts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("coding", "first", name=op.f("pk_code")),
    )
    op.create_table(
        "file",
        sa.Column("position", Serial, autoincrement=True, nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("slot_min", sa.BigInteger(), nullable=True),
        sa.Column("slot_max", sa.BigInteger(), nullable=True),
        sa.Column("recorded_min", sa.BigInteger(), nullable=True),
        sa.Column("recorded_max", sa.BigInteger(), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_file")),
        sa.UniqueConstraint("path", name=op.f("uq_file_path")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_file_feed_recorded_max"), "file", ["feed", "recorded_max"], unique=False)
    op.create_index(op.f("ix_file_feed_slot_max"), "file", ["feed", "slot_max"], unique=False)
    op.create_table(
        "lease",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("expires_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )
    op.create_table(
        "problem",
        sa.Column("problem_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("known_at_us", sa.BigInteger(), nullable=False),
        sa.Column("begin_us", sa.BigInteger(), nullable=False),
        sa.Column("end_us", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("impact", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("problem_id", "revision", name=op.f("pk_problem")),
    )
    op.create_index(op.f("ix_problem_known_at_us"), "problem", ["known_at_us"], unique=False)
    op.create_table(
        "snapshot",
        sa.Column("slot", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("slot", name=op.f("pk_snapshot")),
    )
    op.create_table(
        "tally",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hour", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "feed", "name", "hour", name=op.f("pk_tally")),
    )
    op.create_table(
        "tick",
        sa.Column("slot", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        sa.Column("committed_at", sa.BigInteger(), nullable=False),
        sa.Column("learning", sa.Boolean(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("slot", name=op.f("pk_tick")),
    )
    op.create_table(
        "verdict",
        sa.Column("position", Serial, autoincrement=True, nullable=False),
        sa.Column("problem_id", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_verdict")),
    )
    op.create_index(op.f("ix_verdict_problem_id"), "verdict", ["problem_id"], unique=False)
    op.create_table(
        "watermark",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_watermark")),
    )


def downgrade() -> None:
    for name in (
        "watermark",
        "verdict",
        "tick",
        "tally",
        "snapshot",
        "problem",
        "lease",
        "file",
        "code",
        "batch",
        "audit",
        "alarm",
    ):
        op.drop_table(name)
