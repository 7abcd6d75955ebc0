"""The posts and cases of one brand and week are found without reading the other weeks."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_index("ix_mentions_brand_posted_at", "mentions", ["brand", "posted_at"])
    op.create_index("ix_cases_brand_posted_at", "cases", ["brand", "posted_at"])
    op.create_index("ix_cases_brand_stopped_at", "cases", ["brand", "stopped_at"])
