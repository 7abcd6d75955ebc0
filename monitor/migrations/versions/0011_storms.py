"""Storms of complaints, what is usual without them, and what tells that two complaints are the same thing."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "usuals",
        sa.Column("brand", sa.String(length=200), nullable=False),
        sa.Column("known_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("learnt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rates", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("brand", name="pk_usuals"),
    )
    op.create_table(
        "storms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("brand", sa.String(length=200), nullable=False),
        sa.Column("topic", sa.String(length=20), nullable=False),
        sa.Column("channel", sa.String(length=200), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("usual", sa.Float(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_storms"),
    )
    op.create_index("ix_storms_brand_ended_at", "storms", ["brand", "ended_at"], unique=False)
    op.create_table(
        "likenesses",
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("mention_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["mention_id"], ["mentions.id"], name="fk_likenesses_mention_id"),
        sa.PrimaryKeyConstraint("value", "mention_id", name="pk_likenesses"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_likenesses_mention_id", "likenesses", ["mention_id"], unique=False)
    for table in ("cases", "outbox"):  # as SQLite adds a reference without copying the table
        reference = f"storm_id INTEGER CONSTRAINT fk_{table}_storm_id REFERENCES storms (id)"
        op.execute(f"ALTER TABLE {table} ADD COLUMN {reference}")
        op.create_index(f"ix_{table}_storm_id", table, ["storm_id"], unique=False)
