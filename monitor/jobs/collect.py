"""Collect: asks one due source for one page and stores its posts together with the cursor."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, select, update

from connectors.base import Connector, Found, Gap, Mention, Page, Permanent, Transient, UsageCap, Watch
from monitor import ledger
from monitor.jobs.outcome import Outcome, backoff
from monitor.jobs.sift import sift
from monitor.relevance import Sieve
from monitor.schema import mentions, problems, sources
from monitor.store import Store

log = logging.getLogger(__name__)

MOST_BACKOFF = timedelta(minutes=10)
"""A failing source is asked again at least that often, unless the platform said otherwise."""


NEWS = timedelta(hours=12)
"""What can't be read is told again after so long: a line of that number may be another file's by then."""


def register(store: Store, names: Sequence[str], now: datetime) -> None:
    """Gives new sources their row, due at once."""
    with store.write() as connection:
        rows = [
            {"name": name, "cursor": {}, "polls": 0, "failures": 0, "next_poll_at": now, "recheck_at": now}
            for name in names
        ]
        store.insert_new(connection, sources, rows, ["name"])


def due(store: Store, names: Sequence[str], now: datetime) -> list[str]:
    """The sources to be polled, the longest waiting first."""
    with store.read() as connection:
        statement = (
            select(sources.c.name)
            .where(sources.c.name.in_(names), sources.c.next_poll_at <= now)
            .order_by(sources.c.next_poll_at)
        )
        return list(connection.scalars(statement))


def collect(store: Store, name: str, connector: Connector, sieve: Sieve, every: timedelta, now: datetime) -> Outcome:
    """One page of one source.

    The next poll is set before the platform is asked, so that a page that kills the process is not asked for in a
    loop. Posts and cursor are stored in one transaction: a cursor is never ahead of its posts.
    """
    claimed = _claim(store, name, now, now + every)
    if claimed is None:
        return Outcome()
    poll, cursor, failures = claimed
    try:
        page = connector.fetch(cursor)
        more = page.more and page.next_poll_at is None and page.cursor != cursor
        with store.write() as connection:
            new = save(store, connection, name, sieve, page, now)
            left_out = _note(store, connection, name, page, now)
            _settle(connection, name, poll, page, now if more else now + every, now)
    except Exception as error:  # whatever it is, it must not stop the other sources
        if not isinstance(error, Transient | Permanent):
            log.exception("source %s", name)
        _failed(store, name, error, failures, every, now)
        return Outcome(failures=(f"source {name}: {store.tell(error)}",))
    return Outcome(done=new, more=more, left_out=left_out)


def save(store: Store, connection: Connection, source: str, sieve: Sieve, found: Found, now: datetime) -> int:
    """Stores and sifts what a platform said: new posts, edited texts, deletions. How many posts are new or changed."""
    watch = sieve.watch
    known = _known(connection, watch.brand, [*(m.external_id for m in found.mentions), *found.deleted], found)
    fresh: dict[tuple[str, str], dict[str, Any]] = {}
    edited = []
    for mention in found.mentions:
        row = known.get((mention.platform, mention.external_id))
        if row is None:
            fresh[mention.platform, mention.external_id] = _row(mention, source, watch, now)
        elif row.text != mention.text and row.erased_at is None:
            edited.append(row.id)
            connection.execute(
                update(mentions).where(mentions.c.id == row.id).values(text=mention.text, edited_at=now, triage_at=now)
            )
    gone = [row.id for row in known.values() if row.external_id in set(found.deleted) and row.deleted_at is None]
    if gone:
        ledger.forget(connection, gone, now, deleted_at=now, triage_at=now)
    new = store.insert_new(connection, mentions, list(fresh.values()), ["platform", "external_id", "brand"])
    changed = [*(row.id for row in new), *edited, *gone]
    sift(store, connection, sieve, changed, now)
    return len(changed)


def _known(connection: Connection, brand: str, ids: list[str], found: Found) -> dict[tuple[str, str], Any]:
    """The rows of these posts that are stored already."""
    platforms = {mention.platform for mention in found.mentions}
    rows: dict[tuple[str, str], Any] = {}
    for start in range(0, len(ids), 500):
        statement = select(
            mentions.c.id,
            mentions.c.platform,
            mentions.c.external_id,
            mentions.c.text,
            mentions.c.erased_at,
            mentions.c.deleted_at,
        ).where(mentions.c.brand == brand, mentions.c.external_id.in_(ids[start : start + 500]))
        if platforms:
            statement = statement.where(mentions.c.platform.in_(platforms))
        rows |= {(row.platform, row.external_id): row for row in connection.execute(statement)}
    return rows


def _row(mention: Mention, source: str, watch: Watch, now: datetime) -> dict[str, Any]:
    return {
        "brand": watch.brand,
        "platform": mention.platform,
        "external_id": mention.external_id,
        "source": source,
        "thread_id": mention.thread_id,
        "reply_to": mention.reply_to,
        "author": mention.author,
        "by_brand": watch.owns(mention.author),
        "text": mention.text,
        "url": mention.url,
        "followers": mention.followers,
        "lang": mention.lang,
        "posted_at": min(mention.posted_at, now),  # a post from the future starts its clock when it is seen
        "detected_at": now,
        "triage_at": now,
        "attempts": 0,
    }


def _claim(store: Store, name: str, now: datetime, next_poll_at: datetime) -> tuple[int, Any, int] | None:
    with store.write() as connection:
        row = connection.execute(
            update(sources)
            .where(sources.c.name == name, sources.c.next_poll_at <= now)
            .values(next_poll_at=next_poll_at, polls=sources.c.polls + 1, polled_at=now)
            .returning(sources.c.polls, sources.c.cursor, sources.c.failures)
        ).one_or_none()
    return (row.polls, row.cursor, row.failures) if row else None


def _settle(connection: Connection, name: str, poll: int, page: Page, soonest: datetime, now: datetime) -> None:
    """Moves the cursor, unless a later poll has begun meanwhile: its place is the better one."""
    connection.execute(
        update(sources)
        .where(sources.c.name == name, sources.c.polls == poll)
        .values(
            cursor=dict(page.cursor),
            next_poll_at=max(soonest, page.next_poll_at or soonest),
            ok_at=now,
            failures=0,
            error=None,
        )
    )


def _failed(store: Store, name: str, error: Exception, failures: int, every: timedelta, now: datetime) -> None:
    asked = error.retry_at if isinstance(error, Transient) else None
    next_poll_at = max(asked or now, backoff(failures, now, most=max(MOST_BACKOFF, every)))
    prefix = "usage cap: " if isinstance(error, UsageCap) else ""
    with store.write() as connection:
        connection.execute(
            update(sources)
            .where(sources.c.name == name)
            .values(next_poll_at=next_poll_at, failures=failures + 1, error=prefix + store.tell(error))
        )


def _note(store: Store, connection: Connection, name: str, page: Page, now: datetime) -> tuple[str, ...]:
    """Keeps what could not be read or reached; tells what of it is news."""
    found = {("broken", item.where): item.why for item in page.broken}
    found |= {("gap", _span(gap)): gap.why for gap in page.gaps}
    rows = [
        {"source": name, "kind": kind, "place": place, "why": why, "noted_at": now}
        for (kind, place), why in found.items()
    ]
    old = and_(problems.c.kind == "broken", problems.c.noted_at < now - NEWS)
    noted = store.insert_new(connection, problems, rows, ["source", "kind", "place"], renew=old)
    return tuple(f"source {name}: {row.place}: {row.why}" for row in noted)


def _span(gap: Gap) -> str:
    return f"{gap.since.isoformat(timespec='seconds')} to {gap.until.isoformat(timespec='seconds')}"
