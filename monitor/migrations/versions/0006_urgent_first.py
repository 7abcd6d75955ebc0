"""Which messages leave first when many are due."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("outbox", sa.Column("priority", sa.Integer(), nullable=False, server_default="1"))
    with op.batch_alter_table("outbox") as outbox:  # the default was for the rows that were there
        outbox.alter_column("priority", server_default=None)
    waiting = sa.text("due_at IS NOT NULL")
    op.create_index(
        "ix_outbox_priority_id", "outbox", ["priority", "id"], sqlite_where=waiting, postgresql_where=waiting
    )
