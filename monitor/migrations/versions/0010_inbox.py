"""Accounts, sessions and tokens of the inbox, and an index of the words of cases' posts."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _accounts()
    op.create_index("ix_cases_state_stopped_at", "cases", ["state", "stopped_at"], unique=False)
    op.create_index("ix_cases_posted_at", "cases", ["posted_at"], unique=False)
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def _accounts() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("subject", sa.String(length=600), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("name", name="uq_users_name"),
        sa.UniqueConstraint("subject", name="uq_users_subject"),
    )
    op.create_table(
        "sessions",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sessions_user_id"),
        sa.PrimaryKeyConstraint("digest", name="pk_sessions"),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"], unique=False)
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"], unique=False)
    op.create_table(
        "tokens",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_tokens"),
        sa.UniqueConstraint("digest", name="uq_tokens_digest"),
    )
    op.create_table(
        "refused",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_refused"),
    )
    op.create_index("ix_refused_who_at", "refused", ["who", "at"], unique=False)
    op.create_index("ix_refused_at", "refused", ["at"], unique=False)


# Only posts of cases are indexed, and triggers keep step: whatever changes or erases a post does so here too.
SQLITE = (
    """
    CREATE VIRTUAL TABLE post_words USING fts5(
        author, text, content='mentions', content_rowid='id', tokenize='unicode61 remove_diacritics 0'
    )
    """,
    "INSERT INTO post_words (rowid, author, text) SELECT id, author, text FROM mentions WHERE case_id IS NOT NULL",
    """
    CREATE TRIGGER post_words_insert AFTER INSERT ON mentions WHEN new.case_id IS NOT NULL BEGIN
        INSERT INTO post_words (rowid, author, text) VALUES (new.id, new.author, new.text);
    END
    """,
    """
    CREATE TRIGGER post_words_update AFTER UPDATE OF author, text, case_id ON mentions
    WHEN old.author IS NOT new.author OR old.text IS NOT new.text OR (old.case_id IS NULL) <> (new.case_id IS NULL)
    BEGIN
        INSERT INTO post_words (post_words, rowid, author, text)
            SELECT 'delete', old.id, old.author, old.text WHERE old.case_id IS NOT NULL;
        INSERT INTO post_words (rowid, author, text)
            SELECT new.id, new.author, new.text WHERE new.case_id IS NOT NULL;
    END
    """,
    """
    CREATE TRIGGER post_words_delete AFTER DELETE ON mentions WHEN old.case_id IS NOT NULL BEGIN
        INSERT INTO post_words (post_words, rowid, author, text) VALUES ('delete', old.id, old.author, old.text);
    END
    """,
)
POSTGRESQL = (
    """
    CREATE INDEX post_words ON mentions USING gin (to_tsvector('simple', author || ' ' || left(text, 20000)))
    WHERE case_id IS NOT NULL
    """,
)
