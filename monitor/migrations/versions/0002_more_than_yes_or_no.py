"""What a verdict says beside yes or no: language, topic, severity, intent and the words that drove it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    for name in ("language", "topic", "severity", "intent"):
        op.add_column("verdicts", sa.Column(name, sa.String(length=20), nullable=True))
    op.add_column("verdicts", sa.Column("why", sa.JSON(), nullable=False, server_default="[]"))
