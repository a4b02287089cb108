"""Requests for detail and what a second look found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0002"
down_revision = "r0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "detail_request",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("problem_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("requested_at_us", sa.BigInteger(), nullable=False),
        sa.Column("expires_at_us", sa.BigInteger(), nullable=False),
        sa.Column("changed_at_us", sa.BigInteger(), nullable=False),
        sa.Column("served_by", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_detail_request")),
    )
    for column in ("problem_id", "state", "requested_at_us"):
        op.create_index(op.f(f"ix_detail_request_{column}"), "detail_request", [column], unique=False)
    op.create_table(
        "finding",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("examiner", sa.Text(), nullable=False),
        sa.Column("problem_id", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("found_at_us", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", "examiner", name=op.f("pk_finding")),
    )
    op.create_index(op.f("ix_finding_problem_id"), "finding", ["problem_id"], unique=False)


def downgrade() -> None:
    op.drop_table("finding")
    op.drop_table("detail_request")
