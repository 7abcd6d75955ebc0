"""Urgent cases, claims that end, and who stands in for whom on call."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    for name in ("silent_since", "reminded_at", "urgent_at"):
        op.add_column("cases", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.add_column("cases", sa.Column("hushed", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("cases", sa.Column("urgent_from", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("cases") as cases:  # the defaults were for the rows that were there
        cases.alter_column("hushed", server_default=None)
        cases.alter_column("urgent_from", server_default=None)
    op.create_table(
        "stand_ins",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rotation", sa.String(length=200), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stand_ins"),
    )
    op.create_index("ix_stand_ins_rotation_until", "stand_ins", ["rotation", "until"], unique=False)
