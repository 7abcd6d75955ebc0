"""Deliver: takes alerts out of the outbox, sends each outside the transaction, and settles what came of it.

    pending ──claim──▶ sending ──▶ sent
       ▲                  │  ├───▶ failed       the channel refuses it for good
       └── did not leave ─┘  └───▶ uncertain    it may have left: looked for before it is sent again
                                   cancelled    no longer true when its turn came

A claim is a lease: a row whose sender died is uncertain once the lease is over. Nothing leaves in the lease's second
half, so that what one sender began has ended before the next one looks for it; one that was frozen on its way and sends
too late makes that good afterwards. Rows of one case and channel go out in
their order; what belongs into a storm's thread waits for the storm's own message. Of what is due, urgent cases come
first, then what has waited longest, and prepared answers, which hold nothing up, when nothing else is due. A channel
that asks to wait is left alone until then, and no other with it; new messages and edits are counted apart, as Slack
counts them.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, exists, func, insert, literal, not_, or_, select, update
from sqlalchemy import case as when

from alerts.base import Alert, Channel, Incident, Message, Permanent, Suggesting, Transient, Unknown
from alerts.case import Event
from alerts.ladder import Ladder
from alerts.rotation import Rotation
from connectors.base import Clock
from monitor import ledger
from monitor.jobs.outcome import Outcome, backoff
from monitor.jobs.press import Press
from monitor.letters import NO_NOTES, Notes, letter
from monitor.schema import Utc, cases, outbox
from monitor.store import Store

log = logging.getLogger(__name__)

BATCH = 20
MOST_BACKOFF = {ledger.FIRST: timedelta(seconds=10), ledger.ORDINARY: timedelta(minutes=1)}
"""By priority: a message that failed is tried again at least that often, because a customer waits for it."""

AGAIN = ("kind", "case_id", "round", "step", "body", "priority", "storm_id")
"""What a message has in common with the one that goes to the fallback in its place."""

_EARLIER, _HEADING = outbox.alias("earlier"), outbox.alias("heading")
_FIRST = ~exists().where(
    _EARLIER.c.case_id == outbox.c.case_id,
    _EARLIER.c.channel == outbox.c.channel,
    _EARLIER.c.id < outbox.c.id,
    _EARLIER.c.due_at.is_not(None),
    or_(_EARLIER.c.kind != "answer", outbox.c.kind == "answer"),
)
"""A row for which no other of its case and channel waits."""
_HEADED = ~exists().where(
    _HEADING.c.storm_id == outbox.c.storm_id,
    _HEADING.c.channel == outbox.c.channel,
    _HEADING.c.kind == "storm",
    _HEADING.c.id < outbox.c.id,
    _HEADING.c.due_at.is_not(None),
)
"""A row that is in no storm whose own message still waits."""
_BY_WEIGHT = when((outbox.c.kind == "answer", 1), else_=0)
_HELD = update(outbox).where(outbox.c.id == bindparam("row"), outbox.c.attempts == bindparam("claim"))
"""A row, if its claim still holds: nobody has claimed it since."""
_ARRIVED = (
    update(outbox)
    .where(outbox.c.id == bindparam("row"), outbox.c.due_at.is_not(None))
    .values(attempts=outbox.c.attempts + 1)
)
"""A row that nobody has settled: its message is there, and whoever else has claimed it loses the claim."""
_FIRST_ALERT = update(cases).where(
    cases.c.id == bindparam("case"), cases.c.round == bindparam("of_round"), cases.c.alerted_at.is_(None)
)


Road = tuple[str, bool]
"""A channel, and whether the message is an edit there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Postman:
    """What delivering needs: channels and rotations by name, the brands' ladders, the clock, how long a claim holds."""

    channels: Mapping[str, Channel]
    ladder: Callable[[str], Ladder]
    clock: Clock
    lease: timedelta
    rotations: Mapping[str, Rotation]
    press: Press
    """Where digests are ready; one that is not drawn yet waits."""
    fallback: str = ""
    notes: Notes = NO_NOTES
    held: dict[Road, datetime] = field(default_factory=dict)
    """Until when a channel has asked to be left alone."""

    def open_again(self) -> datetime | None:
        """When the next channel that has asked to wait may be tried again; None: none has."""
        now = self.clock()
        return min((until for until in self.held.values() if until > now), default=None)


def deliver(store: Store, postman: Postman) -> Outcome:
    """One batch of due rows, at most one of each case and channel."""
    claimed_at = postman.clock()
    closed = [road for road, until in postman.held.items() if until > claimed_at]
    rows = _claim(store, closed, postman.press.ready(claimed_at), claimed_at, claimed_at + postman.lease)
    leave_by = claimed_at + postman.lease / 2
    failures = []
    untried = []
    for row in rows:
        now = postman.clock()
        if now > leave_by:
            untried.append((row, now))
        elif (until := postman.held.get(_road(row), now)) > now:
            untried.append((row, until))
        elif failure := _deliver_one(store, postman, row, leave_by):
            failures.append(f"channel {row.channel}: {failure}")
    _put_back(store, untried)
    return Outcome(done=len(rows) - len(untried), more=len(rows) > len(failures), failures=tuple(failures))


def _road(row: Row[Any]) -> Road:
    return row.channel, row.kind == "update"


def _claim(
    store: Store, closed: Sequence[Road], drawn: Sequence[str], now: datetime, lease_until: datetime
) -> list[Row[Any]]:
    """Rows as they were before the claim, so that what may have left earlier is still told from what never did."""
    passable = [
        not_(and_(outbox.c.channel == channel, (outbox.c.kind == "update") == edits)) for channel, edits in closed
    ]
    with store.write() as connection:
        ready = or_(outbox.c.kind != "digest", outbox.c.key.in_(drawn))
        due = select(outbox).where(outbox.c.due_at <= now, ready, _FIRST, _HEADED, *passable)
        due = due.order_by(_BY_WEIGHT, outbox.c.priority, outbox.c.id)
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


def _deliver_one(store: Store, postman: Postman, row: Row[Any], leave_by: datetime) -> str | None:
    """Sends or edits one message; what went wrong, if anything did."""
    now = postman.clock()
    channel = postman.channels.get(row.channel)
    if channel is None:
        return _fail(store, postman, row, Permanent("the channel is no longer configured"), now)
    try:
        message = _written(store, postman, row, now)
    except Permanent as error:
        return _fail(store, postman, row, error, now)
    except Exception as error:  # a digest that can't be drawn must not hold up what customers wait for
        log.exception("message %s", row.key)
        _later(store, row, backoff(row.attempts, now), store.tell(error))
        return store.tell(error)
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
            postman.held[_road(row)] = error.retry_at
        _later(store, row, error.retry_at or _again(row, now), store.tell(error))
        return store.tell(error)
    except Permanent as error:
        return _fail(store, postman, row, error, now)
    except Exception as error:  # Unknown, or a channel's own mistake half way: it may have left
        if not isinstance(error, Unknown):
            log.exception("channel %s", row.channel)
        _later(store, row, _again(row, now), store.tell(error), state="uncertain")
        return store.tell(error)
    if row.kind == "update":
        _edited(store, row, message, postman.clock())
    elif not _sent(store, row, message if found is None else None, reference, postman.clock()):
        return _take_back(channel, row, reference)
    return None


def _take_back(channel: Channel, row: Row[Any], reference: str) -> str | None:
    """Withdraws a message that left too late, after another sender had settled its row; what went wrong with that."""
    try:
        channel.withdraw(reference)
    except (Transient, Permanent, Unknown) as error:
        return f"message {row.key} is one too many and could not be taken back: {error}"
    return None


def _again(row: Row[Any], now: datetime) -> datetime:
    return backoff(row.attempts, now, most=MOST_BACKOFF[row.priority])


def _written(store: Store, postman: Postman, row: Row[Any], now: datetime) -> Message | None:
    """What the row has to say, as it now stands; None: nothing new."""
    if row.kind == "digest":
        return postman.press.take(row.key)
    return letter(store, row, postman.channels, postman.ladder, postman.rotations, now, postman.notes)


def _overtaken(row: Row[Any], message: Message) -> bool:
    """A step or a prepared answer that nobody needs any more: the case was answered, or has begun another round."""
    if row.kind not in ("step", "answer") or not isinstance(message, Alert):
        return False
    if row.kind == "answer" and message.root is None:
        return True  # the case's message never came here
    return not message.case.waiting or message.case.round != row.round


def _send(channel: Channel, row: Row[Any], message: Message) -> str:
    """The reference of the message that was sent or edited."""
    if row.kind == "update" and isinstance(message, Alert | Incident):
        channel.update(message)
        return str(message.root)
    if row.kind == "answer" and isinstance(message, Alert) and isinstance(channel, Suggesting):
        return channel.suggest(message)
    return channel.send(message)


def _sent(store: Store, row: Row[Any], drawn: Message | None, reference: str, now: datetime) -> bool:
    """Settles a message that is there, with the version of the case that it shows; False: it is one too many.

    One that was found (`drawn` is None) shows the case as it stood when it left: the updates after it are not spared.
    """
    shows = drawn.case.version if isinstance(drawn, Alert) and not drawn.root else None
    arrived = {"row": row.id, "state": "sent", "due_at": None, "settled_at": now, "error": None}
    with store.write() as connection:
        if not connection.execute(_ARRIVED, arrived | {"reference": reference, "version": shows}).rowcount:
            return connection.scalar(select(outbox.c.reference).where(outbox.c.id == row.id)) == reference
        if row.kind == "step":
            detail = {"channel": row.channel, "step": row.step}
            ledger.log(connection, [(row.case_id, Event(at=now, kind="alerted", detail=detail))])
            connection.execute(_FIRST_ALERT, {"case": row.case_id, "of_round": row.round, "alerted_at": now})
    return True


def _edited(store: Store, row: Row[Any], drawn: Message, now: datetime) -> None:
    """Settles an edit. One that came after another sender's may have undone it: the message is drawn once more."""
    shows = drawn.case.version if isinstance(drawn, Alert) else None
    with store.write() as connection:
        if not _write(connection, row, "sent", now, version=shows, error=None):
            if shows is not None:
                newer = (outbox.c.case_id == row.case_id, outbox.c.channel == row.channel, outbox.c.version > shows)
                connection.execute(update(outbox).where(*newer).values(version=shows))
            again = {"state": "pending", "due_at": now, "settled_at": None}
            connection.execute(update(outbox).where(outbox.c.id == row.id).values(again))


def _settle(store: Store, row: Row[Any], state: str, now: datetime) -> None:
    with store.write() as connection:
        _write(connection, row, state, now)


def _fail(store: Store, postman: Postman, row: Row[Any], error: Permanent, now: datetime) -> str:
    """Gives up on this channel; a step or notice goes to the fallback, so that somebody hears of it."""
    with store.write() as connection:
        failed = _write(connection, row, "failed", now, error=store.tell(error))
        if failed and postman.fallback and row.channel != postman.fallback and row.kind not in ("update", "answer"):
            again = {name: getattr(row, name) for name in AGAIN}
            again |= {"key": f"{row.key}:fallback", "channel": postman.fallback, "state": "pending"}
            connection.execute(insert(outbox).values(**again, due_at=now, created_at=now))
    return store.tell(error)


def _later(store: Store, row: Row[Any], at: datetime, error: str | None = None, *, state: str | None = None) -> None:
    """Back into the outbox; what may have left before stays uncertain."""
    state = state or ("pending" if row.state == "pending" else "uncertain")
    with store.write() as connection:
        _change(connection, row, state=state, due_at=at, error=error or row.error)


def _put_back(store: Store, rows: Sequence[tuple[Row[Any], datetime]]) -> None:
    """Rows that were claimed but not tried: the next try is not counted as one more."""
    if rows:
        with store.write() as connection:
            for row, at in rows:
                state = "pending" if row.state == "pending" else "uncertain"
                _change(connection, row, state=state, due_at=at, attempts=row.attempts, tried_at=row.tried_at)


def _write(connection: Connection, row: Row[Any], state: str, now: datetime, **values: Any) -> bool:
    """Settles a row for good; False when another process has taken it over since."""
    return _change(connection, row, state=state, due_at=None, settled_at=now, **values)


def _change(connection: Connection, row: Row[Any], **values: Any) -> bool:
    return connection.execute(_HELD, {"row": row.id, "claim": row.attempts + 1, **values}).rowcount == 1
