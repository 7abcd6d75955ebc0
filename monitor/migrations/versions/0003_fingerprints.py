"""Which posts are left out: fingerprints of those that are heard, and what finds the copies of one again."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "fingerprints",
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("mention_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["mention_id"], ["mentions.id"], name="fk_fingerprints_mention_id"),
        sa.PrimaryKeyConstraint("value", "mention_id", name="pk_fingerprints"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_fingerprints_mention_id", "fingerprints", ["mention_id"], unique=False)
    op.add_column("mentions", sa.Column("restored_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_mentions_brand_skipped", "mentions", ["brand", "skipped"], unique=False)
    op.create_index("ix_cases_brand_platform_author", "cases", ["brand", "platform", "author"], unique=False)
    with op.batch_alter_table("verdicts") as verdicts:  # the default was for the rows that 0002 found
        verdicts.alter_column("why", server_default=None)
