"""The tables. Due times are indexed columns; the database is the only queue."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy import Column as C


class Utc(TypeDecorator[datetime]):
    """An aware UTC moment, on databases that keep zones and on those that don't."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

sources = Table(
    "sources",
    metadata,
    C("name", String(200), primary_key=True),
    C("cursor", JSON, nullable=False),
    C("polls", Integer, nullable=False, default=0),  # counts claims: only the latest poll may move the cursor
    C("next_poll_at", Utc, nullable=False),
    C("recheck_at", Utc, nullable=False),
    C("polled_at", Utc),
    C("ok_at", Utc),
    C("failures", Integer, nullable=False, default=0),
    C("error", Text),
)

mentions = Table(
    "mentions",
    metadata,
    C("id", Integer, primary_key=True),
    C("brand", String(200), nullable=False),
    C("platform", String(50), nullable=False),
    C("external_id", Text, nullable=False),
    C("source", String(200), nullable=False),
    C("thread_id", Text, nullable=False),
    C("reply_to", Text),
    C("author", Text, nullable=False),
    C("by_brand", Boolean, nullable=False),
    C("text", Text, nullable=False),
    C("url", Text, nullable=False),
    C("followers", Integer),
    C("lang", String(50)),
    C("posted_at", Utc, nullable=False),
    C("detected_at", Utc, nullable=False),
    C("edited_at", Utc),
    C("deleted_at", Utc),
    C("erased_at", Utc),  # text, author and url are gone: deleted by the customer, or kept long enough
    C("recheck_at", Utc),  # when it is looked up again, to honour edits and deletions; null: never, it is in no case
    C("triage_at", Utc),  # when it is due for a verdict; null: it has been dealt with
    C("attempts", Integer, nullable=False, default=0),
    C("error", Text),
    C("skipped", Text),  # why it is left out: no verdict is asked for
    C("restored_at", Utc),  # when a person put it back: it is not left out again
    C("case_id", Integer, ForeignKey("cases.id")),
    UniqueConstraint("platform", "external_id", "brand"),
    Index(None, "triage_at"),
    Index(None, "brand", "platform", "thread_id"),
    Index(None, "case_id"),
    Index(None, "source", "recheck_at"),
    Index(None, "erased_at", "detected_at"),
    Index(None, "brand", "skipped"),
    Index(None, "brand", "posted_at"),
    Index(
        None, "posted_at", "by_brand", "brand", "platform", "lang",
        sqlite_where=text("skipped IS NULL"), postgresql_where=text("skipped IS NULL"),
    ),
)  # fmt: skip

fingerprints = Table(
    "fingerprints",
    metadata,
    C("value", BigInteger, primary_key=True, autoincrement=False),
    C("mention_id", Integer, ForeignKey("mentions.id"), primary_key=True),  # one that is heard
    Index(None, "mention_id"),
    sqlite_with_rowid=False,
)

likenesses = Table(
    "likenesses",
    metadata,
    C("value", BigInteger, primary_key=True, autoincrement=False),
    C("mention_id", Integer, ForeignKey("mentions.id"), primary_key=True),  # a complaint of a case
    Index(None, "mention_id"),
    sqlite_with_rowid=False,
)

verdicts = Table(
    "verdicts",
    metadata,
    C("mention_id", Integer, ForeignKey("mentions.id"), primary_key=True),
    C("complaint", Float, nullable=False),
    C("is_complaint", Boolean, nullable=False),
    C("sentiment", String(20), nullable=False),
    C("language", String(20)),
    C("topic", String(20)),
    C("severity", String(20)),
    C("intent", String(20)),
    C("why", JSON, nullable=False),  # words of the post: gone when its text is
    C("model", Text, nullable=False),
    C("decided_at", Utc, nullable=False),
)

cases = Table(
    "cases",
    metadata,
    C("id", Integer, primary_key=True),
    C("brand", String(200), nullable=False),
    C("platform", String(50), nullable=False),
    C("thread_id", Text, nullable=False),
    C("author", Text, nullable=False),
    C("state", String(20), nullable=False),
    C("round", Integer, nullable=False),
    C("level", Integer, nullable=False),
    C("posted_at", Utc, nullable=False),
    C("detected_at", Utc, nullable=False),
    C("respond_by", Utc, nullable=False),
    C("check_at", Utc),
    C("verify_at", Utc),  # when the thread is asked once more whether the brand has answered
    C("attempts", Integer, nullable=False, default=0),
    C("error", Text),
    C("alerted_at", Utc),
    C("stopped_at", Utc),
    C("stopped_by", String(20)),
    C("assignee", Text),
    C("snoozed_until", Utc),
    C("silent_since", Utc),
    C("reminded_at", Utc),
    C("hushed", Boolean, nullable=False, default=False),
    C("urgent_at", Utc),
    C("urgent_from", Integer, nullable=False, default=0),
    C("version", Integer, nullable=False),
    C("storm_id", Integer, ForeignKey("storms.id")),  # of which it is part
    UniqueConstraint("brand", "platform", "thread_id", "author"),
    Index(None, "check_at"),
    Index(None, "verify_at"),
    Index(None, "state", "respond_by"),
    Index(None, "state", "stopped_at"),
    Index(None, "posted_at"),
    Index(None, "brand", "platform", "author"),
    Index(None, "storm_id"),
    Index(None, "brand", "posted_at"),
    Index(None, "brand", "stopped_at"),
)

events = Table(
    "events",
    metadata,
    C("id", Integer, primary_key=True),
    C("case_id", Integer, ForeignKey("cases.id"), nullable=False),
    C("at", Utc, nullable=False),
    C("kind", String(50), nullable=False),
    C("actor", Text, nullable=False),
    C("detail", JSON, nullable=False),
    Index(None, "case_id"),
)

outbox = Table(
    "outbox",
    metadata,
    C("id", Integer, primary_key=True),
    C("key", String(300), nullable=False, unique=True),
    C("kind", String(20), nullable=False),  # step, answer, update, call, summary, notice, digest or storm
    C("case_id", Integer, ForeignKey("cases.id")),
    C("channel", String(200), nullable=False),
    C("round", Integer, nullable=False, default=0),
    C("step", Integer, nullable=False, default=0),
    C("body", JSON),  # of a notice or digest; a case is drawn as it stands when it is sent
    C("state", String(20), nullable=False),  # pending, sending, uncertain; then sent, cancelled or failed
    C("priority", Integer, nullable=False, default=1),  # the lower, the sooner it leaves when many are due
    C("due_at", Utc),  # when it may be taken up; null once it is settled
    C("attempts", Integer, nullable=False, default=0),
    C("reference", Text),
    C("version", Integer),  # of the case that the message shows
    C("error", Text),
    C("created_at", Utc, nullable=False),
    C("held_until", Utc),  # when the channel opens that was quiet
    C("tried_at", Utc),  # the first time that it may have left
    C("settled_at", Utc),
    C("storm_id", Integer, ForeignKey("storms.id")),  # which it shows, or in whose thread it is said
    Index(None, "due_at"),
    Index(None, "priority", "id", sqlite_where=text("due_at IS NOT NULL"), postgresql_where=text("due_at IS NOT NULL")),
    Index(None, "case_id", "channel"),
    Index(None, "storm_id"),
)

storms = Table(
    "storms",
    metadata,
    C("id", Integer, primary_key=True),
    C("brand", String(200), nullable=False),
    C("topic", String(20), nullable=False),
    C("channel", String(200), nullable=False),
    C("started_at", Utc, nullable=False),
    C("noticed_at", Utc, nullable=False),
    C("ended_at", Utc),
    C("usual", Float, nullable=False),  # complaints an hour, when it was noticed
    C("told_at", Utc, nullable=False),  # when its message was last due to be drawn anew
    C("told", JSON, nullable=False),  # the figures that it showed then
    C("version", Integer, nullable=False),
    Index(None, "brand", "ended_at"),
)

usuals = Table(
    "usuals",
    metadata,
    C("brand", String(200), primary_key=True),
    C("known_since", Utc, nullable=False),  # when the brand's first post was found
    C("learnt_at", Utc),
    C("rates", JSON, nullable=False),  # by topic: complaints an hour for each hour of the week, and how they bunch
)

problems = Table(
    "problems",
    metadata,
    C("id", Integer, primary_key=True),
    C("source", String(200), nullable=False),
    C("kind", String(20), nullable=False),  # broken: a post that can't be read; gap: out of reach; outage: nobody ran
    C("place", Text, nullable=False),
    C("why", Text, nullable=False),
    C("noted_at", Utc, nullable=False),
    UniqueConstraint("source", "kind", "place"),
)

feedback = Table(
    "feedback",
    metadata,
    C("mention_id", Integer, ForeignKey("mentions.id"), primary_key=True),
    C("is_complaint", Boolean, nullable=False),
    C("how", String(20), nullable=False),  # confirmed or dismissed by what was done, missed: told by a person
    C("by", Text, nullable=False),  # a person, or the brand's handle that replied
    C("at", Utc, nullable=False),
    C("model", Text, nullable=False),  # and the probability that it gave then: the verdict may be another by now
    C("complaint", Float, nullable=False),
)

stand_ins = Table(
    "stand_ins",
    metadata,
    C("id", Integer, primary_key=True),  # the later one counts where two overlap
    C("rotation", String(200), nullable=False),
    C("who", Text, nullable=False),
    C("since", Utc, nullable=False),
    C("until", Utc, nullable=False),
    C("by", Text, nullable=False),
    Index(None, "rotation", "until"),
)

users = Table(
    "users",
    metadata,
    C("id", Integer, primary_key=True),
    C("name", String(100), nullable=False, unique=True),
    C("role", String(20), nullable=False),
    C("password", Text),  # argon2; null: signs in another way
    C("subject", String(600), unique=True),  # who it is at the OpenID Connect provider: issuer and id
    C("created_at", Utc, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    C("digest", String(64), primary_key=True),  # of the cookie, which is kept nowhere
    C("user_id", Integer, ForeignKey("users.id"), nullable=False),
    C("created_at", Utc, nullable=False),
    C("expires_at", Utc, nullable=False),
    Index(None, "user_id"),
    Index(None, "expires_at"),
)

tokens = Table(
    "tokens",
    metadata,
    C("name", String(100), primary_key=True),
    C("digest", String(64), nullable=False, unique=True),
    C("scopes", JSON, nullable=False),
    C("created_at", Utc, nullable=False),
    C("expires_at", Utc, nullable=False),
    C("used_at", Utc),
)

refused = Table(
    "refused",
    metadata,
    C("id", Integer, primary_key=True),
    C("who", String(200), nullable=False),  # a name or an address that failed to sign in
    C("at", Utc, nullable=False),
    Index(None, "who", "at"),
    Index(None, "at"),
)
