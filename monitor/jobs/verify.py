"""Verify and recheck: ask a platform again about what is stored, its threads' replies and its posts as they are now."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import and_, select, update

from alerts.case import WAITING
from alerts.ladder import Ladder
from connectors.base import Connector, Found, Permanent, Transient
from monitor import ledger
from monitor.jobs.collect import save
from monitor.jobs.outcome import Outcome
from monitor.relevance import Sieve
from monitor.schema import cases, mentions, sources
from monitor.store import Store

log = logging.getLogger(__name__)

AGAIN = timedelta(minutes=1)
"""When a thread is asked again that a process died over."""
LOOKUP = 100
"""Posts that one lookup asks for."""
MOST_THREADS = 5
"""Of one case, that are asked."""
SUSPICIOUS = 20
"""Posts that are not believed to have been deleted all at once."""


def verify(
    store: Store,
    connectors: Mapping[str, Connector],
    sieves: Mapping[str, Sieve],
    ladder: Callable[[str], Ladder],
    now: datetime,
) -> Outcome:
    """Asks the threads of one case that is about to reach the last step of a ladder whether the brand has answered.

    When the platform doesn't say, the case climbs on; when the process dies meanwhile, the thread is asked again.
    """
    with store.write() as connection:
        due = select(cases.c.id).where(cases.c.verify_at <= now).order_by(cases.c.verify_at).limit(1)
        case_id = connection.scalar(due.with_for_update(skip_locked=True))
        if case_id is None:
            return Outcome()
        connection.execute(update(cases).where(cases.c.id == case_id).values(verify_at=now + AGAIN))
        posts = connection.execute(
            select(mentions.c.source, mentions.c.thread_id, mentions.c.external_id)
            .join(cases, cases.c.id == mentions.c.case_id)
            .where(mentions.c.case_id == case_id, ~mentions.c.by_brand, cases.c.state.in_(WAITING))
            .order_by(mentions.c.posted_at)
        ).all()
    first = {(post.source, post.thread_id): post.external_id for post in reversed(posts) if post.source in connectors}
    failures = []
    for (source, thread_id), post_id in list(first.items())[:MOST_THREADS]:
        ask = partial(connectors[source].thread, thread_id, post_id)
        failures.append(_ask(store, source, sieves[source], now, ask))
    with store.write() as connection:
        asked = and_(cases.c.id == case_id, cases.c.verify_at == now + AGAIN)
        for case in ledger.lock(connection, asked):
            later = ledger.verify_time(case, ladder(case.brand), after=now) if case.waiting else None
            connection.execute(update(cases).where(asked).values(verify_at=later))
    return Outcome(done=1, more=True, failures=tuple(failure for failure in failures if failure))


def recheck(store: Store, name: str, connector: Connector, sieve: Sieve, every: timedelta, now: datetime) -> Outcome:
    """Looks up posts of one source that are shown in cases, to honour edits and deletions.

    The older a post, the seldomer: after `every`, then after a quarter of its age, because lookups can cost money.
    """
    due = and_(mentions.c.source == name, mentions.c.recheck_at <= now, mentions.c.erased_at.is_(None))
    with store.write() as connection:
        oldest_first = select(mentions.c.id, mentions.c.external_id, mentions.c.posted_at).order_by(
            mentions.c.recheck_at
        )
        rows = connection.execute(oldest_first.where(due).limit(LOOKUP)).all()
        for row in rows:
            later = now + max(every, (now - row.posted_at) / 4)
            connection.execute(update(mentions).where(mentions.c.id == row.id).values(recheck_at=later))
        if len(rows) < LOOKUP:
            connection.execute(update(sources).where(sources.c.name == name).values(recheck_at=now + every / 24))
    if not rows:
        return Outcome()
    failure = _ask(store, name, sieve, now, lambda: _looked_up(connector, [row.external_id for row in rows]))
    return Outcome(done=len(rows), more=len(rows) == LOOKUP, failures=(failure,) if failure else ())


def _looked_up(connector: Connector, ids: list[str]) -> Found | None:
    """The posts as they are now. That all of many are gone at once is the platform's mistake, not its news."""
    found = connector.lookup(ids)
    if found is not None and len(ids) >= SUSPICIOUS and set(found.deleted) >= set(ids):
        raise Transient(f"says that all of {len(ids)} posts are deleted; not believed, asked again later")
    return found


def recheck_due(store: Store, name: str, now: datetime) -> bool:
    with store.read() as connection:
        due = select(sources.c.name).where(sources.c.name == name, sources.c.recheck_at <= now)
        return connection.scalar(due) is not None


def _ask(store: Store, source: str, sieve: Sieve, now: datetime, question: Callable[[], Found | None]) -> str | None:
    """Stores the answer; what went wrong, if anything did."""
    try:
        found = question()
    except Exception as error:  # the case climbs on, the posts stay as they are
        if not isinstance(error, Transient | Permanent):
            log.exception("source %s", source)
        return f"source {source}: {store.tell(error)}"
    if found is not None:
        with store.write() as connection:
            save(store, connection, source, sieve, found, now)
    return None
