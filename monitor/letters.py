"""Writes what an outbox row has to say: the case as it stands at the moment of sending, read from the database."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, bindparam, select

from alerts.base import Alert, Channel, Complaint, Message, Notice, Permanent, Transient
from alerts.case import Case, Event
from alerts.ladder import Ladder, Step
from classifiers.base import Verdict
from connectors.base import Mention
from monitor import ledger
from monitor.incidents import heading, incident
from monitor.schema import cases, events, mentions, outbox, verdicts
from monitor.store import Store

POST = tuple(field.name for field in fields(Mention))
VERDICT = tuple(field.name for field in fields(Verdict))

_CASE: Select[Any] = (
    select(*ledger.COLUMNS, outbox.c.channel, outbox.c.reference, outbox.c.version.label("shown"), outbox.c.storm_id)
    .outerjoin(outbox, and_(outbox.c.case_id == cases.c.id, outbox.c.state == "sent"))
    .where(cases.c.id == bindparam("case"))
    .order_by(outbox.c.id)
)
"""A case beside each message that has been sent of it, oldest first; once, beside nothing, before the first."""
_COMPLAINTS: Select[Any] = (
    select(*(mentions.c[name] for name in POST), mentions.c.erased_at, *(verdicts.c[name] for name in VERDICT))
    .join(verdicts, verdicts.c.mention_id == mentions.c.id)
    .where(mentions.c.case_id == bindparam("case"), ~mentions.c.by_brand)
    .order_by(mentions.c.posted_at, mentions.c.id)
)
_TIMELINE = select(events).where(events.c.case_id == bindparam("case")).order_by(events.c.at, events.c.id)


def letter(
    store: Store,
    row: Row[Any],
    channels: Mapping[str, Channel],
    ladder: Callable[[str], Ladder],
    now: datetime,
) -> Message | None:
    """The message of an outbox row; None for an update of what already shows the case as it stands."""
    if row.kind == "notice":
        return Notice(key=row.key, now=now, title=row.body["title"], lines=tuple(row.body["lines"]))
    with store.read() as connection:
        if row.case_id is None:
            return incident(connection, row, now)
        sent = connection.execute(_CASE, {"case": row.case_id}).all()
        case = ledger.case_of(sent[0])
        here = [message for message in sent if message.channel == row.channel]
        if row.kind == "update":
            shown = max((message.shown or 0 for message in here), default=case.version)
            if shown >= case.version:
                return None
        first = next((message for message in here if message.reference), row)
        storm = heading(connection, first) if first.storm_id is not None else None
        complaints = read_complaints(connection, case)
        timeline = read_timeline(connection, case.id)
    return Alert(
        key=row.key,
        now=now,
        case=case,
        complaints=complaints,
        timeline=timeline,
        step=_step(ladder(case.brand), row) if row.kind == "step" else None,
        number=row.step,
        root=next((message.reference for message in here if message.reference), None),
        elsewhere=_link(channels, sent, row.channel),
        incident=storm,
    )


def read_complaints(connection: Connection, case: Case) -> tuple[Complaint, ...]:
    """The customer's posts of a case, oldest first."""
    rows = connection.execute(_COMPLAINTS, {"case": case.id})
    return tuple(_complaint(row) for row in rows)


def read_timeline(connection: Connection, case_id: int) -> tuple[Event, ...]:
    """What happened to a case, in the order in which it happened."""
    rows = connection.execute(_TIMELINE, {"case": case_id})
    return tuple(Event(at=row.at, kind=row.kind, actor=row.actor, detail=row.detail) for row in rows)


def _complaint(row: Row[Any]) -> Complaint:
    mention = Mention(**{name: getattr(row, name) for name in POST})
    verdict = Verdict(**{name: getattr(row, name) for name in VERDICT} | {"why": tuple(row.why)})
    return Complaint(mention=mention, verdict=verdict, deleted=row.erased_at is not None)


def _step(ladder: Ladder, row: Row[Any]) -> Step:
    """The step as it is configured now; a ladder that has grown shorter since ends with its last step."""
    return ladder.steps[min(int(row.step), len(ladder.steps) - 1)]


def _link(channels: Mapping[str, Channel], sent: Sequence[Row[Any]], channel: str) -> str | None:
    """A link to the case's first message, when that is in another channel."""
    first = next((message for message in sent if message.reference), None)
    if first is None or first.channel == channel or first.channel not in channels:
        return None
    try:
        return channels[first.channel].link(first.reference)
    except (Transient, Permanent):
        return None
