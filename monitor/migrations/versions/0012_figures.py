"""An index by which the posts of a period are counted without reading them."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

HEARD = sa.text("skipped IS NULL")


def upgrade() -> None:
    op.create_index(
        "ix_mentions_posted_at_by_brand_brand_platform_lang",
        "mentions",
        ["posted_at", "by_brand", "brand", "platform", "lang"],
        unique=False,
        sqlite_where=HEARD,
        postgresql_where=HEARD,
    )
