"""Deliver: takes alerts out of the outbox, sends each outside the transaction, and settles what came of it.

    pending ──claim──▶ sending ──▶ sent
       ▲                  │  ├───▶ failed       the channel refuses it for good
       └── did not leave ─┘  └───▶ uncertain    it may have left: looked for before it is sent again
                                   cancelled    no longer true when its turn came

A claim is a lease: a row whose sender died is uncertain once the lease is over. Nothing leaves in the lease's second
half, so that what one sender began has ended before the next one looks for it. Rows of one case and channel go out in
their order; what belongs into a storm's thread waits for the storm's own message.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, exists, func, insert, literal, select, update

from alerts.base import Alert, Channel, Message, Notice, Permanent, Transient, Unknown
from alerts.case import Event
from alerts.ladder import Ladder
from connectors.base import Clock
from monitor import ledger
from monitor.jobs.outcome import Outcome, backoff
from monitor.letters import letter
from monitor.schema import Utc, cases, outbox
from monitor.store import Store

log = logging.getLogger(__name__)

BATCH = 20
MOST_BACKOFF = timedelta(minutes=1)
"""A message that failed is tried again at least that often: a customer waits for it."""

_HELD = update(outbox).where(outbox.c.id == bindparam("row"), outbox.c.attempts == bindparam("claim"))
"""A row, if its claim still holds: nobody has claimed it since."""
_FIRST_ALERT = update(cases).where(
    cases.c.id == bindparam("case"), cases.c.round == bindparam("of_round"), cases.c.alerted_at.is_(None)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Postman:
    """What delivering needs: the channels by name, the brands' ladders, the clock, and how long a claim holds."""

    channels: Mapping[str, Channel]
    ladder: Callable[[str], Ladder]
    clock: Clock
    lease: timedelta
    fallback: str = ""


def deliver(store: Store, postman: Postman) -> Outcome:
    """One batch of due rows, at most one of each case and channel."""
    claimed_at = postman.clock()
    rows = _claim(store, claimed_at, claimed_at + postman.lease)
    leave_by = claimed_at + postman.lease / 2
    held: dict[str, datetime] = {}
    failures = []
    for row in rows:
        now = postman.clock()
        if now > leave_by:
            _later(store, row, now)
        elif row.channel in held:
            _later(store, row, held[row.channel])
        elif failure := _deliver_one(store, postman, row, leave_by, held):
            failures.append(f"channel {row.channel}: {failure}")
    return Outcome(done=len(rows), more=len(rows) > len(failures), failures=tuple(failures))


def _claim(store: Store, now: datetime, lease_until: datetime) -> list[Row[Any]]:
    """Rows as they were before the claim, so that what may have left earlier is still told from what never did."""
    earlier = outbox.alias("earlier")
    first = ~exists().where(
        earlier.c.case_id == outbox.c.case_id,
        earlier.c.channel == outbox.c.channel,
        earlier.c.id < outbox.c.id,
        earlier.c.due_at.is_not(None),
    )
    heading = outbox.alias("heading")
    headed = ~exists().where(
        heading.c.storm_id == outbox.c.storm_id,
        heading.c.channel == outbox.c.channel,
        heading.c.kind == "storm",
        heading.c.id < outbox.c.id,
        heading.c.due_at.is_not(None),
    )
    with store.write() as connection:
        due = select(outbox).where(outbox.c.due_at <= now, first, headed).order_by(outbox.c.due_at, outbox.c.id)
        rows = connection.execute(due.limit(BATCH).with_for_update(skip_locked=True)).all()
        connection.execute(
            update(outbox)
            .where(outbox.c.id.in_([row.id for row in rows]))
            .values(
                state="sending",
                due_at=lease_until,
                attempts=outbox.c.attempts + 1,
                tried_at=func.coalesce(outbox.c.tried_at, literal(now, Utc)),
            )
        )
    return list(rows)


def _deliver_one(
    store: Store, postman: Postman, row: Row[Any], leave_by: datetime, held: dict[str, datetime]
) -> str | None:
    """Sends or edits one message; what went wrong, if anything did."""
    now = postman.clock()
    channel = postman.channels.get(row.channel)
    if channel is None:
        return _fail(store, postman, row, Permanent("the channel is no longer configured"), now)
    message = letter(store, row, postman.channels, postman.ladder, now)
    if message is None:
        _settle(store, row, "cancelled", now)
        return None
    try:
        found = channel.find(message, row.tried_at) if row.kind != "update" and row.state != "pending" else None
        if found is None and _overtaken(row, message):
            _settle(store, row, "cancelled", now)
            return None
        if found is None and postman.clock() > leave_by:
            _later(store, row, now)
            return None
        reference = found or _send(channel, row, message)
    except Transient as error:
        if error.retry_at:
            held[row.channel] = error.retry_at
        _later(store, row, error.retry_at or backoff(row.attempts, now, most=MOST_BACKOFF), store.tell(error))
        return store.tell(error)
    except Permanent as error:
        return _fail(store, postman, row, error, now)
    except Exception as error:  # Unknown, or a channel's own mistake half way: it may have left
        if not isinstance(error, Unknown):
            log.exception("channel %s", row.channel)
        _later(store, row, backoff(row.attempts, now, most=MOST_BACKOFF), store.tell(error), state="uncertain")
        return store.tell(error)
    _sent(store, row, message if found is None else None, reference, postman.clock())
    return None


def _overtaken(row: Row[Any], message: Message) -> bool:
    """A step that nobody needs any more: the case was answered, or has begun another round."""
    if row.kind != "step" or not isinstance(message, Alert):
        return False
    return not message.case.waiting or message.case.round != row.round


def _send(channel: Channel, row: Row[Any], message: Message) -> str | None:
    """The reference of a new message; None for an edit."""
    if row.kind == "update" and not isinstance(message, Notice):
        channel.update(message)
        return None
    return channel.send(message)


def _sent(store: Store, row: Row[Any], drawn: Message | None, reference: str | None, now: datetime) -> None:
    """Settles a message that arrived, with the version of the case that it shows.

    One that was found (`drawn` is None) shows the case as it stood when it left: the updates after it are not spared.
    """
    shows = drawn.case.version if isinstance(drawn, Alert) and (row.kind == "update" or not drawn.root) else None
    with store.write() as connection:
        if _write(connection, row, "sent", now, reference=reference, version=shows, error=None) and row.kind == "step":
            detail = {"channel": row.channel, "step": row.step}
            ledger.log(connection, [(row.case_id, Event(at=now, kind="alerted", detail=detail))])
            connection.execute(_FIRST_ALERT, {"case": row.case_id, "of_round": row.round, "alerted_at": now})


def _settle(store: Store, row: Row[Any], state: str, now: datetime) -> None:
    with store.write() as connection:
        _write(connection, row, state, now)


def _fail(store: Store, postman: Postman, row: Row[Any], error: Permanent, now: datetime) -> str:
    """Gives up on this channel; a step or notice goes to the fallback, so that somebody hears of it."""
    with store.write() as connection:
        failed = _write(connection, row, "failed", now, error=store.tell(error))
        if failed and postman.fallback and row.channel != postman.fallback and row.kind != "update":
            again = {name: getattr(row, name) for name in ("kind", "case_id", "round", "step", "body", "storm_id")}
            again |= {"key": f"{row.key}:fallback", "channel": postman.fallback, "state": "pending"}
            connection.execute(insert(outbox).values(**again, due_at=now, created_at=now))
    return store.tell(error)


def _later(store: Store, row: Row[Any], at: datetime, error: str | None = None, *, state: str | None = None) -> None:
    """Back into the outbox; what may have left before stays uncertain."""
    state = state or ("pending" if row.state == "pending" else "uncertain")
    with store.write() as connection:
        _change(connection, row, state=state, due_at=at, error=error or row.error)


def _write(connection: Connection, row: Row[Any], state: str, now: datetime, **values: Any) -> bool:
    """Settles a row for good; False when another process has taken it over since."""
    return _change(connection, row, state=state, due_at=None, settled_at=now, **values)


def _change(connection: Connection, row: Row[Any], **values: Any) -> bool:
    return connection.execute(_HELD, {"row": row.id, "claim": row.attempts + 1, **values}).rowcount == 1
