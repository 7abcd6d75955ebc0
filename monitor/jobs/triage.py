"""Triage: gives due mentions their verdict, and opens, extends, answers or withdraws cases accordingly."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from alerts.ladder import Ladder
from classifiers.base import Classifier, Verdict
from monitor.jobs import casework
from monitor.jobs.outcome import Outcome, backoff
from monitor.schema import mentions, verdicts
from monitor.store import Store
from monitor.topics import Topics, no_topics, with_topic

log = logging.getLogger(__name__)

BATCH = 256
"""Posts whose verdicts are stored together: few, so that a process that soon dies has still got somewhere."""


def triage(
    store: Store,
    classifier: Classifier,
    ladder: Callable[[str], Ladder],
    now: datetime,
    topics: Callable[[str], Topics] = no_topics,
) -> Outcome:
    """One batch of due mentions, oldest first. `topics` gives the brands' own.

    The model runs outside the transaction. A mention that makes anything throw is set aside, pushed into the future
    with its error, and costs the others nothing.
    """
    rows = _due(store, now)
    if not rows:
        return Outcome()
    judged, failures = _judge(store, classifier, [row for row in rows if _wants_verdict(row)], now)
    judged |= {row.id: with_topic(judged[row.id], row.text, topics(row.brand)) for row in rows if row.id in judged}
    ready = [row for row in rows if not _wants_verdict(row) or row.id in judged]
    try:
        _settle(store, ready, judged, ladder, now)
    except Exception:  # find the one that throws: each on its own
        failures += _one_by_one(store, ready, judged, ladder, now)
    return Outcome(done=len(rows), more=len(rows) == BATCH, failures=tuple(failures))


def _due(store: Store, now: datetime) -> Sequence[Row[Any]]:
    with store.read() as connection:
        oldest_first = select(mentions).order_by(mentions.c.posted_at, mentions.c.id)
        statement = oldest_first.where(mentions.c.triage_at <= now).limit(BATCH)
        return connection.execute(statement).all()


def _wants_verdict(row: Row[Any]) -> bool:
    return not row.by_brand and row.skipped is None and row.erased_at is None


def _judge(
    store: Store, classifier: Classifier, rows: Sequence[Row[Any]], now: datetime
) -> tuple[dict[int, Verdict], list[str]]:
    """A verdict for each; a text that the classifier throws at is set aside."""
    try:
        return dict(zip((row.id for row in rows), classifier.classify([row.text for row in rows]), strict=True)), []
    except Exception:
        log.exception("a batch of %d posts could not be classified; trying each on its own", len(rows))
    judged: dict[int, Verdict] = {}
    failures = []
    for row in rows:
        try:
            judged[row.id] = classifier.classify([row.text])[0]
        except Exception as error:
            failures.append(_set_aside(store, row, error, now))
    return judged, failures


def _one_by_one(
    store: Store,
    rows: Sequence[Row[Any]],
    judged: Mapping[int, Verdict],
    ladder: Callable[[str], Ladder],
    now: datetime,
) -> list[str]:
    failures = []
    for row in rows:
        try:
            _settle(store, [row], judged, ladder, now)
        except Exception as error:
            log.exception("mention %d", row.id)
            failures.append(_set_aside(store, row, error, now))
    return failures


def _set_aside(store: Store, row: Row[Any], error: Exception, now: datetime) -> str:
    with store.write() as connection:
        connection.execute(
            update(mentions)
            .where(mentions.c.id == row.id)
            .values(triage_at=backoff(row.attempts, now), attempts=mentions.c.attempts + 1, error=store.tell(error))
        )
    return f"mention {row.id} ({row.platform}): {store.tell(error)}"


def _settle(
    store: Store,
    rows: Sequence[Row[Any]],
    judged: Mapping[int, Verdict],
    ladder: Callable[[str], Ladder],
    now: datetime,
) -> None:
    """Takes mentions off the queue, keeps their verdicts and does what they mean: all, or nothing of it."""
    with store.write() as connection:
        posts = [(row, judged.get(row.id)) for row in _take(connection, rows)]
        read = [{"mention_id": row.id, "decided_at": now} | asdict(verdict) for row, verdict in posts if verdict]
        store.replace(connection, verdicts, read, "mention_id")
        casework.settle(store, connection, posts, ladder, now)


def _take(connection: Connection, rows: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Those that are still as they were read: not one that another process was first with, or that has been edited."""
    held = select(mentions.c.id, mentions.c.triage_at).where(mentions.c.id.in_([row.id for row in rows]))
    due = {tuple(row) for row in connection.execute(held.order_by(mentions.c.id).with_for_update())}
    mine = [row for row in rows if (row.id, row.triage_at) in due]
    done = {"triage_at": None, "attempts": 0, "error": None}
    connection.execute(update(mentions).where(mentions.c.id.in_([row.id for row in mine])).values(done))
    return mine
