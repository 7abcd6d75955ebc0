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

log = logging.getLogger(__name__)

BATCH = 64
"""Posts whose verdicts are stored together: few, so that a process that soon dies has still got somewhere."""


def triage(store: Store, classifier: Classifier, ladder: Callable[[str], Ladder], now: datetime) -> Outcome:
    """One batch of due mentions, oldest first.

    The model runs outside the transaction. A mention that makes anything throw is set aside, pushed into the future
    with its error, and costs the others nothing.
    """
    rows = _due(store, now)
    judged, failures = _judge(store, classifier, [row for row in rows if _wants_verdict(row)], now)
    ready = [row for row in rows if not _wants_verdict(row) or row.id in judged]
    try:
        with store.write() as connection:
            for row in ready:
                _settle(store, connection, row, judged.get(row.id), ladder, now)
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
            with store.write() as connection:
                _settle(store, connection, row, judged.get(row.id), ladder, now)
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
    connection: Connection,
    row: Row[Any],
    verdict: Verdict | None,
    ladder: Callable[[str], Ladder],
    now: datetime,
) -> None:
    """Takes the mention off the queue and does what it means; nothing when another process was first."""
    mine = connection.execute(
        update(mentions)
        .where(mentions.c.id == row.id, mentions.c.triage_at == row.triage_at)
        .values(triage_at=None, attempts=0, error=None)
    )
    if mine.rowcount == 0:
        return
    if verdict is not None:
        _keep(store, connection, row.id, verdict, now)
    if row.deleted_at is not None:
        casework.deleted(connection, row, now)
    elif row.by_brand:
        casework.brand_replied(connection, row, now)
    elif verdict is not None:
        casework.customer_posted(store, connection, row, verdict, ladder(row.brand), now)


def _keep(store: Store, connection: Connection, mention_id: int, verdict: Verdict, now: datetime) -> None:
    row = {"mention_id": mention_id, "decided_at": now} | asdict(verdict)
    store.replace(connection, verdicts, row, "mention_id")
